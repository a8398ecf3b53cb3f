"""Whether Brian2 can simulate a neuron that a user has written; it checks the units too."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from bioscnn.errors import UserError
from bioscnn.forks import attempted
from bioscnn.neurons.cells import EVERY_PART, cells, declared
from bioscnn.neurons.definition import Definition
from bioscnn.neurons.expressions import names_of
from bioscnn.neurons.model_text import parse_equations, parse_statements

GIVEN = {"I_syn": "amp", "I_stim": "amp"}
"""Currents into a neuron, which its network defines."""

RESERVED = (
    "xi", "g_e", "g_i", "G_syn", "E_e", "E_i", "tau_s", "w", "n_steps", "N", "i", "j", "t", "dt",
    "t_in_timesteps", "lastspike", "not_refractory", "refractory", "refractory_until", "V_noise",
    "stimulus", "record_spikes", "record_potentials", "spikes", "potentials", "trial_counts", "neuron_counts",
    "axon_steps", "axon_loss", "axon_key", "noise_current", "noise_key",
)  # fmt: skip
"""Names that the network has for something else: variables, and files of a compiled program."""

USUAL = {
    "tau": "10 ms", "t_": "10 ms", "R_": "100 Mohm", "g_": "10 nS", "C_": "200 pF", "I_": "1 nA",
}  # fmt: skip
"""By how a name usually begins: what a parameter of that name could be."""

SYNAPTIC_CURRENT = "dI_syn/dt = -I_syn/tau_s : amp\ntau_s : second (shared, constant)"
"""What the network adds to the equations of a neuron."""

SECONDS, CLOCK = 20, 4
"""Processor time for an exact solution, s; so many times as long on the clock of a busy machine."""

REST = 1e-3
"""How far from 0 the potential may rest, V."""


@cache
def check(definition: Definition, file: Path | None = None) -> None:
    """Refuse a neuron that is no neuron.

    Raises
    ------
    UserError
        Naming file, key and what Brian2 says: equations that cannot be parsed, units that do not fit, no V,
        an input that is not used, names that nobody defines, parameters that nobody uses, a method that
        cannot solve the equations, or a potential that does not rest at 0.
    """

    def refuse(problem: str, key: str, **details: Any) -> UserError:
        return UserError(problem, file=file, key=key, **details)

    import brian2
    from brian2.core.namespace import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS, DEFAULT_UNITS

    try:
        equations = brian2.Equations(definition.equations)
    except Exception as error:  # Brian2 evaluates a unit, and what that raises has no type of its own
        raise refuse(
            f"Brian2 cannot read the equations: {_sentence(error)}",
            "equations",
            fix="write one equation a line, such as dV/dt = (R_m*(I_syn + I_stim) - V)/tau_m : volt",
        ) from None
    parameters = [parameter.name for parameter in definition.parameters]
    own = [*equations.names]
    for name in [*own, *parameters]:
        if name in GIVEN or name in RESERVED or (name in own and name in parameters):
            where = "twice" if name in own and name in parameters else "by the network already"
            raise refuse(f"{name} is defined {where}", "equations", value=name, fix="choose another name")
    if "V" not in equations.diff_eq_names or equations["V"].dim != brian2.volt.dim:
        raise refuse(
            "the equations say nothing of the membrane potential",
            "equations",
            expected="an equation dV/dt = ... : volt, of the deviation from the resting potential",
        )
    statements = parse_statements(definition.reset)
    assigned = {target for target, _, _ in statements}
    taken = {*GIVEN, *RESERVED, *parameters, *DEFAULT_UNITS, *DEFAULT_FUNCTIONS, *DEFAULT_CONSTANTS}
    for name in sorted(assigned & taken):
        raise refuse(
            f"the reset sets {name}, which is no variable of the neuron",
            "reset",
            value=name,
            expected="statements that set " + " | ".join(own),
        )
    for name in _set_later(statements, {*own, *taken}):
        raise refuse(
            f"the reset uses {name} before it sets it",
            "reset",
            value=name,
            expected="statements in the order in which they are run",
        )
    named = {
        "equations": [equation.expression for equation in parse_equations(definition.equations)],
        "threshold": [definition.threshold],
        "reset": [expression for _, _, expression in statements],
    }
    used: set[str] = set(filter(None, [definition.refractory]))
    defined = {*own, *parameters, *GIVEN, *DEFAULT_UNITS, *DEFAULT_FUNCTIONS, *DEFAULT_CONSTANTS, "dt"}
    for key, texts in named.items():
        names = {name for text in texts for name in names_of(text)}
        used |= names
        for name in sorted(names & {*RESERVED} - defined):
            raise refuse(
                f"{name} belongs to the simulation",
                key,
                value=name,
                fix="write a variable of its own, which is zero at rest, such as dx/dt = 1/second : 1",
            )
        for name in sorted(names - defined - (assigned if key == "reset" else set())):
            nearest = difflib.get_close_matches(name, [*own, *parameters, *GIVEN], n=1)
            value = next((text for start, text in USUAL.items() if name.startswith(start)), "10 mV")
            fix = f'define it below [parameters]: {name} = "{value}" or the like'
            raise refuse(
                f"{name} is not defined",
                key,
                value=name,
                fix=f"write {nearest[0]}, or {fix}" if nearest else fix,
            )
    for name in (*GIVEN, *parameters):
        if name not in used:
            what = "input" if name in GIVEN else "parameter"
            fix = f"add {name} to the currents" if name in GIVEN else "remove it"
            raise refuse(f"the {what} {name} is not used", "equations", value=name, fix=fix)
    for name in equations.diff_eq_names:
        if _unit(equations[name]) is None:
            raise refuse(
                f"the unit of {name} is none of those that a variable can have here",
                "equations",
                value=str(equations[name].unit),
                expected=", ".join([*_units(), "1"]),
            )
    with_synapses = f"{declared(definition)}\n{SYNAPTIC_CURRENT}"
    if definition.method == "exact" and len(equations.diff_eq_names) > 1 and not _is_soluble(with_synapses):
        raise refuse(
            f"Brian2 has no exact solution of these equations after {SECONDS} s",
            "method",
            value=definition.method,
            fix='set method = "rk4", or make fewer variables depend on each other',
        )
    _try(definition, refuse)


def _set_later(statements: Sequence[tuple[str, str, str]], known: Collection[str]) -> Iterator[str]:
    """Yield names of a reset's own that are used before they are set."""
    own = {target for target, _, _ in statements} - {*known}
    before: set[str] = set()
    for target, operator, expression in statements:
        used = names_of(expression) | ({target} if operator != "=" else set())
        yield from sorted(used & own - before)
        before.add(target)


@cache
def _is_soluble(equations: str) -> bool:
    """Return whether linear equations are solved, or refused, in time: sympy exponentiates a matrix.

    Where no copy of this process can be made, they count as soluble.
    """

    def solve() -> list[bool]:
        import brian2

        with suppress(Exception):  # that there is no solution is told later
            brian2.exact(brian2.Equations(equations))
        return [True]

    try:
        return attempted(solve, SECONDS, SECONDS * CLOCK) is not None
    except TimeoutError:
        return True


@cache
def state_units(definition: Definition) -> dict[str, str]:
    """Return the variables that are zero at rest, with their Brian2 units."""
    import brian2

    equations = brian2.Equations(definition.equations)
    names = [name for name in equations if name in equations.diff_eq_names]
    return {name: unit for name in names if (unit := _unit(equations[name])) is not None}


def _try(definition: Definition, refuse: Callable[..., UserError]) -> None:
    """Let Brian2 simulate the neuron at rest, with one more part of it each time."""
    steps = (("equations", 0.2, ()), ("threshold", 1e-3, EVERY_PART[:1]), ("reset", 1e-3, EVERY_PART))
    for key, seconds, parts in steps:
        try:
            V = float(cells(definition, np.zeros(1), seconds, 1e-4, parts).last_potential[0])
        except Exception as error:  # what a user's text does in Brian2 has no type of its own
            cause = error.__cause__ or error
            unsolved = "Unsupported" in type(cause).__name__
            given = ", ".join(f"{p.name} in {p.unit}" for p in definition.parameters if p.dimension)
            units = f"look at the units: {given}" if type(cause).__name__.startswith("Dimension") else None
            raise refuse(
                f"Brian2 cannot simulate it: {_sentence(cause)}",
                "method" if unsolved else key,
                value=definition.method if unsolved else getattr(definition, key),
                fix='set method = "rk4"' if unsolved else units,
            ) from None
        if key == "equations" and not abs(V) < REST:
            raise refuse(
                "without input, the potential does not rest at 0",
                "equations",
                value=f"V = {V:.3g} V after 0.2 s",
                expected=f"within {1e3 * REST:g} mV of 0",
                fix="write V as the deviation from the resting potential",
            )


def _units() -> Collection[str]:
    return ("volt", "amp", "siemens", "second", "hertz")


def _unit(equation: Any) -> str | None:
    import brian2

    if equation.dim.is_dimensionless:
        return "1"
    return next((name for name in _units() if getattr(brian2, name).dim == equation.dim), None)


def _sentence(error: BaseException) -> str:
    """Return the message of an error on one line."""
    return " ".join(str(error).split()).rstrip(".")
