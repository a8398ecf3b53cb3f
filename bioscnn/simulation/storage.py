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
from typing import Any, Literal, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.hdf5 import DAMAGE, open_hdf5
from bioscnn.large_arrays import large_array
from bioscnn.simulation.recording import PopulationRecording, Recording
from bioscnn.spikes import SpikeTrains

UNITS = {
    "potentials": "V",
    "step": "time steps of length dt",
    "counts_by_trial": "spikes",
    "counts_by_neuron": "spikes",
}


MOST_STEPS = 2**31 - 1
_MOST_PACKED = 300
"""Bytes that one byte of a file can stand for at most, with room to spare: LZF packs 264 into 3."""
_CHUNK_BYTES = 2**18
"""Bytes that are compressed together."""


def _append(group: Any, name: str, values: NDArray[Any]) -> None:
    """Lengthen a dataset along its first axis, creating it at the first call."""
    if name not in group:
        options = {"maxshape": (None, *values.shape[1:]), "chunks": _chunks(values), "compression": "lzf"}
        group.create_dataset(name, data=values, **options)
        if name in UNITS:
            group[name].attrs["unit"] = UNITS[name]
        return
    dataset = group[name]
    dataset.resize(len(dataset) + len(values), axis=0)
    dataset[len(dataset) - len(values) :] = values


def _chunks(values: NDArray[Any]) -> tuple[int, ...] | Literal[True]:
    """Return a chunk of whole trials, which are written and read together; True (any) if one is large."""
    rows = min(len(values), _CHUNK_BYTES // values[:1].nbytes) if values.size else 0
    return (rows, *values.shape[1:]) if rows else True


def _append_spikes(group: Any, spikes: SpikeTrains) -> None:
    """Append trials to the spike trains in an HDF5 group, creating them at the first call."""
    first = "neuron" not in group
    start = spikes.trial_start + (0 if first else len(group["neuron"]))
    _append(group, "neuron", spikes.neuron)
    _append(group, "step", spikes.step)
    _append(group, "trial_start", start if first else start[1:])


def _array(group: Any, name: str, kinds: str, *shape: int | None) -> Any:
    """Return an array of a file, not read yet; `shape` has None where any length will do.

    Raises
    ------
    KeyError, ValueError
        If it is not there, or of another kind or shape.
    """
    array = group[name]
    if not isinstance(array, h5py.Dataset) or array.dtype.kind not in kinds:
        raise ValueError(f"{array.name} does not hold what it should")
    fits = len(array.shape) == len(shape) and all(
        length in (None, actual) for length, actual in zip(shape, array.shape, strict=True)
    )
    if not fits:
        raise ValueError(f"{array.name} has the shape {array.shape}, not {shape}")
    return array


def _clock(group: Any) -> tuple[int, float]:
    """Return the number of steps of a trial, and the duration of a step in s."""
    steps, step = (np.asarray(group.attrs[name]) for name in ("n_steps", "dt"))
    if steps.ndim or step.ndim or steps.dtype.kind not in "iu" or step.dtype.kind != "f":
        raise ValueError("n_steps or dt is no number")
    n_steps, dt = int(steps), float(step)
    if not (0 < n_steps <= MOST_STEPS and 0 < dt < np.inf):
        raise ValueError(f"{n_steps} steps of {dt} s")
    return n_steps, dt


def _shape(group: Any) -> tuple[int, ...]:
    shape = tuple(int(length) for length in group.attrs["shape"])
    if not shape or min(shape) < 1:
        raise ValueError(f"{group.name} has the shape {shape}")
    return shape


def _read_spikes(group: Any, n_trials: int, size: int, clock: tuple[int, float]) -> SpikeTrains:
    neuron, step = (_whole(_array(group, name, "iu", None)) for name in ("neuron", "step"))
    trial_start = _whole(_array(group, "trial_start", "iu", n_trials + 1))
    return SpikeTrains(neuron, step, trial_start, size, *clock)


def append_recording(group: Any, recording: Recording, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Append a batch to the recording in an HDF5 group, creating it at the first call."""
    group.attrs.update(n_steps=recording.n_steps, dt=recording.dt, dt_unit="s")
    if "populations" not in group:
        group.create_group("populations", track_order=True)  # which groups within groups do not inherit
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


def read_recording(group: Any, n_trials: int) -> Recording:
    """Read the recording of so many trials in an HDF5 group."""
    clock, populations = _clock(group), {}
    for name, stored in group["populations"].items():
        size = prod(_shape(stored))
        counts = (
            _whole(_array(stored, "counts_by_trial", "iu", n_trials)),
            _whole(_array(stored, "counts_by_neuron", "iu", size)),
        )
        spikes = _read_spikes(stored["spikes"], n_trials, size, clock) if "spikes" in stored else None
        potentials = (
            _whole(_read_potentials(stored, n_trials, clock[0], size)) if "potentials" in stored else None
        )
        populations[name] = PopulationRecording(*counts, spikes, potentials)
    return Recording(populations, *clock)


def _whole(stored: Any) -> NDArray[Any]:
    """Return an array of a file, which need not fit into memory.

    Raises
    ------
    ValueError
        If it is so large, of so few bytes in the file, that it cannot be whole.
    """
    if stored.nbytes > _MOST_PACKED * max(1_000_000, stored.id.get_storage_size()):
        raise ValueError(f"{stored.name} is not whole")
    array = large_array(stored.shape, stored.dtype)
    if array.size:
        stored.read_direct(array)
    return array


def _read_potentials(stored: Any, n_trials: int, n_steps: int, size: int) -> Any:
    return _array(stored, "potentials", "f", n_trials, n_steps, size)


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
        True class, position in the data set's split, class chosen by the ANN; the last is None where there
        is none.
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
    ann_class: NDArray[np.int64] | None
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
        with open_hdf5(path, track_order=True) as file:
            return _read_run(file)
    except DAMAGE as error:
        raise UserError("not a complete recording of a run", file=path, value=str(error)) from error


def _read_run(file: Any) -> RunData:
    label = _whole(_array(file, "trials/label", "iu", None))
    index, ann_class = _whole(_array(file, "trials/index", "iu", len(label))), None
    if "ann_class" in file["trials"]:
        ann_class = _whole(_array(file, "trials/ann_class", "iu", len(label)))
    trial = _array(file, "examples/trial", "iu", None)[:]
    classes = [label, trial] if ann_class is None else [label, trial, ann_class]
    if not (len(label) and len(trial)) or min(part.min() for part in classes) < 0:
        raise ValueError("no trials, or classes below 0")
    if trial.max() >= len(label):
        raise ValueError(f"example {trial.max()} of {len(label)} trials")
    examples, came_in = read_recording(file["examples"], len(trial)), file["examples"].get("input")
    clock, shape = (examples.n_steps, examples.dt), () if came_in is None else _shape(came_in)
    recording = read_recording(file, len(label))
    if list(recording.populations) != list(examples.populations):
        raise ValueError("the examples have other populations than the trials")
    return RunData(
        recording=recording,
        examples=examples,
        shapes={name: _shape(group) for name, group in file["populations"].items()},
        label=label,
        index=index,
        ann_class=ann_class,
        example_trial=trial,
        example_image=_array(file, "examples/image", "u", len(trial), None, None, None)[:],
        example_input=came_in and _read_spikes(came_in, len(trial), prod(shape), clock),
        input_shape=shape,
    )


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
            self._file = open_hdf5(self._path, track_order=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except DAMAGE as error:
            fix = "run the study again: `bioscnn run STUDY.toml`"
            raise UserError(
                "not a complete recording of a run", file=self._path, value=str(error), fix=fix
            ) from error

    def extent(self) -> tuple[int, int]:
        """Return the number of trials, and of steps of each."""
        with self._refusing():
            return len(_array(self._file, "trials/label", "iu", None)), _clock(self._file)[0]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of each population, in the network's order."""
        with self._refusing():
            stored = self._file["populations"].items()
            return {name: _shape(group) for name, group in stored}

    def has(self, name: str, what: str) -> bool:
        """Whether the ``"spikes"`` or ``"potentials"`` of a population were recorded in full."""
        with self._refusing():
            return what in self._file[f"populations/{name}"]

    def counts(self, name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the spikes of a population by trial, shape (n_trials,), and by neuron, shape (size,)."""
        with self._refusing():
            group, n_trials = self._file[f"populations/{name}"], self.extent()[0]
            by_trial = _array(group, "counts_by_trial", "iu", n_trials)[:]
            return by_trial, _array(group, "counts_by_neuron", "iu", prod(_shape(group)))[:]

    def spikes(self, name: str, trials: slice) -> SpikeTrains:
        """Return the spikes of a population in consecutive trials."""
        with self._refusing():
            group = self._file[f"populations/{name}/spikes"]
            n_trials, clock = len(_array(self._file, "trials/label", "iu", None)), _clock(self._file)
            starts = _array(group, "trial_start", "iu", n_trials + 1)
            start = starts[trials.start : trials.stop + 1].astype(np.int64)
            own = slice(int(start[0]), int(start[-1]))
            neuron, step = (_array(group, part, "iu", None)[own] for part in ("neuron", "step"))
            return SpikeTrains(neuron, step, start - start[0], prod(self.shapes()[name]), *clock)

    def potentials(self, name: str, trials: slice, neurons: slice = slice(None)) -> NDArray[np.float32]:
        """Return potentials of a population in consecutive trials, shape (trials, n_steps, neurons), V."""
        with self._refusing():
            group, (n_trials, n_steps) = self._file[f"populations/{name}"], self.extent()
            stored = _read_potentials(group, n_trials, n_steps, prod(_shape(group)))
            values: NDArray[np.float32] = stored[trials, :, neurons]
            return values

    def trials(self, name: str) -> NDArray[np.int64]:
        """Return a column of the trials: ``"label"``, ``"index"`` or ``"ann_class"``, shape (n_trials,)."""
        with self._refusing():
            values: NDArray[np.int64] = _array(self._file, f"trials/{name}", "iu", self.extent()[0])[:]
            return values

    def dt(self) -> float:
        """Return the duration of a step in s."""
        with self._refusing():
            return _clock(self._file)[1]


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
        """Store one row a trial: label, index, and ann_class where there is an ANN."""
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
