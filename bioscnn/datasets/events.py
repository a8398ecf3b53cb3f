"""Recordings of event cameras: the events of one, and a labelled set of many."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError


@dataclass(frozen=True, eq=False)
class EventStream:
    """The events of one recording, in the order in which they came.

    Parameters
    ----------
    x, y : ndarray of int16, shape (n_events,)
        Column and row, from the upper left corner.
    t_us : ndarray of int64, shape (n_events,)
        Time since the recording began, microseconds.
    p : ndarray of bool, shape (n_events,)
        Polarity: whether the pixel got brighter. (N-MNIST showed its digits black on white.)
    sensor_size : (int, int)
        Width and height of the sensor, pixels.

    Raises
    ------
    UserError
        If lengths disagree, an event lies outside the sensor, or time runs backwards or is negative.
    """

    x: NDArray[np.int16] = field(repr=False)
    y: NDArray[np.int16] = field(repr=False)
    t_us: NDArray[np.int64] = field(repr=False)
    p: NDArray[np.bool_] = field(repr=False)
    sensor_size: tuple[int, int]

    def __post_init__(self) -> None:
        lengths = {name: np.shape(getattr(self, name)) for name in ("x", "y", "t_us", "p")}
        if len(set(lengths.values())) != 1 or np.ndim(self.x) != 1:
            raise UserError("x, y, t_us and p of different length", key="events", value=lengths)
        for name, size in zip(("x", "y"), self.sensor_size, strict=True):
            values = np.asarray(getattr(self, name))
            if len(values) and (values.min() < 0 or values.max() >= size):
                at = int(((values < 0) | (values >= size)).argmax())
                raise UserError(
                    f"event {at} lies outside the sensor",
                    key=name,
                    value=int(values[at]),
                    expected=f"0 to {size - 1}",
                )
        t_us = np.asarray(self.t_us).astype(np.int64, copy=False)  # unsigned numbers cannot run backwards
        if len(t_us) and (t_us[0] < 0 or (t_us[1:] < t_us[:-1]).any()):
            at = int((np.diff(t_us, prepend=0) < 0).argmax())
            raise UserError(
                f"time runs backwards at event {at}",
                key="t_us",
                value=int(t_us[at]),
                expected=f"at least {int(t_us[at - 1]) if at else 0}, the time before it",
            )
        for name, dtype in (("x", np.int16), ("y", np.int16), ("t_us", np.int64), ("p", np.bool_)):
            object.__setattr__(self, name, np.ascontiguousarray(getattr(self, name), dtype))

    def __len__(self) -> int:
        return len(self.t_us)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, EventStream):
            return NotImplemented
        same = all(np.array_equal(getattr(self, n), getattr(other, n)) for n in ("x", "y", "t_us", "p"))
        return same and self.sensor_size == other.sensor_size

    def read(self) -> EventStream:
        """Return the events themselves: a stream in memory is a recording that has been read."""
        return self


class Recording(Protocol):
    """A recording that can be read: a file, or events in memory."""

    def read(self) -> EventStream:
        """Return its events."""


@dataclass(frozen=True, eq=False)
class EventSet:
    """Labelled recordings, and where they come from.

    Recordings are read when they are asked for, so a set may be larger than the memory.

    Parameters
    ----------
    recordings : tuple of Recording
        Files or streams.
    labels : ndarray of int64, shape (n,)
        Class of each recording, an index into ``classes``.
    classes : tuple of str
        Names of the classes.
    sensor_size : (int, int)
        Width and height of the field that holds every recording, pixels.
    name : str
        Name of the data set; it ends in ``-simulated`` if no real camera recorded it.
    split : str
        ``"train"``, ``"validation"`` or ``"test"``.
    source : str
        Which source was used, as a phrase for people.
    simulated : bool
        Whether the events are those of `bioscnn.datasets.saccades`.
    index : ndarray of int64, shape (n,), optional
        Number of each recording in the images that were shown, from 0; 0 to n - 1 if left out.

    Raises
    ------
    UserError
        If lengths disagree or a label names no class.
    """

    recordings: tuple[Recording, ...] = field(repr=False)
    labels: NDArray[np.int64] = field(repr=False)
    classes: tuple[str, ...]
    sensor_size: tuple[int, int]
    name: str
    split: str
    source: str
    simulated: bool
    index: NDArray[np.int64] = field(default=None, repr=False)  # type: ignore[arg-type]

    def __post_init__(self) -> None:
        labels: NDArray[Any] = np.asarray(self.labels)
        index = np.arange(len(self.recordings)) if self.index is None else np.asarray(self.index)
        place = f"{self.name}, {self.split} ({self.source})"
        for key, numbers in (("labels", labels), ("index", index)):
            if numbers.shape != (len(self.recordings),):
                raise UserError(
                    f"{key} and recordings of different length",
                    file=place,
                    key=key,
                    value=numbers.shape,
                    expected=f"one for each of {len(self.recordings)} recordings",
                )
        outside = np.flatnonzero((labels < 0) | (labels >= len(self.classes)))
        if len(outside):
            raise UserError(
                f"the label of recording {outside[0]} names no class",
                file=place,
                key="labels",
                value=int(labels[outside[0]]),
                expected=f"0 to {len(self.classes) - 1}",
            )
        object.__setattr__(self, "recordings", tuple(self.recordings))
        object.__setattr__(self, "labels", labels.astype(np.int64))
        object.__setattr__(self, "index", index.astype(np.int64))

    def __len__(self) -> int:
        return len(self.recordings)

    def __getitem__(self, number: int) -> EventStream:
        """Read one recording."""
        return self.recordings[number].read()

    def __iter__(self) -> Iterator[EventStream]:
        """Read one recording after the other."""
        return (recording.read() for recording in self.recordings)

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Join sets of one name and sensor; splits and sources are named side by side."""
        first = parts[0]
        if any(
            (p.name, p.classes, p.sensor_size) != (first.name, first.classes, first.sensor_size)
            for p in parts
        ):
            raise ValueError("sets of other recordings cannot be joined")
        return replace(
            first,
            recordings=tuple(recording for part in parts for recording in part.recordings),
            labels=np.concatenate([part.labels for part in parts]),
            index=np.concatenate([part.index for part in parts]),
            split=", ".join(dict.fromkeys(part.split for part in parts)),
            source="; ".join(dict.fromkeys(part.source for part in parts)),
        )

    @cached_property
    def sha256(self) -> str:
        """Hash of labels and events; equal content hashes alike from any source."""
        digest = hashlib.sha256(f"{self.sensor_size}{len(self)}".encode())
        digest.update(self.labels.astype("<i8").tobytes())
        for stream in self:
            digest.update(f"{len(stream)}".encode())
            for array, dtype in ((stream.x, "<i2"), (stream.y, "<i2"), (stream.t_us, "<i8"), (stream.p, "?")):
                digest.update(array.astype(dtype).tobytes())
        return digest.hexdigest()

    def take(self, selection: int | slice | NDArray[np.integer]) -> Self:
        """Return some of the recordings.

        Parameters
        ----------
        selection : int, slice or ndarray of int
            The first so many recordings, a slice, or positions in this set.

        Raises
        ------
        UserError
            If more recordings are asked for than there are.
        """
        if isinstance(selection, int | np.integer):
            if not 1 <= selection <= len(self):
                raise UserError(
                    f"{self.name}, {self.split} has {len(self)} recordings",
                    key="trials",
                    value=int(selection),
                    expected=f"1 to {len(self)}",
                )
            selection = slice(int(selection))
        rows = np.arange(len(self))[selection]
        return replace(
            self,
            recordings=tuple(self.recordings[row] for row in rows),
            labels=self.labels[rows],
            index=self.index[rows],
        )
