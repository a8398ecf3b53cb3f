"""An event camera that records images as N-MNIST was recorded: by looking at them in three saccades.

Orchard, Jayawant, Cohen and Thakor (2015), *Converting static image datasets to spiking neuromorphic datasets
using saccades*, Frontiers in Neuroscience 9:437, https://doi.org/10.3389/fnins.2015.00437, moved a camera in
front of a monitor along a triangle that ends where it begins. The defaults of `Camera` are fitted to real
training recordings of N-MNIST; docs/camera.md compares the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets.event_pixels import Pixels, watch
from bioscnn.datasets.events import EventSet, EventStream
from bioscnn.datasets.images import ImageSet
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
    (280, -2.04, -1.80), (290, -2.50, -1.82), (300, -2.69, -1.80), (310, -2.72, -1.78),

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


def record(
    images: ImageSet,
    camera: Camera | None = None,
    *,
    seed: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> EventSet:
    """Record images with a simulated event camera.

    A recording depends on its image, on the camera, on the seed, and on the name, split and index of the
    image; not on the other images. The image is centred on the sensor. Colours become luminance.

    Parameters
    ----------
    images : ImageSet
        What the monitor shows.
    camera : Camera, optional
        N-MNIST's if left out.
    seed : int
        Pixels, noise and variation between recordings come from it.
    progress : callable, optional
        Called with the numbers of recordings done and wanted.

    Returns
    -------
    EventSet
        One recording an image, named ``"n<name>-simulated"``.

    Examples
    --------
    >>> from bioscnn.datasets import load_dataset
    >>> recordings = record(load_dataset("mnist").take(2))
    >>> recordings.name, recordings.simulated, len(recordings)
    ('nmnist-simulated', True, 2)
    """
    camera = camera or Camera()
    width, height = camera.sensor_size
    pixels = camera.pixels(seed)
    _, x, y = zip(*camera.path, strict=True)
    rows, columns = images.images.shape[2:]
    axes = _Axis(width, columns, x, camera), _Axis(height, rows, y, camera)
    size = max(1, _BATCH_PIXELS // (width * height))
    recordings: list[EventStream] = []
    for first in range(0, len(images), size):
        batch = images.take(slice(first, first + size))
        rngs = [stream(seed, "camera", batch.name, batch.split, int(number)) for number in batch.index]
        recordings += _record(batch.images, camera, axes, pixels, rngs)
        if progress is not None:
            progress(len(recordings), len(images))
    return EventSet(
        tuple(recordings), images.labels, images.classes, camera.sensor_size, f"n{images.name}-simulated",
        images.split, f"simulated: an event camera looked at {images.source}", simulated=True,
        index=images.index,
    )  # fmt: skip


_BATCH_PIXELS = 65_536
"""Pixels simulated at once: their state stays in the cache of the processor."""


def _record(
    images: NDArray[np.uint8],
    camera: Camera,
    axes: tuple[_Axis, _Axis],
    pixels: Pixels,
    rngs: list[np.random.Generator],
) -> list[EventStream]:
    width, height = camera.sensor_size
    place, late, phase = (
        np.stack(values) for values in zip(*(_variation(camera, rng) for rng in rngs), strict=True)
    )
    film = _film(_luminance(images), camera, axes, place, late)
    events = watch(film, camera.dt, pixels, phase)
    t_us = np.floor(1e6 * events.time).astype(np.int64)
    order = np.lexsort((events.place, t_us, events.place // (width * height)))
    recording, pixel = np.divmod(events.place[order], width * height)
    y, x = np.divmod(pixel, width)
    borders = np.searchsorted(recording, np.arange(1, len(images)))
    columns = (np.split(column, borders) for column in (x, y, t_us[order], events.on[order]))
    streams = [EventStream(x, y, t, on, camera.sensor_size) for x, y, t, on in zip(*columns, strict=True)]
    if not camera.shot_rate:
        return streams
    return [_with_shot_noise(stream, camera, rng) for stream, rng in zip(streams, rngs, strict=True)]


def _variation(
    camera: Camera, rng: np.random.Generator
) -> tuple[NDArray[np.float64], np.float64, NDArray[np.float32]]:
    """Draw what differs between recordings: place (px), lateness (s), and the phase of each pixel."""
    width, height = camera.sensor_size
    place = camera.place_jitter * rng.standard_normal(2)
    late = np.float64(camera.start_jitter * rng.standard_normal())
    return place, late, rng.uniform(-1, 1, (height, width)).astype(np.float32)


def _film(
    images: NDArray[np.float32],
    camera: Camera,
    axes: tuple[_Axis, _Axis],
    place: NDArray[np.float64],
    late: NDArray[np.float64],
) -> Iterator[NDArray[np.float32]]:
    """Yield ln(intensity) of every pixel at every sample, shape (n, height, width)."""
    shown = 1 - images if camera.negative else images
    time = camera.dt * np.arange(round(camera.duration / camera.dt) + 1)
    path = camera.centre(time[:, None] - late)
    horizontal, vertical = axes
    for x, y in (path + place.T[:, None, :]).transpose(1, 0, 2):
        down, across = vertical.weights(y), horizontal.weights(x)
        intensity = down @ shown @ across.transpose(0, 2, 1)
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

        reach = 5 * camera.place_jitter
        self._first = np.floor(min(places) - reach)
        centre = np.arange(self._first, np.ceil(max(places) + reach) + 0.1, 1 / _FINE)
        edges = camera.scale * (np.arange(n_image + 1) - n_image / 2)
        if camera.surround == "edge":
            edges[[0, -1]] = -np.inf, np.inf
        pixels = np.arange(n_pixels) - (n_pixels - 1) / 2
        far = edges + (centre[:, None] - pixels)[:, :, None]
        self._table = np.diff(ndtr((far / camera.blur).astype(np.float32)), axis=2)
        self._slope = np.diff(self._table, axis=0)

    def weights(self, centre: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the weights for each of n places of the image's centre, shape (n, sensor, image)."""
        at = np.clip(_FINE * (centre - self._first), 0, len(self._slope) - 1e-6)
        cell = at.astype(np.int64)
        share = (at - cell).astype(np.float32)[:, None, None]
        between: NDArray[np.float32] = self._table[cell] + share * self._slope[cell]
        return between


_FINE = 16


def _with_shot_noise(events: EventStream, camera: Camera, rng: np.random.Generator) -> EventStream:
    """Add shot noise, except where the pixel is in reset because of another event."""
    width, height = events.sensor_size
    n = rng.poisson(2 * camera.shot_rate * camera.duration * width * height)
    place = rng.integers(width * height, size=n)
    t_us = rng.integers(round(1e6 * camera.duration), size=n)
    place = np.concatenate([events.y.astype(np.int64) * width + events.x, place])
    t_us = np.concatenate([events.t_us, t_us])
    on = np.concatenate([events.p, rng.integers(2, size=n).astype(np.bool_)])
    noise = np.arange(len(place)) >= len(events)
    order = np.lexsort((t_us, place))
    close = (np.diff(place[order]) == 0) & (np.diff(t_us[order]) < 1e6 * camera.refractory)
    crowded = np.zeros(len(place), np.bool_)
    crowded[order[1:]] |= close
    crowded[order[:-1]] |= close
    kept = np.flatnonzero(~(noise & crowded))
    kept = kept[np.lexsort((place[kept], t_us[kept]))]
    y, x = np.divmod(place[kept], width)
    return EventStream(x, y, t_us[kept], on[kept], events.sensor_size)


def _luminance(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return intensities in [0, 1], shape (n, height, width); of colours, the luma of ITU-R BT.601."""
    weight = np.array([0.299, 0.587, 0.114] if images.shape[1] == 3 else [1], np.float32) / 255
    luminance: NDArray[np.float32] = np.tensordot(weight, images.astype(np.float32), (0, 1))
    return luminance
