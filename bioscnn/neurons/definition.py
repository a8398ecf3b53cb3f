"""A neuron that a user has written: equations, rules and parameters, read from a TOML file."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bioscnn.errors import UserError
from bioscnn.identifiers import check_characters, check_identifier
from bioscnn.neurons.expressions import canonical_expression
from bioscnn.neurons.model import check_refractory
from bioscnn.neurons.model_text import parse_equations, parse_statements
from bioscnn.quantities import BRIAN_UNITS, format_quantity, parse_any_quantity

METHODS = ("exact", "exponential_euler", "euler", "rk2", "rk4")
NEEDED = ("equations", "threshold", "reset")
KEYS = (*NEEDED, "refractory", "method", "parameters")


@dataclass(frozen=True)
class Parameter:
    """A number that all neurons share.

    Parameters
    ----------
    name : str
        As the equations call it.
    value : float
        In the SI unit.
    dimension : str or None
        As in `bioscnn.quantities`; None of a plain number.
    """

    name: str
    value: float
    dimension: str | None

    def __post_init__(self) -> None:
        key = f"parameters.{self.name}"
        check_identifier(self.name, key)
        if self.dimension is not None and self.dimension not in BRIAN_UNITS:
            raise UserError(
                "no such dimension", key=key, value=self.dimension, expected=" | ".join(BRIAN_UNITS)
            )
        if not math.isfinite(self.value):
            raise UserError("not a finite number", key=key, value=self.value)

    @property
    def unit(self) -> str:
        """The unit as Brian2 names it."""
        return "1" if self.dimension is None else BRIAN_UNITS[self.dimension]

    @property
    def setting(self) -> str | float:
        """The value as it is written in a file."""
        return self.value if self.dimension is None else format_quantity(self.value, self.dimension)


@dataclass(frozen=True)
class Definition:
    """What the file of a neuron says.

    Whoever makes one, its texts are those that are printed from the syntax trees of what was given, see
    `bioscnn.neurons.expressions`.

    Parameters
    ----------
    name : str
        Name of the file without its suffix; definitions that differ in nothing else are equal.
    equations : str
        Brian2 equations of ``V : volt``, the deviation from the resting potential, and of other variables,
        all of which are zero at rest; ``I_syn`` and ``I_stim``, currents of synapses and stimulus, are given.
    threshold, reset : str
        Brian2 condition of a spike, and statements that are run at one.
    refractory : str or None
        The parameter that says how long after a spike what is marked ``(unless refractory)`` is held.
    method : str
        Brian2's numerical integration: one of `METHODS`.
    parameters : tuple of Parameter
        In the order in which they were written.

    Raises
    ------
    UserError
        If a text holds what an equation may not, or refractory period or method is none; naming the key.
    """

    name: str = field(compare=False)
    equations: str
    threshold: str
    reset: str
    refractory: str | None = None
    method: str = "exponential_euler"
    parameters: tuple[Parameter, ...] = ()

    @classmethod
    def of_table(cls, name: str, table: Mapping[str, Any], file: Path | None = None) -> Definition:
        """Make a definition of the keys of a file.

        Raises
        ------
        UserError
            If a key is missing or unknown, or a value is none.
        """

        def refuse(problem: str, key: str, **details: Any) -> UserError:
            return UserError(problem, file=file, key=key, **details)

        for key in table:
            if key not in KEYS:
                nearest = difflib.get_close_matches(key, KEYS, n=1, cutoff=0.4)
                fix = f"write {nearest[0]}" if nearest else "remove it"
                raise refuse("a neuron does not have this key", key, expected=" | ".join(KEYS), fix=fix)
        for key in NEEDED:
            if key not in table:
                raise refuse("a neuron needs this key", key, fix=f'write {key} = "..."')
        parameters = tuple(_parameters(table.get("parameters", {}), file))
        texts = {key: value for key, value in table.items() if key != "parameters"}
        try:
            return cls(name, parameters=parameters, **texts)
        except UserError as error:
            raise error.but(file=file) from None

    def __post_init__(self) -> None:
        for key in (*NEEDED, *(["refractory"] if self.refractory is not None else []), "method"):
            text = getattr(self, key)
            if not (isinstance(text, str) and text.strip()):
                problem = "empty" if isinstance(text, str) else "not a text"
                raise UserError(problem, key=key, value=text, expected="a text in quotes")
            check_characters(text, key)
            object.__setattr__(self, key, text.strip())
        equations = "\n".join(str(equation) for equation in parse_equations(self.equations))
        reset = "\n".join(" ".join(statement) for statement in parse_statements(self.reset))
        object.__setattr__(self, "equations", equations)
        object.__setattr__(self, "threshold", canonical_expression(self.threshold, "threshold"))
        object.__setattr__(self, "reset", reset)
        times = [parameter.name for parameter in self.parameters if parameter.dimension == "time"]
        if self.refractory is not None and self.refractory not in times:
            raise UserError(
                "the refractory period is the name of a parameter that is a time",
                key="refractory",
                value=self.refractory,
                expected=" | ".join(times) or "such a parameter",
                fix='write refractory = "t_ref", and t_ref = "2 ms" among the parameters',
            )
        for parameter in self.parameters:
            if parameter.name == self.refractory:
                check_refractory(parameter.value, f"parameters.{parameter.name}")
        if self.method not in METHODS:
            raise UserError("no such method", key="method", value=self.method, expected=" | ".join(METHODS))

    def table(self) -> dict[str, Any]:
        """Return the keys of the file, all of them written."""
        refractory = {} if self.refractory is None else {"refractory": self.refractory}
        return {
            "equations": self.equations,
            "threshold": self.threshold,
            "reset": self.reset,
            **refractory,
            "method": self.method,
            "parameters": {parameter.name: parameter.setting for parameter in self.parameters},
        }


def _parameters(table: object, file: Path | None) -> list[Parameter]:
    if not isinstance(table, Mapping):
        raise UserError("not a table", file=file, key="parameters", value=table, fix="write [parameters]")
    parameters = []
    for name, text in table.items():
        try:
            parameters.append(Parameter(name, *parse_any_quantity(text)))
        except UserError as error:
            raise error.but(file=file, key=f"parameters.{name}") from None
    return parameters
