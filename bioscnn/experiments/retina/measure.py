"""Measures of the retina experiment: the network of a front end, and its classes under a condition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import LayerGraph
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.classify import CLASSIFY as OF_STUDIES
from bioscnn.experiments.classify import RULES, classify_case, hasher_of_inputs
from bioscnn.experiments.form import ONNX
from bioscnn.experiments.retina.choices import CLEAN, Condition
from bioscnn.experiments.retina.images import Amount, Division, Pool, load_pool
from bioscnn.experiments.trained import (
    TRAINING,
    case_of_trained,
    needed_network,
    onnx_bytes,
    progress_by_epoch,
)
from bioscnn.experiments.unit import Measure, Outcome, Unit, hash_of
from bioscnn.studies.config import StudyConfig
from bioscnn.studies.image_input import ImageInput, front_end_of
from bioscnn.studies.prepare import Prepared
from bioscnn.studies.recipe import Recipe
from bioscnn.studies.recipes import shipped_recipes


def pool_of(config: StudyConfig, amount: Amount, bench: Bench) -> Pool:
    """Return the images of a study and how they are divided."""
    decided_by = config.dataset.name, config.dataset.size, amount
    pool: Pool = bench.keep("pool", decided_by, lambda: load_pool(config, amount, bench.data))
    return pool


def train_front_end(unit: Unit, bench: Bench) -> Outcome:
    """Train the network of a front end and a seed on clean images.

    Options: ``amount``, the fields of `Amount`; ``division``, which of the seeds, from 0; ``network``, its
    name.

    Returns
    -------
    mapping of ndarray
        ``onnx``: the ONNX file of the network, uint8, shape (n_bytes,).
    """
    from bioscnn.training.train import train

    images, labels, few = _training_images(unit, bench)
    settings = _recipe(unit, bench).settings(len(labels))
    graph, _ = train(
        _initial(unit, bench),
        images,
        labels,
        images[few],
        labels[few],
        settings,
        progress=progress_by_epoch(bench.progress, unit.options["network"], settings),
    )
    return {"onnx": onnx_bytes(graph)}


def classify_condition(unit: Unit, bench: Bench) -> Outcome:
    """Classify the test images of a seed under a condition, and the validation images where they choose.

    Options: ``amount`` and ``division`` as of `train_front_end`; ``noise`` and ``severity`` of the condition.

    Returns
    -------
    mapping of ndarray
        Of the rows of `shown_rows`, int16: ``chosen``, classes by each of
        `bioscnn.experiments.classify.RULES`, shape (n_rules, n); ``ann``, classes by the trained network,
        shape (n,). ``spikes`` per trial and median ``latency_ms`` of the test images, float64, shape ().
    """
    case, (_, tested) = _case(unit, bench), _rows(unit, bench)
    outcome = classify_case(case, recordings=bench.recordings)
    return {
        "chosen": outcome["chosen"],
        "ann": case.ann_class.astype(np.int16),
        "spikes": np.array(outcome["spikes"][tested].mean()),
        "latency_ms": np.array(np.median(outcome["latency_ms"][tested])),
    }


def amount_in(options: Mapping[str, Any]) -> Amount:
    """Return the `Amount` among the options of a unit."""
    fields = dict(options["amount"])
    return Amount(**fields | {name: tuple(fields[name]) for name in ("severities", "noises")})


def shown_rows(
    division: Division, condition: Condition, amount: Amount
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the rows that are shown under a condition, ascending, and which of them are test images.

    The others are validation images, which are shown where they choose.
    """
    chooses = amount.chooses and condition.severity in (0, amount.judged_severity)
    rows = np.sort(np.concatenate([division.test, division.validation]) if chooses else division.test)
    return rows, np.isin(rows, division.test)


def _pool(unit: Unit, bench: Bench) -> Pool:
    return pool_of(unit.study.config, amount_in(unit.options), bench)


def _division(unit: Unit, bench: Bench) -> Division:
    number: int = unit.options["division"]
    return _pool(unit, bench).divisions[number]


def _training_images(unit: Unit, bench: Bench) -> tuple[NDArray[np.float32], NDArray[np.int64], slice]:
    """Return clean images as the trained network sees them, their labels, and which choose the epoch.

    Validation images choose the front end, so they may not choose the epoch too.
    """
    config, pool, division = unit.study.config, _pool(unit, bench), _division(unit, bench)
    rows, simulation = division.train, config.simulation
    images: NDArray[np.float32] = bench.keep(
        "training images",
        (unit.study.key(unit.options["images"]), hash_of(rows)),
        lambda: front_end_of(config).intensities(
            pool.images_under(CLEAN, rows, 0), simulation.n_steps, simulation.dt
        ),
    )
    return images, pool.images.labels[rows], slice(None, None, max(1, len(rows) // len(division.validation)))


def _recipe(unit: Unit, bench: Bench) -> Recipe:
    recipe, amount = shipped_recipes()[unit.study.config.network.model], amount_in(unit.options)
    return recipe.changed(_division(unit, bench).seed, amount.epochs)


def _initial(unit: Unit, bench: Bench) -> LayerGraph:
    """Return the network of random weights that training begins with."""
    images = _pool(unit, bench).images
    shape = front_end_of(unit.study.config).shape(images.images.shape)
    recipe = replace(_recipe(unit, bench), name=unit.options["network"])
    return recipe.initial(shape, len(images.classes), _division(unit, bench).seed)


def _condition(unit: Unit) -> Condition:
    return Condition(unit.options["noise"], unit.options["severity"])


def _rows(unit: Unit, bench: Bench) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    return shown_rows(_division(unit, bench), _condition(unit), amount_in(unit.options))


def _case(unit: Unit, bench: Bench) -> Prepared:
    """Return the prepared study that a unit simulates."""
    config, pool = unit.study.config, _pool(unit, bench)
    condition, seed = _condition(unit), _division(unit, bench).seed
    rows, _ = _rows(unit, bench)
    front_end, simulation = front_end_of(config), config.simulation
    image_input = ImageInput.of(pool.images.take(rows), config)
    # The front end sees the noise, which images of whole numbers could not hold.
    vars(image_input)["encoded"] = bench.keep(
        "encoded",
        (unit.study.key(unit.options["images"]), condition, seed, hash_of(rows)),
        lambda: front_end.stimulus(
            pool.images_under(condition, rows, seed),
            simulation.n_steps,
            simulation.dt,
            np.random.default_rng(0),
        ),
    )
    return case_of_trained(unit, image_input, needed_network(unit, bench))


def _inputs_of_training(unit: Unit, bench: Bench) -> str:
    images, labels, few = _training_images(unit, bench)
    settings = repr(_recipe(unit, bench).settings(len(labels)))
    return hash_of(_initial(unit, bench).sha256(), settings, images, labels, few)


TRAIN = Measure(train_front_end, _inputs_of_training, TRAINING, lambda unit: ONNX)
CLASSIFY = Measure(
    classify_condition,
    hasher_of_inputs(_case, ann=True),
    OF_STUDIES.core,
    lambda unit: {
        "chosen": f"class {len(RULES)} rows", "ann": "class rows", "spikes": "float", "latency_ms": "float",
    },
)  # fmt: skip
