"""The spiking network as Brian2 objects, the same on every device.

The schedule resets before it delivers spikes, so a reset sees the current that drove the crossing and not
what arrives with it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import brian2
import sympy
from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.parsing.sympytools import str_to_sympy, sympy_to_str

from bioscnn.network import Population, Projection, SpikingNetwork
from bioscnn.simulation.equations import (
    N_STEPS,
    counts_steps,
    equations_of,
    method_of,
    projection_name,
    reset_of,
    threshold_of,
)
from bioscnn.simulation.numbering import brian_synapses
from bioscnn.simulation.solutions import cached_solution, is_arithmetic

SCHEDULE = ["start", "groups", "thresholds", "resets", "synapses", "end"]


@dataclass(frozen=True)
class BrianNetwork:
    """Brian2 objects of a `SpikingNetwork`.

    Attributes
    ----------
    groups : dict of brian2.NeuronGroup
        By population.
    axons : dict of Brian2 spike sources
        By population, of those whose spikes reach their synapses through a group of their own.
    synapses : dict of brian2.Synapses
        By the name of the projection.
    source : Brian2 spike source or None
        Where the stimulus enters as spikes.
    """

    groups: dict[str, Any]
    axons: dict[str, Any]
    synapses: dict[str, Any]
    source: Any | None

    @property
    def objects(self) -> list[Any]:
        """Everything that belongs into a `brian2.Network`."""
        source = [] if self.source is None else [self.source]
        return [*source, *self.groups.values(), *self.axons.values(), *self.synapses.values()]

    def sender(self, projection: Projection) -> Any:
        """Return the Brian2 object whose spikes a projection carries."""
        return self.axons.get(projection.pre, self.groups.get(projection.pre, self.source))


def exact(equations: Any, variables: Any = None, method_options: Any = None) -> str:
    """Brian2's exact solution of linear equations, with one coefficient for each variable of a neuron.

    Brian2 writes ``R_m*I_stim + ... - R_m*I_stim*exp(-dt/tau_m)``; a coefficient that all neurons share is
    computed once a step, and each neuron has fewer products.
    """
    named = sorted((variables or {}).items())
    problem = [str(equations), [_kind(name, variable) for name, variable in named], method_options]
    return str(cached_solution(problem, lambda: _solve(equations, variables, method_options), is_arithmetic))


def _kind(name: str, variable: Any) -> list[object]:
    """Return all that a solution knows of a variable: not its value."""
    if isinstance(variable, brian2.Function):
        assert DEFAULT_FUNCTIONS.get(name) is variable, f"{name} is no function of Brian2's own"
        return [name]
    return [name, type(variable).__name__, str(variable.dtype), variable.scalar, variable.constant]


def _solve(equations: Any, variables: Any, method_options: Any) -> str:
    own = [e for e in equations.values() if not {"constant", "shared"} & {*e.flags} and e.var_type == "float"]
    symbols = [sympy.Symbol(equation.varname, real=True) for equation in own]
    statements = []
    for statement in brian2.exact(equations, variables, method_options).splitlines():
        target, _, text = statement.partition(" = ")
        solution = str_to_sympy(text, variables)
        coefficients = {symbol: sympy.diff(solution, symbol) for symbol in symbols}
        if not any(coefficient.has(*symbols) for coefficient in coefficients.values()):
            constant = solution.subs(dict.fromkeys(symbols, 0))
            terms = [coefficient * symbol for symbol, coefficient in coefficients.items()]
            text = " + ".join(f"({sympy_to_str(term)})" for term in [*terms, constant] if term != 0)
        statements.append(f"{target} = {text}")
    return "\n".join(statements)


def construct(
    network: SpikingNetwork,
    explicit: tuple[Projection, ...],
    source: Any | None,
    steps: Mapping[str, tuple[str, Collection[str]]] | None = None,
    axons: Callable[[Population, Any], Any] | None = None,
    gate: Callable[[Projection], Any] | None = None,
) -> BrianNetwork:
    """Create neuron groups and synapses, all parameters and weights still zero.

    Parameters
    ----------
    network : SpikingNetwork
        What to build.
    explicit : tuple of Projection
        The projections that become `brian2.Synapses`.
    source : Brian2 spike source or None
        Where the synapses of the source population read their spikes; None if it injects currents.
    steps : dict, optional
        By population: abstract code of a step in place of Brian2's solution, and its shared coefficients.
    axons : callable, optional
        Makes the spike source that stands for the axons of a population, given what fires.
    gate : callable, optional
        Makes the function of pre, post and time step that says whether a synapse transmits; None: it does.
    """
    groups = {}
    for population in network.neurons:
        neuron = population.neuron
        assert neuron is not None
        method, own = method_of(network, population), [N_STEPS] * counts_steps(population)
        if method == "exact":
            method = exact
        if steps and population.name in steps:
            code, names = steps[population.name]
            method, own = _method_of(code), [*own, *(f"{name} : 1 (shared, constant)" for name in names)]
        groups[population.name] = brian2.NeuronGroup(
            population.size,
            "\n".join([equations_of(network, population), *own]),
            threshold=threshold_of(population),
            reset=reset_of(network, population),
            refractory=neuron.refractory if population.spikes else False,
            method=method,
            name=population.name,
            namespace={},
        )
        if (updater := groups[population.name].subexpression_updater) is not None:
            updater.when, updater.order = "start", 2  # behind what reads its parameters and sets its state
    built = BrianNetwork(groups, {}, {}, source)
    for population in network.populations:
        fires = groups.get(population.name, source)
        if axons and fires is not None and population.axons is not None:
            built.axons[population.name] = axons(population, fires)
    for projection in explicit:
        assert projection.synapse is not None
        pre, post, _ = brian_synapses(network, projection)
        transmits = gate(projection) if gate else None
        name, on_pre = projection_name(projection), projection.synapse.on_pre
        if transmits is not None:
            gate_of = f"{name}_transmits(i, j, timestep(t, dt))"
            on_pre = "\n".join(f"{statement} * {gate_of}" for statement in on_pre.splitlines())
        connection = brian2.Synapses(
            built.sender(projection),
            groups[projection.post],
            projection.synapse.weight,
            on_pre=on_pre,
            name=name,
            namespace={} if transmits is None else {f"{name}_transmits": transmits},
        )
        connection.connect(i=pre, j=post)
        built.synapses[projection_name(projection)] = connection
    return built


def _method_of(code: str) -> Callable[..., str]:
    """Return a method of integration whose solution is known."""

    def solution(equations: Any, variables: Any = None, method_options: Any = None) -> str:
        return code

    return solution
