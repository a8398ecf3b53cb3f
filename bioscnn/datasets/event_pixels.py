"""The pixel of an event camera: from intensity over time to events.

The model is that of the simulators v2e and ESIM. A pixel memorises the logarithm of its intensity, and says
ON or OFF when the present value is a threshold above or below it. Then it is held in reset for the refractory
period, and memorises the value at its end. The memory leaks, so that a pixel that sees no change still says
ON now and then; shot noise adds events of both polarities.

Lichtsteiner, Posch and Delbruck (2008), *A 128 x 128 120 dB 15 us latency asynchronous temporal contrast
vision sensor*, IEEE J. Solid-State Circuits 43(2), https://doi.org/10.1109/JSSC.2007.914337. Rebecq, Gehrig
and Scaramuzza (2018), *ESIM: an open event camera simulator*, CoRL. Hu, Liu and Delbruck (2021), *v2e: from
video frames to realistic DVS events*, CVPR workshops, https://arxiv.org/abs/2006.07722.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Pixels:
    """The pixels of one camera, each with its own parameters.

    Parameters
    ----------
    threshold_on, threshold_off : ndarray of float32, shape (height, width)
        Change of the logarithm of intensity (base e) that makes an event, > 0.
    leak : ndarray of float32, shape (height, width)
        Drift of the memorised value, 1/s; ``leak / threshold_on`` ON events a second come of it.
    refractory : float
        Time in reset after an event, s.
    """

    threshold_on: NDArray[np.float32]
    threshold_off: NDArray[np.float32]
    leak: NDArray[np.float32]
    refractory: float


@dataclass(frozen=True, eq=False)
class Events:
    """Events of a batch of recordings, in no order.

    Parameters
    ----------
    place : ndarray of int64, shape (n_events,)
        ``(recording * height + row) * width + column``.
    time : ndarray of float64, shape (n_events,)
        Seconds since the first sample.
    on : ndarray of bool, shape (n_events,)
        Whether the pixel got brighter.
    """

    place: NDArray[np.int64]
    time: NDArray[np.float64]
    on: NDArray[np.bool_]


def watch(
    log_intensity: Iterable[NDArray[np.float32]], dt: float, pixels: Pixels, phase: NDArray[np.float32]
) -> Events:
    """Return the events of pixels that watch a film.

    Between two samples the logarithm of intensity changes linearly, and an event has the time of the
    crossing itself.

    Parameters
    ----------
    log_intensity : iterable of ndarray of float32, shape (n_recordings, height, width)
        The film, a sample every `dt`.
    dt : float
        Time between samples, s.
    pixels : Pixels
        The camera.
    phase : ndarray of float32, shape (n_recordings, height, width)
        How far the first sample lies above the memorised value, as a share of the threshold in
        (-1, 1): nearly 1 is nearly an ON event.

    Returns
    -------
    Events
    """
    film = iter(log_intensity)
    now = np.array(next(film))
    on_flat = np.broadcast_to(pixels.threshold_on, now.shape).reshape(-1)
    off_flat = np.broadcast_to(pixels.threshold_off, now.shape).reshape(-1)
    # A memory that sinks is an intensity that rises: the leak is added to the film.
    rise = pixels.leak * np.float32(dt)
    memory = now - phase * np.where(phase > 0, pixels.threshold_on, pixels.threshold_off)
    flat = memory.reshape(-1)
    released: dict[int, list[tuple[NDArray[np.int64], NDArray[np.float64]]]] = defaultdict(list)
    places, times, polarities = [], [], []
    for step, sample in enumerate(film):
        before, now = now, sample + rise * np.float32(step + 1)
        start, end = before.reshape(-1), now.reshape(-1)
        for place, time in released.pop(step, ()):
            share = (time / dt - step).astype(np.float32)
            flat[place] = start[place] + share * (end[place] - start[place])
        change = now - memory
        crossed = np.flatnonzero((change >= pixels.threshold_on) | (change <= -pixels.threshold_off))
        while len(crossed):
            on = end[crossed] > flat[crossed]
            target = flat[crossed] + np.where(on, on_flat[crossed], -off_flat[crossed])
            slope = end[crossed] - start[crossed]
            share = np.clip((target - start[crossed]) / np.where(slope == 0, 1, slope), 0, 1)
            time = (step + share.astype(np.float64)) * dt
            places.append(crossed)
            times.append(time)
            polarities.append(on)
            if pixels.refractory > 0:
                free = time + pixels.refractory
                free_step = np.floor(free / dt).astype(np.int64)
                flat[crossed] = np.nan  # in reset: no comparison holds
                for later in np.unique(free_step[free_step > step]):
                    at = free_step == later
                    released[int(later)].append((crossed[at], free[at]))
                soon = free_step == step
                crossed = crossed[soon]
                flat[crossed] = start[crossed] + (free[soon] / dt - step) * slope[soon]
            else:
                flat[crossed] = target
            rest = end[crossed] - flat[crossed]
            crossed = crossed[(rest >= on_flat[crossed]) | (rest <= -off_flat[crossed])]
    if not places:
        return Events(np.empty(0, np.int64), np.empty(0), np.empty(0, np.bool_))
    return Events(np.concatenate(places), np.concatenate(times), np.concatenate(polarities))
