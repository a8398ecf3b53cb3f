"""Event files of five bytes an event, the format of N-MNIST and N-Caltech101.

Byte 0 is the column x, byte 1 the row y; the highest bit of byte 2 is the polarity, and the other 23 bits of
bytes 2 to 4 are the time in microseconds, highest byte first. A row whose y is 240 is no event: the clock ran
over, and 2^13 us are added to all times after it. Source: the description and the reader that accompany
Orchard, Jayawant, Cohen and Thakor (2015), *Converting static image datasets to spiking neuromorphic datasets
using saccades*, Frontiers in Neuroscience 9:437, https://doi.org/10.3389/fnins.2015.00437.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets.contents import FETCH_AGAIN
from bioscnn.datasets.events import EventStream
from bioscnn.errors import UserError
from bioscnn.files import read_bytes, write_atomically

BYTES = 5  # of an event
_OVERFLOW = 240  # the row number that says that the clock ran over
_OVERFLOW_US = 2**13  # what that adds to all later times
_POLARITY, _TIME = 1 << 23, (1 << 23) - 1  # bits of the word
_EVENT = np.dtype(  # the word is y, polarity and time: four bytes that are one number
    {"names": ["x", "y", "word"], "formats": ["u1", "u1", ">u4"], "offsets": [0, 1, 1], "itemsize": BYTES}
)


def decode(
    content: bytes | memoryview, sensor_size: tuple[int, int], file: str | Path = "events"
) -> EventStream:
    """Decode the events of one recording.

    Parameters
    ----------
    content : bytes or memoryview of bytes
        Five bytes an event. No bytes are a recording without events.
    sensor_size : (int, int)
        Width and height of the sensor, pixels.
    file : str or path
        Named in errors.

    Returns
    -------
    EventStream

    Raises
    ------
    UserError
        If the length is no multiple of five, or an event lies outside the sensor or is earlier than the one
        before it; the message gives the byte at which that event begins.

    Examples
    --------
    >>> stream = decode(bytes([3, 7, 0x80, 0x01, 0x02, 4, 7, 0x00, 0x01, 0x03]), (34, 34))
    >>> stream.x.tolist(), stream.y.tolist(), stream.t_us.tolist(), stream.p.tolist()
    ([3, 4], [7, 7], [258, 259], [True, False])
    """
    n, rest = divmod(len(content), BYTES)
    if rest:
        raise UserError(
            "the event file is truncated",
            file=file,
            value=f"{len(content)} bytes, {rest} of them after byte {n * BYTES}",
            expected=f"a multiple of {BYTES}",
            fix=FETCH_AGAIN,
        )
    rows = np.frombuffer(content, _EVENT)
    x, y, word = rows["x"], rows["y"], rows["word"].astype(np.uint32)
    time = (word & _TIME).astype(np.int64)
    row = None  # of each event in the file, where that is not its position
    overflow = y == _OVERFLOW
    if overflow.any():
        time += _OVERFLOW_US * np.cumsum(overflow)
        row = np.flatnonzero(~overflow)
        x, y, word, time = x[row], y[row], word[row], time[row]
    polarity = (word & _POLARITY) != 0
    try:
        return EventStream(x.astype(np.int16), y.astype(np.int16), time, polarity, sensor_size)
    except UserError:
        raise _first_bad(x, y, time, sensor_size, file, row) from None


def encode(stream: EventStream) -> bytes:
    """Encode events so that `decode` returns them.

    Raises
    ------
    UserError
        If the format cannot hold an event: column or row above 255, row 240, or a time of 2^23 us and more.

    Examples
    --------
    >>> content = bytes([3, 7, 0x80, 0x01, 0x02])
    >>> encode(decode(content, (34, 34))) == content
    True
    """
    cannot = (
        (stream.x > 255) | (stream.y > 255) | (stream.y == _OVERFLOW) | (stream.t_us > _TIME)
    )  # fmt: skip
    if cannot.any():
        at = int(cannot.argmax())
        raise UserError(
            f"event {at} does not fit into five bytes",
            key="x, y, t_us",
            value=(int(stream.x[at]), int(stream.y[at]), int(stream.t_us[at])),
            expected=f"x and y up to 255, no row {_OVERFLOW}, times up to {_TIME} us",
        )
    rows = np.empty((len(stream), BYTES), np.uint8)
    rows[:, 0], rows[:, 1] = stream.x, stream.y
    rows[:, 2] = stream.t_us >> 16 | stream.p.astype(np.int64) << 7
    rows[:, 3], rows[:, 4] = stream.t_us >> 8 & 255, stream.t_us & 255
    return rows.tobytes()


def read_events(path: str | Path, sensor_size: tuple[int, int]) -> EventStream:
    """Read one recording; see `decode`.

    Raises
    ------
    UserError
        If the file cannot be read or is damaged.
    """
    return decode(read_bytes(Path(path)), sensor_size, path)


def write_events(path: str | Path, stream: EventStream) -> None:
    """Write one recording, whole or not at all; see `encode`."""
    write_atomically(path, encode(stream))


@dataclass(frozen=True)
class EventFile:
    """A recording in a file, which is read when it is asked for."""

    path: Path
    sensor_size: tuple[int, int]  # width, height, pixels

    def read(self) -> EventStream:
        """Return its events; raises `UserError` as `read_events` does."""
        return read_events(self.path, self.sensor_size)


def _first_bad(
    x: NDArray[np.uint8],
    y: NDArray[np.uint8],
    time: NDArray[np.int64],
    sensor_size: tuple[int, int],
    file: str | Path,
    row: NDArray[np.int64] | None,
) -> UserError:
    """Say where in the file the first event lies outside the sensor or before the last."""
    width, height = sensor_size
    outside = (x >= width) | (y >= height)
    at = int((outside | (np.diff(time, prepend=0) < 0)).argmax())
    begin = BYTES * (at if row is None else int(row[at]))
    if outside[at]:
        return UserError(
            f"the event at byte {begin} lies outside the sensor",
            file=file,
            key="x, y",
            value=(int(x[at]), int(y[at])),
            expected=f"x from 0 to {width - 1}, y from 0 to {height - 1}",
            fix=FETCH_AGAIN,
        )
    return UserError(
        f"time runs backwards in the event at byte {begin}",
        file=file,
        key="t_us",
        value=int(time[at]),
        expected=f"at least {int(time[at - 1])}, the time before it",
        fix=FETCH_AGAIN,
    )
