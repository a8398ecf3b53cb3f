"""The spiking network as Brian2 objects, the same on every device.

The schedule resets before it delivers spikes, so a reset sees the current that drove the crossing and not
what arrives with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import brian2

from bioscnn.network import SpikingNetwork
from bioscnn.simulation.equations import equations_of, projection_name, threshold_of

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


def construct(network: SpikingNetwork, n_steps: int, source: Any | None) -> BrianNetwork:
    """Create neuron groups and synapses, all parameters and weights still zero.

    Parameters
    ----------
    network : SpikingNetwork
        What to build.
    n_steps : int
        Steps of a trial.
    source : Brian2 spike source or None
        Where the synapses of the source population read their spikes; None if it injects currents.
    """
    groups = {}
    for population in network.neurons:
        neuron = population.neuron
        assert neuron is not None
        groups[population.name] = brian2.NeuronGroup(
            population.size,
            equations_of(network, population),
            threshold=threshold_of(population, n_steps),
            reset=neuron.reset_statement,
            refractory=neuron.refractory if population.spikes else False,
            method=neuron.method,
            name=population.name,
            namespace={},
        )
    senders = groups if source is None else {network.source.name: source, **groups}
    synapses = {}
    for projection in network.projections:
        if projection.synapse is None:
            continue
        pre, post, _ = projection.connectivity.synapses()
        connection = brian2.Synapses(
            senders[projection.pre],
            groups[projection.post],
            projection.synapse.weight,
            on_pre=projection.synapse.on_pre,
            name=projection_name(projection),
            namespace={},
        )
        connection.connect(i=pre, j=post)
        synapses[projection_name(projection)] = connection
    return BrianNetwork(groups, synapses, source)
