"""Expressions of a user's neuron: read into a syntax tree of what is allowed, and printed from it.

Brian2 reads text with Python's parser, turns it into sympy expressions, Python and C++, and runs them. What
it is given here is never the user's text: it is printed from a tree of arithmetic, comparisons, names and
known functions, which no comment, line separator, attribute or string is a part of.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from contextlib import suppress

import numpy as np

from bioscnn.errors import UserError
from bioscnn.identifiers import check_characters, check_identifier

LONGEST = 4000
"""Most characters of a text."""

DEEPEST = 40
"""Most levels of a tree."""

HIGHEST_POWER = 20.0
"""Largest exponent, and largest product of exponents of exponents."""

MOST_TERMS = 300
"""Of all equations of a text, multiplied out: with that many, Brian2 takes about a second; see `terms`."""

_WARNED_OF = re.compile(r"\\|(?<![\w.])(?>(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![jJ]\b)[A-Za-z_]")
"""What Python reads with a warning, such as 1or 2; warnings are not made errors: all threads share them."""

FUNCTIONS = {
    "abs": 1, "arccos": 1, "arcsin": 1, "arctan": 1, "ceil": 1, "clip": 3, "cos": 1, "cosh": 1, "exp": 1,
    "expm1": 1, "exprel": 1, "floor": 1, "int": 1, "log": 1, "log10": 1, "log1p": 1, "sign": 1, "sin": 1,
    "sinh": 1, "sqrt": 1, "tan": 1, "tanh": 1,
}  # fmt: skip
"""Functions that an expression may call, each with its number of arguments."""

RANDOM = ("rand", "randn", "poisson", "binomial", "xi")
TIME = ("t", "t_in_timesteps", "timestep")

_APART = "all trials run one after the other, and trials in a row would differ from trials alone"

_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod)
_COMPUTED: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}  # fmt: skip
_COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)


def parse_expression(text: str, key: str) -> ast.expr:
    """Return the syntax tree of an expression, of which every node is allowed.

    Parameters
    ----------
    text : str
        Arithmetic (``+ - * / // % **``), comparisons, ``and``, ``or``, ``not``, numbers, names, and calls of
        `FUNCTIONS`.
    key : str
        Where it was written, for the error.

    Raises
    ------
    UserError
        Naming the key and the part that is not allowed.
    """
    check_characters(text, key)
    if len(text) > LONGEST:
        raise UserError("the text is too long", key=key, value=len(text), expected=f"{LONGEST} characters")
    try:
        if _WARNED_OF.search(text):
            raise SyntaxError("a backslash, or a number that runs into a word")
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else "it is nested too deeply"
        raise UserError(
            f"cannot read the {key}: {reason}",
            key=key,
            value=text,
            expected="an expression such as (R_m*(I_syn + I_stim) - V)/tau_m",
        ) from None
    _Check(key)(tree)
    terms(tree, {}, key)
    return tree


def canonical_expression(text: str, key: str) -> str:
    """Return an expression as it is printed from its syntax tree; errors as for `parse_expression`.

    Examples
    --------
    >>> canonical_expression("V>V_th or(V > 2*V_th) # either", "threshold")
    'V > V_th or V > 2 * V_th'
    >>> canonical_expression("V.real > V_th", "threshold")
    Traceback (most recent call last):
    bioscnn.errors.UserError: an equation has no attributes
      key:      threshold
      value:    'V.real'
      expected: numbers, names, + - * / // % **, comparisons, and, or, not, known functions
    """
    return ast.unparse(parse_expression(text, key))


def names_of(text: str) -> set[str]:
    """Return the names of variables and functions in a canonical expression.

    Examples
    --------
    >>> sorted(names_of("V > clip(V_th, 0 * volt, inf)"))
    ['V', 'V_th', 'clip', 'inf', 'volt']
    """
    return {node.id for node in ast.walk(ast.parse(text, mode="eval")) if isinstance(node, ast.Name)}


def compared_with(name: str, text: str, values: Mapping[str, float]) -> float | None:
    """Return the number with which a canonical expression first compares a variable; None if there is none.

    Parameters
    ----------
    name : str
        The variable.
    text : str
        The expression.
    values : mapping of float
        What other names stand for.

    Examples
    --------
    >>> compared_with("V", "x > 1 and V > V_th + 5 * mV", {"V_th": 0.02, "mV": 1e-3})
    0.025
    >>> compared_with("V", "V / V_th > 1", {"V_th": 0.02})
    """
    for node in ast.walk(ast.parse(text, mode="eval")):
        match node:
            case ast.Compare(left=ast.Name(id=found), comparators=[other]) if found == name:
                pass
            case ast.Compare(left=other, comparators=[ast.Name(id=found)]) if found == name:
                pass
            case _:
                continue
        with suppress(KeyError, ValueError, ArithmeticError), np.errstate(over="raise"):
            return arithmetic_value(other, values)
    return None


def arithmetic_value(node: ast.expr, values: Mapping[str, float]) -> float:
    """Return the value of an expression: arithmetic, exponentials and known names.

    Raises
    ------
    KeyError
        If a name is not among the values.
    ValueError
        If it is anything else.
    """
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -arithmetic_value(operand, values)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _COMPUTED:
            return _COMPUTED[type(op)](arithmetic_value(left, values), arithmetic_value(right, values))
        case ast.Call(func=ast.Name(id="exp"), args=[exponent], keywords=[]):
            return float(np.exp(arithmetic_value(exponent, values)))
    raise ValueError(f"a solution has no {ast.unparse(node)}")


def terms(node: ast.expr, named: Mapping[str, int], key: str) -> int:
    """Return an upper bound of the terms of an expression once it is multiplied out, as Brian2 has sympy do.

    Parameters
    ----------
    node : ast.expr
        A tree from `parse_expression`.
    named : mapping of str to int
        Terms of the names that stand for expressions themselves.
    key : str
        Where it was written, for the error.

    Raises
    ------
    UserError
        If there are more than `MOST_TERMS`, or an exponent stands for an expression.

    Examples
    --------
    >>> terms(parse_expression("g*m**3*h*(V - E) + (V + a + b)**4", "equations"), {}, "equations")
    17
    """
    match node:
        case ast.Name(id=name):
            found = named.get(name, 1)
        case ast.BinOp(left=base, op=ast.Pow(), right=exponent):
            if any(isinstance(part, ast.Name) and part.id in named for part in ast.walk(exponent)):
                raise UserError(
                    "an exponent that is an expression", key=key, value=ast.unparse(node),
                    expected="a number, a quotient of two, or a parameter",
                )  # fmt: skip
            n, k = math.ceil(_Check(key).exponent(exponent)), terms(base, named, key)
            found = math.comb(n + k - 1, n)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            found = terms(left, named, key) * terms(right, named, key)
        case ast.BinOp(left=left, op=ast.Div() | ast.FloorDiv(), right=right):
            # A sum below a fraction stays one part; it is multiplied out once.
            found = terms(left, named, key) + terms(right, named, key) - 1
        case _:
            below = (child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr))
            found = sum(terms(child, named, key) for child in below if not _is_function(node, child))
    found = max(1, found)
    if found > MOST_TERMS:
        raise UserError(
            "too many terms when it is multiplied out", key=key, value=ast.unparse(node),
            expected=f"at most {MOST_TERMS} terms in all equations", fix="write sums below smaller powers",
        )  # fmt: skip
    return found


def _is_function(node: ast.expr, child: ast.expr) -> bool:
    return isinstance(node, ast.Call) and child is node.func


class _Check:
    """Refuses the nodes of a tree that are not allowed."""

    def __init__(self, key: str) -> None:
        self.key = key

    def __call__(self, node: ast.expr, depth: int = 0, power: float = 1.0) -> None:
        """Check a node and all below it; `power` is the product of the exponents above it."""
        if depth > DEEPEST:
            raise self._error("it is nested too deeply", node, expected=f"at most {DEEPEST} levels")
        below: list[ast.expr] = []
        match node:
            case ast.Constant():
                self._number(node)
            case ast.Name():
                self._name(node)
            case ast.UnaryOp(op=ast.UAdd() | ast.USub() | ast.Not(), operand=operand):
                below = [operand]
            case ast.BinOp(left=base, op=ast.Pow(), right=exponent):
                power *= self.exponent(exponent)
                if power > HIGHEST_POWER:
                    raise self._error(
                        "too high a power", node, expected=f"exponents of at most {HIGHEST_POWER:g} in all"
                    )
                below = [base]
            case ast.BinOp(left=left, op=op, right=right) if isinstance(op, _ARITHMETIC):
                below = [left, right]
            case ast.BoolOp(values=values):
                below = values
            case ast.Compare(left=left, ops=[op], comparators=[right]) if isinstance(op, _COMPARISONS):
                below = [left, right]
            case ast.Compare(ops=[_, _, *_]):
                raise self._error("two comparisons in a row", node, fix='write "a < b and b < c"')
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                self._function(name, node)
                below = arguments
            case _:
                raise self._error(
                    f"an equation has no {_construct(node)}",
                    node,
                    expected="numbers, names, + - * / // % **, comparisons, and, or, not, known functions",
                )
        for child in below:
            self(child, depth + 1, power)

    def _number(self, node: ast.Constant) -> float:
        value = node.value
        if not isinstance(value, int | float):
            raise self._error(f"an equation has no {_construct(node)}", node, expected="a number")
        if not (math.isfinite(value) if isinstance(value, float) else value < 2**31):
            raise self._error(
                "too large a number", node, expected="whole numbers below 2**31; write others as 1e10"
            )
        return float(value)

    def _name(self, node: ast.Name) -> None:
        if node.id in RANDOM:
            raise self._error(
                f"{node.id} is random: {_APART}",
                node,
                fix="remove it; noise is a table of the study, such as [noise.spike-loss], see docs/noise.md",
            )
        if node.id in TIME:
            raise self._error(
                f"{node.id} counts from the beginning of the run: {_APART}",
                node,
                fix="write a variable that is zero at rest, such as dx/dt = 1/second : 1",
            )
        if node.id in FUNCTIONS:
            raise self._error(f"{node.id} is a function", node, fix=f"write {node.id}(...)")
        check_identifier(node.id, self.key)

    def _function(self, name: str, node: ast.Call) -> None:
        if name in (*RANDOM, *TIME):
            self._name(ast.Name(name))
        if name not in FUNCTIONS:
            raise self._error(
                f"no such function in an equation: {name}",
                node,
                expected="one of " + ", ".join(FUNCTIONS),
            )
        if len(node.args) != FUNCTIONS[name]:
            raise self._error(f"{name} takes {FUNCTIONS[name]} in parentheses", node)

    def exponent(self, node: ast.expr) -> float:
        """Return the size of an exponent, at least 1: a number, a quotient of two, or a name."""
        match node:
            case ast.UnaryOp(
                op=ast.UAdd() | ast.USub(), operand=ast.Constant() | ast.Name() | ast.BinOp() as operand
            ):
                return self.exponent(operand)
            case ast.Constant():
                return max(1.0, self._number(node))
            case ast.Name():
                self._name(node)
                return 1.0
            case ast.BinOp(left=ast.Constant() as above, op=ast.Div(), right=ast.Constant() as below):
                numbers = self._number(above), self._number(below)
                if numbers[1]:
                    return max(1.0, numbers[0] / numbers[1])
        raise self._error("not an exponent", node, expected="a number, a quotient of two, or a parameter")

    def _error(self, problem: str, node: ast.expr, **details: str) -> UserError:
        try:
            part = ast.unparse(node)
        except RecursionError:
            part = "..."
        return UserError(problem, key=self.key, value=part, **details)


def _construct(node: ast.expr) -> str:
    """Return the name of a node's construct."""
    if isinstance(node, ast.Constant):
        return {str: "text in quotes", complex: "complex number"}.get(type(node.value), "such constant")
    return {
        "Attribute": "attributes", "Subscript": "subscripts", "Lambda": "functions of its own",
        "IfExp": "if and else", "JoinedStr": "text in quotes", "Call": "such call", "NamedExpr": ":=",
        "BinOp": "such operator", "UnaryOp": "such operator", "Compare": "such comparison",
    }.get(type(node).__name__, type(node).__name__)  # fmt: skip
