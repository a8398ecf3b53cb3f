"""Weights that were made for another study: as they are in amperes, or with the gain of every layer kept."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from bioscnn.conversion import readout_of
from bioscnn.conversion.rate_matching import matched_currents
from bioscnn.network import Population, Projection, SpikingNetwork
from bioscnn.neurons import LeadingCount, MaxPooling, Windowed
from bioscnn.studies.config import StudyConfig
from bioscnn.studies.prepare import conditions_of, furnished

_FITTED = 200
"""Drives at which two rate curves are compared: so many below the rheobase, and so many above."""


@dataclass(frozen=True)
class Gain:
    r"""Factors that keep what a layer makes of its input, where neuron and synapse change under its weights.

    A spike carries the charge ``w tau_s``, and a neuron answers to a current with the rate of its curve f.
    With what the weights were made for written without a dash, and what a study has with one:

    .. math:: q = \frac{\tau_s}{\tau'_s}, \quad
              (a, b) = \arg\min \sum_I \left(f'(a + b I) - f(I)\right)^2

    over currents from zero to that of the highest rate. With currents ``a + b I`` all neurons fire at the
    rates at which they fired, as well as two numbers can make it. What a study then changes is the shape of
    the curve, how fast membranes and currents follow, and how they fluctuate.

    Parameters
    ----------
    charge : float
        q, of the weights of synapses.
    slope : float
        b, of the weights of synapses, injected currents and biases.
    offset : float
        a, a current into every neuron that spikes, A.
    """

    charge: float = 1.0
    slope: float = 1.0
    offset: float = 0.0


def kept_gain(made_for: StudyConfig, config: StudyConfig) -> Gain:
    """Return the factors that keep the gain of weights that were made for another study.

    Parameters
    ----------
    made_for, config : StudyConfig
        Both of LIF neurons, with synapses that inject currents. The highest rate is ``network.max_rate`` of
        the first; the neurons of both reach it.
    """
    before, after = (conditions_of(study).simulated_neuron for study in (made_for, config))
    charge, highest = made_for.synapse.tau_s / config.synapse.tau_s, made_for.network.max_rate
    rates = highest * np.arange(1, _FITTED + 1) / _FITTED
    above = np.array([before.current(rate) for rate in rates])
    below = before.rheobase * np.arange(_FITTED) / _FITTED
    current, matched = np.concatenate([below, above]), np.concatenate([np.zeros(_FITTED), rates])
    threshold, drive = after.rheobase / before.rheobase, np.linspace(1.001, 10, _FITTED)
    if np.allclose(after.rate(drive * after.rheobase), before.rate(drive * before.rheobase)):
        return Gain(charge, threshold)
    unit = before.rheobase
    ((offset, slope),) = matched_currents(after, current[None] / unit, matched[None] / highest, highest)
    return Gain(charge, float(slope / unit), float(offset))


def with_encoder_of(made_for: StudyConfig, config: StudyConfig) -> StudyConfig:
    """Return a study whose layer of neurons in front, if it has one, is that of another study."""
    if config.encoding.kind not in ("lif-layer", "rank-order"):
        return config
    return config.model_copy(update={"neuron": made_for.neuron})


def with_fixed_weights(
    network: SpikingNetwork, config: StudyConfig, gain: Gain | None = None
) -> SpikingNetwork:
    """Return a network under the neuron, synapse, delay and noise of a study, its weights and biases kept.

    Parameters
    ----------
    network : SpikingNetwork
        Converted for another study, without delay and noise.
    config : StudyConfig
        The model of its synapse is that of the other study.
    gain : Gain, optional
        By which weights and biases are multiplied; without it they are as they are.
    """
    neuron, gain = conditions_of(config).simulated_neuron, gain or Gain()

    def changed(population: Population) -> Population:
        if population.neuron is None or isinstance(population.neuron, MaxPooling | Windowed):
            return population
        bias = None if population.bias is None else gain.slope * population.bias
        if not population.spikes:
            return replace(population, neuron=readout_of(neuron), bias=bias)
        if gain.offset:
            bias = gain.offset + (np.zeros(population.size) if bias is None else bias)
        return replace(population, neuron=neuron, bias=bias)

    def through(projection: Projection) -> Projection:
        synapse = projection.synapse
        if isinstance(synapse, LeadingCount):
            return projection
        if synapse is None:
            return _scaled(projection, gain.slope)
        projection = _scaled(projection, gain.slope * gain.charge)
        own = {part.name for part in fields(synapse)} & set(type(config.synapse).model_fields)
        return replace(
            projection, synapse=replace(synapse, **{name: getattr(config.synapse, name) for name in own})
        )

    populations = tuple(changed(population) for population in network.populations)
    projections = tuple(through(projection) for projection in network.projections)
    return furnished(SpikingNetwork(populations, projections), config)


def _scaled(projection: Projection, factor: float) -> Projection:
    if factor == 1:
        return projection
    connectivity = projection.connectivity
    factors = np.full(connectivity.pre_shape[0], factor), np.ones(connectivity.post_shape[0])
    return replace(projection, connectivity=connectivity.scaled(*factors))
