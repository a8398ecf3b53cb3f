"""The tables of a sweep: one row per point, as text that is the same however the points were computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bioscnn.experiments.experiment import Done, Row
from bioscnn.experiments.sweep.analysis import Outcomes
from bioscnn.experiments.sweep.parameters import Parameter, cell_of
from bioscnn.experiments.sweep.points import Point
from bioscnn.experiments.unit import Unit

POINTS, EFFECTS, INTERACTIONS, ALONE = "points", "effects", "interactions", "one-at-a-time"
"""Names of the tables."""

ERROR = "error"
"""Column that says why a point failed; empty for the others."""


def rows_of(
    points: Sequence[Point],
    units: Sequence[Unit],
    done: Done,
    columns: Sequence[str],
    cells: Callable[[Point], Mapping[str, str]],
) -> list[Row]:
    """Return one row per point: its number and seed, what tells it from the others, outcomes, and error."""
    rows = []
    for point, unit in zip(points, units, strict=True):
        outcome = done.outcomes.get(unit.id)
        rows.append(
            {
                "point": point.number,
                "seed": point.seed,
                **cells(point),
                **{column: "" if outcome is None else cell_of(float(outcome[column])) for column in columns},
                ERROR: done.failed.get(unit.id, ""),
            }
        )
    return rows


def cells_of(parameters: Sequence[Parameter], point: Point) -> dict[str, str]:
    """Return the values of a point of the design, by column."""
    return dict(zip((parameter.column for parameter in parameters), point.cells, strict=True))


def cells_alone(parameters: Mapping[str, Parameter], point: Point) -> dict[str, str]:
    """Return ``parameter``, ``value`` and ``x``, its position in the range, of a parameter moved alone."""
    (key,), (cell,) = point.keys, point.cells
    parameter = parameters[key]
    return {"parameter": key, "value": parameter.written(cell), "x": f"{parameter.position_of(cell):.6g}"}


def outcomes_of(rows: Sequence[Row], columns: Sequence[str]) -> Outcomes:
    """Return the outcomes of the points that did not fail, in their order, by column."""
    return {column: np.array([float(row[column]) for row in rows if not row[ERROR]]) for column in columns}
