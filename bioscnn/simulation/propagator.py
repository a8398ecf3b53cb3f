"""A step of a linear neuron as numbers: how much of each variable goes into each other one.

The solution of the equations has exponentials of parameters that all neurons of a population share. GeNN
would compute them for every neuron anew; the propagator is computed once.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from functools import cache
from textwrap import dedent

import numpy as np

from bioscnn.network import Population, SpikingNetwork
from bioscnn.neurons.expressions import arithmetic_value
from bioscnn.simulation.equations import equations_of, method_of, parameters_of
from bioscnn.simulation.solutions import cached_solution

Propagator = dict[str, dict[str, float]]


def propagator(network: SpikingNetwork, population: Population, dt: float) -> Propagator | None:
    """Return the step of a population as a matrix.

    Parameters
    ----------
    network, population : SpikingNetwork, Population
        The network, and one of its populations of neurons.
    dt : float
        Duration of a step, s.

    Returns
    -------
    dict of dict of float, or None
        ``result[target][source]`` is the part of a variable before the step, or of a current, that is in
        another variable after it, SI units. None if a step is not linear, solved by no function, or not the
        same for all neurons.

    References
    ----------
    Rotter and Diesmann (1999), Exact digital simulation of time-invariant linear systems with applications to
    neuronal modeling, Biological Cybernetics 81, 381-402.

    Examples
    --------
    >>> from bioscnn.neurons import LeakyIntegrator
    >>> cell = Population("cell", (1,), LeakyIntegrator(tau_m=20e-3, R_m=10e6))
    >>> step = propagator(SpikingNetwork((Population("input", (1,)), cell), ()), cell, dt=1e-3)
    >>> {source: round(float(part), 4) for source, part in step["V"].items()}
    {'V': 0.9512, 'I_stim': 487705.755}
    """
    method = method_of(network, population)
    if isinstance(method, str) and method != "exact":
        return None
    code, sources, targets = _solution(equations_of(network, population), method)
    if any(re.search(rf"\b{name}\b", code) for name in population.values):
        return None
    constants = {**parameters_of(network, population), "dt": dt}

    def step(state: dict[str, float]) -> dict[str, float]:
        """Compute the statements of the solution one after the other."""
        values = {**constants, **state}
        for target, _, expression in (line.partition(" = ") for line in code.split("\n") if line):
            values[target] = arithmetic_value(ast.parse(expression, mode="eval").body, values)
        return {target: values[target] for target in targets}

    rest = dict.fromkeys(sources, 0.0)
    columns = {source: step(rest | {source: 1.0}) for source in sources}
    matrix = {target: {source: columns[source][target] for source in sources} for target in targets}
    for state in ({**rest, **some} for some in (*({s: 2.0} for s in sources), dict.fromkeys(sources, 1.0))):
        for target, after in step(state).items():
            if not np.isclose(after, sum(part * state[s] for s, part in matrix[target].items()), rtol=1e-9):
                return None
    return matrix


@cache
def _solution(text: str, method: str | Callable[..., str]) -> tuple[str, list[str], list[str]]:
    """Return abstract code that solves equations, what goes into it, and what comes out.

    What Brian2 solves is kept on disk.
    """
    if not isinstance(method, str):
        return _solve(text, method)

    def solve() -> tuple[str, list[str], list[str]]:
        from bioscnn.simulation.brian import exact

        return _solve(text, exact)

    code, needed, solved = cached_solution(text, solve, _is_solution)
    return code, needed, solved


def _is_solution(content: object) -> bool:
    return isinstance(content, list) and len(content) == 3 and isinstance(content[0], str)


def _solve(text: str, method: Callable[..., str]) -> tuple[str, list[str], list[str]]:
    import brian2

    equations = brian2.Equations(text)
    needed = [
        equation.varname
        for equation in equations.values()
        if "constant" not in equation.flags and equation.type != "subexpression"
    ]
    return dedent(method(equations, {})), needed, sorted(equations.diff_eq_names)


def coefficients(step: Propagator) -> dict[str, float]:
    """Return the numbers of a propagator that are not zero, by the names that `statements` uses.

    Examples
    --------
    >>> coefficients({"V": {"V": 0.9, "I_syn": 0.0}})
    {'V_from_V': 0.9}
    """
    return {
        f"{target}_from_{source}": float(part)
        for target, parts in step.items()
        for source, part in parts.items()
        if part != 0
    }


def statements(step: Propagator) -> str:
    """Return Brian2 abstract code of a step.

    Examples
    --------
    >>> print(statements({"V": {"V": 0.9, "I_syn": 0.1}, "I_syn": {"I_syn": 0.8}}))
    _V = V_from_V*V + V_from_I_syn*I_syn
    _I_syn = I_syn_from_I_syn*I_syn
    V = _V
    I_syn = _I_syn
    """
    terms = {
        target: [f"{target}_from_{source}*{source}" for source, part in parts.items() if part != 0]
        for target, parts in step.items()
    }
    updates = [f"_{target} = {' + '.join(parts) or '0'}" for target, parts in terms.items()]
    return "\n".join([*updates, *(f"{target} = _{target}" for target in terms)])
