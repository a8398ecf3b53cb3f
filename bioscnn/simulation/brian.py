"""The spiking network as Brian2 objects, the same on every device.

The schedule resets before it delivers spikes, so a reset sees the current that drove the crossing and not
what arrives with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import brian2

from bioscnn.network import Projection, SpikingNetwork
from bioscnn.simulation.equations import N_STEPS, equations_of, projection_name, threshold_of
from bioscnn.simulation.numbering import brian_synapses

SCHEDULE = ["start", "groups", "thresholds", "resets", "synapses", "end"]


@dataclass(frozen=True)
class BrianNetwork:
    """Brian2 objects of a `SpikingNetwork`.

    Attributes
    ----------
    groups : dict of brian2.NeuronGroup
        By population.
    synapses : dict of brian2.Synapses
        By the name of the projection.
    source : Brian2 spike source or None
        Where the stimulus enters as spikes.
    """

    groups: dict[str, Any]
    synapses: dict[str, Any]
    source: Any | None

    @property
    def objects(self) -> list[Any]:
        """Everything that belongs into a `brian2.Network`."""
        source = [] if self.source is None else [self.source]
        return [*source, *self.groups.values(), *self.synapses.values()]

    def sender(self, projection: Projection) -> Any:
        """Return the Brian2 object whose spikes a projection carries."""
        return self.groups.get(projection.pre, self.source)


def construct(network: SpikingNetwork, explicit: tuple[Projection, ...], source: Any | None) -> BrianNetwork:
    """Create neuron groups and synapses, all parameters and weights still zero.

    Parameters
    ----------
    network : SpikingNetwork
        What to build.
    explicit : tuple of Projection
        The projections that become `brian2.Synapses`.
    source : Brian2 spike source or None
        Where the synapses of the source population read their spikes; None if it injects currents.
    """
    groups = {}
    for population in network.neurons:
        neuron = population.neuron
        assert neuron is not None
        groups[population.name] = brian2.NeuronGroup(
            population.size,
            equations_of(network, population) + (f"\n{N_STEPS}" if population.spikes else ""),
            threshold=threshold_of(population),
            reset=neuron.reset_statement,
            refractory=neuron.refractory if population.spikes else False,
            method=neuron.method,
            name=population.name,
            namespace={},
        )
    built = BrianNetwork(groups, {}, source)
    for projection in explicit:
        assert projection.synapse is not None
        pre, post, _ = brian_synapses(network, projection)
        connection = brian2.Synapses(
            built.sender(projection),
            groups[projection.post],
            projection.synapse.weight,
            on_pre=projection.synapse.on_pre,
            name=projection_name(projection),
            namespace={},
        )
        connection.connect(i=pre, j=post)
        built.synapses[projection_name(projection)] = connection
    return built
