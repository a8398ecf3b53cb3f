"""Measures of the times-needed experiment: networks trained on destroyed recordings, and their classes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import LayerGraph
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.classify import CLASSIFY as OF_STUDIES
from bioscnn.experiments.classify import RULES, classify_case
from bioscnn.experiments.form import Form
from bioscnn.experiments.times_needed.kinds import KINDS, Amount
from bioscnn.experiments.trained import (
    TRAINING,
    arrays_of,
    case_of_trained,
    needed_network,
    onnx_bytes,
    progress_by_epoch,
)
from bioscnn.experiments.unit import Measure, Outcome, Unit, hash_of
from bioscnn.seeds import stream
from bioscnn.spikes import SpikeTrains
from bioscnn.studies.config import StudyConfig
from bioscnn.studies.event_input import EventInput
from bioscnn.studies.identity import inputs_of_case
from bioscnn.studies.prepare import Prepared
from bioscnn.studies.recipe import Recipe, Stage


def training_recordings(config: StudyConfig, amount: Amount, bench: Bench) -> EventInput:
    """Return simulated training recordings: those that train, then those that choose the epoch."""
    keys = {"split": "train", "recordings": "simulated", "trials": amount.examples + amount.choosing}
    dataset = config.dataset.model_copy(update=keys)
    recordings = bench.clean(config.model_copy(update={"dataset": dataset}))
    assert isinstance(recordings, EventInput)
    return recordings


def train_network(unit: Unit, bench: Bench) -> Outcome:
    """Train a network on recordings of one kind: on rates, then, if it is to spike, on spikes.

    Options: ``kind``, of `KINDS`; ``amount``, the fields of `Amount`; ``whole``, whether a single frame holds
    the whole recording, and the network is trained on rates only. The seed is that of the study.

    Returns
    -------
    mapping of ndarray
        ``rates`` and, unless ``whole``, ``spikes``: ONNX files of the network after each stage, uint8, shape
        (n_bytes,).
    """
    from bioscnn.training.train import train

    recordings, n = training_recordings(unit.study.config, _amount(unit), bench), _amount(unit).examples
    spikes, labels = _destroyed(unit, recordings, bench), recordings.examples.labels
    graph, networks = _initial(unit, recordings), dict[str, NDArray[np.uint8]]()
    for stage, examples in _stages(unit).items():
        settings = _recipe(unit, stage).settings(examples)
        graph, _ = train(
            graph,
            spikes[:examples],
            labels[:examples],
            spikes[n:],
            labels[n:],
            settings,
            progress=progress_by_epoch(bench.progress, f"{unit.label}, {stage}", settings),
        )
        networks[stage] = onnx_bytes(graph)
    return networks


def classify_recordings(unit: Unit, bench: Bench) -> Outcome:
    """Classify test recordings that are destroyed as those that trained the network.

    Options: ``kind`` and ``whole`` as of `train_network`.

    Returns
    -------
    mapping of ndarray
        ``label``: true classes, int16, shape (n,). ``ann``: classes by the network that was trained on rates,
        int16, shape (n,). Unless ``whole``, of the spiking network: ``chosen``, classes by each of
        `bioscnn.experiments.classify.RULES`, int16, shape (n_rules, n), and ``spikes``, the mean number per
        recording, float64, shape ().
    """
    recordings = _destroyed_recordings(unit, bench)
    outcome = {
        "label": recordings.examples.labels.astype(np.int16),
        "ann": recordings.ann_class(needed_network(unit, bench, "rates")).astype(np.int16),
    }
    if unit.options["whole"]:
        return outcome
    simulated = classify_case(_case(unit, bench), recordings=bench.recordings)
    return {**outcome, "chosen": simulated["chosen"], "spikes": np.array(simulated["spikes"].mean())}


def _form(unit: Unit) -> Form:
    form = {"label": "class n", "ann": "class n"}
    return form if unit.options["whole"] else form | {"chosen": f"class {len(RULES)} n", "spikes": "float"}


def _amount(unit: Unit) -> Amount:
    return Amount(**unit.options["amount"])


def _stages(unit: Unit) -> dict[Stage, int]:
    """Return the stages of training, and how many recordings each is shown."""
    amount = _amount(unit)
    rates: dict[Stage, int] = {"rates": amount.examples}
    return rates if unit.options["whole"] else rates | {"spikes": amount.spike_examples}


def _recipe(unit: Unit, stage: Stage) -> Recipe:
    study = unit.study.changed(training=_amount(unit).training())
    return Recipe("network", study.config, stage, None).changed(study.config.simulation.seed)


def _initial(unit: Unit, recordings: EventInput) -> LayerGraph:
    recipe = _recipe(unit, "rates")
    return recipe.initial(
        recordings.shape, len(recordings.examples.classes), unit.study.config.simulation.seed
    )


def _destroyed(unit: Unit, recordings: EventInput, bench: Bench) -> SpikeTrains:
    """Return the spikes of recordings of a kind; chance differs from seed to seed and from set to set."""
    kind, seed = unit.options["kind"], unit.study.config.simulation.seed
    examples = recordings.examples
    perturbation = KINDS[kind]
    if perturbation is None:
        return recordings.encoded
    chance = stream(seed, "times needed", kind, examples.name, examples.split)
    config = unit.study.config
    decided_by = config.dataset, config.encoding.bin_size, examples.split, kind, seed, len(examples)
    spikes: SpikeTrains = bench.keep(
        "destroyed", decided_by, lambda: perturbation.apply(recordings.encoded, chance)
    )
    return spikes


def _destroyed_recordings(unit: Unit, bench: Bench) -> EventInput:
    """Return the test recordings, destroyed."""
    recordings = bench.clean(unit.study.config)
    assert isinstance(recordings, EventInput)
    destroyed = replace(recordings)
    vars(destroyed)["encoded"] = _destroyed(unit, recordings, bench)
    return destroyed


def _case(unit: Unit, bench: Bench) -> Prepared:
    """Return the prepared study that a unit simulates."""
    return case_of_trained(unit, _destroyed_recordings(unit, bench), needed_network(unit, bench, "spikes"))


def _inputs_of_training(unit: Unit, bench: Bench) -> str:
    recordings = training_recordings(unit.study.config, _amount(unit), bench)
    spikes = _destroyed(unit, recordings, bench)
    settings = [repr(_recipe(unit, stage).settings(n)) for stage, n in _stages(unit).items()]
    arrays = arrays_of(spikes)
    return hash_of(_initial(unit, recordings).sha256(), *settings, *arrays, recordings.examples.labels)


def _inputs_of_classes(unit: Unit, bench: Bench) -> str:
    recordings, rates = _destroyed_recordings(unit, bench), needed_network(unit, bench, "rates").sha256()
    simulated = [] if unit.options["whole"] else [inputs_of_case(_case(unit, bench))]
    return hash_of(rates, *recordings.ann_input(), recordings.examples.labels, *simulated)


TRAIN = Measure(
    train_network,
    _inputs_of_training,
    TRAINING,
    lambda unit: dict.fromkeys(_stages(unit), "bytes *"),
)
CLASSIFY = Measure(classify_recordings, _inputs_of_classes, (*OF_STUDIES.core, "bioscnn.ann.graph"), _form)
