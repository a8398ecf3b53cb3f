"""Recordings of an event camera that looks at images in three saccades, as N-MNIST was made."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets.camera import Camera
from bioscnn.datasets.event_pixels import Pixels, watch
from bioscnn.datasets.events import EventSet, EventStream
from bioscnn.datasets.film import View
from bioscnn.datasets.images import ImageSet
from bioscnn.seeds import stream

__all__ = ["Camera", "record"]


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
    view = View(camera, *images.images.shape[2:])
    size = max(1, _BATCH_PIXELS // (width * height))
    recordings: list[EventStream] = []
    for first in range(0, len(images), size):
        batch = images.take(slice(first, first + size))
        rngs = [stream(seed, "camera", batch.name, batch.split, int(number)) for number in batch.index]
        recordings += _record(batch.images, camera, view, pixels, rngs)
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
    view: View,
    pixels: Pixels,
    rngs: list[np.random.Generator],
) -> list[EventStream]:
    width, height = camera.sensor_size
    late = np.stack([rng.normal(0, camera.late) for rng in rngs])
    phase = np.stack([start_phase(camera, pixels, rng) for rng in rngs])
    events = watch(view.film(images, late), camera.dt, pixels, phase)
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


def start_phase(camera: Camera, pixels: Pixels, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw how near an event each pixel is when the recording begins, as a share of its threshold.

    It is near the value that it memorised last, except where the leak is due to make an event before the end.
    """
    near = rng.uniform(-camera.memory_spread, camera.memory_spread, pixels.leak.shape)
    left = rng.uniform(0, 1, pixels.leak.shape)  # share of the time between two events of the leak
    due = left < pixels.leak / pixels.threshold_on * camera.duration
    return np.where(due, 1 - left, near).astype(np.float32)


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
    kept_rows = np.flatnonzero(~(noise & crowded))
    kept_rows = kept_rows[np.lexsort((place[kept_rows], t_us[kept_rows]))]
    y, x = np.divmod(place[kept_rows], width)
    return EventStream(x, y, t_us[kept_rows], on[kept_rows], events.sensor_size)
