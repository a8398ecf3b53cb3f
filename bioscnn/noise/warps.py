"""Noise of images that moves their pixels, in the severities of MNIST-C; what comes in from outside is black.

Each image is changed about its centre, and in a random direction: as likely in one as in the other.

References
----------
Mu and Gilmer (2019), MNIST-C: a robustness benchmark for computer vision, arXiv:1906.02337.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioscnn.noise.images import ImageNoise


@dataclass(frozen=True)
class _Warp(ImageNoise):
    """An affine map of each image."""

    def _change(self, images: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        from skimage.transform import warp

        n, _, height, width = images.shape
        to_centre, back = np.eye(3), np.eye(3)
        back[:2, 2] = (width - 1) / 2, (height - 1) / 2
        to_centre[:2, 2] = -back[:2, 2]
        warped = np.empty_like(images)
        for image, signs, into in zip(images, rng.choice((-1.0, 1.0), (n, 2)), warped, strict=True):
            # `warp` asks where each pixel of the result comes from.
            inverse = np.linalg.inv(back @ self._map(*signs) @ to_centre)
            into[:] = np.moveaxis(warp(np.moveaxis(image, 0, -1), inverse, order=1, cval=0.0), -1, 0)
        return warped

    @abstractmethod
    def _map(self, sign: float, vertical_sign: float) -> NDArray[np.float64]:
        """Return where a point goes: a matrix, shape (3, 3), on (x, y, 1) from the centre.

        Parameters
        ----------
        sign, vertical_sign : float
            1 or -1, by chance.
        """


@dataclass(frozen=True)
class Rotation(_Warp):
    """Each image is turned, clockwise or anticlockwise.

    Parameters
    ----------
    angle : float
        Radians.
    """

    angle: float

    name = "rotation"
    unit = "rad"
    LEVELS = (0.2, 0.4, 0.6, 0.8, 1.0)
    MOST = np.pi

    def _map(self, sign: float, vertical_sign: float) -> NDArray[np.float64]:
        cos, sin = np.cos(self.angle), np.sin(sign * self.angle)
        return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])


@dataclass(frozen=True)
class Shear(_Warp):
    """The rows of each image slide to one side, more with each row, or to the other.

    Parameters
    ----------
    slope : float
        Columns a row. MNIST-C takes the same numbers for angles in radians.
    """

    slope: float

    name = "shear"
    LEVELS = (0.2, 0.4, 0.6, 0.8, 1.0)

    def _map(self, sign: float, vertical_sign: float) -> NDArray[np.float64]:
        return np.array([[1, sign * self.slope, 0], [0, 1, 0], [0, 0, 1.0]])


@dataclass(frozen=True)
class Scaling(_Warp):
    """Each image is smaller, in a black frame.

    Parameters
    ----------
    factor : float
        On height and width; 1 changes nothing.
    """

    factor: float

    name = "scaling"
    LEVELS = (0.9, 0.8, 0.7, 0.6, 0.5)
    NONE = 1.0
    MOST = 1.0
    LEAST_ALLOWED = False

    def _map(self, sign: float, vertical_sign: float) -> NDArray[np.float64]:
        return np.diag([self.factor, self.factor, 1.0])


@dataclass(frozen=True)
class Translation(_Warp):
    """Each image moves by the same distance right or left, and up or down.

    Parameters
    ----------
    distance : float
        Pixels, along each axis.
    """

    distance: float

    name = "translation"
    unit = "px"
    LEVELS = (1.0, 2.0, 3.0, 4.0, 5.0)

    def _map(self, sign: float, vertical_sign: float) -> NDArray[np.float64]:
        return np.array([[1, 0, sign * self.distance], [0, 1, vertical_sign * self.distance], [0, 0, 1.0]])
