"""Recordings of a user's own event camera, one a file, in the formats that are read.

``.bin`` has five bytes an event, as N-MNIST (`bioscnn.datasets.event_files`). ``.npy`` holds a structured
array as tonic makes it, with the fields x, y, t and p; ``.npz`` holds these as four arrays. Times are
microseconds since the recording began, polarities 0 or 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bioscnn.datasets.contents import FETCH_AGAIN
from bioscnn.datasets.event_files import read_events
from bioscnn.datasets.events import EventStream
from bioscnn.datasets.own.npy_stream import npy_header, open_npz
from bioscnn.datasets.tonic_events import from_tonic
from bioscnn.errors import UserError
from bioscnn.files import NPY_DAMAGE, require_file

ENDINGS = (".bin", ".npy", ".npz")
_FIELDS = ("x", "y", "t", "p")


@dataclass(frozen=True)
class OwnRecording:
    """A recording in a file of any of the formats, which is read when it is asked for."""

    path: Path
    sensor_size: tuple[int, int]  # width, height, pixels

    def read(self) -> EventStream:
        """Return its events; raises `UserError` as `read_recording` does."""
        return read_recording(self.path, self.sensor_size)


def read_recording(path: Path, sensor_size: tuple[int, int]) -> EventStream:
    """Read one recording.

    Parameters
    ----------
    path : Path
        A file of one of the `ENDINGS`.
    sensor_size : (int, int)
        Width and height of the sensor, pixels.

    Raises
    ------
    UserError
        If it is damaged, an event lies outside the sensor, or time runs backwards.
    """
    require_file(path)
    ending = path.suffix.lower()
    if ending == ".bin":
        return read_events(path, sensor_size)
    try:
        return from_tonic(_read_npy(path) if ending == ".npy" else _read_npz(path), sensor_size)
    except UserError as error:
        raise error.but(file=path) from None


def _read_npy(path: Path) -> np.ndarray:
    try:
        with path.open("rb") as file:
            shape, _, dtype = npy_header(file)
            length = path.stat().st_size - file.tell()
        if dtype.itemsize * math.prod(shape) != length:
            raise ValueError(f"it has {length} bytes of numbers")
        events = np.load(path, allow_pickle=False)
    except NPY_DAMAGE as error:
        raise UserError("not an intact npy file", value=str(error), fix=FETCH_AGAIN) from error
    if not isinstance(events, np.ndarray) or events.ndim != 1:
        raise UserError(
            "no array of events", value=f"shape {np.shape(events)}", expected="a row for each event"
        )
    return events


def _read_npz(path: Path) -> np.ndarray:
    members = open_npz(path)
    lacking = [name for name in _FIELDS if name not in members]
    if lacking:
        raise UserError("an array is missing", key=", ".join(lacking), expected="x, y, t and p")
    lengths = {name: members[name].shape for name in _FIELDS}
    if len(set(lengths.values())) > 1 or len(lengths["x"]) != 1:
        raise UserError("arrays of different length", key="x, y, t, p", value=lengths)
    arrays = {name: members[name].rows(np.arange(lengths[name][0])) for name in _FIELDS}
    events = np.empty(lengths["x"], [(name, arrays[name].dtype) for name in _FIELDS])
    for name, values in arrays.items():
        events[name] = values
    return events
