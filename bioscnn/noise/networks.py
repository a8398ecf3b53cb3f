"""What all noise of spiking networks has: a pure function from a network to a network."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from bioscnn.network import Population, Projection, SpikingNetwork
from bioscnn.neurons import LeadingCount, SpikingNeuron, WindowedLIF
from bioscnn.noise.noise import Noise


@dataclass(frozen=True)
class NetworkNoise(Noise):
    """Noise of a spiking network."""

    acts_on = "network"

    def apply(self, thing: SpikingNetwork, rng: np.random.Generator) -> SpikingNetwork:
        """Return the network with noise, drawn once: it is the same in every trial.

        Parameters
        ----------
        thing : SpikingNetwork
            Left as it is. What noise it has already stays, and adds.
        rng : numpy.random.Generator
            Where chance comes from.

        Raises
        ------
        UserError
            If the noise is not defined for the neurons of the network.
        """
        return thing if self.changes_nothing else self._change(thing, rng)

    @abstractmethod
    def _change(self, network: SpikingNetwork, rng: np.random.Generator) -> SpikingNetwork:
        """Return the network with noise."""


def with_synapses(network: SpikingNetwork, change: Callable[[Projection], Projection]) -> SpikingNetwork:
    """Change the projections that consist of synapses.

    Currents of the stimulus flow in as before, and max pooling counts as before.
    """
    no_synapses = (None, LeadingCount())
    projections = (p if p.synapse in no_synapses else change(p) for p in network.projections)
    return replace(network, projections=tuple(projections))


def with_neurons(
    network: SpikingNetwork, change: Callable[[Population], Population], *, spared: str | None = None
) -> SpikingNetwork:
    """Change the populations of spiking neurons, but for a spared one; max pooling is no neuron."""
    spiking = {p.name for p in network.populations if isinstance(p.neuron, SpikingNeuron | WindowedLIF)}
    spiking -= {spared}
    populations = (change(p) if p.name in spiking else p for p in network.populations)
    return replace(network, populations=tuple(populations))


def with_scaled_weights(network: SpikingNetwork, scale: float) -> SpikingNetwork:
    """Return a network with the weight of every synapse multiplied by a factor; biases stay."""
    if scale == 1:
        return network

    def scaled(projection: Projection) -> Projection:
        connectivity = projection.connectivity
        factors = np.full(connectivity.pre_shape[0], scale), np.ones(connectivity.post_shape[0])
        return replace(projection, connectivity=connectivity.scaled(*factors))

    return with_synapses(network, scaled)
