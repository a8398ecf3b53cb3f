"""What is asked of every network: the logits of its own framework, and the same spikes everywhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import LayerGraph
from bioscnn.conversion import convert, normalise
from bioscnn.encoding import pixel_currents
from bioscnn.network import SpikingNetwork
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
    """Return the spiking network that a trained one becomes."""
    neuron = LIF()
    normalisation = normalise(graph, images(50, seed=2, shape=graph.input_shape), neuron)
    return convert(graph, neuron, ExponentialCurrent(5e-3), normalisation=normalisation)


def differing(network: SpikingNetwork, device: Device, shape: tuple[int, ...] = SHAPE) -> list[str]:
    """Return the populations whose spikes are not those of the reference; and those that are silent."""
    stimulus = pixel_currents(images(TRIALS, shape=shape), N_STEPS, DT)
    names = [population.name for population in network.neurons if population.spikes]
    theirs, ours = simulate_reference(network, stimulus), simulate(network, stimulus, device, record=names)
    return [name for name in names if ours[name].spikes != theirs[name].spikes] + [
        f"{name} is silent" for name in names if not ours[name].counts_by_trial.any()
    ]
