"""Cross-validation: train on all folds but one, simulate on that one, and so on; it resumes fold by fold."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

import bioscnn
from bioscnn.ann import LayerGraph, read_model, write_onnx
from bioscnn.datasets import EventSet, load_recordings
from bioscnn.errors import UserError
from bioscnn.files import point_latest, write_atomically, write_json
from bioscnn.metrics import accuracy, paired_distance
from bioscnn.network import OUTPUT, READOUT
from bioscnn.readout import READOUTS
from bioscnn.simulation import Progress, simulate_batches
from bioscnn.studies.disturbance import refuse_noise
from bioscnn.studies.event_input import EventInput
from bioscnn.studies.kept import Decided, keep_decided, kept_decided
from bioscnn.studies.prepare import convert_for, device_of
from bioscnn.studies.provenance import code_version, environment
from bioscnn.studies.scores import Scores, as_triple
from bioscnn.studies.study import Study
from bioscnn.training.recipes import RECIPES, Recipe

VALIDATION = 100
"""Of the recordings that train a fold, so many choose its epoch; those of the fold itself choose nothing."""


class Watcher(Progress, Protocol):
    """Told what a cross-validation is doing."""

    def training(self, what: str) -> Callable[[int, int, list[Any]], None]:
        """A training begins; return what takes in its batches, see `bioscnn.training.train.train`."""


@dataclass(frozen=True)
class CrossValidation:
    """A finished cross-validation.

    Parameters
    ----------
    folder : Path
        With the networks of the folds, ``decisions.csv`` and ``summary.json``.
    summary : dict
        Contents of ``summary.json``.
    """

    folder: Path
    summary: dict[str, Any]


def cross_validate(
    study: Study, recipe: Recipe, *, folds: int, data: Path | None, results: Path, progress: Watcher
) -> CrossValidation:
    """Cross-validate a recipe: every recording is classified by a network that was not trained on it.

    The recordings are those of `Recordings.pool`, the folds are stratified. What the recipe begins with is
    trained anew for each fold if it was trained on the same recordings; a network of other recordings is
    taken as it is shipped, and classifies all of them too, for comparison.

    Parameters
    ----------
    study : Study
        Encoding, neuron, simulation and readout.
    recipe : Recipe
        How the networks are trained.
    folds : int
        How many.
    data : Path or None
        Data folder.
    results : Path
        Folder of all results; this one goes to ``<results>/cross-validation/<recipe>/<hash>/``.
    progress : Watcher
        Told what happens.

    Raises
    ------
    UserError
        If study and recipe are of different trials, or the recordings cannot be had or divided.
    """
    from sklearn.model_selection import StratifiedKFold

    _check_trials(study, recipe)
    progress.stage("loading")
    pool = _load_pool(study, recipe, data)
    labels = pool.examples.labels
    if not 2 <= folds <= np.bincount(labels).min():
        raise UserError(
            "so many folds cannot hold every class",
            key="--folds",
            value=folds,
            expected=f"2 to {np.bincount(labels).min()}, the recordings of the rarest class",
        )
    stages = _stages(recipe)
    base = read_model(stages[0].start) if isinstance(stages[0].start, str) else None
    key = _key(study, stages, base, pool.examples.sha256, folds)
    folder = results / "cross-validation" / recipe.name / key
    folder.mkdir(parents=True, exist_ok=True)
    fold_of = np.empty(len(labels), np.int64)
    chosen: Decided = {}
    splitter = StratifiedKFold(folds, shuffle=True, random_state=1)
    for fold, (train, test) in enumerate(splitter.split(labels, labels)):
        place = folder / f"fold-{fold + 1}"
        decided = kept_decided(place.with_suffix(".npz"))
        if decided is None:
            graph = _train_fold(stages, base, pool, train, place, f"fold {fold + 1} of {folds}", progress)
            decided = _classify(study, graph, replace(pool, examples=pool.examples.take(test)), progress)
            keep_decided(decided, place.with_suffix(".npz"))
        fold_of[test] = fold + 1
        for rule, classes in decided.items():
            chosen.setdefault(rule, np.empty((len(labels), *classes.shape[1:]), np.int64))[test] = classes
    before = None if base is None else _classify_once(study, base, pool, folder / "before.npz", progress)
    summary = _summary(study, recipe, pool, fold_of, chosen, before)
    _write_decisions(folder / "decisions.csv", pool, fold_of, chosen)
    write_json(folder / "summary.json", summary)
    point_latest(folder)
    return CrossValidation(folder, summary)


def _check_trials(study: Study, recipe: Recipe) -> None:
    config, settings = study.config, recipe.settings
    refuse_noise(config, "networks are cross-validated without noise")
    if recipe.recordings is None or config.encoding.kind != "events":
        raise UserError(
            "only networks of recordings are cross-validated",
            key="network",
            value=recipe.name,
            expected=" | ".join(name for name, other in RECIPES.items() if other.recordings),
        )
    for name, asked, trained in (
        ("dataset.name", config.dataset.name, recipe.dataset),
        ("encoding.bin_size", config.encoding.bin_size, recipe.recordings.bin_size),
        ("encoding.input_rate", config.encoding.input_rate, settings.input_rate),
        ("simulation.duration", config.simulation.duration, settings.duration),
        ("simulation.dt", config.simulation.dt, settings.dt),
        ("synapse.tau_s", config.synapse.tau_s, settings.tau_s),
    ):
        same = asked == trained if isinstance(asked, str) else math.isclose(asked, float(trained))
        if not same:
            raise UserError(
                f"{recipe.name} is trained for other trials than those of the study",
                key=name,
                value=asked,
                expected=f"{trained}, as in the recipe",
            )


def _load_pool(study: Study, recipe: Recipe, data: Path | None) -> EventInput:
    """Load all recordings that are divided into folds."""
    assert recipe.recordings is not None
    source = recipe.recordings.source
    parts = [
        load_recordings(recipe.dataset, split, source=source, data=data) for split in recipe.recordings.pool
    ]
    return EventInput.of(EventSet.concatenate(parts), study.config)


def _stages(recipe: Recipe) -> list[Recipe]:
    """Return the recipes to train one after the other: those that see the same recordings."""
    stages = [recipe]
    while isinstance(stages[0].start, str):
        before = RECIPES[stages[0].start]
        if (before.dataset, before.recordings) != (recipe.dataset, recipe.recordings):
            break
        stages.insert(0, before)
    return stages


def _train_fold(
    stages: list[Recipe],
    base: LayerGraph | None,
    pool: EventInput,
    train_rows: NDArray[np.int64],
    place: Path,
    what: str,
    progress: Watcher,
) -> LayerGraph:
    """Train all stages on the recordings of the other folds, and keep the last network."""
    from bioscnn.training.train import train

    labels = pool.examples.labels
    few = train_rows[:: max(1, len(train_rows) // VALIDATION)]
    graph = base
    for stage in stages:
        path = place.with_name(f"{place.name}-{stage.name}.onnx")
        if path.exists():
            graph = read_model(path)
            continue
        if graph is None:
            assert not isinstance(stage.start, str)
            graph = stage.start.initial(stage.name, stage.settings.seed)
        graph, _ = train(
            replace(graph, name=stage.name),
            pool.spikes.take(train_rows),
            labels[train_rows],
            pool.spikes.take(few),
            labels[few],
            stage.settings,
            checkpoint=path.with_suffix(".checkpoint.npz"),
            progress=progress.training(f"{what}: training {stage.name}"),
        )
        write_onnx(graph, path)
    assert graph is not None
    return graph


def _classify(study: Study, graph: LayerGraph, shown: EventInput, progress: Progress) -> Decided:
    """Return the classes by each readout after every step, (n, n_steps), and those of the rates, (n,)."""
    network, device = convert_for(study.config, graph, None), device_of(study.config)
    scores = Scores(network, shown.spikes)
    for batch in simulate_batches(
        network, shown.stimulus, device, record={OUTPUT, READOUT}, progress=progress
    ):
        scores.add(batch)
    return {**{rule: scores.decided(rule) for rule in READOUTS}, "rates": shown.ann_class(graph)}


def _classify_once(
    study: Study, graph: LayerGraph, shown: EventInput, path: Path, progress: Progress
) -> Decided:
    decided = kept_decided(path)
    if decided is None:
        decided = _classify(study, graph, shown, progress)
        keep_decided(decided, path)
    return decided


def _key(study: Study, stages: list[Recipe], base: LayerGraph | None, pool: str, folds: int) -> str:
    """Return the hash that names the result: of everything that decides it."""
    begun = None if base is None else base.sha256()
    made_by = repr((study.key(pool), stages, begun, folds, VALIDATION, bioscnn.__version__))
    return hashlib.sha256(made_by.encode()).hexdigest()[:16]


def _summary(
    study: Study,
    recipe: Recipe,
    pool: EventInput,
    fold_of: NDArray[np.int64],
    chosen: Decided,
    before: Decided | None,
) -> dict[str, Any]:
    labels, rule = pool.examples.labels, study.config.readout.rule
    right = _last(chosen[rule]) == labels
    summary = {
        "network": recipe.name,
        "began_with": recipe.start if before is not None else "random weights",
        "dataset": pool.examples.name,
        "source": pool.examples.source,
        "simulated": pool.simulated,
        "n": len(labels),
        "folds": int(fold_of.max()),
        "duration_ms": 1e3 * study.config.simulation.duration,
        "device": study.config.simulation.device,
        "readout": rule,
        "accuracy": _accuracies(chosen, labels),
        "accuracy_by_fold": [float(right[fold_of == fold].mean()) for fold in range(1, fold_of.max() + 1)],
        "accuracy_over_time": _over_time(chosen[rule], labels, pool.dt),
        "data_sha256": pool.examples.sha256,
        **code_version(),
        **environment(),
    }
    if before is not None:
        distance = paired_distance(_last(before[rule]) == labels, right)
        summary |= {
            "before": _accuracies(before, labels),
            "before_over_time": _over_time(before[rule], labels, pool.dt),
            "gained": [distance.value, distance.low, distance.high],
        }
    return summary


def _last(classes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the decision at the end of the trial; rates have no other."""
    return classes if classes.ndim == 1 else classes[:, -1]


def _accuracies(chosen: Decided, labels: NDArray[np.int64]) -> dict[str, list[float]]:
    return {name: as_triple(accuracy(_last(classes), labels)) for name, classes in chosen.items()}


def _over_time(classes: NDArray[np.int64], labels: NDArray[np.int64], dt: float) -> dict[str, list[float]]:
    """Return the accuracy if the trial ended at each multiple of 15 ms, and at its end."""
    every = max(1, round(15e-3 / dt))
    steps = [*range(every, classes.shape[1], every), classes.shape[1]]
    return {f"{1e3 * step * dt:g}": as_triple(accuracy(classes[:, step - 1], labels)) for step in steps}


def _write_decisions(path: Path, pool: EventInput, fold_of: NDArray[np.int64], chosen: Decided) -> None:
    import pandas as pd

    examples = pool.examples
    table = pd.DataFrame({"recording": examples.index, "label": examples.labels, "fold": fold_of})
    for rule, classes in chosen.items():
        table[rule] = _last(classes)
    write_atomically(path, table.to_csv(index=False).encode())
