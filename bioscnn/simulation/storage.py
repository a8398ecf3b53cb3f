"""Recordings in HDF5, written batch by batch, units in the attributes.

Layout of a file::

    /                       attributes n_steps, dt (s)
    /trials/                label, index, ann_class: one row a trial
    /populations/NAME/      attribute shape; counts_by_trial, counts_by_neuron
                            spikes/{neuron, step, trial_start}; potentials (V): where they were recorded
    /examples/              the same for a few trials with everything recorded, plus `trial` and `image`
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.simulation.recording import PopulationRecording, Recording
from bioscnn.spikes import SpikeTrains

UNITS = {
    "potentials": "V",
    "step": "time steps of length dt",
    "counts_by_trial": "spikes",
    "counts_by_neuron": "spikes",
}


def _append(group: Any, name: str, values: NDArray[Any]) -> None:
    """Lengthen a dataset along its first axis, creating it at the first call."""
    if name not in group:
        options = {"maxshape": (None, *values.shape[1:]), "chunks": True, "compression": "lzf"}
        group.create_dataset(name, data=values, **options)
        if name in UNITS:
            group[name].attrs["unit"] = UNITS[name]
        return
    dataset = group[name]
    dataset.resize(len(dataset) + len(values), axis=0)
    dataset[len(dataset) - len(values) :] = values


def append_recording(group: Any, recording: Recording, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Append a batch to the recording in an HDF5 group, creating it at the first call."""
    group.attrs.update(n_steps=recording.n_steps, dt=recording.dt, dt_unit="s")
    for name, population in recording.populations.items():
        target = group.require_group(f"populations/{name}")
        target.attrs["shape"] = shapes[name]
        _append(target, "counts_by_trial", population.counts_by_trial)
        if "counts_by_neuron" in target:
            target["counts_by_neuron"][:] += population.counts_by_neuron
        else:
            target.create_dataset("counts_by_neuron", data=population.counts_by_neuron)
            target["counts_by_neuron"].attrs["unit"] = UNITS["counts_by_neuron"]
        if population.spikes is not None:
            trains = target.require_group("spikes")
            before = len(trains["neuron"]) if "neuron" in trains else 0
            start = population.spikes.trial_start + before
            _append(trains, "neuron", population.spikes.neuron)
            _append(trains, "step", population.spikes.step)
            _append(
                trains, "trial_start", start if before == 0 and "trial_start" not in trains else start[1:]
            )
        if population.potentials is not None:
            _append(target, "potentials", population.potentials)


def read_recording(group: Any) -> Recording:
    """Read the recording in an HDF5 group."""
    n_steps, dt = int(group.attrs["n_steps"]), float(group.attrs["dt"])
    populations = {}
    for name, stored in group["populations"].items():
        spikes = None
        if "spikes" in stored:
            neuron, step, trial_start = (
                stored[f"spikes/{part}"][:] for part in ("neuron", "step", "trial_start")
            )
            spikes = SpikeTrains(neuron, step, trial_start, len(stored["counts_by_neuron"]), n_steps, dt)
        potentials = stored["potentials"][:] if "potentials" in stored else None
        counts = stored["counts_by_trial"][:], stored["counts_by_neuron"][:]
        populations[name] = PopulationRecording(*counts, spikes, potentials)
    return Recording(populations, n_steps, dt)


@dataclass(frozen=True, eq=False)
class RunData:
    """Everything in the ``run.h5`` of a run.

    Parameters
    ----------
    recording : Recording
        All trials.
    examples : Recording
        A few trials with the spikes and potentials of all populations.
    shapes : dict of tuple of int
        Shape of each population.
    label, index, ann_class : ndarray of int64, shape (n_trials,)
        True class, position in the data set's split, class chosen by the ANN.
    example_trial : ndarray of int64, shape (n_examples,)
        Which trials the examples are.
    example_image : ndarray of uint8, shape (n_examples, channels, height, width)
        Their images.
    """

    recording: Recording
    examples: Recording
    shapes: dict[str, tuple[int, ...]]
    label: NDArray[np.int64]
    index: NDArray[np.int64]
    ann_class: NDArray[np.int64]
    example_trial: NDArray[np.int64]
    example_image: NDArray[np.uint8]


def load_run(path: Path) -> RunData:
    """Read a ``run.h5``.

    Raises
    ------
    UserError
        If the file is missing, truncated, or no run.
    """
    try:
        with h5py.File(path, "r", track_order=True) as file:
            return RunData(
                recording=read_recording(file),
                examples=read_recording(file["examples"]),
                shapes={name: tuple(map(int, g.attrs["shape"])) for name, g in file["populations"].items()},
                label=file["trials/label"][:],
                index=file["trials/index"][:],
                ann_class=file["trials/ann_class"][:],
                example_trial=file["examples/trial"][:],
                example_image=file["examples/image"][:],
            )
    except (OSError, KeyError) as error:
        raise UserError("not a complete recording of a run", file=path, value=str(error)) from error


class RunFile:
    """A ``run.h5`` being written."""

    def __init__(self, path: Path, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self._file, self._shapes = h5py.File(path, "w", track_order=True), shapes

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, batch: Recording) -> None:
        """Add a batch of trials."""
        append_recording(self._file, batch, self._shapes)

    def describe_trials(self, **columns: NDArray[np.int64]) -> None:
        """Store one row a trial: label, index, ann_class."""
        for name, values in columns.items():
            self._file.create_dataset(f"trials/{name}", data=values)

    def add_examples(self, recording: Recording, trial: NDArray[np.int64], image: NDArray[np.uint8]) -> None:
        """Store a few trials with everything recorded, and their images."""
        examples = self._file.require_group("examples")
        append_recording(examples, recording, self._shapes)
        examples.create_dataset("trial", data=trial)
        examples.create_dataset("image", data=image)
