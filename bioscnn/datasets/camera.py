"""The camera that recorded N-MNIST: where it looked, and what its pixels are like.

Orchard, Jayawant, Cohen and Thakor (2015), *Converting static image datasets to spiking neuromorphic datasets
using saccades*, Frontiers in Neuroscience 9:437, https://doi.org/10.3389/fnins.2015.00437, moved an event
camera in front of a monitor along a triangle that ends where it begins. The defaults are fitted to real
training recordings (docs/camera.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets.event_pixels import Pixels
from bioscnn.errors import UserError
from bioscnn.seeds import stream

PATH = (
    (0, -2.32, -1.68), (10, -2.33, -1.62), (20, -2.39, -1.32), (30, -2.46, -0.70),
    (40, -2.48, 0.41), (50, -2.41, 1.69), (60, -1.90, 2.81), (70, -1.30, 3.50),
    (80, -1.02, 3.69), (90, -0.97, 3.71), (100, -1.19, 3.63), (110, -0.86, 3.69),
    (120, -0.69, 3.45), (130, -0.25, 3.22), (140, 0.48, 2.44), (150, 1.19, 1.26),
    (160, 1.50, 0.09), (170, 1.94, -1.03), (180, 2.29, -1.56), (190, 2.49, -1.68),
    (200, 2.64, -1.64), (210, 2.81, -1.63), (220, 2.89, -1.69), (230, 2.62, -1.74),
    (240, 1.92, -1.62), (250, 0.97, -1.61), (260, -0.17, -1.66), (270, -1.34, -1.72),
    (280, -2.04, -1.80), (290, -2.50, -1.82), (300, -2.69, -1.80), (310, -2.72, -1.78)
)  # fmt: skip
"""Time in ms, and where the centre of the image is then: px right of and below the sensor's centre."""


@dataclass(frozen=True)
class Camera:
    """A moving event camera before a monitor; the defaults are those of N-MNIST.

    Raises
    ------
    UserError
        If a parameter is outside its range.
    """

    sensor_size: tuple[int, int] = (34, 34)  # width, height, px
    path: tuple[tuple[float, float, float], ...] = PATH  # ms, px, px
    scale: float = 1.0  # sensor pixels a pixel of the image
    blur: float = 0.6  # sigma of the optics and of the pixel's aperture, px
    surround: str = "edge"  # what lies beyond the image: "black", or its "edge" continued
    negative: bool = True  # whether the monitor shows white as black
    dark: float = 0.3  # intensity of black as the pixel sees it; white is 1 more
    threshold_on: float = 0.14  # change of ln(intensity) that makes an event
    threshold_off: float = 0.135
    mismatch: float = 0.05  # standard deviation of thresholds between pixels, as a share
    refractory: float = 2.1e-3  # s
    leak_rate: float = 0.35  # ON events of a pixel that sees no change, median, 1/s
    leak_spread: float = 0.7  # standard deviation of ln(leak rate) between pixels
    shot_rate: float = 0.0  # shot noise of a pixel and polarity, 1/s
    start_jitter: float = 1.5e-3  # standard deviation of when a recording begins, s
    place_jitter: float = 0.15  # standard deviation of where its image is, px
    dt: float = 1e-3  # s between samples of the film; events are timed within

    def __post_init__(self) -> None:
        for key in ("scale", "blur", "dark", "threshold_on", "threshold_off", "dt"):
            if not getattr(self, key) > 0:
                raise UserError("impossible camera", key=key, value=getattr(self, key), expected="above 0")
        for key in (
            "mismatch", "refractory", "leak_rate", "leak_spread", "shot_rate", "start_jitter", "place_jitter"
        ):  # fmt: skip
            if not getattr(self, key) >= 0:
                raise UserError("impossible camera", key=key, value=getattr(self, key), expected="0 or more")
        if self.surround not in ("black", "edge"):
            raise UserError(
                "impossible camera", key="surround", value=self.surround, expected='"black" or "edge"'
            )
        times = [row[0] for row in self.path]
        if len(times) < 2 or times[0] != 0 or any(np.diff(times) <= 0):
            raise UserError("impossible camera", key="path", value=times, expected="times that rise from 0")

    @property
    def duration(self) -> float:
        """Duration of a recording, s."""
        return self.path[-1][0] / 1e3

    def centre(self, time: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where the image's centre is, px right of and below the sensor's, shape (2, n)."""
        from scipy.interpolate import PchipInterpolator

        t_ms, x, y = np.transpose(self.path)
        return np.stack(
            [PchipInterpolator(t_ms, place)(np.clip(1e3 * time, 0, t_ms[-1])) for place in (x, y)]
        )

    def pixels(self, seed: int) -> Pixels:
        """Return the pixels of the camera; they are the same in all its recordings."""
        rng = stream(seed, "camera", "pixels")
        shape = self.sensor_size[::-1]
        on, off = (
            threshold * np.exp(self.mismatch * rng.standard_normal(shape))
            for threshold in (self.threshold_on, self.threshold_off)
        )
        leak = self.leak_rate * np.exp(self.leak_spread * rng.standard_normal(shape)) * on
        return Pixels(on.astype(np.float32), off.astype(np.float32), leak.astype(np.float32), self.refractory)
