"""A run as tables with one row per spike, potential, decision and trial."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.exports.activity import Activity
from bioscnn.files import free_place, whole_folder
from bioscnn.spreadsheets import as_text

if TYPE_CHECKING:
    from pandas import DataFrame

_ROWS = 500_000
"""Of the table of potentials that are made at a time."""

TABLES = {"trials.csv", "spikes.csv", "decisions.csv", "potentials.csv"}


def _is_export(path: Path) -> bool:
    """Return whether a folder holds tables of an export and nothing else."""
    return path.is_dir() and {inside.name for inside in path.iterdir()} <= TABLES


def write(folder: Path, out: Path | None) -> Path:
    """Write the spikes, potentials, decisions and trials of a run as long tables into a folder.

    Units are in the names of the columns. Times are those of `Activity`, from the start of the trial. Trials,
    neurons and classes count from 0.

    Parameters and errors as of `bioscnn.exports.export`.
    """
    path = free_place(out, folder / "csv", _is_export, empty=True)
    activity = Activity.read(folder)
    tables = {
        "trials.csv": [_trials(activity)],
        "spikes.csv": _spikes(activity),
        "decisions.csv": [_decisions(activity)],
        "potentials.csv": _potentials(activity),
    }
    assert set(tables) == TABLES
    with whole_folder(path, _is_export) as scratch:
        for name, parts in tables.items():
            with (scratch / name).open("w", encoding="utf-8", newline="") as file:
                for number, part in enumerate(parts):
                    part.to_csv(file, index=False, header=number == 0, lineterminator="\n")
    return path


def _trials(activity: Activity) -> DataFrame:
    names = np.array([as_text(name) for name in activity.classes])
    return _table(
        trial=np.arange(activity.n_trials),
        index=activity.index,
        true_class=activity.label,
        true_name=names[activity.label],
        **({} if activity.ann_class is None else {"ann_class": activity.ann_class}),
        chosen_class=activity.chosen_class,
        chosen_name=names[activity.chosen_class],
    )


def _spikes(activity: Activity) -> Iterator[DataFrame]:
    for name, spikes in activity.spikes.items():
        table = spikes.table()
        table.insert(0, "population", as_text(name))
        yield table


def _decisions(activity: Activity) -> DataFrame:
    trial, step = (part.ravel() for part in np.indices(activity.decision.shape))
    return _table(
        trial=trial, step=step, time_ms=_time(step, activity.dt), chosen_class=activity.decision.ravel()
    )


def _potentials(activity: Activity) -> Iterator[DataFrame]:
    """Yield the potentials of some trials at a time: their table is many times larger than they are."""
    for name, potentials in activity.potentials.items():
        _, n_steps, size = potentials.shape
        stride = max(1, _ROWS // (n_steps * size))
        for first in range(0, len(potentials), stride):
            part = potentials[first : first + stride]
            trial, step, neuron = (place.ravel() for place in np.indices(part.shape))
            yield _table(
                population=np.full(part.size, as_text(name)),
                trial=trial + first,
                neuron=neuron,
                step=step,
                time_ms=_time(step, activity.dt),
                potential_mV=np.float32(1e3) * part.ravel(),
            )


def _time(step: NDArray[Any], dt: float) -> NDArray[np.float64]:
    """Return times in ms, without the last digits, which no time step means."""
    return np.round(step * (1e3 * dt), 9)


def _table(**columns: NDArray[Any]) -> DataFrame:
    from pandas import DataFrame

    return DataFrame(columns)
