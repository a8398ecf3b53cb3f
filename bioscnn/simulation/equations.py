"""A spiking network as the text and the numbers that every device is given; needs no simulator.

Two rules make concatenated trials equal to separate ones on all devices, GeNN included, which delivers the
spikes of a step at the start of the next:

* nothing spikes in the last step of a trial;
* at the start of a trial every variable returns to rest, ``not_refractory`` first, because Brian2 does not
  write a variable marked ``(unless refractory)`` while its neuron is refractory.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.network import V_0, Axons, Population, Projection, SpikingNetwork
from bioscnn.neurons import NO_SYNAPSES, ExponentialConductance, SpikingNeuron

V_NOISE = "\nV_noise                                  : volt   (shared, constant)"
"""Equation of the standard deviation of the potential where Brian2 draws the noise."""

V_0_EQUATION = f"\n{V_0}                                      : volt   (constant)"
"""Equation of the potentials that a trial begins at, where they are not those of rest."""

LONG_AGO = 1e4
"""Time before a trial at which each neuron counts as having spiked, s, as for Brian2; longer than `t_ref`."""

N_STEPS = "n_steps : integer (shared, constant)"
"""Equation of the number of steps in a trial."""


def equations_of(network: SpikingNetwork, population: Population) -> str:
    """Return the full equation text of a population: membrane, then synaptic current."""
    assert population.neuron is not None
    has_synapses = network.has_synapses(population.name)
    synapse = network.synapse_onto(population.name).equations if has_synapses else NO_SYNAPSES
    text = population.neuron.equations.strip() + synapse.rstrip()
    if population.noise is not None and population.noise.xi:
        silent = text
        text = silent.replace("/tau_m :", "/tau_m + V_noise*sqrt(2/tau_m)*xi :", 1) + V_NOISE
        if silent in text:
            raise UserError("xi is noise of the membranes that come with bioscnn", key=population.name)
    elif population.noise is not None and (current := population.neuron.noise_enters) not in text:
        text = text.replace(" - V)/tau_m", f" + R_m*{current} - V)/tau_m", 1) + f"\n{current} : amp"
    for name in population.values:
        if name == V_0:
            text += V_0_EQUATION
            continue
        text, replaced = re.subn(rf"^({name}\b.*)\(shared, constant\)", r"\1(constant)", text, flags=re.M)
        if not replaced:
            raise ValueError(f"{population.name!r} has no shared parameter {name!r}")
    return text


def counts_steps(population: Population) -> bool:
    """Whether the equations or the threshold of a population know `N_STEPS`."""
    assert population.neuron is not None
    return population.spikes or "n_steps" in population.neuron.equations


def threshold_of(population: Population) -> str | None:
    """Return the threshold condition with the border rule: no spike in a trial's last step.

    It uses `N_STEPS`, which a population gets besides its equations.
    """
    assert population.neuron is not None
    if population.neuron.threshold is None:
        return None
    return f"({population.neuron.threshold}) and timestep(t, dt) % n_steps != n_steps - 1"


def reset_of(network: SpikingNetwork, population: Population) -> str | None:
    """Return the statements that are run at a spike."""
    neuron = population.neuron
    if isinstance(neuron, SpikingNeuron) and _conductances(network, population):
        return neuron.conductance_reset_statement
    return None if neuron is None else neuron.reset_statement


def method_of(network: SpikingNetwork, population: Population) -> str | Callable[..., str]:
    """Return Brian2's method of integration for the equations of a population."""
    assert population.neuron is not None
    method = population.neuron.method
    if population.noise is not None and population.noise.xi:
        return "euler"  # of Maruyama; Brian2 solves no noise exactly
    # Whatever solves a linear membrane exactly does not where its conductances change.
    solved = method == "exact" or not isinstance(method, str)
    if solved and _conductances(network, population):
        return ExponentialConductance.method
    return method


def _conductances(network: SpikingNetwork, population: Population) -> bool:
    if not network.has_synapses(population.name):
        return False
    return isinstance(network.synapse_onto(population.name), ExponentialConductance)


def state_of(network: SpikingNetwork, population: Population) -> dict[str, str]:
    """Return the variables that are zero at rest, with their Brian2 units."""
    assert population.neuron is not None
    if not network.has_synapses(population.name):
        return population.neuron.state
    return {**population.neuron.state, **network.synapse_onto(population.name).state}


def start_of(network: SpikingNetwork, population: Population) -> dict[str, str]:
    """Return the value of each variable at the start of a trial: zero, or potentials of their own."""
    zero = {name: f"0*{unit}" for name, unit in state_of(network, population).items()}
    return zero | ({"V": V_0} if V_0 in population.values else {})


def border_statements(network: SpikingNetwork, population: Population) -> str:
    """Return the statements that bring a population back to rest before a trial."""
    rest = [f"{name} = {value}" for name, value in start_of(network, population).items()]
    refractory = ["not_refractory = True", f"lastspike = -{LONG_AGO:g}*second"] if population.spikes else []
    return "\n".join(refractory + rest)


def parameters_of(network: SpikingNetwork, population: Population) -> dict[str, float]:
    """Return the parameters of a population in SI units, whether or not they differ from cell to cell."""
    assert population.neuron is not None
    parameters = dict(population.neuron.parameters)
    if network.has_synapses(population.name):
        parameters |= network.synapse_onto(population.name).parameters
    if population.noise is not None and population.noise.xi:
        parameters["V_noise"] = population.noise.sd
    return parameters


def noise_current(population: Population, dt: float) -> NDArray[np.float64]:
    """Return the standard deviation of the noisy current into each neuron, A, shape (size,).

    The current is constant within a step and independent between steps. The potential of a neuron that does
    not spike is then, at the ends of the steps, what the Ornstein-Uhlenbeck process
    ``dV/dt = -V/tau_m + sd*sqrt(2/tau_m)*xi`` is there: the same law at any time step.

    Raises
    ------
    UserError
        If the neurons have no leak, so that noise would carry their potentials away.

    References
    ----------
    Gillespie (1996), Exact numerical simulation of the Ornstein-Uhlenbeck process and its integral, Physical
    Review E 54:2084.
    """
    assert population.neuron is not None and population.noise is not None
    parameters: dict[str, Any] = {**population.neuron.parameters, **population.values}
    if "R_m" not in parameters:
        raise UserError(
            "without a leak, membrane noise carries the potential away",
            key="noise.membrane-noise",
            value=type(population.neuron).__name__,
            fix='set neuron.model = "lif"',
        )
    decay = np.exp(-dt / parameters["tau_m"])
    sd = population.noise.sd / parameters["R_m"] * np.sqrt((1 + decay) / (1 - decay))
    return np.broadcast_to(sd, population.size).astype(np.float64)


def delay_steps(axons: Axons, dt: float) -> NDArray[np.int32]:
    """Return the delay of each neuron in steps, the nearest whole number.

    One that is longer than any trial is cut to the largest number that leaves room to count on.
    """
    steps: NDArray[np.int32] = np.minimum(np.rint(axons.delay / dt), 2**30).astype(np.int32)
    return steps


def projection_name(projection: Projection) -> str:
    """Return the name under which a projection's synapses appear in Brian2."""
    name, synapse = f"{projection.pre}_to_{projection.post}", projection.synapse
    return f"{name}_{synapse.receptor}" if isinstance(synapse, ExponentialConductance) else name


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
