"""An estimate of the energy of a spiking network, beside that of the network that it was made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bioscnn.ann import INPUT, AveragePool2d, Conv2d, Dense, LayerGraph

SYNAPTIC_OPERATION = 0.08
"""Energy of a synaptic operation, FLOP."""

NEURON_UPDATE = 0.25
"""Energy of one neuron in one tick of the hardware's clock, FLOP."""

CLOCK = 1e-3
"""Tick of the hardware on which updates are counted, s: it does not follow the time step of a simulation."""


@dataclass(frozen=True)
class Energy:
    """Estimated work for one example, in floating-point operations (FLOP) of the same energy.

    Parameters
    ----------
    synapses : float
        `SYNAPTIC_OPERATION` for every synaptic operation.
    updates : float
        `NEURON_UPDATE` for every neuron in every tick of `CLOCK`.
    stimulus : float
        What turns the image into constant input currents, once: the layers before the first activation;
        0 where spikes come in.
    ann : float
        The trained network, once for each image or frame.

    References
    ----------
    Hunsberger and Eliasmith (2016), Training spiking deep networks for neuromorphic hardware,
    arXiv:1611.05141, where the two constants are estimates for digital neuromorphic hardware.

    Notes
    -----
    Operations of synapses are events, whose number hardly depends on the time step. Updates are as many as
    the ticks of a clock: counted by the step of the simulation, the ratio would be several times worse at
    0.1 ms than at 1 ms for the same spikes.
    """

    synapses: float
    updates: float
    stimulus: float
    ann: float

    @property
    def ratio_of_events(self) -> float | None:
        """Work of the trained network over that of the synapses alone, as of hardware without a clock.

        None if there is none.
        """
        return self.ann / self.synapses if self.synapses else None

    @property
    def ratio(self) -> float:
        """Work of the trained network over that of the spiking one, as the authors define it."""
        return self.ann / (self.synapses + self.updates)

    @property
    def ratio_with_stimulus(self) -> float:
        """The same, if the spiking network also has to compute its input currents."""
        return self.ann / (self.synapses + self.updates + self.stimulus)


def energy_estimate(
    graph: LayerGraph,
    synaptic_operations: float,
    neurons: int,
    duration: float,
    frames: int | None = None,
    *,
    clock: float = CLOCK,
) -> Energy:
    """Estimate the energy of a spiking network beside that of the network that it was made of.

    Parameters
    ----------
    graph : LayerGraph
        The trained network.
    synaptic_operations : float
        SynOps an example, as `synaptic_operations_per_trial` counts them.
    neurons : int
        Simulated neurons.
    duration : float
        Of an example, s.
    frames : int, optional
        Frames of input spikes that the trained network computes for one example; None for an image, which
        flows in as currents.
    clock : float
        Tick in which neurons are updated, s.

    Examples
    --------
    >>> from bioscnn.ann import Flatten
    >>> dense = Dense(np.ones((10, 50)))
    >>> energy = energy_estimate(LayerGraph("tiny", (1, 5, 10), (Flatten(), dense)), 1000, 20, 20e-3)
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
        NEURON_UPDATE * neurons * duration / clock,
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


def footprint(graph: LayerGraph) -> int:
    """Count the bytes of all weights and biases in single precision.

    The footprint of NeuroBench (Yik et al. 2025, Nature Communications 16:1545) counts parameters and
    buffers; the state of the neurons is none of them.

    Examples
    --------
    >>> from bioscnn.ann import Flatten
    >>> footprint(LayerGraph("tiny", (1, 5, 10), (Flatten(), Dense(np.ones((10, 50))))))
    2000
    """
    return 4 * sum(
        int(np.size(value))
        for layer in graph.layers
        for value in vars(layer).values()
        if isinstance(value, np.ndarray)
    )
