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
    (0, -2.45, -1.80), (10, -2.51, -1.59), (20, -2.56, -1.26), (30, -2.62, -0.59),
    (40, -2.63, 0.52), (50, -2.53, 1.82), (60, -1.95, 2.87), (70, -1.32, 3.50),
    (80, -0.97, 3.68), (90, -0.88, 3.69), (100, -1.11, 3.55), (110, -0.72, 3.57),
    (120, -0.50, 3.56), (130, 0.03, 3.27), (140, 0.73, 2.44), (150, 1.33, 1.23),
    (160, 1.55, 0.01), (170, 1.97, -1.13), (180, 2.30, -1.68), (190, 2.48, -1.80),
    (200, 2.66, -1.64), (210, 2.90, -1.62), (220, 3.01, -1.67), (230, 2.69, -1.74),
    (240, 1.78, -1.59), (250, 0.81, -1.59), (260, -0.28, -1.66), (270, -1.33, -1.73),
    (280, -1.94, -1.85), (290, -2.41, -1.86), (300, -2.59, -1.83), (310, -2.60, -1.82),
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
    scale: float = 1.014  # sensor pixels a pixel of the image
    blur: float = 0.586  # sigma of the optics and of the pixel's aperture, px
    surround: str = "edge"  # what lies beyond the image: "black", or its "edge" continued
    negative: bool = True  # whether the monitor shows white as black
    dark: float = 0.237  # intensity of black as the pixel sees it; white is 1 more
    threshold_on: float = 0.219  # change of ln(intensity) that makes an event
    threshold_off: float = 0.202
    mismatch: float = 0.1  # standard deviation of thresholds between pixels, as a share
    refractory: float = 0.5e-3  # s
    leak_rate: float = 0.36  # ON events of a pixel that sees no change, median, 1/s
    leak_spread: float = 0.6  # standard deviation of ln(leak rate) between pixels
    shot_rate: float = 0.0  # shot noise of a pixel and polarity, 1/s
    memory_spread: float = 0.4  # a recording begins up to this share of the threshold from an event
    late: tuple[float, ...] = (0.5e-3, 2.8e-3, 2.6e-3)  # standard deviation of when each saccade begins, s
    rests: tuple[float, ...] = (0.095, 0.21)  # when one saccade has ended and the next not begun, s
    dt: float = 1e-3  # s between samples of the film; events are timed within

    def __post_init__(self) -> None:
        for key in ("scale", "blur", "dark", "threshold_on", "threshold_off", "dt"):
            if not getattr(self, key) > 0:
                raise UserError("impossible camera", key=key, value=getattr(self, key), expected="above 0")
        for key in ("mismatch", "refractory", "leak_rate", "leak_spread", "shot_rate", "memory_spread"):
            if not getattr(self, key) >= 0:
                raise UserError("impossible camera", key=key, value=getattr(self, key), expected="0 or more")
        if self.surround not in ("black", "edge"):
            raise UserError(
                "impossible camera", key="surround", value=self.surround, expected='"black" or "edge"'
            )
        times = [row[0] for row in self.path]
        if len(times) < 2 or times[0] != 0 or any(np.diff(times) <= 0):
            raise UserError("impossible camera", key="path", value=times, expected="times that rise from 0")
        if len(self.late) != len(self.rests) + 1:
            raise UserError(
                "impossible camera", key="late", value=self.late, expected="one more than there are rests"
            )

    @property
    def duration(self) -> float:
        """Duration of a recording, s."""
        return self.path[-1][0] / 1e3

    def centre(self, time: NDArray[np.float64], late: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where the images' centres are.

        Parameters
        ----------
        time : ndarray of float64, shape (n_times,)
            Since the recordings began, s.
        late : ndarray of float64, shape (n_recordings, n_saccades)
            How late each saccade is, s.

        Returns
        -------
        ndarray of float64, shape (n_times, 2, n_recordings)
            Pixels right of and below the sensor's centre.
        """
        from scipy.interpolate import PchipInterpolator

        t_ms, *places = np.transpose(self.path)
        weight = np.stack([np.interp(time, *_share(self.rests, n)) for n in range(late.shape[1])], axis=1)
        on_path = np.clip(1e3 * (time[:, None] - weight @ late.T), 0, t_ms[-1])
        return np.stack([PchipInterpolator(t_ms, place)(on_path) for place in places], axis=1)

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


def _share(rests: tuple[float, ...], saccade: int) -> tuple[list[float], list[float]]:
    """Return when a saccade holds sway and how much: lateness goes over to the next within 20 ms of rest."""
    begin = rests[saccade - 1] if saccade else -1
    end = rests[saccade] if saccade < len(rests) else 1e9
    return [begin - 0.01, begin + 0.01, end - 0.01, end + 0.01], [0, 1, 1, 0]


N_MNIST = Camera()
N_CALTECH101 = Camera(sensor_size=(240, 180), scale=1.0, negative=False)
"""Real recordings, integrated along the third saccade, show its photographs as they are, not as negatives."""
