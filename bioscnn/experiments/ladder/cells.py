"""The cells of the factorial: every combination of the pieces of biology that exists, as studies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

from bioscnn.experiments.ladder.rungs import changed, pieces_of
from bioscnn.studies.study import Study

Cell = frozenset[str]
"""The factors that a cell has; none is the bottom of the ladder."""

DELAY = "axonal delay"
FACTORS = ("leak", "refractory period", "synaptic current", DELAY)
"""Factors that combine with each other in all ways."""

NEEDS = {"adaptation": "leak", "conductances": "synaptic current"}
"""Factors that exist only together with another one, and which: the current of adaptation is that of a neuron
that leaks, and a conductance is open for a time."""

ALL = (*FACTORS, *NEEDS)


def cells_of(study: Study) -> dict[Cell, Study]:
    """Return every combination of factors that exists, with the study that it is.

    The studies of those on the way of the ladder are its rungs, key for key.

    Raises
    ------
    UserError
        If one is no valid study.
    """
    bottom, *pieces = pieces_of(study)
    changes: Mapping[str, Mapping[str, str]] = {
        factor: piece.changes for factor, piece in zip(ALL, pieces, strict=True)
    }
    base = changed(study, bottom.changes, name_of(frozenset()))
    cells = {}
    for cell in combinations_of():
        study_of_cell = base
        for factor in ALL:
            if factor in cell:
                study_of_cell = changed(study_of_cell, changes[factor], name_of(cell))
        cells[cell] = study_of_cell
    return cells


def combinations_of() -> Iterator[Cell]:
    """Yield every combination of factors that exists, with and without the delay one after the other."""
    others = [factor for factor in ALL if factor != DELAY]
    for n in range(len(ALL)):
        for chosen in combinations(others, n):
            if exists(frozenset(chosen)):
                yield frozenset(chosen)
                yield frozenset({*chosen, DELAY})


def exists(cell: Cell) -> bool:
    """Whether every factor of a cell has what it needs beside it."""
    return all(need in cell for factor, need in NEEDS.items() if factor in cell)


def contexts_of(factor: str) -> list[Cell]:
    """Return the cells without a factor that exist with it too: those in which it can be added.

    Of `FACTORS`, the cells that consist of these alone.
    """
    among = FACTORS if factor in FACTORS else ALL
    return [
        cell
        for cell in combinations_of()
        if factor not in cell and cell <= frozenset(among) and exists(cell | {factor})
    ]


def name_of(cell: Cell) -> str:
    """Return a cell in words, such as ``"leak + axonal delay"``."""
    return " + ".join(factor for factor in ALL if factor in cell) or "none"
