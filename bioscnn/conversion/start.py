"""Potentials at which the neurons begin a trial."""

from __future__ import annotations

from dataclasses import replace

from bioscnn.network import V_0, Population, SpikingNetwork
from bioscnn.neurons import EquationNeuron, MaxPooling
from bioscnn.seeds import stream


def spread_start(network: SpikingNetwork, seed: int) -> SpikingNetwork:
    """Return a network whose neurons begin each trial at potentials drawn evenly between rest and threshold.

    Neurons that begin together fire together, and like inputs keep them so: what they send comes in volleys,
    between which those behind them lose charge. From all phases, rates are what spikes show on average from
    the first moment on. The readout begins at rest, and so do neurons of max pooling, whose potential counts.

    Raises
    ------
    ValueError
        If a neuron is one of the user's own, whose threshold is an expression.

    References
    ----------
    Bu, Ding, Yu and Huang (2022), Optimized potential initialization for low-latency spiking neural networks,
    AAAI 36:11, where all begin at half the threshold.
    """

    def spread(population: Population) -> Population:
        neuron = population.neuron
        if isinstance(neuron, EquationNeuron):
            raise ValueError(f"the threshold of {neuron.definition.name!r} is an expression")
        if neuron is None or not population.spikes or isinstance(neuron, MaxPooling):
            return population
        share = stream(seed, "start", population.name).random(population.size)
        return replace(population, values={**population.values, V_0: share * neuron.parameters["V_th"]})

    return SpikingNetwork(tuple(map(spread, network.populations)), network.projections)
