"""Graphs of the `nir` package that tests share, written to a file and built."""

from __future__ import annotations

import itertools

import nir
import numpy as np

from bioscnn.encoding import FULL_INTENSITY, Currents, SpikeTrains
from bioscnn.nir import Choices, Stimulus, build, read_graph
from bioscnn.seeds import stream
from bioscnn.simulation.reference import simulate_reference
from tests.nir_twin import run

DT = 1e-3


def weights(*shape, seed=1, mean=0.25):
    return stream(seed, f"weights {shape}").normal(mean, 1, shape)


def lif(*shape, **changes):
    values = {"tau": 10e-3, "r": 1.0, "v_leak": 0.0, "v_threshold": 0.1, "v_reset": 0.0} | changes
    return nir.LIF(**{name: np.broadcast_to(value, shape).copy() for name, value in values.items()})


def integrate(*shape, **changes):
    values = {"r": 1.0, "v_threshold": 1.0, "v_reset": 0.0} | changes
    return nir.IF(**{name: np.broadcast_to(value, shape).copy() for name, value in values.items()})


def cuba(*shape, **changes):
    values = {
        "tau_syn": 5e-3,
        "tau_mem": 12e-3,
        "r": 1.0,
        "v_leak": 0.0,
        "v_threshold": 0.1,
        "w_in": 1.0,
        "v_reset": 0.0,
    } | changes
    return nir.CubaLIF(**{name: np.broadcast_to(value, shape).copy() for name, value in values.items()})


def conv(channels_in, channels_out, *, size=(3, 3), stride=1, padding=1, dilation=1, groups=1, seed=2):
    kernel = weights(channels_out, channels_in // groups, *size, seed=seed) / np.sqrt(np.prod(size))
    bias = weights(channels_out, seed=seed) / 10
    return nir.Conv2d((9, 9), kernel, stride, padding, dilation, groups, bias)


def chain(*nodes, shape, out):
    """A graph of nodes one after the other, called a, b, c, ..."""
    names = ["input", *(chr(ord("a") + k) for k in range(len(nodes))), "output"]
    nodes = nir.Input(np.array(shape)), *nodes, nir.Output(np.array([out]))
    return joined(dict(zip(names, nodes, strict=True)), list(itertools.pairwise(names)))


def joined(nodes, edges):
    """A graph. Its types are not checked: `nir` takes every kernel for a square one."""
    return nir.NIRGraph(nodes, edges, type_check=False)


def written(graph, folder):
    """Write a graph as `nir` does, and read it as bioscnn does."""
    path = folder / "graph.nir"
    nir.write(path, graph)
    return read_graph(path)


def images(shape, seed=3):
    return stream(seed, "image").random(shape)


def rasters(shape, n_steps, seed=4):
    return (stream(seed, "raster").random((n_steps, *shape)) < 0.2).astype(float)


def plain(channels=1, currents=True):
    return Stimulus(currents, np.ones(channels), np.zeros(channels))


def agree(graph, folder, choices, *, dt, currents=True, n_steps=40, shape=None, **rules):
    """Compare the spikes of bioscnn, layer by layer and step by step, with those of the twin.

    Returns the number of spikes of each node.
    """
    shape = shape or tuple(int(n) for n in graph.nodes["input"].input_type["input"])
    made = build(written(graph, folder), choices, plain(shape[0], currents), DT, shape)
    total = n_steps + max(made.begins.values()) + 2
    if currents:
        image = images(shape)
        inputs = [image] * n_steps
        stimulus = Currents((image.ravel()[None] * FULL_INTENSITY).astype(np.float32), total, DT)
        inputs = [stimulus.values[0].astype(float).reshape(shape) / FULL_INTENSITY] * n_steps
    else:
        inputs = rasters(shape, n_steps)
        step, neuron = np.nonzero(inputs.reshape(n_steps, -1))
        stimulus = SpikeTrains.from_events(
            np.zeros_like(step), step, neuron, n_trials=1, size=int(np.prod(shape)), n_steps=total, dt=DT
        )
    own = graph.nodes["input"].input_type["input"]
    expected = run(graph, [np.reshape(x, own) for x in inputs], choices.framework, dt, **rules)
    recording = simulate_reference(made.network, stimulus)
    counts = {}
    for name, values in expected.items():
        population, begin = made.names[name], made.begins[name]
        if type(graph.nodes[name]).__name__ in ("LI", "CubaLI"):
            found = recording["readout"].potentials[0, begin : begin + n_steps]
            assert np.allclose(found.reshape(values.shape), values, rtol=1e-5, atol=1e-6)
            continue
        levels = [p for p in recording.populations if p == population or p.startswith(f"{population}_spike")]
        found = np.zeros((n_steps, values[0].size))
        for level in levels:
            spikes = recording[level].spikes
            inside = (spikes.step >= begin) & (spikes.step < begin + n_steps)
            assert not (spikes.step < begin).any(), name
            np.add.at(found, (spikes.step[inside] - begin, spikes.neuron[inside]), 1)
        assert np.array_equal(found, values.reshape(n_steps, -1)), name
        counts[name] = int(values.sum())
    return counts, made


RULES = {
    "norse": Choices("norse"),
    "snntorch": Choices("snntorch", DT, "subtract"),
    "snntorch to zero": Choices("snntorch", DT, "v_reset"),
    "sinabs": Choices("sinabs", DT, "subtract", 1),
    "spikingjelly": Choices("spikingjelly", DT, "subtract"),
    "euler": Choices("euler", DT),
}
