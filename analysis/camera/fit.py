"""Fit the simulated camera to real recordings of N-MNIST: `python -m analysis.camera.fit`.

The first 500 training recordings are used, no others. By Gauss-Newton steps, the path of the camera and what
its pixels are like are changed so that event counts (by 10 ms, polarity and pixel, blurred by 0.8 px) come as
near as they can to the real ones of the same digits, up to a factor; the two thresholds then make the numbers
of ON and OFF events equal. In turn, each recording's three saccades are let begin early or late.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.camera.digits import load_digits
from analysis.camera.maps import N_BINS, SACCADES, cosine, count, count_recordings, smooth
from bioscnn.datasets import EventSet, ImageSet
from bioscnn.datasets.event_pixels import watch
from bioscnn.datasets.film import View
from bioscnn.datasets.saccades import Camera, record, start_phase
from bioscnn.errors import UserError
from bioscnn.seeds import stream

Counts = NDArray[np.float32]
Change = Callable[[Camera, float], Camera]
COLOURS = 4  # a point of the path acts on events near it only: every fourth is moved at once
POINT_STEP = 0.15  # px
LATE_STEP = 2e-3  # s
DAMPING = 0.003


@dataclass
class Fit:
    """A camera, how late each recording's saccades are, and what it gives beside the real recordings."""

    real: Counts
    images: ImageSet
    camera: Camera
    late: NDArray[np.float64]  # (n, 3), s

    def simulate(self, camera: Camera, late: NDArray[np.float64]) -> Counts:
        """Return the counts of the digits with some camera."""
        pixels, n = camera.pixels(1), len(self.images)
        phase = np.stack([start_phase(camera, pixels, stream(1, "fit", i)) for i in range(n)])
        events = watch(View(camera, 28, 28).film(self.images.images, late), camera.dt, pixels, phase)
        return count(n, events.place, events.time, events.on)

    def residual(self, simulated: Counts) -> tuple[float, Counts, float]:
        """Return the squared distance (of the real counts' square), the difference, and the factor."""
        real, seen = smooth(self.real), smooth(simulated)
        factor = float((seen * real).sum() / (seen * seen).sum())
        difference = factor * seen - real
        return float((difference**2).sum() / (real**2).sum()), difference, factor

    def matched(self, camera: Camera, late: NDArray[np.float64], rounds: int = 1) -> tuple[Camera, Counts]:
        """Return a camera whose thresholds give as many ON and OFF events as the real one has."""
        simulated = self.simulate(camera, late)
        for _ in range(rounds):
            off, on = (simulated.sum((0, 1, 3, 4)) / self.real.sum((0, 1, 3, 4))) ** 0.9
            camera = replace(
                camera,
                threshold_on=float(camera.threshold_on * on),
                threshold_off=float(camera.threshold_off * off),
            )
            simulated = self.simulate(camera, late)
        return camera, simulated

    def find_lateness(self) -> None:
        """Let each saccade of each recording begin when it fits best."""
        _, difference, factor = self.residual(self.simulate(self.camera, self.late))
        early, tardy = (self.simulate(self.camera, self.late + by) for by in (-LATE_STEP, LATE_STEP))
        slope = factor * smooth(tardy - early) / (2 * LATE_STEP)
        for saccade, (begin, end) in enumerate(SACCADES):
            part = slice(begin, end)
            down = (slope[:, part] * difference[:, part]).sum((1, 2, 3, 4))
            self.late[:, saccade] -= 0.9 * down / (slope[:, part] ** 2).sum((1, 2, 3, 4))
        self.late = np.clip(self.late, -7e-3, 7e-3)
        self.late -= self.late.mean(0)

    def step(self) -> float:
        """Take the best of some Gauss-Newton steps, if it is better than none, and return the residual."""
        before, difference, factor = self.residual(self.simulate(self.camera, self.late))
        columns = list(self._columns(factor))
        normal, down = np.zeros((len(columns), len(columns))), np.zeros(len(columns))
        for i, (_, begin, end, slope) in enumerate(columns):
            down[i] = (slope * difference[:, begin:end]).sum()
            for j, (_, other_begin, other_end, other_slope) in enumerate(columns[: i + 1]):
                low, high = max(begin, other_begin), min(end, other_end)
                if low < high:
                    both = (
                        slope[:, low - begin : high - begin],
                        other_slope[:, low - other_begin : high - other_begin],
                    )
                    normal[i, j] = normal[j, i] = np.vdot(*both)
        best = before, self.camera
        towards = np.linalg.solve(normal + DAMPING * np.diag(np.diag(normal)), -down)
        for reach in (0.5, 1, 2, 4):  # chance in the counts makes `normal` too large, and steps too short
            camera = self.camera
            for (change, *_), by in zip(columns, towards, strict=True):
                camera = change(camera, float(np.clip(reach * by, -0.5, 0.5)))
            camera, simulated = self.matched(camera, self.late)
            best = min(best, (self.residual(simulated)[0], camera), key=lambda pair: pair[0])
        self.camera = best[1]
        return best[0]

    def _columns(self, factor: float) -> Iterator[tuple[Change, int, int, Counts]]:
        """Yield each change, the bins that it acts on, and the slope of the counts there."""

        def slope(change: Change, by: float) -> Counts:
            forth, back = (self.simulate(change(self.camera, way), self.late) for way in (by, -by))
            return factor * smooth(forth - back) / (2 * by)

        n_points = len(self.camera.path)
        for axis in (1, 2):
            for colour in range(COLOURS):
                points = range(colour, n_points, COLOURS)
                whole = slope(_moving(axis, points), POINT_STEP)
                for point in points:
                    begin, end = max(0, point - 2), min(N_BINS, point + 2)
                    if begin < end:
                        yield _moving(axis, [point]), begin, end, whole[:, begin:end]
            everywhere = _moving(axis, range(n_points))
            yield everywhere, 0, N_BINS, slope(everywhere, POINT_STEP)
        for name, by in (("dark", 0.15), ("blur", 0.15), ("scale", 0.02)):
            yield _scaling(name), 0, N_BINS, slope(_scaling(name), by)


def _moving(axis: int, points: range | list[int]) -> Change:
    """Return the change that moves some points of the path, in px."""

    def change(camera: Camera, by: float) -> Camera:
        path = np.array(camera.path)
        path[list(points), axis] += by
        return replace(camera, path=tuple(map(tuple, path.tolist())))

    return change


def _scaling(name: str) -> Change:
    """Return the change that multiplies a parameter by exp(by)."""
    return lambda camera, by: replace(camera, **{name: float(getattr(camera, name) * np.exp(by))})


def published_path() -> tuple[tuple[float, float, float], ...]:
    """Return the triangle of Orchard et al. (2015), a point every 10 ms, each side in 90 ms of 105."""
    time = np.arange(0, 311, 10.0)
    share = np.clip((time[:, None] - 105 * np.arange(3)) / 90, 0, 1)
    gone = 0.5 - 0.5 * np.cos(np.pi * share)
    x, y = (start + gone @ side for start, side in ((-3.5, [3.5, 3.5, -7]), (-3.5, [7, -7, 0])))
    return tuple(zip(time.tolist(), x.tolist(), y.tolist(), strict=True))


def leak_rate(recordings: EventSet) -> tuple[float, float]:
    """Return median and spread (of the logarithm) of the ON rate in 1/s of pixels that no digit comes to."""
    blank = np.ones((34, 34), np.bool_)
    blank[3:31, 3:31] = False
    rate = count_recordings(recordings)[:, :, 1].sum((0, 1))[blank] / (len(recordings) * N_BINS * 0.01)
    return float(np.median(rate)), float(np.log(np.maximum(rate, 0.05)).std())


def spread(recordings: EventSet, images: ImageSet, camera: Camera) -> list[float]:
    """Return the spread of the numbers of ON and OFF events between pixels, beside pixels all alike.

    The standard deviation of the logarithm, over pixels with at least 1,500 events of each polarity.
    """
    alike = record(images, replace(camera, mismatch=0.0))
    real, simulated = (count_recordings(events).sum((0, 1)) for events in (recordings, alike))
    busy = simulated.min(0) >= 1500
    ratio = np.log(real[:, busy] / simulated[:, busy])
    return [float(value) for value in ratio.std(1)]


def main() -> None:
    """Fit, and print what the defaults of `Camera` should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--digits", type=int, default=50)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument(
        "--white-on-black", action="store_true", help="fit a monitor that shows white as white"
    )
    options = parser.parse_args()
    recordings, images = load_digits(held_out=False, n=options.digits)
    camera = replace(Camera(), path=published_path(), negative=not options.white_on_black)
    real = count_recordings(recordings)
    if options.white_on_black:
        real = real[:, :, ::-1]  # brighter is then the other polarity
    fit = Fit(real, images, camera, np.zeros((len(images), 3)))
    for number in range(options.steps):
        fit.find_lateness()
        residual = fit.step()
        similarity = cosine(fit.real, fit.simulate(fit.camera, fit.late))
        print(f"step {number + 1}: residual {residual:.4f}, cosine {similarity:.4f}", flush=True)
    for name in ("scale", "blur", "dark", "threshold_on", "threshold_off"):
        print(f"{name} = {getattr(fit.camera, name):.3f}")
    print("late =", np.round(fit.late.std(0), 4).tolist())
    print("path =", [(t, round(x, 2), round(y, 2)) for t, x, y in fit.camera.path])
    every, digits = load_digits(held_out=False, n=500)
    print("leak_rate, leak_spread =", np.round(leak_rate(every), 2).tolist())
    print(
        "spread of OFF and ON events between pixels:", np.round(spread(every, digits, fit.camera), 3).tolist()
    )
    for name, values in (
        ("refractory", (0, 0.3e-3, 0.5e-3, 1e-3, 2e-3)),
        ("memory_spread", (0, 0.4, 0.8)),
    ):
        for value in values:
            _, simulated = fit.matched(replace(fit.camera, **{name: value}), fit.late, rounds=2)
            print(f"residual with {name} {value:g}: {fit.residual(simulated)[0]:.4f}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(str(error))
