"""What sympy has solved, kept on disk: a solution takes half a second, and loading sympy another one."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bioscnn.caches import cache_folder, keep_text, kept_text

FUNCTIONS = (
    "exp",
    "expm1",
    "exprel",
    "sin",
    "cos",
    "tan",
    "sinh",
    "cosh",
    "tanh",
    "log",
    "sqrt",
    "abs",
    "int",
)
"""What a solution may call."""

_NODES = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.Call, ast.Name, ast.Constant, ast.Load, ast.Add, ast.Sub,
    ast.Mult, ast.Div, ast.Pow, ast.USub, ast.UAdd,
)  # fmt: skip

SOLVED_BY = ("brian.py", "propagator.py")
"""Modules of this folder whose edits make solutions stale."""


def cached_solution(problem: object, solve: Callable[[], Any], fits: Callable[[Any], bool]) -> Any:
    """Return a solution of equations as JSON has it, from disk or solved now.

    Parameters
    ----------
    problem : object
        All that decides the solution, of what JSON can say.
    solve : callable
        Solves it.
    fits : callable
        Whether what is on disk can be a solution; it is solved again if not.
    """
    here = Path(__file__).parent
    sources = [(here / name).read_text(encoding="utf-8") for name in SOLVED_BY]
    key = json.dumps([problem, sources, version("brian2"), version("sympy")])
    file = cache_folder() / "solutions" / f"{hashlib.sha256(key.encode()).hexdigest()[:20]}.json"
    with suppress(ValueError, SyntaxError, RecursionError):
        if (text := kept_text(file)) is not None and fits(solution := json.loads(text)):
            return solution
    solution = solve()
    keep_text(file, json.dumps(solution))
    return solution


def is_arithmetic(code: object) -> bool:
    """Whether a text is statements ``name = expression`` of arithmetic and functions of `FUNCTIONS` alone."""
    if not isinstance(code, str) or not code.isascii():
        return False
    for line in code.split("\n"):
        target, _, expression = line.partition(" = ")
        if not target.isidentifier():
            return False
        for node in ast.walk(ast.parse(expression, mode="eval")):
            called = not isinstance(node, ast.Call) or (
                isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS and not node.keywords
            )
            if not (called and isinstance(node, _NODES)) or (
                isinstance(node, ast.Constant) and type(node.value) not in (int, float)
            ):
                return False
    return True
