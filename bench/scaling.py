"""How the cost of bioscnn grows: with trials, duration, time step, width, processes; and with event input.

python -m bench.scaling
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from bench.memory import ProgramsWatch
from bench.networks import STUDY, data_folder
from bench.summary import spread
from bioscnn.ann import Conv2d, Dense, Flatten, LayerGraph, LIFRate
from bioscnn.conversion import convert
from bioscnn.encoding import Currents, Stimulus, pixel_currents
from bioscnn.metrics import synaptic_operations_per_trial
from bioscnn.network import OUTPUT, READOUT, SpikingNetwork
from bioscnn.neurons import LIF, ExponentialCurrent
from bioscnn.seeds import stream
from bioscnn.simulation import Device, simulate
from bioscnn.spikes import SpikeTrains
from bioscnn.studies.prepare import prepare
from bioscnn.studies.study import read_study

MODEL = "mnist-small"
REPEATS = 5


@dataclass(frozen=True, eq=False)
class Case:
    """One point of a curve.

    Parameters
    ----------
    axis, value : str, float
        What is varied, and its value.
    network, stimulus, jobs
        What is simulated, in so many processes.
    """

    axis: str
    value: float
    network: SpikingNetwork
    stimulus: Stimulus
    jobs: int = 1


def measure_scaling(data: Path | None, say: Any = print) -> dict[str, Any]:
    """Measure every curve.

    Returns
    -------
    dict
        ``"points"``: one row per case, with the seconds of `simulate`, its programs' peak memory and the
        synaptic events; ``"exponents"``: of the fitted power of the seconds, by axis.
    """
    points = []
    for case in cases(data):
        say(f"  {case.axis} {case.value:g}")
        device = Device(jobs=case.jobs)

        def run(case: Case = case, device: Device = device) -> float:
            begun = perf_counter()
            simulate(case.network, case.stimulus, device, record=[OUTPUT], potentials=[READOUT])
            return perf_counter() - begun

        run()
        seconds = [run() for _ in range(REPEATS)]
        with ProgramsWatch() as programs:
            run()
        counted = simulate(case.network, case.stimulus[:100], device)
        points.append(
            {
                "axis": case.axis,
                "value": case.value,
                "trials": case.stimulus.n_trials,
                "seconds": spread(seconds),
                "images_per_second": case.stimulus.n_trials / float(np.median(seconds)),
                "program_peak_mb": programs.largest_mb,
                "synaptic_events": synaptic_operations_per_trial(case.network, counted),
            }
        )
    return {"points": points, "exponents": exponents(points)}


def exponents(points: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return the power with which the seconds a run grow, fitted to medians by least squares.

    The trials of a run, the duration and the number of steps are what grows, and the synaptic events of a
    trial as the network becomes wider.
    """
    powers = {}
    for axis, what in (
        ("trials", lambda point: point["trials"]),
        ("duration", lambda point: point["value"]),
        ("time step", lambda point: 1 / point["value"]),
        ("width", lambda point: point["synaptic_events"]),
    ):
        curve = [point for point in points if point["axis"] == axis]
        x, y = ([np.log(f(point)) for point in curve] for f in (what, lambda p: p["seconds"]["median"]))
        powers[axis] = float(np.polyfit(x, y, 1)[0])
    return powers


def cases(data: Path | None) -> Iterator[Case]:
    """Return every point, on validation images."""
    prepared = prepare(read_study(STUDY, [f"network.model={MODEL}"]), data)
    network, images, keys = prepared.network, prepared.input.intensities(), prepared.study.config.simulation

    def stimulus(n: int, duration: float = keys.duration, dt: float = keys.dt) -> Currents:
        return pixel_currents(images[np.arange(n) % len(images)], round(duration / dt), dt)

    for n in (500, 2000, 8000, 32000):
        yield Case("trials", n, network, stimulus(n))
    for milliseconds in (30, 100, 300, 1000):
        yield Case("duration", milliseconds, network, stimulus(1000, 1e-3 * milliseconds))
    for dt in (1e-3, 0.5e-3, 0.2e-3, 0.1e-3):
        yield Case("time step", 1e3 * dt, network, stimulus(1000, dt=dt))
    neuron, synapse = LIF(), ExponentialCurrent()
    for factor in (1, 2, 4):
        yield Case("width", factor, convert(widened(prepared.graph, factor), neuron, synapse), stimulus(1000))
    for jobs in range(1, (os.cpu_count() or 1) + 1):
        yield Case("processes", jobs, network, stimulus(8000), jobs)
    yield Case("events", 4000, *event_case(200))


def widened(graph: LayerGraph, factor: int) -> LayerGraph:
    """Return a network with several copies of each hidden channel, which computes the same.

    Every copy gets its share of every copy before it, so neurons fire as they did, and there are
    ``factor**2`` as many synaptic events.
    """
    layers, before = [], 1
    last = max(k for k, layer in enumerate(graph.layers) if isinstance(layer, Conv2d | Dense))
    for k, layer in enumerate(graph.layers):
        if isinstance(layer, Conv2d | Dense):
            after = 1 if k == last else factor
            copies = (after, before, *[1] * (layer.weight.ndim - 2))
            bias = None if layer.bias is None else np.tile(layer.bias, after)
            layer = replace(layer, weight=np.tile(layer.weight, copies) / np.float32(before), bias=bias)
            before = after
        layers.append(layer)
    return graph.with_layers(layers)


def event_case(n_trials: int) -> tuple[SpikingNetwork, SpikeTrains]:
    """Return a network for the sensor of N-MNIST, weights drawn, and recordings of 300 ms, drawn too.

    4,000 events in 300 steps, about as many as N-MNIST has, anywhere on the 34 x 34 pixels of two polarities.
    """
    rng, shape, n_steps = stream(1, "event input"), (2, 34, 34), 300

    def weights(*size: int) -> np.ndarray:
        fan_in = np.prod(size[1:])
        return rng.normal(2 / fan_in, 3 / np.sqrt(fan_in), size).astype(np.float32)

    rate = LIFRate(tau_m=20e-3, t_ref=2e-3, amplitude=10e-3)
    layers = (
        Conv2d(weights(8, 2, 3, 3), np.full(8, 0.8, np.float32), stride=(2, 2)), rate,
        Conv2d(weights(16, 8, 3, 3), np.full(16, 0.8, np.float32), stride=(2, 2)), rate,
        Flatten(),
        Dense(weights(10, 16 * 7 * 7), None),
    )  # fmt: skip
    network = convert(LayerGraph("events", shape, layers), LIF(), ExponentialCurrent(), input_rate=10.0)
    size = int(np.prod(shape))
    places = (n_steps - 1) * size
    drawn = [trial * places + rng.choice(places, 4000, replace=False) for trial in range(n_trials)]
    trial, place = np.divmod(np.concatenate(drawn), places)
    step, neuron = np.divmod(place, size)
    return network, SpikeTrains.from_events(
        trial, step, neuron, n_trials=n_trials, size=size, n_steps=n_steps, dt=1e-3
    )


if __name__ == "__main__":
    print(json.dumps(measure_scaling(data_folder()), indent=2))
