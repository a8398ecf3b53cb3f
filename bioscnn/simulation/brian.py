"""The spiking network as Brian2 objects, the same for every device.

Two rules make concatenated trials equal to separate ones on all devices, GeNN included, which delivers the
spikes of a step at the start of the next:

* nothing spikes in the last step of a trial;
* at the start of a trial every variable returns to rest, ``not_refractory`` first, because Brian2 does not
  write a variable marked ``(unless refractory)`` while its neuron is refractory.

The schedule resets before it delivers spikes, so a reset sees the current that drove the crossing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import brian2
import numpy as np
from numpy.typing import NDArray

from bioscnn.network import Population, Projection, SpikingNetwork

SCHEDULE = ["start", "groups", "thresholds", "resets", "synapses", "end"]

# Without -ffast-math, and without fused multiply-adds, which NumPy does not use: the potentials of C++ and
# NumPy then differ by the order of sums alone.
COMPILER_FLAGS = ["-w", "-O3", "-march=native", "-std=c++17", "-fno-math-errno", "-ffp-contract=off"]


@dataclass(frozen=True)
class BrianNetwork:
    """Brian2 objects of a `SpikingNetwork`, by the names of populations and ``pre_post`` of projections."""

    groups: dict[str, Any]
    synapses: dict[str, Any]
    sources: dict[str, Any]


def equations_of(network: SpikingNetwork, population: Population) -> str:
    """Return the full equation text of a population: membrane, then synaptic current."""
    assert population.neuron is not None
    return population.neuron.equations.strip() + network.synapse_onto(population.name).equations.rstrip()


def threshold_of(population: Population, n_steps: int) -> str | None:
    """Return the threshold condition with the border rule: no spike in a trial's last step."""
    assert population.neuron is not None
    if population.neuron.threshold is None:
        return None
    return f"{population.neuron.threshold} and timestep(t, dt) % {n_steps} != {n_steps - 1}"


def border_statements(network: SpikingNetwork, population: Population) -> str:
    """Return the statements that bring a population back to rest before a trial."""
    assert population.neuron is not None
    state = [*population.neuron.state, *network.synapse_onto(population.name).state]
    units = {"V": "volt", "I_syn": "amp"}
    rest = [f"{name} = 0*{units[name]}" for name in state]
    refractory = ["not_refractory = True", "lastspike = -1*second"] if population.spikes else []
    return "\n".join(refractory + rest)


def parameters_of(network: SpikingNetwork, population: Population) -> dict[str, float]:
    """Return the shared parameters of a population in SI units."""
    assert population.neuron is not None
    return {**population.neuron.parameters, **network.synapse_onto(population.name).parameters}


def projection_name(projection: Projection) -> str:
    """Return the name under which a projection's synapses appear in Brian2."""
    return f"{projection.pre}_to_{projection.post}"


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
    sources = groups if source is None else {network.source.name: source, **groups}
    synapses = {}
    for projection in network.projections:
        if projection.synapse is None:
            continue
        pre, post, _ = projection.connectivity.synapses()
        connection = brian2.Synapses(
            sources[projection.pre],
            groups[projection.post],
            projection.synapse.weight,
            on_pre=projection.synapse.on_pre,
            name=projection_name(projection),
            namespace={},
        )
        connection.connect(i=pre, j=post)
        synapses[projection_name(projection)] = connection
    return BrianNetwork(groups, synapses, sources)


def input_current(
    network: SpikingNetwork, population: Population, values: NDArray[Any]
) -> NDArray[np.float64]:
    """Return the constant current into each neuron of a population: bias plus what the source injects.

    Parameters
    ----------
    values : ndarray, shape (n_trials, source size)
        Currents of the stimulus, A; shape (n_trials, 0) if it consists of spikes.

    Returns
    -------
    ndarray of float64, shape (n_trials, size)
    """
    bias = np.zeros(population.size) if population.bias is None else population.bias
    total = np.tile(bias, (len(values), 1))
    for projection in network.onto(population.name):
        if projection.synapse is None:
            total += (projection.connectivity.matrix() @ values.T.astype(np.float64)).T
    return total
