"""Recordings in HDF5, written batch by batch, units in the attributes.

Layout of a file::

    /                       attributes n_steps, dt (s)
    /trials/                label, index, ann_class: one row a trial
    /populations/NAME/      attribute shape; counts_by_trial, counts_by_neuron
                            spikes/{neuron, step, trial_start}; potentials (V): where they were recorded
    /examples/              the same for a few trials with the spikes of all populations, plus `trial` and
                            `image`; where spikes came in, input/{neuron, step, trial_start}, attribute shape
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
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


def _append_spikes(group: Any, spikes: SpikeTrains) -> None:
    """Append trials to the spike trains in an HDF5 group, creating them at the first call."""
    first = "neuron" not in group
    start = spikes.trial_start + (0 if first else len(group["neuron"]))
    _append(group, "neuron", spikes.neuron)
    _append(group, "step", spikes.step)
    _append(group, "trial_start", start if first else start[1:])


def _read_spikes(group: Any, size: int, n_steps: int, dt: float) -> SpikeTrains:
    neuron, step, trial_start = (group[part][:] for part in ("neuron", "step", "trial_start"))
    return SpikeTrains(neuron, step, trial_start, size, n_steps, dt)


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
            _append_spikes(target.require_group("spikes"), population.spikes)
        if population.potentials is not None:
            _append(target, "potentials", population.potentials)


def read_recording(group: Any) -> Recording:
    """Read the recording in an HDF5 group."""
    n_steps, dt = int(group.attrs["n_steps"]), float(group.attrs["dt"])
    populations = {}
    for name, stored in group["populations"].items():
        spikes = None
        if "spikes" in stored:
            spikes = _read_spikes(stored["spikes"], len(stored["counts_by_neuron"]), n_steps, dt)
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
        A few trials with the spikes of all populations, and the potentials that the study records.
    shapes : dict of tuple of int
        Shape of each population.
    label, index, ann_class : ndarray of int64, shape (n_trials,)
        True class, position in the data set's split, class chosen by the ANN.
    example_trial : ndarray of int64, shape (n_examples,)
        Which trials the examples are.
    example_image : ndarray of uint8, shape (n_examples, channels, height, width)
        Their images; of recordings of an event camera, where each polarity prevailed.
    example_input : SpikeTrains or None
        The spikes that came in, if it was spikes.
    input_shape : tuple of int
        Shape of the input population, if spikes came in; else empty.
    """

    recording: Recording
    examples: Recording
    shapes: dict[str, tuple[int, ...]]
    label: NDArray[np.int64]
    index: NDArray[np.int64]
    ann_class: NDArray[np.int64]
    example_trial: NDArray[np.int64]
    example_image: NDArray[np.uint8]
    example_input: SpikeTrains | None = None
    input_shape: tuple[int, ...] = ()


def load_run(path: Path) -> RunData:
    """Read a ``run.h5``.

    Raises
    ------
    UserError
        If the file is missing, truncated, or no run.
    """
    try:
        with h5py.File(path, "r", track_order=True) as file:
            examples, came_in = read_recording(file["examples"]), file["examples"].get("input")
            shape = () if came_in is None else tuple(map(int, came_in.attrs["shape"]))
            return RunData(
                recording=read_recording(file),
                examples=examples,
                shapes={name: tuple(map(int, g.attrs["shape"])) for name, g in file["populations"].items()},
                label=file["trials/label"][:],
                index=file["trials/index"][:],
                ann_class=file["trials/ann_class"][:],
                example_trial=file["examples/trial"][:],
                example_image=file["examples/image"][:],
                example_input=came_in and _read_spikes(came_in, prod(shape), examples.n_steps, examples.dt),
                input_shape=shape,
            )
    except (OSError, KeyError) as error:
        raise UserError("not a complete recording of a run", file=path, value=str(error)) from error


class StoredRun:
    """A ``run.h5`` read piece by piece, since a whole one may be larger than the memory.

    Every method raises `UserError` if the file turns out to be missing, damaged, or no run.

    Parameters
    ----------
    path : Path
        The file, open until the end of a ``with`` statement.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        with self._refusing():
            self._file = h5py.File(self._path, "r", track_order=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except (OSError, KeyError, ValueError) as error:
            fix = "run the study again: `bioscnn run STUDY.toml`"
            raise UserError(
                "not a complete recording of a run", file=self._path, value=str(error), fix=fix
            ) from error

    def extent(self) -> tuple[int, int]:
        """Return the number of trials, and of steps of each."""
        with self._refusing():
            return len(self._file["trials/label"]), int(self._file.attrs["n_steps"])

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of each population, in the network's order."""
        with self._refusing():
            stored = self._file["populations"].items()
            return {name: tuple(map(int, group.attrs["shape"])) for name, group in stored}

    def has(self, name: str, what: str) -> bool:
        """Whether the ``"spikes"`` or ``"potentials"`` of a population were recorded in full."""
        with self._refusing():
            return what in self._file[f"populations/{name}"]

    def counts(self, name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the spikes of a population by trial, shape (n_trials,), and by neuron, shape (size,)."""
        with self._refusing():
            group = self._file[f"populations/{name}"]
            return group["counts_by_trial"][:], group["counts_by_neuron"][:]

    def spikes(self, name: str, trials: slice) -> SpikeTrains:
        """Return the spikes of a population in consecutive trials."""
        with self._refusing():
            group = self._file[f"populations/{name}/spikes"]
            start = group["trial_start"][trials.start : trials.stop + 1]
            own = slice(int(start[0]), int(start[-1]))
            n_steps, dt = int(self._file.attrs["n_steps"]), float(self._file.attrs["dt"])
            neuron, step, size = group["neuron"][own], group["step"][own], prod(self.shapes()[name])
            return SpikeTrains(neuron, step, start - start[0], size, n_steps, dt)

    def potentials(self, name: str, trials: slice, neurons: slice = slice(None)) -> NDArray[np.float32]:
        """Return potentials of a population in consecutive trials, shape (trials, n_steps, neurons), V."""
        with self._refusing():
            values: NDArray[np.float32] = self._file[f"populations/{name}/potentials"][trials, :, neurons]
            return values


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
        """Store a few trials in detail, and their images."""
        examples = self._file.require_group("examples")
        append_recording(examples, recording, self._shapes)
        examples.create_dataset("trial", data=trial)
        examples.create_dataset("image", data=image)

    def add_example_input(self, spikes: SpikeTrains, shape: tuple[int, ...]) -> None:
        """Store the spikes that came in with the examples, and the shape of the input population."""
        group = self._file.create_group("examples/input")
        group.attrs["shape"] = shape
        _append_spikes(group, spikes)
