"""How the cost grows: LIF, noise, a neuron of one's own: ``python -m bench.growth [--table FILE]``.

Processor time of `simulate` with all programs that it starts; a power is fitted to the medians of its rounds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from bench.networks import STUDY, data_folder
from bench.neurons import OWN, measure_into_table, simulation_time
from bench.scaling import widened
from bioscnn.encoding import Currents, pixel_currents
from bioscnn.network import OUTPUT, READOUT, SpikingNetwork
from bioscnn.simulation import Device, simulate
from bioscnn.studies.prepare import convert_for, prepare
from bioscnn.studies.study import read_study

SMALL = "network.model=mnist-small"
KINDS = {
    "LIF": (SMALL,),
    "membrane noise": (SMALL, "noise.membrane-noise.sd=1 mV"),
    "own neuron": (f"{SMALL}-relu", OWN),
}


@dataclass(frozen=True, eq=False)
class Point:
    """One point of a curve: what varies, and what is simulated in so many processes."""

    axis: str
    value: float
    network: SpikingNetwork
    stimulus: Currents
    jobs: int = 1

    def seconds(self) -> float:
        """Return the processor time of one simulation."""
        device = Device(jobs=self.jobs)
        return simulation_time(
            lambda: simulate(self.network, self.stimulus, device, record=[OUTPUT], potentials=[READOUT])
        )

    def spikes(self) -> float:
        """Return the spikes of a trial in all populations."""
        recorded = simulate(self.network, self.stimulus[:100], Device())
        counts = [recorded[population.name].counts_by_trial.sum() for population in self.network.neurons]
        return float(sum(counts)) / min(100, self.stimulus.n_trials)


def points(kind: str, trials: int) -> Iterator[Point]:
    """Yield the points of a kind of neuron or noise, on validation images; `trials` of most."""
    prepared = prepare(read_study(STUDY, KINDS[kind]), data_folder())
    config, network, images = prepared.study.config, prepared.network, prepared.input.intensities()

    def stimulus(n: int, duration: float = config.simulation.duration) -> Currents:
        dt = config.simulation.dt
        return pixel_currents(images[np.arange(n) % len(images)], round(duration / dt), dt)

    for factor in (1, 4, 16):
        yield Point("trials", factor * trials, network, stimulus(factor * trials))
    for milliseconds in (30, 100, 300):
        yield Point("duration (ms)", milliseconds, network, stimulus(trials, 1e-3 * milliseconds))
    for factor in (1, 2, 4):
        wide = convert_for(config, widened(prepared.graph, factor), prepared.calibration)
        yield Point("neurons", sum(p.size for p in wide.neurons), wide, stimulus(trials))
    for factor in (0.5, 1, 2):
        shown = stimulus(trials)
        stronger = Point("spikes", 0, network, replace(shown, values=factor * shown.values))
        yield replace(stronger, value=stronger.spikes())
    for jobs in range(1, (os.cpu_count() or 1) + 1):
        yield Point("processes", jobs, network, stimulus(4 * trials), jobs)


def growth(kind: str, trials: int, rounds: int) -> Iterator[dict[str, str | float]]:
    """Yield a row for each curve of a kind: its ends, its least and most time, and the fitted power."""
    chosen = list(points(kind, trials))
    for point in chosen:
        point.seconds()  # compiles
    seconds = np.median([[point.seconds() for point in chosen] for _ in range(rounds)], axis=0)
    for axis in dict.fromkeys(point.axis for point in chosen):
        curve = [k for k, point in enumerate(chosen) if point.axis == axis]
        x, y = np.array([chosen[k].value for k in curve]), seconds[curve]
        yield {
            "what": kind,
            "grows with": axis,
            "from": round(x[0]),
            "to": round(x[-1]),
            "at the first (s)": f"{y[0]:.3f}",
            "at the last (s)": f"{y[-1]:.3f}",
            "power": f"{np.polyfit(np.log(x), np.log(y), 1)[0]:.2f}",
        }


def rows(trials: int, rounds: int) -> list[dict[str, str | float]]:
    """Return the rows of all kinds."""
    return [row for kind in KINDS for row in growth(kind, trials, rounds)]


if __name__ == "__main__":
    measure_into_table("bench.growth", __doc__, rows, trials=500, rounds=3)
