"""Images read back from rank-order codes, and how much of the originals they show."""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bioscnn.encoding.foveal_pit import DifferenceOfGaussians, filtered
from bioscnn.encoding.rank_order import RankCode

SHARES = (0.01, 0.05, 0.1, 0.3, 1.0)
"""Of the spikes, after which an image is read back."""

WANTED = 0.8
"""Part of what all spikes explain, of which it is said how soon it is reached, as in the published figure."""


class Quality(NamedTuple):
    """How much of an image a reconstruction shows.

    Kernels have no mean, and a rank has no unit, so brightness and contrast of the reconstruction are first
    fitted to the image: two numbers an image, by least squares.
    """

    psnr: float  # peak signal to noise ratio, dB; infinite where nothing is wrong
    ssim: float  # structural similarity (Wang and others 2004), at most 1
    explained: float  # share of the image's variance, 0 to 1


def reconstruct(
    code: RankCode,
    cells: tuple[DifferenceOfGaussians, ...],
    values: NDArray[np.floating] | None = None,
) -> NDArray[np.float64]:
    """Add up the kernels of the cells that fired.

    Parameters
    ----------
    code : RankCode
        From `bioscnn.encoding.rank_order.rank_order`.
    cells : tuple of DifferenceOfGaussians
        The same kinds of cells; none if cells see single pixels.
    values : ndarray of float, shape (bins,), optional
        What a spike counts by its rank, from `rank_table`: who knows only the order decodes with that. Each
        cell's own coefficient if left out.

    Returns
    -------
    ndarray of float64, shape (n_images, height, width)
        Images up to brightness, and with `values` up to contrast.
    """
    maps = code.scattered(code.value if values is None else values[_bin(code, len(values))])
    if not cells:
        return maps[:, 0].astype(np.float64)
    total = np.zeros((code.n_images, *code.shape[1:]))
    for k, cell in enumerate(cells):
        total += filtered(maps[:, k].astype(np.float64), cell, beyond="constant")
    return total


def rank_table(code: RankCode, bins: int) -> NDArray[np.float64]:
    """Return the mean coefficient of spikes by their rank, over many images.

    VanRullen and Thorpe (2001), Neural Computation 13:1255, decode with such a table: the order of spikes
    tells where the contrast is, and what contrast to expect at a rank is known from other images.

    Parameters
    ----------
    code : RankCode
        Of the images to learn from.
    bins : int
        Ranks are taken relative to the number of cells excited at first, in so many equal parts.

    Returns
    -------
    ndarray of float64, shape (bins,)
        0 where no spike has such a rank.
    """
    place = _bin(code, bins)
    count = np.bincount(place, minlength=bins)
    return np.asarray(np.bincount(place, weights=code.value, minlength=bins) / np.maximum(count, 1))


def _bin(code: RankCode, bins: int) -> NDArray[np.int64]:
    return code.rank() * bins // np.repeat(code.n_positive, np.diff(code.start))


def quality(image: NDArray[np.floating], reconstruction: NDArray[np.floating]) -> Quality:
    """Compare an image with its reconstruction.

    Parameters
    ----------
    image : ndarray of float, shape (height, width)
        Intensities, 0 to 1; 7 pixels high and wide or more.
    reconstruction : ndarray of float, same shape
        From `reconstruct`.
    """
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity

    image, fit = np.asarray(image, np.float64), fitted(image, reconstruction)
    with np.errstate(divide="ignore"):
        psnr = peak_signal_noise_ratio(image, fit, data_range=1.0)
    ssim = structural_similarity(image, fit, data_range=1.0)
    return Quality(float(psnr), float(ssim), float(explained(image[None], reconstruction[None])[0]))


def fitted(image: NDArray[np.floating], reconstruction: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return a reconstruction in the brightness and contrast that are nearest to the image's.

    Parameters
    ----------
    image, reconstruction : ndarray of float, shape (height, width)

    Returns
    -------
    ndarray of float64, same shape
        Beside the image; it may leave the range of intensities.
    """
    signal = reconstruction - reconstruction.mean()
    power = np.mean(signal**2)
    gain = np.mean(signal * image) / power if power > 0 else 0.0
    return np.asarray(np.mean(image, dtype=np.float64) + gain * signal)


def explained(images: NDArray[np.floating], reconstructions: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the squared correlation of images with their reconstructions.

    Parameters
    ----------
    images, reconstructions : ndarray of float, shape (n, height, width)

    Returns
    -------
    ndarray of float64, shape (n,)
        0 to 1; 1 for a uniform image, of which there is nothing to explain.
    """
    x, y = (np.asarray(a, np.float64).reshape(len(a), -1) for a in (images, reconstructions))
    x, y = (a - a.mean(axis=1, keepdims=True) for a in (x, y))
    xx, yy, xy = (np.einsum("ij,ij->i", a, b) for a, b in ((x, x), (y, y), (x, y)))
    both = xx * yy
    return np.where(xx > 0, xy**2 / np.where(both > 0, both, 1), 1.0)


def share_needed(
    images: NDArray[np.floating],
    code: RankCode,
    cells: tuple[DifferenceOfGaussians, ...],
    wanted: float = WANTED,
) -> float:
    """Return the share of spikes that shows so much of what all spikes show.

    Parameters
    ----------
    images : ndarray of float, shape (n, height, width) or (n, 1, height, width)
        The images of the code.
    code : RankCode
        From `bioscnn.encoding.rank_order.rank_order`, best of all excited cells (``keep=1``).
    cells : tuple of DifferenceOfGaussians
        The same kinds of cells.
    wanted : float
        Part of what all spikes of the code explain, 0 to 1, on the mean over the images.

    Returns
    -------
    float
        The smallest share, a whole number of thousandths.
    """
    images = np.asarray(images).reshape(code.n_images, *code.shape[1:])

    def mean_explained(thousandths: int) -> float:
        return float(explained(images, reconstruct(code.first(thousandths / 1000), cells)).mean())

    enough = wanted * mean_explained(1000)
    return (bisect_left(range(1, 1000), enough, key=mean_explained) + 1) / 1000
