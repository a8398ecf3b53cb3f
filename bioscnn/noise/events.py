"""Noise of event cameras: pixels that fire without light, events that are lost or late.

A recording lasts until its last event. Noise is drawn when a recording is read, from a seed of its own, so
that a set with noise takes no more memory than one without, and reads the same every time.

References
----------
Hu, Liu and Delbruck (2021), v2e: from video frames to realistic DVS events, CVPR Workshops, arXiv:2006.07722.
Guo and Delbruck (2023), Low cost and latency event camera background activity denoising (DND21), IEEE
Transactions on Pattern Analysis and Machine Intelligence 45:785.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets import EventSet, EventStream
from bioscnn.datasets.events import Recording
from bioscnn.noise.noise import Noise

HOT_RATE = 100.0
"""Events a second of a hot pixel, on average."""

Change = Callable[[EventStream, np.random.Generator], EventStream]


@dataclass(frozen=True)
class NoisyRecording:
    """A recording that gets its noise when it is read."""

    recording: Recording = field(repr=False)
    change: Change
    seed: int

    def read(self) -> EventStream:
        """Return its events, those of the noise among them."""
        stream = self.recording.read()
        return self.change(stream, np.random.default_rng(self.seed)) if len(stream) else stream


@dataclass(frozen=True)
class EventNoise(Noise):
    """Noise of recordings."""

    acts_on = "events"

    def apply(self, thing: EventSet, rng: np.random.Generator) -> EventSet:
        """Return recordings with noise.

        Parameters
        ----------
        thing : EventSet
            Left as it is.
        rng : numpy.random.Generator
            Where chance comes from; the first recordings get the same noise however many there are.

        Returns
        -------
        EventSet
            In each recording, events are in the order of their times, on the sensor, and none comes after
            the last one there was. A recording without events stays without.
        """
        if self.changes_nothing:
            return thing
        change = self._camera(thing.sensor_size, rng)
        seeds = rng.integers(2**63, size=len(thing)).tolist()
        pairs = zip(thing.recordings, seeds, strict=True)
        return replace(thing, recordings=tuple(NoisyRecording(r, change, seed) for r, seed in pairs))

    def _camera(self, sensor_size: tuple[int, int], rng: np.random.Generator) -> Change:
        """Return the function that changes each recording; what all of them share is drawn here."""
        return self._change

    @abstractmethod
    def _change(self, stream: EventStream, rng: np.random.Generator) -> EventStream:
        """Return a recording, of one event or more, with noise."""


@dataclass(frozen=True)
class BackgroundActivity(EventNoise):
    """Every pixel fires by itself now and then: a Poisson process, of one polarity as often as the other.

    v2e has 0.1 Hz, and 5 Hz more where it is noisy; DND21 adds 0.2 or 10 Hz. At 10 Hz, half as many events as
    the digit's of N-MNIST, its trained network hardly errs, so the severities go on.

    Parameters
    ----------
    rate : float
        Of each pixel, both polarities together, Hz.
    """

    rate: float

    name = "background-activity"
    dimension = "frequency"
    LEVELS = (1.0, 5.0, 10.0, 20.0, 30.0)

    def _change(self, stream: EventStream, rng: np.random.Generator) -> EventStream:
        width, height = stream.sensor_size
        n = rng.poisson(self.rate * width * height * _duration(stream))
        return _with(stream, rng.integers(width * height, size=n), rng)


@dataclass(frozen=True)
class HotPixels(EventNoise):
    """Some pixels fire all the time, at 100 Hz: the camera's, so the same ones in every recording.

    Parameters
    ----------
    share : float
        Of the pixels, to the nearest whole number.
    """

    share: float

    name = "hot-pixels"
    LEVELS = (0.002, 0.01, 0.02, 0.05, 0.1)
    MOST = 1.0

    def _camera(self, sensor_size: tuple[int, int], rng: np.random.Generator) -> Change:
        width, height = sensor_size
        hot = rng.permutation(width * height)[: round(self.share * width * height)]
        return partial(_fire, hot)

    def _change(self, stream: EventStream, rng: np.random.Generator) -> EventStream:
        return self._camera(stream.sensor_size, rng)(stream, rng)


@dataclass(frozen=True)
class EventLoss(EventNoise):
    """Each event is lost with the same probability, whatever becomes of the others.

    Parameters
    ----------
    share : float
        The probability.
    """

    share: float

    name = "event-loss"
    LEVELS = (0.1, 0.2, 0.3, 0.5, 0.8)
    MOST = 1.0

    def _change(self, stream: EventStream, rng: np.random.Generator) -> EventStream:
        return _take(stream, stream.t_us, np.flatnonzero(rng.random(len(stream)) >= self.share))


@dataclass(frozen=True)
class EventJitter(EventNoise):
    """Each event comes earlier or later by a normally distributed time; both ends of the recording reflect.

    Parameters
    ----------
    sd : float
        Standard deviation, s; displacements are rounded to microseconds.
    """

    sd: float

    name = "event-jitter"
    dimension = "time"
    LEVELS = (1e-3, 2e-3, 5e-3, 10e-3, 20e-3)

    def _change(self, stream: EventStream, rng: np.random.Generator) -> EventStream:
        microseconds = int(stream.t_us[-1]) + 1
        moved = stream.t_us + np.rint(rng.normal(0, 1e6 * self.sd, len(stream))).astype(np.int64)
        # A recording and its mirror image, again and again.
        moved %= 2 * microseconds
        moved = np.minimum(moved, 2 * microseconds - 1 - moved)
        return _take(stream, moved, np.argsort(moved, kind="stable"))


def _fire(hot: NDArray[np.int64], stream: EventStream, rng: np.random.Generator) -> EventStream:
    """Add the events of hot pixels."""
    counts = rng.poisson(HOT_RATE * _duration(stream), len(hot))
    return _with(stream, np.repeat(hot, counts), rng)


def _duration(stream: EventStream) -> float:
    return 1e-6 * (int(stream.t_us[-1]) + 1)


def _with(stream: EventStream, pixels: NDArray[np.int64], rng: np.random.Generator) -> EventStream:
    """Add one event at any time for each pixel, numbered row by row."""
    row, column = np.divmod(pixels, stream.sensor_size[0])
    n = len(pixels)
    t_us = np.concatenate([stream.t_us, rng.integers(int(stream.t_us[-1]) + 1, size=n)])
    order = np.argsort(t_us, kind="stable")
    x, y, p = (
        np.concatenate([mine, others.astype(mine.dtype)])[order]
        for mine, others in (
            (stream.x, column),
            (stream.y, row),
            (stream.p, rng.integers(2, size=n)),
        )
    )
    return EventStream(x, y, t_us[order], p, stream.sensor_size)


def _take(stream: EventStream, t_us: NDArray[np.int64], chosen: NDArray[np.int64]) -> EventStream:
    """Return some events at other times, in this order."""
    return EventStream(stream.x[chosen], stream.y[chosen], t_us[chosen], stream.p[chosen], stream.sensor_size)
