"""Spikes and synaptic operations per trial, and an estimate of their energy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import INPUT, AveragePool2d, Conv2d, Dense, LayerGraph
from bioscnn.network import SpikingNetwork
from bioscnn.simulation.recording import Recording
from bioscnn.spikes import SpikeTrains

SYNAPTIC_OPERATION = 0.08
"""Energy of a synaptic operation, FLOP."""

NEURON_UPDATE = 0.25
"""Energy of one neuron in one time step, FLOP."""


def spikes_per_trial(recording: Recording) -> float:
    """Mean number of spikes of all populations in a trial, those of the source not counted."""
    return float(sum(population.counts_by_trial.mean() for population in recording.populations.values()))


def synaptic_operations_per_trial(
    network: SpikingNetwork, recording: Recording, input_spikes: SpikeTrains | None = None
) -> float:
    """Mean number of synaptic events (SynOps) in a trial: each spike counts once for each of its synapses.

    Parameters
    ----------
    network : SpikingNetwork
        What was simulated.
    recording : Recording
        Its spikes.
    input_spikes : SpikeTrains, optional
        What came in, which the recording does not hold. Input currents make no synaptic events.

    References
    ----------
    Yik et al. (2025), The NeuroBench framework, Nature Communications 16:1545.
    """
    counts = {name: population.counts_by_neuron for name, population in recording.populations.items()}
    if input_spikes is not None:
        counts[network.source.name] = np.bincount(input_spikes.neuron, minlength=input_spikes.size)
    events = sum(float(counts[p.pre] @ p.connectivity.fan_out()) for p in network.pathways if p.pre in counts)
    return events / recording.n_trials


def synaptic_operations_by_trial(
    network: SpikingNetwork, recording: Recording, input_spikes: SpikeTrains | None = None
) -> NDArray[np.int64]:
    """Count the synaptic events (SynOps) of every trial; see `synaptic_operations_per_trial`, their mean.

    Parameters
    ----------
    network : SpikingNetwork
        What was simulated.
    recording : Recording
        With every spike of every population that has synapses.
    input_spikes : SpikeTrains, optional
        What came in.

    Returns
    -------
    ndarray of int64, shape (n_trials,)
    """
    trains = {name: population.spikes for name, population in recording.populations.items()}
    trains[network.source.name] = input_spikes
    events = np.zeros(recording.n_trials)
    for pathway in network.pathways:
        spikes = trains[pathway.pre]
        if spikes is None:
            raise ValueError(f"the spikes of {pathway.pre!r} were not recorded")
        fan_out = pathway.connectivity.fan_out()
        events += np.bincount(spikes.trial(), fan_out[spikes.neuron], minlength=len(events))
    return events.astype(np.int64)


@dataclass(frozen=True)
class Energy:
    """Estimated work for one example, in floating-point operations (FLOP) of the same energy.

    Parameters
    ----------
    synapses : float
        `SYNAPTIC_OPERATION` for every synaptic operation.
    updates : float
        `NEURON_UPDATE` for every neuron in every time step.
    stimulus : float
        What turns the image into constant input currents, once: the layers before the first activation;
        0 where spikes come in.
    ann : float
        The trained network, once for each image or frame.

    References
    ----------
    Hunsberger and Eliasmith (2016), Training spiking deep networks for neuromorphic hardware,
    arXiv:1611.05141, where the two constants are estimates for digital neuromorphic hardware.
    """

    synapses: float
    updates: float
    stimulus: float
    ann: float

    @property
    def ratio(self) -> float:
        """Work of the trained network over that of the spiking one, as the authors define it."""
        return self.ann / (self.synapses + self.updates)

    @property
    def ratio_with_stimulus(self) -> float:
        """The same, if the spiking network also has to compute its input currents."""
        return self.ann / (self.synapses + self.updates + self.stimulus)


def energy_estimate(
    graph: LayerGraph, synaptic_operations: float, neuron_updates: float, frames: int | None = None
) -> Energy:
    """Estimate the energy of a spiking network beside that of the network that it was made of.

    Parameters
    ----------
    graph : LayerGraph
        The trained network.
    synaptic_operations : float
        SynOps an example, as `synaptic_operations_per_trial` counts them.
    neuron_updates : float
        Simulated neurons times time steps.
    frames : int, optional
        Frames of input spikes that the trained network computes for one example; None for an image, which
        flows in as currents.

    Examples
    --------
    >>> from bioscnn.ann import Flatten
    >>> dense = Dense(np.ones((10, 50)))
    >>> energy = energy_estimate(LayerGraph("tiny", (1, 5, 10), (Flatten(), dense)), 1000, 400)
    >>> energy.ann, energy.synapses, energy.updates
    (1000.0, 80.0, 100.0)
    >>> round(energy.ratio, 2)
    5.56
    """
    operations, stimulus, currents = layer_operations(graph), 0, {INPUT}
    for node, count in zip(graph.nodes, operations, strict=True):
        if currents.issuperset(node.inputs) and not node.activates:
            currents.add(node.name)
            stimulus += count
    return Energy(
        SYNAPTIC_OPERATION * synaptic_operations,
        NEURON_UPDATE * neuron_updates,
        float(stimulus) if frames is None else 0.0,
        float(sum(operations)) * (1 if frames is None else frames),
    )


def layer_operations(graph: LayerGraph) -> list[int]:
    """Count the floating-point operations of each layer for one image: two a multiply-accumulate.

    A convolution has one multiply-accumulate for each output and weight of its kernel, taps on the padding
    included; a pooling one for each output and pixel of its window; a dense layer one a weight. Biases,
    activations, sums, max pooling, and what folds into the weights, are not counted.
    """
    counts = []
    places = zip(graph.layers, graph.input_shapes(), graph.shapes, strict=True)
    for layer, (before, *_), after in places:
        if isinstance(layer, Conv2d):
            taps = int(np.prod(layer.weight.shape[1:]))
        elif isinstance(layer, AveragePool2d):
            taps = int(np.prod(layer.kernel))
        else:
            taps = before[0] if isinstance(layer, Dense) else 0
        counts.append(2 * taps * int(np.prod(after)))
    return counts
