"""The retina's foveal pit: four kinds of ganglion cells, each a difference of Gaussians at every pixel.

Midget and parasol cells, ON and OFF, see the image through kernels of four sizes (Sen Bhattacharya and Furber
2010). The code of NE15 (Liu and others 2016) and that of Gupta and Bhattacharya (2020) agree on the standard
deviations, not on all else. Chosen here:

* Kernels are odd and symmetric, as in NE15. The code of 2020 has even ones (4, 10, 60, 242), because the
  range of its grid leaves out the last row and column; they shift the image by half a pixel.
* The smallest kernel is 5 pixels wide, as the code of 2020 names it, not 3 as in NE15: 3 pixels end 1.25
  standard deviations from the middle of its centre.
* The surround of midget cells is 6.7 times as wide as the centre, which both codes use; NE15 has a comment
  with 6.5.
* Kernels have the norm 1, as in NE15, so that coefficients of different cells can be ranked, and a kernel's
  overlap with itself is 1.
* Beyond its border the image goes on as its outermost pixels. Zeros there would be an edge around the image,
  which dominates the two widest kernels: 61 and 243 pixels, more than images of 28 x 28 have.

References
----------
Sen Bhattacharya and Furber (2010), Biologically inspired means for rank-order encoding images: a quantitative
analysis, IEEE Transactions on Neural Networks 21:1087, https://doi.org/10.1109/TNN.2010.2048339.
Gupta and Bhattacharya (2020), Implementing a foveal-pit inspired filter in a spiking convolutional neural
network: a preliminary study, arXiv:2105.14326.
Liu, Pineda-García, Stromatias, Serrano-Gotarredona and Furber (2016), Benchmarking spike-based visual
recognition: a dataset and evaluation, Frontiers in Neuroscience 10:496.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError, did_you_mean

SMALLEST = 1e-9
"""Coefficients of intensities in [0, 1] below this are zero: what rounding leaves of a uniform field."""

_BATCH = 256  # images filtered at a time, in float64


@dataclass(frozen=True)
class DifferenceOfGaussians:
    """What one kind of ganglion cell makes of the image around it.

    Both Gaussians are cut to the square and have the sum 1; centre minus surround, times the sign, has the
    norm 1.

    Parameters
    ----------
    name : str
        Such as ``"off-midget"``.
    size : int
        Width of the kernel in pixels, odd.
    sigma : float
        Standard deviation of the centre, pixels.
    ratio : float
        That of the surround in units of the centre's, > 1.
    sign : int
        1 where light in the centre excites (ON), -1 where it inhibits (OFF).
    """

    name: str
    size: int
    sigma: float
    ratio: float
    sign: int

    def __post_init__(self) -> None:
        if self.size < 3 or self.size % 2 == 0:
            raise ValueError(f"{self.name}: a kernel of {self.size} pixels is not odd, or has no surround")
        if not (self.sigma > 0 and self.ratio > 1 and self.sign in (-1, 1)):
            raise ValueError(f"{self.name}: sigma > 0, ratio > 1 and sign 1 or -1 are needed")

    @cached_property
    def profiles(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Centre and surround along one axis, each of shape (size,) and sum 1."""
        place = np.arange(self.size) - self.size // 2
        centre, surround = (np.exp(-0.5 * (place / s) ** 2) for s in (self.sigma, self.sigma * self.ratio))
        return centre / centre.sum(), surround / surround.sum()

    @cached_property
    def factor(self) -> float:
        """What centre minus surround is multiplied by: the sign over the norm."""
        centre, surround = self.profiles
        return float(self.sign / np.linalg.norm(np.outer(centre, centre) - np.outer(surround, surround)))

    @cached_property
    def largest_response(self) -> float:
        """The largest coefficient that intensities in [0, 1] can have: the sum of the positive weights."""
        return float(np.maximum(self.kernel, 0).sum())

    @cached_property
    def kernel(self) -> NDArray[np.float64]:
        """The kernel, shape (size, size), of sum 0 and norm 1."""
        centre, surround = self.profiles
        return self.factor * (np.outer(centre, centre) - np.outer(surround, surround))


FOVEAL_PIT = {
    cell.name: cell
    for cell in (
        DifferenceOfGaussians("off-midget", 5, 0.8, 6.7, -1),
        DifferenceOfGaussians("on-midget", 11, 1.04, 6.7, 1),
        DifferenceOfGaussians("off-parasol", 61, 8.0, 4.8, -1),
        DifferenceOfGaussians("on-parasol", 243, 10.4, 4.8, 1),
    )
}
"""The four kinds of ganglion cells by name, from the finest to the coarsest."""


def find_cells(names: Iterable[str]) -> tuple[DifferenceOfGaussians, ...]:
    """Return kinds of ganglion cells, in the order of `FOVEAL_PIT`.

    Raises
    ------
    UserError
        If there is no such kind, or one is named twice.

    Examples
    --------
    >>> [cell.name for cell in find_cells(["on-midget", "off-midget"])]
    ['off-midget', 'on-midget']
    """
    names = list(names)
    for name in names:
        if name not in FOVEAL_PIT:
            raise UserError(
                "the retina has no such cells",
                key="encoding.retina",
                value=name,
                expected=" | ".join(FOVEAL_PIT),
                fix=did_you_mean(name, FOVEAL_PIT),
            )
        if names.count(name) > 1:
            raise UserError("the same cells twice", key="encoding.retina", value=name, fix="name them once")
    return tuple(cell for cell in FOVEAL_PIT.values() if cell.name in names)


def responses(images: NDArray[np.floating], cells: tuple[DifferenceOfGaussians, ...]) -> NDArray[np.float32]:
    """Return the coefficient of each ganglion cell for each image.

    A coefficient is the correlation of the image with the cell's kernel. Beyond its border the image goes on
    as its outermost pixels.

    Parameters
    ----------
    images : ndarray of float, shape (n, 1, height, width); without cells, of any number of channels
        Intensities, 0 to 1.
    cells : tuple of DifferenceOfGaussians
        Kinds of cells, one of each at every pixel. None: the images are returned, as if each cell saw one
        pixel.

    Returns
    -------
    ndarray of float32, shape (n, max(1, n_kinds), height, width)
        Signed coefficients; exactly 0 where the image is uniform as far as the kernel reaches.

    Raises
    ------
    UserError
        If the images are empty, not grey, or not finite.

    Examples
    --------
    >>> edge = np.repeat([0.0, 1.0], 3) * np.ones((1, 1, 4, 6))
    >>> responses(edge, find_cells(["off-midget"]))[0, 0, 0].round(2)
    array([ 0.  ,  0.6 ,  0.51, -0.51, -0.6 ,  0.  ], dtype=float32)
    """
    images = np.asarray(images)
    if images.ndim != 4 or (cells and images.shape[1] != 1) or 0 in images.shape[1:]:
        raise UserError(
            "ganglion cells see grey images" if cells else "not images",
            value=images.shape,
            expected=f"shape (n, {'1' if cells else 'channels'}, height, width), of one pixel or more",
            fix='set dataset.colour = "grey", or encoding.retina = []' if cells else None,
        )
    if not all(np.isfinite(images[first : first + _BATCH]).all() for first in range(0, len(images), _BATCH)):
        raise UserError("images with pixels that are no numbers", expected="intensities, 0 to 1")
    if not cells:
        return images.astype(np.float32, copy=False)
    result = np.empty((len(images), len(cells), *images.shape[2:]), np.float32)
    for first in range(0, len(images), _BATCH):
        batch = images[first : first + _BATCH, 0].astype(np.float64)
        for k, cell in enumerate(cells):
            coefficients = filtered(batch, cell, beyond="nearest")
            coefficients[np.abs(coefficients) < SMALLEST] = 0
            result[first : first + _BATCH, k] = coefficients
    return result


def filtered(images: NDArray[np.float64], cell: DifferenceOfGaussians, *, beyond: str) -> NDArray[np.float64]:
    """Correlate images with a kernel.

    Parameters
    ----------
    images : ndarray of float64, shape (n, height, width)
        Images of any values.
    cell : DifferenceOfGaussians
        Its kernel is used.
    beyond : str
        What lies beyond the border: ``"nearest"``, the outermost pixels, or ``"constant"``, zeros.

    Returns
    -------
    ndarray of float64, shape (n, height, width)

    Notes
    -----
    A Gaussian cut to a square is separable, and correlation along an axis of a few dozen pixels is a product
    with a small matrix, quicker than to go through the 243 weights of the widest kernel at each pixel.
    """
    from scipy.ndimage import correlate1d

    parts = []
    for profile in cell.profiles:
        down, across = (
            correlate1d(np.eye(length), profile, axis=0, mode=beyond) for length in images.shape[1:]
        )
        parts.append(down @ images @ across.T)
    result: NDArray[np.float64] = cell.factor * (parts[0] - parts[1])
    return result
