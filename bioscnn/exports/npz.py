"""A run as one npz file: integer steps, and the duration of a step."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from bioscnn.exports.activity import Activity
from bioscnn.exports.place import whole_file
from bioscnn.files import free_place


def write(folder: Path, out: Path | None) -> Path:
    """Write the spikes, potentials and decisions of a run as arrays.

    Names of arrays end with their units: ``dt_s``; ``label``, ``index``, ``ann_class`` (but not of a NIR
    graph), ``chosen_class`` of each trial; ``decision`` after each step; ``classes``; and of a population
    ``NAME_trial``, ``NAME_step`` and ``NAME_neuron`` of each spike, ``NAME_shape``, and ``NAME_potential_V``
    of shape (n_trials, n_steps, size).

    Parameters and errors as of `bioscnn.exports.export`.
    """
    path = free_place(out, folder / "run.npz", _is_export)
    activity = Activity.read(folder)
    arrays = {
        "dt_s": np.float64(activity.dt),
        "n_steps": np.int64(activity.n_steps),
        "n_trials": np.int64(activity.n_trials),
        "classes": np.array(activity.classes),
        "label": activity.label,
        "index": activity.index,
        **({} if activity.ann_class is None else {"ann_class": activity.ann_class}),
        "chosen_class": activity.chosen_class,
        "decision": activity.decision,
    }
    for name, spikes in activity.spikes.items():
        arrays |= {
            f"{name}_trial": spikes.trial(),
            f"{name}_step": spikes.step,
            f"{name}_neuron": spikes.neuron,
        }
    arrays |= {f"{name}_shape": np.array(shape) for name, shape in activity.shapes.items()}
    arrays |= {f"{name}_potential_V": values for name, values in activity.potentials.items()}
    with whole_file(path) as scratch, scratch.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return path


def _is_export(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return {"dt_s.npy", "decision.npy"} <= set(archive.namelist())
    except (OSError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile):
        return False
