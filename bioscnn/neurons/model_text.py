"""Equations and statements of a user's neuron: read line by line, and printed from what was read."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from bioscnn.errors import UserError
from bioscnn.identifiers import check_characters, check_identifier
from bioscnn.neurons.expressions import LONGEST, MOST_TERMS, canonical_expression, parse_expression, terms

HELD = "unless refractory"
"""The flag of a variable that is held while the neuron is refractory."""

_DIFFERENTIAL = re.compile(r"d(\w+)\s*/\s*dt\s*=(.*)", re.ASCII | re.DOTALL)
_SUBEXPRESSION = re.compile(r"(\w+)\s*(?:=(.*))?", re.ASCII | re.DOTALL)
_UNIT_AND_FLAGS = re.compile(r"([^()]*)(?:\(([^()]*)\)\s*)?", re.ASCII)
_STATEMENT = re.compile(r"(\w+)\s*([-+*/]?=)(.*)", re.ASCII | re.DOTALL)
_COMMENT = re.compile(r"#[^\n]*")


@dataclass(frozen=True)
class Equation:
    """One line of a model.

    Parameters
    ----------
    name, expression, unit : str
        The variable, what it or its derivative is, and Brian2's name of its unit.
    differential, held : bool
        Whether the expression is the derivative, and whether it is held while the neuron is refractory.
    """

    name: str
    expression: str
    unit: str
    differential: bool
    held: bool

    def __str__(self) -> str:
        left = f"d{self.name}/dt" if self.differential else self.name
        return f"{left} = {self.expression} : {self.unit}" + f" ({HELD})" * self.held


def parse_equations(text: str, key: str = "equations") -> tuple[Equation, ...]:
    """Return the equations of a text, in its order.

    Parameters
    ----------
    text : str
        Lines ``dX/dt = expression : unit``, with ``(unless refractory)`` or without, and
        ``X = expression : unit``. An expression may go on over several lines; comments are dropped.
    key : str
        Where it was written, for the error.

    Raises
    ------
    UserError
        Naming the key, the line, and what is not allowed.
    """
    equations, lines = [], ""
    for line in _clean(text, key).split("\n"):
        lines = f"{lines} {line.strip()}".strip()
        if ":" in lines:
            equations.append(_equation(lines, key))
            lines = ""
    if lines or not equations:
        raise _unread(lines or text, key)
    _check_terms(equations, key)
    return tuple(equations)


def _check_terms(equations: Sequence[Equation], key: str) -> None:
    """Refuse equations of too many terms, once Brian2 has put expressions where their names stand."""
    trees = {e.name: ast.parse(e.expression, mode="eval").body for e in equations if not e.differential}
    named: dict[str, int] = dict.fromkeys(trees, 1)
    for _ in trees:  # each may stand for those that stand for others; Brian2 refuses circles
        named = {name: terms(tree, named, key) for name, tree in trees.items()}
    rates = [ast.parse(e.expression, mode="eval").body for e in equations if e.differential]
    total = sum(terms(tree, named, key) for tree in rates)
    if total > MOST_TERMS:
        raise UserError(
            "too many terms when the equations are multiplied out", key=key, value=total,
            expected=f"at most {MOST_TERMS}", fix="write sums below smaller powers",
        )  # fmt: skip


def parse_statements(text: str, key: str = "reset") -> tuple[tuple[str, str, str], ...]:
    """Return the statements of a text as target, operator (``=``, ``+=``, ...) and expression.

    Lines and semicolons end a statement, unless a parenthesis is open; comments are dropped.

    Raises
    ------
    UserError
        Naming the key, the statement, and what is not allowed.

    Examples
    --------
    >>> parse_statements("V = 0*volt; I_a += b  # adapt")
    (('V', '=', '0 * volt'), ('I_a', '+=', 'b'))
    """
    statements, waiting = [], ""
    for part in re.split(r"[\n;]", _clean(text, key)):
        waiting = f"{waiting} {part.strip()}".strip()
        if not waiting or waiting.count("(") > waiting.count(")"):
            continue
        match = _STATEMENT.fullmatch(waiting)
        if match is None:
            raise UserError(
                f"cannot read the {key}", key=key, value=waiting, expected="statements such as V = 0*volt"
            )
        target, operator, expression = match.groups()
        check_identifier(target, key)
        statements.append((target, operator, canonical_expression(expression, key)))
        waiting = ""
    if waiting or not statements:
        problem = "a parenthesis is not closed" if waiting else "there is no statement"
        raise UserError(f"cannot read the {key}: {problem}", key=key, value=waiting or text)
    return tuple(statements)


def _clean(text: str, key: str) -> str:
    """Return a text without its comments."""
    check_characters(text, key)
    if len(text) > LONGEST:
        raise UserError("the text is too long", key=key, value=len(text), expected=f"{LONGEST} characters")
    return _COMMENT.sub("", text)


def _equation(text: str, key: str) -> Equation:
    left, _, right = (part.strip() for part in text.partition(":"))
    ending, differential = _UNIT_AND_FLAGS.fullmatch(right), _DIFFERENTIAL.fullmatch(left)
    match = differential or _SUBEXPRESSION.fullmatch(left)
    if ending is None or match is None:
        raise _unread(text, key)
    name, expression = match.groups()
    check_identifier(name, key)
    if expression is None:
        raise UserError(
            f"the {key} declare {name}, and parameters have a table of their own",
            key=key,
            value=name,
            fix=f"remove the line, and write {name} below [parameters]",
        )
    unit, flags = ending.groups()
    flag = None if flags is None else " ".join(flags.split())
    if flag not in (None, HELD) or (flag == HELD and not differential):
        raise UserError(
            "an equation does not have this flag",
            key=key,
            value=flag,
            expected=f"({HELD}) behind the unit of an equation dX/dt = ..., or nothing",
        )
    return Equation(
        name, canonical_expression(expression, key), _unit(unit, key), differential is not None, flag == HELD
    )


def _unit(text: str, key: str) -> str:
    """Return a unit, a product of powers of names, as it is printed from its syntax tree."""
    tree = parse_expression(text, key)
    if not _is_unit(tree):
        raise UserError(
            "not a unit", key=key, value=text, expected="a unit such as volt, siemens/second or 1"
        )
    return ast.unparse(tree)


def _is_unit(node: ast.expr) -> bool:
    match node:
        case ast.Name() | ast.Constant(value=1):
            return True
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div(), right=right):
            return _is_unit(left) and _is_unit(right)
        case (
            ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int()))
            | ast.BinOp(
                left=left, op=ast.Pow(), right=ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int()))
            )
        ):
            return _is_unit(left)
    return False


def _unread(text: str, key: str) -> UserError:
    return UserError(
        f"cannot read the {key}",
        key=key,
        value=text,
        expected="lines such as dV/dt = (R_m*(I_syn + I_stim) - V)/tau_m : volt",
    )
