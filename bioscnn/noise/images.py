"""Noise of images, in the severities of MNIST-C.

References
----------
Mu and Gilmer (2019), MNIST-C: a robustness benchmark for computer vision, arXiv:1906.02337.
Hendrycks and Dietterich (2019), Benchmarking neural network robustness to common corruptions and
perturbations, arXiv:1903.12261, where the severities come from.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError


@dataclass(frozen=True)
class ImageNoise(ABC):
    """Noise that is added to images.

    Attributes
    ----------
    name : str
        The word that stands for it in text.
    LEVELS : tuple of float
        Its parameter at the severities 1 to 5.
    """

    name: ClassVar[str]
    LEVELS: ClassVar[tuple[float, ...]]

    @classmethod
    def at(cls, severity: int) -> Self:
        """Return the noise of a severity: 0, none, to 5.

        Raises
        ------
        UserError
            If there is no such severity.

        Examples
        --------
        >>> GaussianNoise.at(3)
        GaussianNoise(sd=0.18)
        """
        if severity not in range(len(cls.LEVELS) + 1):
            raise UserError(
                f"no such severity of {cls.name}",
                key="severity",
                value=severity,
                expected=f"a whole number, 0 to {len(cls.LEVELS)}",
            )
        return cls((0.0, *cls.LEVELS)[severity])  # type: ignore[call-arg]

    def apply(self, images: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
        """Return noisy images.

        Parameters
        ----------
        images : ndarray of uint8, or of float in [0, 1], any shape
            Left as they are.
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
        images = np.asarray(images)
        whole = images.dtype == np.uint8
        if not whole and not (
            np.issubdtype(images.dtype, np.floating) and np.all((images >= 0) & (images <= 1))
        ):
            raise UserError(
                "images of the wrong kind", value=str(images.dtype), expected="uint8, or float in [0, 1]"
            )
        if self.amount == 0:
            return images.copy()
        noisy = self._add(images / 255 if whole else images.astype(np.float64), rng)
        return (np.rint(255 * noisy) if whole else noisy).astype(images.dtype)

    @property
    @abstractmethod
    def amount(self) -> float:
        """Its parameter; 0 leaves images as they are."""

    @abstractmethod
    def _add(self, images: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Add noise to intensities in [0, 1]."""


@dataclass(frozen=True)
class GaussianNoise(ImageNoise):
    """Each pixel gets a normally distributed number of its own, as in low light.

    Parameters
    ----------
    sd : float
        Standard deviation, in units of the full intensity; 0 or more.
    """

    sd: float

    name = "gaussian-noise"
    LEVELS = (0.08, 0.12, 0.18, 0.26, 0.38)

    def __post_init__(self) -> None:
        if not 0 <= self.sd < np.inf:
            raise UserError("not a standard deviation", key=f"{self.name}.sd", value=self.sd)

    @property
    def amount(self) -> float:
        """The standard deviation."""
        return self.sd

    def _add(self, images: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        from skimage.util import random_noise

        return np.asarray(random_noise(images, "gaussian", rng=rng, var=self.sd**2))


@dataclass(frozen=True)
class SaltAndPepper(ImageNoise):
    """Some pixels become black or white, with the same probability; MNIST-C calls it impulse noise.

    Parameters
    ----------
    share : float
        Probability that a pixel does, 0 to 1.
    """

    share: float

    name = "salt-and-pepper"
    LEVELS = (0.03, 0.06, 0.09, 0.17, 0.27)

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise UserError(
                "not a share of the pixels", key=f"{self.name}.share", value=self.share, expected="0 to 1"
            )

    @property
    def amount(self) -> float:
        """The probability."""
        return self.share

    def _add(self, images: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        from skimage.util import random_noise

        return np.asarray(random_noise(images, "s&p", rng=rng, amount=self.share))


IMAGE_NOISES: dict[str, type[ImageNoise]] = {kind.name: kind for kind in (GaussianNoise, SaltAndPepper)}
"""Every noise of images by its name."""
