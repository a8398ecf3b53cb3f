"""Noise of images: what is done to the intensity of their pixels, in the severities of MNIST-C.

References
----------
Mu and Gilmer (2019), MNIST-C: a robustness benchmark for computer vision, arXiv:1906.02337.
Hendrycks and Dietterich (2019), Benchmarking neural network robustness to common corruptions and
perturbations, arXiv:1903.12261, where the severities come from.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.noise.noise import Noise


@dataclass(frozen=True)
class ImageNoise(Noise):
    """Noise of images."""

    acts_on = "images"

    def apply(self, thing: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
        """Return noisy images.

        Parameters
        ----------
        thing : ndarray of uint8, or of float in [0, 1], shape (..., channels, height, width)
            Images, left as they are.
        rng : numpy.random.Generator
            Where chance comes from.

        Returns
        -------
        ndarray, same dtype and shape
            Pixels that noise would take out of the range of intensities lie at its end.

        Raises
        ------
        UserError
            If the images are of another kind.
        """
        images = np.asarray(thing)
        whole = images.dtype == np.uint8
        if images.ndim < 3 or not (
            whole
            or (np.issubdtype(images.dtype, np.floating) and bool(np.all((images >= 0) & (images <= 1))))
        ):
            raise UserError(
                "images of the wrong kind",
                value=f"{images.dtype} of shape {images.shape}",
                expected="uint8, or float in [0, 1], of shape (..., channels, height, width)",
            )
        if self.changes_nothing or images.size == 0:
            return images.copy()
        intensities = images / 255 if whole else images.astype(np.float64)
        stacked = intensities.reshape(-1, *images.shape[-3:])
        noisy = np.clip(self._change(stacked, rng), 0, 1).reshape(images.shape)
        return (np.rint(255 * noisy) if whole else noisy).astype(images.dtype)

    @abstractmethod
    def _change(self, images: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Return images of intensities in [0, 1], shape (n, channels, height, width), with noise."""


@dataclass(frozen=True)
class GaussianNoise(ImageNoise):
    """Each pixel gets a normally distributed number of its own, as in low light.

    Parameters
    ----------
    sd : float
        Standard deviation, in units of the full intensity.
    """

    sd: float

    name = "gaussian-noise"
    LEVELS = (0.08, 0.12, 0.18, 0.26, 0.38)

    def _change(self, images: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        from skimage.util import random_noise

        return np.asarray(random_noise(images, "gaussian", rng=rng, var=self.sd**2))


@dataclass(frozen=True)
class ShotNoise(ImageNoise):
    """Each pixel counts photons, whose number is Poisson distributed: bright pixels are noisier.

    Parameters
    ----------
    photons : float
        Photons, on average, of a pixel of full intensity.
    """

    photons: float

    name = "shot-noise"
    unit = "photons"
    LEVELS = (60.0, 25.0, 12.0, 5.0, 3.0)
    NONE = np.inf
    LEAST_ALLOWED = False

    def _change(self, images: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        return rng.poisson(images * self.photons) / self.photons


@dataclass(frozen=True)
class SaltAndPepper(ImageNoise):
    """Some pixels become black or white, with the same probability; MNIST-C calls it impulse noise.

    Parameters
    ----------
    share : float
        Probability that a pixel does.
    """

    share: float

    name = "salt-and-pepper"
    LEVELS = (0.03, 0.06, 0.09, 0.17, 0.27)
    MOST = 1.0

    def _change(self, images: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        from skimage.util import random_noise

        return np.asarray(random_noise(images, "s&p", rng=rng, amount=self.share))


@dataclass(frozen=True)
class SpeckleNoise(ImageNoise):
    """Each pixel is multiplied by a normally distributed number of its own, of mean 1.

    Parameters
    ----------
    sd : float
        Standard deviation of the factor.
    """

    sd: float

    name = "speckle-noise"
    LEVELS = (0.15, 0.2, 0.35, 0.45, 0.6)

    def _change(self, images: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        return images * rng.normal(1, self.sd, images.shape)


@dataclass(frozen=True)
class Blur(ImageNoise):
    """Each pixel becomes a Gaussian mean of its neighbourhood, as out of focus.

    The severities are gentler than the 1 to 6 pixels of MNIST-C, whose last ones make the same grey blob of
    any digit: strokes are three pixels wide.

    Parameters
    ----------
    sigma : float
        Standard deviation of the Gaussian, pixels.
    """

    sigma: float

    name = "blur"
    unit = "px"
    LEVELS = (0.6, 0.9, 1.2, 1.6, 2.0)

    def _change(self, images: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        from scipy.ndimage import gaussian_filter

        return np.asarray(gaussian_filter(images, self.sigma, axes=(-2, -1), mode="nearest"))


@dataclass(frozen=True)
class Occlusion(ImageNoise):
    """A black square lies somewhere on each image, whole.

    Parameters
    ----------
    share : float
        Of the area of the image, in whole pixels, as square as they and the image allow.

    References
    ----------
    DeVries and Taylor (2017), Improved regularization of convolutional neural networks with cutout,
    arXiv:1708.04552.
    """

    share: float

    name = "occlusion"
    LEVELS = (0.05, 0.1, 0.15, 0.25, 0.35)
    MOST = 1.0

    def _change(self, images: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        n, _, height, width = images.shape
        rows, columns = _patch(self.share, height, width)
        top = rng.integers(height - rows, size=(n, 1, 1), endpoint=True)
        left = rng.integers(width - columns, size=(n, 1, 1), endpoint=True)
        y, x = np.mgrid[:height, :width]
        covered = (y >= top) & (y < top + rows) & (x >= left) & (x < left + columns)
        return np.where(covered[:, None], 0.0, images)


def _patch(share: float, height: int, width: int) -> tuple[int, int]:
    """Return the rows and columns of a rectangle of a share of the area."""
    area = share * height * width
    rows = min(max(round(np.sqrt(area)), 1), height)
    columns = min(max(round(area / rows), 1), width)
    # What is too wide for the image has to be higher.
    rows = min(max(round(area / columns), 1), height)
    return rows, columns


@dataclass(frozen=True)
class Brightness(ImageNoise):
    """Everything is brighter; what would be brighter than white is white.

    Parameters
    ----------
    shift : float
        Added to each pixel, in units of the full intensity.
    """

    shift: float

    name = "brightness"
    LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5)
    MOST = 1.0

    def _change(self, images: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        return images + self.shift


@dataclass(frozen=True)
class Contrast(ImageNoise):
    """The differences between each pixel and the mean of its image are smaller.

    Parameters
    ----------
    factor : float
        On the differences; 1 changes nothing.
    """

    factor: float

    name = "contrast"
    LEVELS = (0.4, 0.3, 0.2, 0.1, 0.05)
    NONE = 1.0
    MOST = 1.0

    def _change(self, images: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        mean: NDArray[np.float64] = images.mean(axis=(1, 2, 3), keepdims=True)
        return mean + self.factor * (images - mean)
