"""Random numbers by counter: each one is a function of a key and of what it is for, and of nothing else.

Whatever draws them, in whatever order, on whatever device and in whatever share of the trials: the number for
the same key, trial, step and neuron is the same to the bit. ``simulation/cpp/draws.h`` is the same in C++.

References
----------
Salmon, Moraes, Dror and Shaw (2011), Parallel random numbers: as easy as 1, 2, 3, SC '11 (the principle).
Steele, Lea and Flood (2014), Fast splittable pseudorandom number generators, OOPSLA '14 (how it mixes).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

GOLDEN = 0x9E3779B97F4A7C15
LARGEST_KEY = 2**31 - 1
"""Keys are whole numbers from 0 to this."""

TABLE_BITS = 16


def draw_key(rng: np.random.Generator) -> int:
    """Draw a key."""
    return int(rng.integers(LARGEST_KEY, endpoint=True))


def bits(key: int, *counters: ArrayLike) -> NDArray[np.uint64]:
    """Return 64 random bits for a key and some whole numbers.

    Parameters
    ----------
    key : int
        0 to `LARGEST_KEY`.
    *counters : array_like of int, >= 0
        What the numbers are for, such as trial, step and neuron; their shapes broadcast.

    Returns
    -------
    ndarray of uint64, of the broadcast shape
    """
    with np.errstate(over="ignore"):
        mixed: Any = _mix(np.uint64(key))
        for counter in counters:
            mixed = _mix(mixed + np.uint64(GOLDEN) * (np.asarray(counter).astype(np.uint64) + np.uint64(1)))
    return np.asarray(mixed, np.uint64)


def uniform(key: int, *counters: ArrayLike) -> NDArray[np.float64]:
    """Return numbers uniform in [0, 1), multiples of 2**-53; parameters as of `bits`."""
    return (bits(key, *counters) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normal(key: int, *counters: ArrayLike) -> NDArray[np.float64]:
    """Return normally distributed numbers; parameters as of `bits`.

    They are the 65,536 quantiles of `normal_table`, so that no device has to compute a logarithm.
    """
    return np.asarray(normal_table()[bits(key, *counters) >> np.uint64(64 - TABLE_BITS)])


@cache
def normal_table() -> NDArray[np.float64]:
    """Return 2**16 equally probable values of the standard normal distribution, of variance 1.

    Examples
    --------
    >>> table = normal_table()
    >>> float(round(table.std(), 12)), float(round(table[-1], 2))
    (1.0, 4.32)
    """
    from scipy.special import ndtri

    number = 2**TABLE_BITS
    table: NDArray[np.float64] = ndtri((np.arange(number) + 0.5) / number)
    table /= table.std()
    table.flags.writeable = False
    return table


def _mix(number: Any) -> Any:
    mixed = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
