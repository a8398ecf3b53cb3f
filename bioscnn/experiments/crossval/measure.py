"""Measures of cross-validation: the networks of a fold, and the classes of its recordings."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np

from bioscnn.ann import LayerGraph, read_onnx, write_onnx
from bioscnn.caches import cache_folder
from bioscnn.datasets import load_recordings
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.classify import CLASSIFY as OF_STUDIES
from bioscnn.experiments.classify import RULES, classify_case, form_of_case, hasher_of_inputs
from bioscnn.experiments.crossval.folds import Rows, base_of, choosing_epoch, divided, load_pool, stages_of
from bioscnn.experiments.fingerprint import code_of
from bioscnn.experiments.trained import (
    TRAINING,
    case_of_trained,
    needed_network,
    onnx_bytes,
    progress_by_epoch,
)
from bioscnn.experiments.unit import Measure, Outcome, Unit, hash_of
from bioscnn.studies.config import StudyConfig
from bioscnn.studies.event_input import EventInput
from bioscnn.studies.prepare import Prepared
from bioscnn.studies.recipe import Recipe
from bioscnn.studies.recipes import shipped_recipes
from bioscnn.studies.study import Study


def pool_of(config: StudyConfig, recipe: Recipe, bench: Bench) -> EventInput:
    """Return the recordings that are divided into folds."""
    decided_by = recipe, config.encoding, config.simulation
    pool: EventInput = bench.keep("pool", decided_by, lambda: load_pool(config, recipe, bench.data))
    return pool


def study_of_pool(study: Study, recipe: Recipe, bench: Bench) -> Study:
    """Return a study whose examples are recordings of the pool: all those of its first split."""
    source, split = recipe.config.dataset.recordings, recipe.config.training.folds_of[0]
    n: int = bench.keep(
        "recordings of a split",
        recipe,
        lambda: len(load_recordings(recipe.dataset, split, source=source, data=bench.data)),
    )
    update = {"split": split, "recordings": source, "trials": n}
    dataset = study.config.dataset.model_copy(update=update)
    return replace(study, config=study.config.model_copy(update={"dataset": dataset}))


def train_fold(unit: Unit, bench: Bench) -> Outcome:
    """Train all stages of a recipe on the recordings of the other folds.

    An interrupted training goes on from its checkpoint, which is kept in the cache.

    Options: ``recipe``, ``fold`` (from 1), ``folds``.

    Returns
    -------
    mapping of ndarray
        The ONNX file of each stage by its name, uint8, shape (n_bytes,).
    """
    from bioscnn.training.train import train

    recipe = shipped_recipes()[unit.options["recipe"]]
    stages, base = stages_of(recipe), base_of(recipe)
    pool, rows = pool_of(unit.study.config, recipe, bench), _rows(unit, bench)[0]
    labels, few = pool.examples.labels, choosing_epoch(rows)
    graph = None if base is None else bench.read(base)
    place = cache_folder() / "training" / f"{unit.id}-{code_of(unit.measure)}"
    place.mkdir(parents=True, exist_ok=True)
    networks = {}
    for stage in stages:
        path, settings = place / f"{stage.name}.onnx", stage.settings(len(rows))
        if not path.exists():
            trained, _ = train(
                replace(_initial(stage, graph, pool), name=stage.name),
                pool.spikes.take(rows),
                labels[rows],
                pool.spikes.take(few),
                labels[few],
                settings,
                checkpoint=place / f"{stage.name}.checkpoint.npz",
                progress=progress_by_epoch(bench.progress, f"{unit.variant}, {stage.name}", settings),
            )
            write_onnx(trained, path)
        graph = read_onnx(path)
        networks[stage.name] = onnx_bytes(graph)
    shutil.rmtree(place, ignore_errors=True)
    return networks


def classify_fold(unit: Unit, bench: Bench) -> Outcome:
    """Simulate the recordings of a fold, or all of them with the shipped network that training begins with.

    Options: ``recipe``, ``fold`` (from 1; 0 for the shipped network), ``folds``.

    Returns
    -------
    mapping of ndarray
        As of `bioscnn.experiments.classify.classify` with ``curve`` and ``ann``.
    """
    case = _case(unit, bench)
    outcome = classify_case(case, curve=True, recordings=bench.recordings)
    return {**outcome, "ann": case.ann_class.astype(np.int16)}


def _rows(unit: Unit, bench: Bench) -> tuple[Rows, Rows]:
    """Return the rows that train a fold, and those of the fold."""
    pool = pool_of(unit.study.config, shipped_recipes()[unit.options["recipe"]], bench)
    fold: int = unit.options["fold"]
    return divided(pool.examples.labels, unit.options["folds"])[fold - 1]


def _initial(stage: Recipe, before: LayerGraph | None, pool: EventInput) -> LayerGraph:
    if before is not None:
        return before
    n = len(pool.examples)
    return stage.initial(pool.shape, len(pool.examples.classes), stage.settings(n).seed)


def _case(unit: Unit, bench: Bench) -> Prepared:
    """Return the prepared study that a unit simulates."""
    config, recipe = unit.study.config, shipped_recipes()[unit.options["recipe"]]

    def prepared() -> Prepared:
        pool = pool_of(config, recipe, bench)
        base = base_of(recipe)
        if unit.options["fold"] == 0:
            assert base is not None
            graph = bench.read(base)
        else:
            graph = needed_network(unit, bench, recipe.name)
            pool = replace(pool, examples=pool.examples.take(_rows(unit, bench)[1]))
        return case_of_trained(unit, pool, graph)

    case: Prepared = bench.keep("fold", unit.id, prepared)
    return case


def _inputs_of_training(unit: Unit, bench: Bench) -> str:
    """Return the hash of everything that trains a fold."""
    recipe = shipped_recipes()[unit.options["recipe"]]
    base, pool = base_of(recipe), pool_of(unit.study.config, recipe, bench)
    trains = pool.spikes
    return hash_of(
        repr(stages_of(recipe)),
        None if base is None else bench.read(base).sha256(),
        *(trains.neuron, trains.step, trains.trial_start, trains.n_steps, trains.dt),
        pool.examples.labels,
        *_rows(unit, bench),
    )


TRAIN = Measure(train_fold, _inputs_of_training, TRAINING, lambda unit: {"*": "bytes *"})
CLASSIFY = Measure(
    classify_fold,
    hasher_of_inputs(_case, ann=True),
    OF_STUDIES.core,
    lambda unit: {
        **form_of_case("trials"), "ann": "class trials", "right_by_step": f"int {len(RULES)} steps",
    },
)  # fmt: skip
