"""Small changes of a module, as Cosmic Ray makes them: other operators, numbers, truth values, no loop."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from random import Random

Place = tuple[int, int]

LEFT_OUT = ("RemoveDecorator", "VariableReplacer", "VariableInserter")
"""Operators that mostly make what cannot be imported."""


@dataclass(frozen=True)
class Mutant:
    """One change of one module.

    Parameters
    ----------
    file : str
        The module, relative to the repository.
    operator : str
        Cosmic Ray's name of the change.
    occurrence : int
        Which of the places where it can be made.
    line : int
        Line of the module, from 1.
    """

    file: str
    operator: str
    occurrence: int
    line: int

    def source(self, root: Path) -> str:
        """Return the changed module."""
        from cosmic_ray.mutating import MutationVisitor
        from cosmic_ray.operators.provider import OperatorProvider

        text = (root / self.file).read_text()
        changed = MutationVisitor.mutate_code(text, OperatorProvider()[self.operator](), self.occurrence)
        assert changed is not None and changed != text
        return str(changed)

    def can_be_compiled(self, root: Path) -> bool:
        """Whether the changed module is Python that nobody is warned of.

        The star of keyword arguments is no product, and a number is no object to compare by ``is``.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                compile(self.source(root), self.file, "exec")
        except SyntaxError:
            return False
        return True

    def change(self, root: Path) -> tuple[str, str]:
        """Return the line as it is, and as it becomes."""
        before, after = (root / self.file).read_text().splitlines(), self.source(root).splitlines()
        at = next((k for k, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), self.line - 1)
        return before[at].strip(), after[at].strip() if at < len(after) else ""


def sampled(root: Path, files: list[str], n: int, rng: Random) -> list[Mutant]:
    """Return mutants of modules, each place and kind of change with the same chance, at most one of each."""
    sites = [site for file in files for site in sites_of(root, file)]
    rng.shuffle(sites)
    found: list[Mutant] = []
    for site in sites:
        mutant = rng.choice(site)
        if len(found) < n and mutant.can_be_compiled(root):
            found.append(mutant)
    return found


def sites_of(root: Path, file: str) -> list[list[Mutant]]:
    """Return the places of a module that can be changed, each with what it can be changed to."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.operators.provider import OperatorProvider

    text = (root / file).read_text()
    nodes, typed, provider = list(ast_nodes(get_ast(text))), list(_unnoticed(text)), OperatorProvider()
    found: list[tuple[Place, str, Mutant]] = []
    for name in provider:
        if name in LEFT_OUT or re.search("_(Eq|NotEq)_Is(Not)?$", name):  # equal words are one object
            continue
        operator, occurrence = provider[name](), 0
        for node in nodes:
            for start, _ in operator.mutation_positions(node):
                if not any(first <= start < last for first, last in typed):
                    found.append((start, name.partition("_")[0], Mutant(file, name, occurrence, start[0])))
                occurrence += 1
    found.sort(key=lambda one: (one[0], one[1], one[2].operator))
    return [[mutant for *_, mutant in group] for _, group in groupby(found, key=lambda one: one[:2])]


def _unnoticed(text: str) -> Iterator[tuple[Place, Place]]:
    """Yield the extents of what no test could notice: types, and ``strict`` of ``zip``, an assertion."""
    for node in ast.walk(ast.parse(text)):
        strict = node.value if isinstance(node, ast.keyword) and node.arg == "strict" else None
        for part in (getattr(node, "annotation", None), getattr(node, "returns", None), strict):
            if isinstance(part, ast.expr):
                yield (
                    (part.lineno, part.col_offset),
                    (part.end_lineno or part.lineno, part.end_col_offset or 0),
                )
