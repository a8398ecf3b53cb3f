"""Events as counts in space, time and polarity, and how far two such maps are apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from bioscnn.datasets import EventSet, EventStream

BIN = 0.01
N_BINS = 31
SACCADES = ((0, 9), (11, 20), (22, 31))
"""Bins of the three saccades, without the rests between them."""


def count(
    n: int, place: NDArray[np.int64], time: NDArray[np.float64], on: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Count events by recording, 10 ms, polarity, row and column; `place` is as in `event_pixels.Events`."""
    size = 34 * 34
    recording, pixel = np.divmod(place, size)
    time_bin = np.floor(time / BIN).astype(np.int64)
    in_time = time_bin < N_BINS
    key = ((recording * N_BINS + time_bin) * 2 + on) * size + pixel
    counts = np.bincount(key[in_time], minlength=n * N_BINS * 2 * size)
    return counts.astype(np.float32).reshape(n, N_BINS, 2, 34, 34)


def count_recordings(recordings: EventSet) -> NDArray[np.float32]:
    """Count the events of recordings, as `count` does."""
    streams = list(recordings)
    place = [34 * (34 * i + s.y.astype(np.int64)) + s.x for i, s in enumerate(streams)]
    time, on = (np.concatenate([getattr(s, name) for s in streams]) for name in ("t_us", "p"))
    return count(len(streams), np.concatenate(place), time / 1e6, on)


def smooth(counts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Blur counts in space by 0.8 px, so that an event a pixel away is not as wrong as one far away."""
    for axis in (-1, -2):
        counts = gaussian_filter1d(counts, 0.8, axis=axis, truncate=3)
    return counts


def by_saccade(counts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sum counts over the time of each saccade, shape (n, 3, 2, 34, 34)."""
    return np.add.reduceat(counts, [0, 10, 21], axis=1)


def cosine(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return the cosine between the counts by saccade, each less its mean."""
    a, b = (by_saccade(counts) for counts in (one, other))
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


def intervals(stream: EventStream) -> NDArray[np.float64]:
    """Return the times between successive events of the same pixel, ms."""
    pixel = stream.y.astype(np.int64) * 34 + stream.x
    order = np.lexsort((stream.t_us, pixel))
    return np.diff(stream.t_us[order])[np.diff(pixel[order]) == 0] / 1e3
