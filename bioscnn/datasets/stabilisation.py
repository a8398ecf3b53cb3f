"""Undo the saccades of N-MNIST, so that the digit stands still.

The path is that of the reader which the authors of N-MNIST publish (``event-Python``): from the origin by
(3.5, 7) pixels in the first 105 ms, by (3.5, -7) in the next 105 ms, and back by (-7, 0) afterwards, linear
in time; tonic adds (4, 2) pixels so that the digit comes to lie in the middle of the sensor.
Orchard, Jayawant, Cohen and Thakor (2015), Frontiers in Neuroscience 9:437,
https://doi.org/10.3389/fnins.2015.00437.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets.events import EventStream

_LEG_US = 105_000  # duration of one saccade
_UNIT = 30_000  # of a pixel; every microsecond, the image moves by whole units
_SPEED_X, _SPEED_Y = np.array([1, 1, -2]), np.array([2, -2, 0])  # units a microsecond, on each leg
_MIDDLE = (4, 2)  # px


def path(t_us: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how far the image has moved across and down, px; after 315 ms it goes on as before."""
    leg = np.minimum(t_us // _LEG_US, 2)
    since = t_us - leg * _LEG_US
    x, y = (
        (np.concatenate([[0], np.cumsum(speed * _LEG_US)])[leg] + speed[leg] * since) / _UNIT
        for speed in (_SPEED_X, _SPEED_Y)
    )
    return x, y


def stabilise(stream: EventStream) -> EventStream:
    """Move each event back by as much as the image had moved; what leaves the sensor is dropped.

    Parameters
    ----------
    stream : EventStream
        A recording of N-MNIST, 34 x 34 pixels.

    Returns
    -------
    EventStream
        Times and polarities of what is left, unchanged; positions rounded to whole pixels, halves to even.

    Examples
    --------
    >>> still = stabilise(EventStream([10, 17], [10, 12], [0, 210_000], [True, False], (34, 34)))
    >>> still.x.tolist(), still.y.tolist()
    ([14, 14], [12, 14])
    """
    x, y = (
        position - moved + middle
        for position, moved, middle in zip((stream.x, stream.y), path(stream.t_us), _MIDDLE, strict=True)
    )
    width, height = stream.sensor_size
    stays = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    return EventStream(
        np.rint(x[stays]).astype(np.int16),
        np.rint(y[stays]).astype(np.int16),
        stream.t_us[stays],
        stream.p[stays],
        stream.sensor_size,
    )
