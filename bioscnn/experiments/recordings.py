"""Recorded spikes and potentials, kept under what they were simulated from, to be read out again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.files import LARGEST_UNPACKED, read_npz, write_npz
from bioscnn.simulation import Recording
from bioscnn.simulation.recording import PopulationRecording
from bioscnn.spikes import SpikeTrains

_SPIKES = ("neuron", "step", "trial_start", "size")


def kept_batches(path: Path | None, simulated: Iterable[Recording]) -> Iterator[Recording]:
    """Yield the batches of a simulation from a file, or simulate them and keep them there.

    Parameters
    ----------
    path : Path or None
        A file named after everything that decides the recording; None to keep nothing. A recording that is
        too large to be read again is not kept.
    simulated : iterable of Recording
        Simulates batch by batch as it is asked.

    Raises
    ------
    UserError
        If the file cannot be written.
    """
    if path is None:
        yield from simulated
        return
    arrays = read_npz(path)
    if arrays is None:
        batches = list(simulated)
        whole = to_arrays(Recording.concatenate(batches))
        if sum(array.nbytes for array in whole.values()) < LARGEST_UNPACKED:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_npz(path, whole)
        yield from batches
        return
    yield from_arrays(arrays)


def to_arrays(recording: Recording) -> dict[str, NDArray[Any]]:
    """Return a recording as arrays by name."""
    arrays: dict[str, NDArray[Any]] = {
        "n_steps": np.array(recording.n_steps),
        "dt": np.array(recording.dt),
        "populations": np.array(list(recording.populations)),
    }
    for name, population in recording.populations.items():
        arrays[f"{name}/counts_by_trial"] = population.counts_by_trial
        arrays[f"{name}/counts_by_neuron"] = population.counts_by_neuron
        if population.events_by_trial is not None:
            arrays[f"{name}/events_by_trial"] = population.events_by_trial
        if population.potentials is not None:
            arrays[f"{name}/potentials"] = population.potentials
        if population.spikes is not None:
            arrays |= {f"{name}/{part}": np.asarray(getattr(population.spikes, part)) for part in _SPIKES}
    return arrays


def from_arrays(arrays: dict[str, NDArray[Any]]) -> Recording:
    """Return the recording that `to_arrays` took apart."""
    n_steps, dt = int(arrays["n_steps"]), float(arrays["dt"])

    def population(name: str) -> PopulationRecording:
        spikes = None
        if f"{name}/size" in arrays:
            neuron, step, trial_start, size = (arrays[f"{name}/{part}"] for part in _SPIKES)
            spikes = SpikeTrains(neuron, step, trial_start, int(size), n_steps, dt)
        return PopulationRecording(
            arrays[f"{name}/counts_by_trial"],
            arrays[f"{name}/counts_by_neuron"],
            spikes,
            arrays.get(f"{name}/potentials"),
            arrays.get(f"{name}/events_by_trial"),
        )

    return Recording({str(name): population(str(name)) for name in arrays["populations"]}, n_steps, dt)
