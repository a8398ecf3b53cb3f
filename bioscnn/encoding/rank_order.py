"""Rank-order coding: each ganglion cell fires once, and the order of the spikes carries the image.

The largest coefficient fires first. Kernels overlap, so neighbours repeat what has been told already; FoCal
takes it out of them before the next cell is picked. It is matching pursuit (Mallat and Zhang 1993) in which
every kernel is used at most once, and with its sign.

References
----------
VanRullen and Thorpe (2001), Rate coding versus temporal order coding: what the retinal ganglion cells tell
the visual cortex, Neural Computation 13:1255.
Sen Bhattacharya and Furber (2010), Biologically inspired means for rank-order encoding images: a
quantitative analysis, IEEE Transactions on Neural Networks 21:1087, https://doi.org/10.1109/TNN.2010.2048339.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bioscnn.encoding.foveal_pit import DifferenceOfGaussians
from bioscnn.errors import UserError

Picked = tuple[NDArray[np.int32], NDArray[np.float32]]  # cells in their order, and their coefficients

_NOTHING = 1e-6
"""Coefficients below this part of the image's largest are what single precision leaves of nothing."""


@dataclass(frozen=True, eq=False)
class RankCode:
    """Images as the order in which cells fire, each at most once.

    The spikes of image ``k`` are ``slice(start[k], start[k + 1])``, in the order in which they were picked.

    Parameters
    ----------
    neuron : ndarray of int32, shape (n_spikes,)
        The cell that fired, an index into the flattened `shape`.
    value : ndarray of float32, shape (n_spikes,)
        Its coefficient when it was picked.
    start : ndarray of int64, shape (n_images + 1,)
        Index of each image's first spike, and the number of spikes at the end.
    shape : tuple of int
        (n_kinds, height, width) of the cells.
    n_positive : ndarray of int64, shape (n_images,)
        Cells of each image that were excited before the first one fired.
    """

    neuron: NDArray[np.int32]
    value: NDArray[np.float32]
    start: NDArray[np.int64]
    shape: tuple[int, int, int]
    n_positive: NDArray[np.int64]

    @property
    def n_images(self) -> int:
        """Number of images."""
        return len(self.start) - 1

    @property
    def n_spikes(self) -> int:
        """Number of spikes of all images together."""
        return len(self.neuron)

    @property
    def size(self) -> int:
        """Number of cells."""
        return prod(self.shape)

    def image(self) -> NDArray[np.int64]:
        """Return the image of each spike, shape (n_spikes,)."""
        return np.repeat(np.arange(self.n_images), np.diff(self.start))

    def rank(self) -> NDArray[np.int64]:
        """Return how many spikes of its image came before each spike, shape (n_spikes,)."""
        return np.arange(self.n_spikes) - np.repeat(self.start[:-1], np.diff(self.start))

    def times(self) -> NDArray[np.float64]:
        """Return the rank of each spike over the number of its image's, in [0, 1), shape (n_spikes,)."""
        count = np.diff(self.start)
        return np.asarray(self.rank() / np.repeat(count, count))

    def maps(self) -> NDArray[np.float32]:
        """Return 1 for the first cell of each image, less with the rank, 0 for the silent.

        Returns
        -------
        ndarray of float32, shape (n_images, n_kinds, height, width)
            ``(N - r)/N`` for rank r of N spikes.
        """
        return self.scattered(1 - self.times())

    def scattered(self, values: NDArray[np.floating]) -> NDArray[np.float32]:
        """Put a value of each spike, shape (n_spikes,), where its cell is; shape (n_images, *shape)."""
        maps = np.zeros((self.n_images, self.size), np.float32)
        maps[self.image(), self.neuron] = values
        return maps.reshape(self.n_images, *self.shape)

    def first(self, share: float) -> Self:
        """Return the first spikes of each image: this share of them, rounded up."""
        if not 0 < share <= 1:
            raise UserError("not a share of the spikes", value=share, expected="above 0, at most 1")
        early = self.rank() < np.repeat(_part(share, np.diff(self.start)), np.diff(self.start))
        before = np.concatenate([[0], np.cumsum(early)])
        return replace(self, neuron=self.neuron[early], value=self.value[early], start=before[self.start])


def rank_order(
    responses: NDArray[np.float32], cells: tuple[DifferenceOfGaussians, ...], keep: float = 0.3
) -> RankCode:
    """Let cells fire in the order of their coefficients, corrected for what others have told.

    The cell with the largest coefficient fires. From every other coefficient that one's share is taken:
    ``c_i <- c_i - c_max <K_i, K_max>``. This goes on until enough cells have fired, or none is excited.

    Parameters
    ----------
    responses : ndarray of float32, shape (n, n_kinds, height, width)
        Coefficients, from `bioscnn.encoding.foveal_pit.responses`.
    cells : tuple of DifferenceOfGaussians
        The kinds of cells. None: each cell saw one pixel, and pixels do not overlap.
    keep : float
        How many cells fire at most, as a share of those excited at first, 0 (excluded) to 1; rounded up.

    Returns
    -------
    RankCode

    Raises
    ------
    UserError
        If `keep` is no such share.

    Notes
    -----
    A spike takes one pass over the coefficients of its image. The overlap of two kernels depends on the
    distance between them alone, so that what is taken from the others is a window of a table.

    Examples
    --------
    >>> code = rank_order(np.array([[[[0.2, 0.9, 0.0, 0.5]]]], np.float32), (), keep=1)
    >>> code.neuron
    array([1, 3, 0], dtype=int32)
    >>> code.maps()[0, 0].round(2)
    array([[0.33, 1.  , 0.  , 0.67]], dtype=float32)
    """
    if not 0 < keep <= 1:
        raise UserError(
            "not a share of the cells", key="encoding.keep", value=keep, expected="above 0, at most 1"
        )
    shape = responses.shape[1:]
    if cells and shape[0] != len(cells):
        raise ValueError(f"coefficients of {shape[0]} kinds of cells, but {len(cells)} kinds")
    if not np.isfinite(responses).all():
        raise UserError("coefficients that are no numbers", expected="finite ones")
    least = _NOTHING * np.maximum(responses.max(axis=(1, 2, 3), initial=0), 0)
    n_positive = np.count_nonzero(responses > least[:, None, None, None], axis=(1, 2, 3))
    most = _part(keep, n_positive)
    pick = _Pursuit(cells, shape).pick if cells else _largest
    picked = [pick(image, limit, floor) for image, limit, floor in zip(responses, most, least, strict=True)]
    return RankCode(
        np.concatenate([np.empty(0, np.int32), *(neuron for neuron, _ in picked)]),
        np.concatenate([np.empty(0, np.float32), *(value for _, value in picked)]),
        np.cumsum([0, *(len(neuron) for neuron, _ in picked)]),
        shape,
        n_positive,
    )


def _part(share: float, number: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a share of numbers, rounded up; 30 % of 10 are 3, whatever 0.3 is in binary."""
    return np.asarray(np.ceil(share * number - 1e-9), np.int64)


def _largest(image: NDArray[np.float32], most: int, least: float) -> Picked:
    """Pick the largest coefficients, equal ones in the order of their pixels."""
    values = image.ravel()
    excited = np.flatnonzero(values > least)
    neuron = excited[np.argsort(-values[excited], kind="stable")[:most]]
    return neuron.astype(np.int32), values[neuron]


class _Pursuit:
    """Picks cells of images of one shape.

    The rows of all kinds take turns, each filled up to twice its length less one with minus infinity, which
    is never picked. The table has rows as long, so that what a pick takes from all others is one run of it.
    """

    def __init__(self, cells: tuple[DifferenceOfGaussians, ...], shape: tuple[int, int, int]) -> None:
        from scipy.linalg.blas import daxpy

        self.shape = shape
        self.table = overlaps(cells, shape[1:]).swapaxes(1, 2).reshape(len(cells), -1)
        self.add = daxpy

    def pick(self, image: NDArray[np.float32], most: int, least: float) -> Picked:
        """Pick the largest coefficient and correct the others, again and again."""
        n_kinds, height, width = self.shape
        row_length = 2 * width - 1
        left = np.full((height, n_kinds, row_length), -np.inf)
        left[:, :, :width] = image.swapaxes(0, 1)
        left = left.ravel()[: left.size - width + 1]
        places, values = np.empty(most, np.int64), np.empty(most)
        for k in range(most):
            place = int(left.argmax())
            largest = left[place]
            if largest <= least:
                places, values = places[:k], values[:k]
                break
            places[k], values[k] = place, largest
            line, column = divmod(place, row_length)
            row, kind = divmod(line, n_kinds)
            run = (height - 1 - row) * n_kinds * row_length + width - 1 - column
            left = self.add(self.table[kind], left, left.size, -largest, run)
            left[place] = -np.inf
        lines, columns = np.divmod(places, row_length)
        rows, kinds = np.divmod(lines, n_kinds)
        return ((kinds * height + rows) * width + columns).astype(np.int32), values.astype(np.float32)


def overlaps(cells: tuple[DifferenceOfGaussians, ...], size: tuple[int, int]) -> NDArray[np.float64]:
    """Return the inner products of kernels at all distances within an image.

    Parameters
    ----------
    cells : tuple of DifferenceOfGaussians
        Kinds of cells.
    size : tuple of int
        Height and width of the image.

    Returns
    -------
    ndarray of float64, shape (n_kinds, n_kinds, 2 height - 1, 2 width - 1)
        Element (i, j, height - 1 + y, width - 1 + x) for a kernel j that lies y pixels below and x pixels to
        the right of a kernel i.
    """
    table = np.empty((len(cells), len(cells), *(2 * length - 1 for length in size)))
    for i, one in enumerate(cells):
        for j, other in enumerate(cells):
            total = np.zeros(table.shape[2:])
            for k, p in enumerate(one.profiles):
                for m, q in enumerate(other.profiles):
                    down, across = (_correlation(p, q, length) for length in size)
                    total += (-1) ** (k + m) * np.outer(down, across)
            table[i, j] = one.factor * other.factor * total
    return table


def _correlation(p: NDArray[np.float64], q: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Return inner products of two symmetric profiles at distances from 1 - length to length - 1."""
    full = np.convolve(p, q)
    beyond = max(0, length - 1 - len(full) // 2)
    middle = len(full) // 2 + beyond
    return np.pad(full, beyond)[middle - length + 1 : middle + length]
