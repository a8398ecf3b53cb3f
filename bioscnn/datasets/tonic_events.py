"""Events as tonic holds them: structured arrays with the fields x, y, t and p."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets.events import EventStream
from bioscnn.errors import UserError

_FIELDS = ("x", "y", "t", "p")


def from_tonic(events: NDArray[Any], sensor_size: tuple[int, ...]) -> EventStream:
    """Take over the events of one of tonic's recordings.

    Parameters
    ----------
    events : structured ndarray, shape (n_events,)
        With the fields x, y, t (microseconds) and p (0 or 1, or False and True), in any order.
    sensor_size : tuple of int
        Width and height, and possibly, as in tonic, the number of polarities.

    Returns
    -------
    EventStream

    Raises
    ------
    UserError
        If a field is missing or not of whole numbers, a polarity is neither 0 nor 1, or the events are not
        those of one recording on that sensor.

    References
    ----------
    Lenz et al. (2021), *Tonic: event-based datasets and transformations*,
    https://doi.org/10.5281/zenodo.5079802.

    Examples
    --------
    >>> dtype = [("x", int), ("y", int), ("t", int), ("p", int)]
    >>> from_tonic(np.array([(3, 7, 258, 1)], dtype), (34, 34, 2)).t_us.tolist()
    [258]
    """
    lacking = [name for name in _FIELDS if name not in (events.dtype.names or ())]
    if lacking:
        raise UserError(
            "no array of tonic's events",
            key="fields",
            value=events.dtype.names,
            expected="x, y, t and p",
        )
    for name in _FIELDS:
        if events.dtype[name].kind not in "iub":
            raise UserError(
                "events must be whole numbers", key=name, value=str(events.dtype[name]), expected="integers"
            )
    polarity = events["p"]
    if ((polarity != 0) & (polarity != 1)).any():
        raise UserError(
            "polarities of another kind", key="p", value=np.unique(polarity)[:4].tolist(), expected="0 and 1"
        )
    width, height = sensor_size[:2]
    return EventStream(events["x"], events["y"], events["t"], polarity, (width, height))
