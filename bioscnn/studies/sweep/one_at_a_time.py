"""The most influential parameters by themselves: what screening says, checked where nothing else moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bioscnn.studies.sweep.file import Sweep
from bioscnn.studies.sweep.parameters import Parameter
from bioscnn.studies.sweep.points import Point, point_with

VALUES = 9
"""Values of a range."""


def points_alone(sweep: Sweep, keys: Sequence[str]) -> list[Point]:
    """Return points at which one parameter moves over its range, and everything else is the study's own.

    Parameters
    ----------
    sweep : Sweep
        The sweep.
    keys : sequence of str
        The parameters.

    Returns
    -------
    list of Point
        Those of a parameter in a row; values that rounding makes equal occur once.
    """
    points: list[Point] = []
    for parameter in (p for key in keys for p in sweep.parameters if p.key == key):
        one = replace(sweep, parameters=(parameter,))
        seen = set()
        for position in parameter.positions(VALUES):
            point = point_with(one, len(points), [parameter.at(position)])
            if point.cells not in seen:
                seen.add(point.cells)
                points.append(point)
    return points


def cells_alone(parameters: Mapping[str, Parameter], point: Point) -> dict[str, str]:
    """Return the cells that tell a point of one parameter from the others: ``parameter, value, x``."""
    (key,), (cell,) = point.keys, point.cells
    parameter = parameters[key]
    return {
        "parameter": key,
        "value": parameter.written(cell),
        "x": f"{parameter.position_of(cell):.6g}",
    }
