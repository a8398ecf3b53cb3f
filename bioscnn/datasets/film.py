"""What the pixels of a moving camera see: an image on a monitor, sample by sample."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets.camera import Camera

_FINE = 16
"""Tabulated places of the image a pixel."""


class View:
    """The view of a camera of images of one size.

    Parameters
    ----------
    camera : Camera
        The camera.
    rows, columns : int
        Size of the images, whose centre is on the camera's path.
    """

    def __init__(self, camera: Camera, rows: int, columns: int) -> None:
        self._camera = camera
        _, x, y = zip(*camera.path, strict=True)
        width, height = camera.sensor_size
        self._horizontal, self._vertical = _Axis(width, columns, x, camera), _Axis(height, rows, y, camera)

    def film(self, images: NDArray[np.uint8], late: NDArray[np.float64]) -> Iterator[NDArray[np.float32]]:
        """Yield ln(intensity) of every pixel at every sample.

        Parameters
        ----------
        images : ndarray of uint8, shape (n, channels, rows, columns)
            Grey or RGB; of colours, the luma of ITU-R BT.601 is shown.
        late : ndarray of float64, shape (n, n_saccades)
            How late each saccade is, s.

        Yields
        ------
        ndarray of float32, shape (n, height, width)
        """
        camera, weight = self._camera, [0.299, 0.587, 0.114] if images.shape[1] == 3 else [1]
        luminance = np.tensordot(np.array(weight, np.float32) / 255, images.astype(np.float32), (0, 1))
        if camera.negative:
            luminance = 1 - luminance
        time = np.arange(round(camera.duration / camera.dt) + 1) * np.float64(camera.dt)
        for x, y in camera.centre(time, late):
            down, across = self._vertical.weights(y), self._horizontal.weights(x)
            intensity = down @ luminance @ across.transpose(0, 2, 1)
            if camera.surround == "black" and camera.negative:
                intensity += 1 - down.sum(2)[:, :, None] * across.sum(2)[:, None, :]
            yield np.log(intensity + np.float32(camera.dark))


class _Axis:
    """How much each row (or column) of the image gives to each of the sensor, wherever the image is.

    A row of the monitor is a box of width `scale`, blurred by a Gaussian. The weights are tabulated every
    1/16 px and interpolated between.
    """

    def __init__(self, n_pixels: int, n_image: int, places: tuple[float, ...], camera: Camera) -> None:
        from scipy.special import ndtr

        self._first = np.floor(min(places))
        centre = np.arange(self._first, np.floor(max(places)) + 1 + 0.5 / _FINE, 1 / _FINE)
        edges = camera.scale * (np.arange(n_image + 1) - n_image / 2)
        if camera.surround == "edge":
            edges[[0, -1]] = -np.inf, np.inf
        pixels = np.arange(n_pixels) - (n_pixels - 1) / 2
        far = edges + (centre[:, None] - pixels)[:, :, None]
        self._table = np.diff(ndtr((far / camera.blur).astype(np.float32)), axis=2)
        self._slope = np.diff(self._table, axis=0)

    def weights(self, centre: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the weights for each of n places of the image's centre, shape (n, sensor, image)."""
        at = _FINE * (centre - self._first)
        cell = at.astype(np.int64)
        share = (at - cell).astype(np.float32)[:, None, None]
        between: NDArray[np.float32] = self._table[cell] + share * self._slope[cell]
        return between
