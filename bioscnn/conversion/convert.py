"""A trained network becomes a spiking one: activations become rates, pre-activations become currents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import LayerGraph, LIFRate, MaxPool2d
from bioscnn.conversion.normalisation import Normalisation
from bioscnn.conversion.rate_code import RateCode
from bioscnn.conversion.receptors import projections_of
from bioscnn.conversion.simplify import simplified
from bioscnn.conversion.stages import SOURCE, Stage, stages
from bioscnn.encoding import FULL_INTENSITY
from bioscnn.errors import UserError
from bioscnn.network import OUTPUT, READOUT, Pooling, Population, Projection, SpikingNetwork
from bioscnn.neurons import (
    LIF,
    EquationNeuron,
    LeadingCount,
    LeakyIntegrator,
    MaxPooling,
    NeuronModel,
    SpikingNeuron,
    Synapse,
)
from bioscnn.quantities import require_number


def convert(
    graph: LayerGraph,
    neuron: SpikingNeuron,
    synapse: Synapse,
    *,
    normalisation: Normalisation | None = None,
    input_rate: float | None = None,
) -> SpikingNetwork:
    """Turn a trained network into a spiking one.

    A `LIFRate` network was trained on the rate curve of the neuron: its pre-activations are currents in units
    of the rheobase, and it needs no normalisation. A ReLU network is normalised (see `normalise`).
    Biases become constant currents. The logits drive two populations alike: ``output``, which spikes, and
    ``readout``, a leaky membrane whose potential is the evidence. Those of a ReLU network are centred: less
    their mean over the classes.

    Branches that meet in a sum are projections onto one population. A spike takes a step for each projection,
    so along the shorter branch it arrives earlier: the sum is right once both branches have settled.

    Parameters
    ----------
    graph : LayerGraph
        The trained network.
    neuron : SpikingNeuron
        The model of all spiking populations.
    synapse : ExponentialCurrent or ExponentialConductance
        The model of all synapses. A weight becomes the conductance through which its current flows at the
        working potential of the neuron, see `bioscnn.conversion.receptors`.
    normalisation : Normalisation, optional
        From `bioscnn.conversion.normalise`; needed for ReLU networks only.
    input_rate : float, optional
        Firing rate of an input of intensity 1, Hz, if the stimulus is spikes; None if it is currents.

    Returns
    -------
    SpikingNetwork
        Populations ``input``, one for each activation and each max pooling, ``output`` and ``readout``.

    Raises
    ------
    UserError
        If the network cannot be represented exactly, or neuron and activations do not fit together.
    """
    if input_rate is not None:
        require_number("encoding.input_rate", input_rate)
        if not 0 < input_rate < np.inf:
            raise UserError("input spikes need a positive rate", key="encoding.input_rate", value=input_rate)
    cut = stages(simplified(graph))
    codes = rate_codes(cut, neuron, normalisation)
    # A spike injects the charge w * tau_s, so the mean current of a rate r is r * w * tau_s.
    units = {name: code.unit / synapse.tau_s for name, code in codes.items()}
    if input_rate is None:
        units[SOURCE] = np.full(graph.input_shape[0], 1 / FULL_INTENSITY)
    else:
        units[SOURCE] = np.full(graph.input_shape[0], 1 / input_rate / synapse.tau_s)

    def currents(stage: Stage) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        code = codes[stage.name]
        offset, slope = (np.repeat(p, stage.bias.size // p.size) for p in (code.offset, code.slope))
        return code.slope, offset + slope * stage.bias

    def model(name: str, stage: Stage) -> NeuronModel:
        return readout_of(neuron) if name == READOUT else neuron

    return assembled(graph, cut, units, currents, model, synapse, input_rate is not None)


def assembled(
    graph: LayerGraph,
    cut: Sequence[Stage],
    units: Mapping[str, NDArray[np.float64]],
    currents: Callable[[Stage], tuple[NDArray[np.float64], NDArray[np.float64]]],
    model: Callable[[str, Stage], NeuronModel],
    synapse: Synapse,
    spikes_come_in: bool,
) -> SpikingNetwork:
    """Return the populations and projections of a network that is cut into stages.

    Parameters
    ----------
    graph : LayerGraph
        The trained network.
    cut : sequence of Stage
        Of its simplified form.
    units : dict of ndarray of float64, shape (channels,)
        By population: the activation that a spike stands for, for a weight of one ampere, or an ampere of the
        stimulus.
    currents : callable
        Of a stage: A per unit of pre-activation, shape (channels,); and the constant current into each of its
        neurons, A, shape (size,).
    model : callable
        The neurons of a population of a stage, by the name of the population.
    synapse : ExponentialCurrent or ExponentialConductance
        Of all projections from spikes.
    spikes_come_in : bool
        Whether the stimulus is spikes.
    """
    populations = [Population(SOURCE, graph.input_shape)]
    projections: list[Projection] = []
    for stage in cut:
        if isinstance(stage.layer, MaxPool2d):
            populations.append(Population(stage.name, stage.post_shape, MaxPooling()))
            projections.append(_pooling(stage, stage.layer, spikes_come_in))
            continue
        slope, bias = currents(stage)
        weights = {
            pre: connectivity.scaled(units[pre], slope)
            for pre, connectivity in stage.connectivities().items()
        }
        for name in (OUTPUT, READOUT) if stage.is_output else (stage.name,):
            neuron = model(name, stage)
            populations.append(Population(name, stage.post_shape, neuron, bias))
            for pre, connectivity in weights.items():
                through = None if pre == SOURCE and not spikes_come_in else synapse
                projections += projections_of(Projection(pre, name, connectivity, through), neuron)
    return SpikingNetwork(tuple(populations), tuple(projections))


def _pooling(stage: Stage, layer: MaxPool2d, spikes_come_in: bool) -> Projection:
    """Return the projection onto the neurons of max pooling."""
    (path,) = stage.block.paths
    if path.source == SOURCE and not spikes_come_in:
        raise UserError(
            "max pooling compares spikes, and currents come in",
            key=stage.name,
            fix='begin the network with a convolution, or set encoding.kind = "poisson"',
        )
    # The weight of every synapse is one jump: the mean of the pixels of a window, times their number.
    gain = np.full(path.source_shape[0], LeadingCount.jump * prod(layer.kernel))
    connectivity = Pooling(
        path.source_shape, stage.post_shape, layer.stride, layer.padding, layer.kernel, gain, True
    )
    return Projection(path.source, stage.name, connectivity, LeadingCount())


def readout_of(neuron: SpikingNeuron) -> LeakyIntegrator:
    """Return the readout beside an output of these neurons: the same time constant, if they have one."""
    return LeakyIntegrator(tau_m=neuron.parameters.get("tau_m", LeakyIntegrator().tau_m))


def rate_codes(
    cut: Sequence[Stage], neuron: SpikingNeuron, normalisation: Normalisation | None
) -> dict[str, RateCode]:
    """Return how each population stands for its activations; parameters and errors of `convert`.

    Max pooling stands for the activations that it reads, in the same unit.
    """
    codes: dict[str, RateCode] = {}
    for stage in cut:
        if isinstance(stage.layer, MaxPool2d):
            source, channels = stage.block.paths[0].source, stage.post_shape[0]
            unit = codes[source].unit if source in codes else np.ones(channels)
            codes[stage.name] = RateCode(np.zeros(channels), np.ones(channels), unit)
        else:
            codes[stage.name] = rate_code(stage, neuron, normalisation)
    return codes


def rate_code(stage: Stage, neuron: SpikingNeuron, normalisation: Normalisation | None) -> RateCode:
    """Return how the population of a stage stands for its activations; parameters and errors of `convert`."""
    channels = stage.post_shape[0]
    if isinstance(stage.activation, LIFRate) or (stage.is_output and normalisation is None):
        if not isinstance(neuron, LIF):
            own = neuron.definition.name if isinstance(neuron, EquationNeuron) else None
            raise UserError(
                "the network was trained on the rate curve of a LIF neuron",
                key="neuron.model",
                value=own or type(neuron).__name__,
                fix='set neuron.model to "lif", or convert a ReLU network, such as mnist-small-relu',
            )
        amplitude = stage.activation.amplitude if isinstance(stage.activation, LIFRate) else 1.0
        return RateCode(np.zeros(channels), np.full(channels, neuron.rheobase), np.full(channels, amplitude))
    if normalisation is None:
        raise UserError(
            "a ReLU network needs a normalisation",
            key=stage.name,
            fix="measure one with bioscnn.conversion.normalise on training images",
        )
    if normalisation.neuron != neuron:
        raise ValueError(f"normalised for {normalisation.neuron}, converted for {neuron}")
    return normalisation.codes[stage.name]
