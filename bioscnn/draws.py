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

TABLE = 2**15
"""Values of each table of normally distributed numbers."""

BLOCK = 256
"""Numbers that lie side by side in a table when they are read."""


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


def normals(key: int, *counters: int, size: int) -> NDArray[np.float64]:
    """Return `size` normally distributed numbers for a key and what they are for, such as trial and step.

    Two tables of the quantiles of the normal distribution, each shuffled, are added up. Of each, blocks of
    `BLOCK` numbers are read in an order and from a start that are drawn; `TABLE` numbers are drawn together,
    so that none of them has a part in common with another one. So no device computes a logarithm, or draws
    bits for every number. Numbers of different draws are independent but where one of their two parts is the
    same: two numbers have the probability ``2/TABLE`` of it, and then a correlation of 1/2.
    """
    block = np.arange(-(-size // BLOCK), dtype=np.uint64)
    drawn = bits(key, *counters, block // np.uint64(TABLE // BLOCK))
    numbers = np.zeros((len(block), BLOCK))
    for table, of_table in zip(normal_tables(), (drawn, drawn >> np.uint64(32)), strict=True):
        start, order = of_table % np.uint64(TABLE), of_table // np.uint64(TABLE) % np.uint64(64)
        place = (start + np.uint64(BLOCK) * (np.uint64(2) * order + np.uint64(1)) * block) % np.uint64(TABLE)
        numbers += table[place.astype(np.int64)[:, None] + np.arange(BLOCK)]
    return numbers.ravel()[:size]


@cache
def normal_tables() -> NDArray[np.float64]:
    """Return two shuffled tables of equally probable values of the normal distribution of variance 1/2.

    Returns
    -------
    ndarray of float64, shape (2, `TABLE` + `BLOCK`)
        The first values of each are repeated at its end.

    Examples
    --------
    >>> first, second = normal_tables()[:, :TABLE]
    >>> float(round(first.var(), 12)), float(round(second.max(), 2))
    (0.5, 2.95)
    """
    from scipy.special import ndtri

    quantiles = ndtri((np.arange(TABLE) + 0.5) / TABLE)
    quantiles *= np.sqrt(0.5) / quantiles.std()
    shuffled = [quantiles[np.argsort(bits(number, np.arange(TABLE)))] for number in range(2)]
    tables = np.array([np.append(table, table[:BLOCK]) for table in shuffled])
    tables.flags.writeable = False
    return tables


def _mix(number: Any) -> Any:
    mixed = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
