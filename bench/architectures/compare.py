"""What is asked of every network: the logits of its own framework, and the same spikes everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import LayerGraph
from bioscnn.conversion import convert, normalise
from bioscnn.encoding import pixel_currents
from bioscnn.network import Population, Projection, SpikingNetwork
from bioscnn.neurons import LIF, ExponentialCurrent
from bioscnn.seeds import stream
from bioscnn.simulation import Device, simulate
from bioscnn.simulation.reference import simulate_reference

SHAPE = (2, 12, 12)
N_CLASSES = 4
TRIALS, N_STEPS, DT = 3, 30, 1e-3
DEVICES = {
    "numpy": Device("numpy"),
    "procedural": Device("cpp_standalone", "float64"),
    "explicit": Device("cpp_standalone", "float64", connectivity="explicit"),
}


def images(n: int, seed: int = 1, shape: tuple[int, ...] = SHAPE) -> NDArray[np.float32]:
    """Return drawn images."""
    return stream(seed, "architectures").random((n, *shape)).astype(np.float32)


def onnxruntime_logits(path: str, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the outputs of an ONNX file in onnxruntime."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    logits: NDArray[np.float32] = session.run(None, {session.get_inputs()[0].name: x})[0]
    return logits


def logits_error(graph: LayerGraph, theirs: NDArray[np.float32], softmax: bool = False) -> float:
    """Return the largest difference from the logits of five `images`, over the largest logit or 1."""
    ours = graph.forward(images(5))
    if softmax:
        ours = np.exp(ours) / np.exp(ours).sum(axis=1, keepdims=True)
    return float(np.abs(ours - theirs).max() / max(1.0, np.abs(theirs).max()))


def spiking(graph: LayerGraph) -> SpikingNetwork:
    """Return the spiking network that a trained one becomes.

    The highest rate is no whole number of steps: a channel that is constant has it exactly, and at 200 Hz its
    neurons would reach the threshold right at a step, so that rounding chose the step.
    """
    neuron, examples = LIF(), images(50, seed=2, shape=graph.input_shape)
    normalisation = normalise(graph, examples, neuron, max_rate=190.0)
    return convert(graph, neuron, ExponentialCurrent(5e-3), normalisation=normalisation)


def together(networks: Mapping[str, SpikingNetwork]) -> SpikingNetwork:
    """Return networks of one input side by side, so that one program is compiled for all of them."""
    populations, projections = dict[str, Population](), list[Projection]()
    for k, network in enumerate(networks.values()):
        names = {p.name: p.name if p.neuron is None else f"n{k}_{p.name}" for p in network.populations}
        populations |= {names[p.name]: replace(p, name=names[p.name]) for p in network.populations}
        projections += [replace(p, pre=names[p.pre], post=names[p.post]) for p in network.projections]
    return SpikingNetwork(tuple(populations.values()), tuple(projections))


def differing(
    networks: Mapping[str, SpikingNetwork], device: Device, shape: tuple[int, ...]
) -> dict[str, str]:
    """Return, for each network, whether its spikes are the reference's, or of which populations they differ.

    Parameters
    ----------
    networks : mapping of SpikingNetwork
        All of one input; they are simulated side by side.
    device : Device
        What simulates.
    shape : tuple of int
        Of an image.

    Returns
    -------
    dict of str
        Begins with ``"equal"`` where all spikes are equal; populations that have none are named, as a ceiling
        that no image reaches.
    """
    stimulus = pixel_currents(images(TRIALS, shape=shape), N_STEPS, DT)
    named = {name: [p.name for p in network.neurons if p.spikes] for name, network in networks.items()}
    record = [f"n{k}_{part}" for k, parts in enumerate(named.values()) for part in parts]
    ours, differences = simulate(together(networks), stimulus, device, record=record), dict[str, str]()
    for k, (name, network) in enumerate(networks.items()):
        theirs = simulate_reference(network, stimulus)
        names = [part for part in named[name] if ours[f"n{k}_{part}"].spikes != theirs[part].spikes]
        silent = [part for part in named[name] if not theirs[part].counts_by_trial.any()]
        differences[name] = f"differ: {', '.join(names)}" if names else "equal"
        differences[name] += f" ({', '.join(silent)} silent)" if silent else ""
    return differences
