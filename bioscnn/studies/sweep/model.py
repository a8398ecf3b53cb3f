"""What a point comes to: the protocol of a model, and points evaluated in a process of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from bioscnn.errors import UserError
from bioscnn.studies.sweep.points import Point


class Model(Protocol):
    """Turns a point into outcomes; travels to other processes, so it is small and made of plain data."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the outcomes, with units, in the order of the table."""

    def shape(self, point: Point) -> str | None:
        """Return the name of the compiled program that a point needs; None if it needs none."""

    def is_built(self, point: Point) -> bool:
        """Whether this machine has that program."""

    def build(self, point: Point) -> None:
        """Compile it."""

    def run(self, point: Point) -> Mapping[str, float]:
        """Return the outcomes of a point by column.

        Raises
        ------
        UserError
            If it cannot be computed.
        """


@dataclass(frozen=True)
class Result:
    """What has become of a point.

    Parameters
    ----------
    point : Point
        Which.
    outcomes : dict of float
        By column; empty if it failed.
    error : str
        Why it failed, in one line; empty if all went well.
    """

    point: Point
    outcomes: Mapping[str, float] = field(default_factory=dict)
    error: str = ""


def evaluate(model: Model, points: Sequence[Point]) -> list[Result]:
    """Compute points one after the other; one that fails does not stop the others."""
    return [_evaluate(model, point) for point in points]


def _evaluate(model: Model, point: Point) -> Result:
    try:
        outcomes = {column: float(value) for column, value in model.run(point).items()}
    except UserError as error:
        return Result(point, error=one_line(error))
    except Exception as error:
        # Whatever it is, it must not take the results of other points with it.
        return Result(point, error=one_line(f"{type(error).__name__}: {error}"))
    unknown = [column for column, value in outcomes.items() if not np.isfinite(value)]
    if unknown:
        return Result(point, error=f"{', '.join(unknown)}: not a finite number")
    return Result(point, outcomes)


def one_line(message: object) -> str:
    """Return a message in one line, as a cell of the table."""
    return "; ".join(" ".join(line.split()) for line in str(message).splitlines() if line.strip())
