"""Noise of axons: spikes that arrive late, or nowhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from bioscnn.draws import draw_key
from bioscnn.network import Axons, Population, SpikingNetwork
from bioscnn.noise.networks import NetworkNoise


@dataclass(frozen=True)
class SpikeLoss(NetworkNoise):
    """Spikes get lost on their way, those of the input too: none of the neuron's synapses sees them.

    Parameters
    ----------
    share : float
        Probability that a spike does, whatever becomes of the others.
    """

    share: float

    name = "spike-loss"
    LEVELS = (0.1, 0.2, 0.3, 0.5, 0.8)
    MOST = 1.0

    def _change(self, network: SpikingNetwork, rng: np.random.Generator) -> SpikingNetwork:
        def lossy(axons: Axons) -> Axons:
            loss = axons.loss + (1 - axons.loss) * self.share
            return replace(axons, loss=loss, key=draw_key(rng))

        return with_axons(network, lossy)


@dataclass(frozen=True)
class AxonalDelay(NetworkNoise):
    """The spikes of each neuron take a time of their own to reach its synapses, those of the input too.

    The delays are uniform between nothing and twice their mean, and come on top of ``synapse.delay``.

    Parameters
    ----------
    mean : float
        Their mean, s.
    """

    mean: float

    name = "axonal-delay"
    dimension = "time"
    LEVELS = (1e-3, 2e-3, 3e-3, 5e-3, 8e-3)

    def _change(self, network: SpikingNetwork, rng: np.random.Generator) -> SpikingNetwork:
        def slower(axons: Axons) -> Axons:
            return replace(axons, delay=axons.delay + rng.uniform(0, 2 * self.mean, len(axons.delay)))

        return with_axons(network, slower)


def with_common_delay(network: SpikingNetwork, delay: float) -> SpikingNetwork:
    """Return a network in which every spike takes the same time, in s, longer to reach a synapse."""
    if delay == 0:
        return network
    return with_axons(network, lambda axons: replace(axons, delay=axons.delay + delay))


def with_axons(network: SpikingNetwork, change: Callable[[Axons], Axons]) -> SpikingNetwork:
    """Change the axons of the populations that have synapses on others; the input may be one."""
    sending = {p.pre for p in network.projections if p.synapse is not None}

    def changed(population: Population) -> Population:
        if population.name not in sending:
            return population
        axons = Axons(np.zeros(population.size)) if population.axons is None else population.axons
        return replace(population, axons=change(axons))

    return replace(network, populations=tuple(changed(p) for p in network.populations))
