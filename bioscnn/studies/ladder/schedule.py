"""Every rung simulated, timed and, if asked for, fine-tuned; what is kept is not repeated."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bioscnn.files import write_npz
from bioscnn.simulation.program import build_missing
from bioscnn.studies.kept import kept
from bioscnn.studies.ladder.cost import time_ratios
from bioscnn.studies.ladder.fine_tuning import batches, training_examples, tune, why_not
from bioscnn.studies.ladder.rungs import Rung
from bioscnn.studies.ladder.tables import Climbed
from bioscnn.studies.ladder.unit import run_unit, state_of
from bioscnn.studies.prepare import Prepared
from bioscnn.studies.watcher import Watcher

if TYPE_CHECKING:
    from bioscnn.training.data import Shown

TRAINED = 8.0
"""About how much longer it takes to train on an example than to simulate it."""


def climb(
    rungs: Sequence[Rung],
    prepared: Mapping[str, Prepared],
    training: Shown | None,
    folder: Path,
    progress: Watcher,
) -> list[Climbed]:
    """Return what every rung comes to.

    Parameters
    ----------
    rungs : sequence of Rung
        From the bottom up.
    prepared : mapping of Prepared
        By name of the rung.
    training : Shown or None
        What to fine-tune the rungs on, if they are to be.
    folder : Path
        What is done is kept in its folders ``units`` and ``networks``.
    progress : Watcher
        Told what happens.
    """
    for inside in ("units", "networks"):
        (folder / inside).mkdir(parents=True, exist_ok=True)
    stems = {rung.name: _file_name(k, rung) for k, rung in enumerate(rungs, start=1)}
    reasons = {name: why_not(one.study.config) for name, one in prepared.items()}
    units = {name: folder / "units" / f"{stem}.npz" for name, stem in stems.items()}
    tuned = {
        name: folder / "units" / f"{stems[name]}-fine-tuned.npz"
        for name, reason in reasons.items()
        if training is not None and not reason
    }
    todo, to_tune = ([name for name, path in each.items() if kept(path) is None] for each in (units, tuned))
    every = list(prepared.values())
    jobs = every[0].study.config.simulation.jobs
    build_missing((one.program for one in every), jobs, progress)
    n, shown = len(every[0].examples), TRAINED * training_examples(every[0].study.config)
    progress.plan(n * len(todo) + shown * len(to_tune))
    for name in todo:
        progress.task(name, n, n)
        write_npz(units[name], run_unit(prepared[name], progress))
    times = _times(every, folder / "units" / "times.npz", progress)
    for name in to_tune:
        assert training is not None
        progress.task(f"fine-tuning on {name}", batches(prepared[name].study.config), shown)
        network = folder / "networks" / f"{stems[name]}.onnx"
        write_npz(tuned[name], tune(prepared[name], training, network, progress))
    climbed = []
    for rung, time in zip(rungs, times, strict=True):
        one, found = prepared[rung.name], kept(units[rung.name])
        assert found is not None, units[rung.name]
        better = kept(tuned[rung.name]) if rung.name in tuned else None
        state = state_of(one.network, one.study.config.simulation.dt)
        climbed.append(Climbed(rung, found, state, time, better, reasons[rung.name]))
    return climbed


def _file_name(number: int, rung: Rung) -> str:
    return f"{number}-{re.sub(r'[^A-Za-z0-9]+', '-', rung.name).strip('-')}"


def _times(prepared: Sequence[Prepared], path: Path, progress: Watcher) -> list[float]:
    times = kept(path)
    if times is None:
        progress.stage("taking the time of every rung")
        times = {"ratios": np.array(time_ratios(prepared))}
        write_npz(path, times)
    return [float(ratio) for ratio in times["ratios"]]
