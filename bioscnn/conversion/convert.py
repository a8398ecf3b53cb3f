"""A trained network becomes a spiking one: activations become rates, pre-activations become currents."""

from __future__ import annotations

import numpy as np

from bioscnn.ann import LayerGraph, LIFRate
from bioscnn.conversion.normalisation import Normalisation
from bioscnn.conversion.rate_code import RateCode
from bioscnn.conversion.receptors import projections_of
from bioscnn.conversion.simplify import simplified
from bioscnn.conversion.stages import Stage, stages
from bioscnn.encoding import FULL_INTENSITY
from bioscnn.errors import UserError
from bioscnn.network import OUTPUT, READOUT, Population, Projection, SpikingNetwork
from bioscnn.neurons import LIF, EquationNeuron, LeakyIntegrator, SpikingNeuron, Synapse


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
    ``readout``, a leaky membrane whose potential is the evidence.

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
        Populations ``input``, one for each activation, ``output`` and ``readout``.

    Raises
    ------
    UserError
        If the network cannot be represented exactly, or neuron and activations do not fit together.
    """
    populations = [Population("input", graph.input_shape)]
    projections: list[Projection] = []
    if input_rate is None:
        source, charge = np.full(graph.input_shape[0], 1 / FULL_INTENSITY), 1.0
    else:
        source, charge = np.full(graph.input_shape[0], 1 / input_rate), synapse.tau_s
    pre, unit, through = "input", source, None if input_rate is None else synapse
    for stage in stages(simplified(graph)):
        code = rate_code(stage, neuron, normalisation)
        # A spike injects the charge w * tau_s, so the mean current of a rate r is r * w * tau_s.
        connectivity = stage.connectivity().scaled(unit / charge, code.slope)
        bias = stage.bias()
        offset, slope = (np.repeat(part, bias.size // part.size) for part in (code.offset, code.slope))
        bias = offset + slope * bias
        targets: dict[str, SpikingNeuron | LeakyIntegrator] = {stage.name: neuron}
        if stage.activation is None:
            targets = {OUTPUT: neuron, READOUT: readout_of(neuron)}
        for name, model in targets.items():
            populations.append(Population(name, stage.post_shape, model, bias))
            projections += projections_of(Projection(pre, name, connectivity, through), model)
        pre, unit, through, charge = stage.name, code.unit, synapse, synapse.tau_s
    return SpikingNetwork(tuple(populations), tuple(projections))


def readout_of(neuron: SpikingNeuron) -> LeakyIntegrator:
    """Return the readout beside an output of these neurons: the same time constant, if they have one."""
    return LeakyIntegrator(tau_m=neuron.parameters.get("tau_m", LeakyIntegrator().tau_m))


def rate_code(stage: Stage, neuron: SpikingNeuron, normalisation: Normalisation | None) -> RateCode:
    """Return how the population of a stage stands for its activations; parameters and errors of `convert`."""
    channels = stage.post_shape[0]
    if isinstance(stage.activation, LIFRate) or (stage.activation is None and normalisation is None):
        if not isinstance(neuron, LIF):
            own = neuron.definition.name if isinstance(neuron, EquationNeuron) else None
            raise UserError(
                "the network was trained on the rate curve of a LIF neuron",
                key="neuron.model",
                value=own or type(neuron).__name__,
                fix='set neuron.model to "lif", or convert a ReLU network, such as mnist-small-relu',
            )
        amplitude = stage.activation.amplitude if stage.activation else 1.0
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
