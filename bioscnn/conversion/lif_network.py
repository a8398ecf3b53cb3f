"""A normalised ReLU network as the network of LIF rates that it has become."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import Conv2d, Dense, Flatten, Layer, LayerGraph, LIFRate
from bioscnn.conversion.normalisation import Normalisation
from bioscnn.conversion.rate_code import RateCode
from bioscnn.conversion.simplify import simplified
from bioscnn.conversion.stages import Stage, stages
from bioscnn.errors import UserError
from bioscnn.neurons import LIF

AMPLITUDE = 10e-3
"""Activation a Hz of its rates."""


def as_lif_network(graph: LayerGraph, normalisation: Normalisation) -> LayerGraph:
    """Return the network of LIF rates that converts to the same spiking network as a normalised ReLU network.

    What normalisation decides, the scale of every channel and the current that stands for an activation of
    zero, goes into weights and biases. Such a network has a differentiable twin, and so can be trained on.

    Parameters
    ----------
    graph : LayerGraph
        The ReLU network.
    normalisation : Normalisation
        Of it, for a LIF neuron.

    Returns
    -------
    LayerGraph
        Its activations are `LIFRate` of that neuron; it needs no normalisation.

    Raises
    ------
    UserError
        If the neuron is no LIF neuron, or a stage of the network is more than one weighted layer.
    """
    neuron = normalisation.neuron
    if not isinstance(neuron, LIF):
        raise UserError(
            "only a network of LIF neurons is one of LIF rates",
            key="neuron.model",
            value=type(neuron).__name__,
        )
    simple = simplified(graph)
    if not simple.is_chain:
        raise UserError("only a chain of layers is written as one of LIF rates", key=graph.name)
    layers: list[Layer] = []
    unit = np.full(graph.input_shape[0], AMPLITUDE)
    for stage in stages(simple):
        code = normalisation.codes[stage.name]
        layers += _scaled(stage, unit / AMPLITUDE, code, neuron.rheobase)
        if stage.activation is not None:
            layers.append(LIFRate(neuron.tau_m, neuron.t_ref, AMPLITUDE, 0.0))
        unit = code.unit
    return LayerGraph(graph.name, graph.input_shape, layers)


def _scaled(stage: Stage, before: NDArray[np.float64], code: RateCode, rheobase: float) -> list[Layer]:
    """Return the layers of a stage from activations of the LIF network to currents in rheobases."""
    (path,) = stage.block.paths
    *others, weighted = path.layers
    if not isinstance(weighted, Conv2d | Dense) or any(not isinstance(layer, Flatten) for layer in others):
        raise UserError(
            "one weighted layer before each activation can be written as one of LIF rates",
            key=stage.name,
            value=", ".join(type(layer).__name__ for layer in path.layers),
        )
    slope, offset = (np.broadcast_to(part, len(weighted.weight)) for part in (code.slope, code.offset))
    if isinstance(weighted, Dense):
        into = np.repeat(before, weighted.weight.shape[1] // len(before))[None]
    else:
        # The channels that each group sees.
        seen = before.reshape(weighted.groups, -1)
        into = np.repeat(seen, len(weighted.weight) // weighted.groups, axis=0)[:, :, None, None]
    out = (slope / rheobase).reshape(-1, *[1] * (weighted.weight.ndim - 1))
    bias = stage.bias.reshape(len(weighted.weight), -1)[:, 0]
    weight = (weighted.weight * into * out).astype(np.float32)
    scaled = replace(weighted, weight=weight, bias=((offset + slope * bias) / rheobase).astype(np.float32))
    return [*others, scaled]
