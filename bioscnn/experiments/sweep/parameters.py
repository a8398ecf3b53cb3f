"""A parameter of a sweep: a key of the study, and what values it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bioscnn.errors import UserError
from bioscnn.quantities import in_unit, split_quantity

DIGITS = 12
"""Significant digits of a value, in the table as in the simulation."""


@dataclass(frozen=True)
class Parameter:
    """A key that differs between points.

    Parameters
    ----------
    key : str
        Of the study, such as ``"neuron.tau_m"``.
    unit : str
        In which its values are written, such as ``"ms"``; empty for plain numbers and words.
    low, high : float or None
        Ends of its range, in the unit; None if its values are listed.
    scale : str
        ``"linear"``, or ``"log"``: equal factors are equally far.
    values : tuple of str
        Cells of the table, if its values are listed.
    nominal : str or None
        Cell of the value in the study itself; None where the study has no number for it.
    whole : bool
        Whether only whole numbers make sense.
    steps : int or None
        How many values a grid takes of the range, both ends among them.
    """

    key: str
    unit: str
    low: float | None
    high: float | None
    scale: str
    values: tuple[str, ...]
    nominal: str | None = None
    whole: bool = False
    steps: int | None = None

    @property
    def column(self) -> str:
        """Name of its column: the key, with the unit in brackets."""
        return f"{self.key} [{self.unit}]" if self.unit else self.key

    @property
    def range_text(self) -> str:
        """Its range or its values in words."""
        if self.values:
            return " | ".join(map(self.written, self.values))
        assert self.low is not None and self.high is not None
        return f"{self.written(cell_of(self.low))} to {self.written(cell_of(self.high))}"

    @property
    def is_choice(self) -> bool:
        """Whether its values have no order."""
        return bool(self.values) and not all(map(_is_number, self.values))

    def written(self, cell: str) -> str:
        """Return a value as a study file has it."""
        return f"{cell} {self.unit}" if self.unit else cell

    def at(self, position: float) -> str:
        """Return the value at a position in its range, 0 to 1, as a cell of the table.

        Listed values share the positions evenly.

        Examples
        --------
        >>> Parameter("neuron.tau_m", "ms", 10.0, 40.0, "log", ()).at(0.5)
        '20'
        >>> Parameter("neuron.reset", "", None, None, "linear", ("exact", "zero")).at(0.5)
        'zero'
        """
        if self.values:
            # A position on the border of two values, but for rounding, belongs to the second.
            return self.values[min(int(position * len(self.values) + 1e-9), len(self.values) - 1)]
        assert self.low is not None and self.high is not None
        if self.scale == "log":
            value = self.low * (self.high / self.low) ** position
        else:
            value = self.low + (self.high - self.low) * position
        return cell_of(round(value) if self.whole else value)

    def position_of(self, cell: str) -> float:
        """Return the position of a value, 0 to 1."""
        if self.values:
            return (self.values.index(cell) + 0.5) / len(self.values)
        assert self.low is not None and self.high is not None
        value, low, high = float(cell), self.low, self.high
        if self.scale == "log":
            value, low, high = (float(np.log(number)) for number in (value, low, high))
        return (value - low) / (high - low)

    def positions(self, n: int) -> list[float]:
        """Return the positions of all listed values, or of `n` in the range, both ends among them."""
        if self.values:
            return [(k + 0.5) / len(self.values) for k in range(len(self.values))]
        return [float(position) for position in np.linspace(0, 1, n)]

    def facts(self) -> dict[str, Any]:
        """Return the facts about it for the summary."""
        own = self.nominal
        return {
            "key": self.key,
            "low": self.low,
            "high": self.high,
            "unit": self.unit,
            "values": [float(v) if _is_number(v) else v for v in self.values] or None,
            "scale": self.scale,
            "nominal": float(own) if own is not None and _is_number(own) else own,
        }


def cell_of(value: float) -> str:
    """Print a number for the table."""
    return f"{value:.{DIGITS}g}"


def listed(key: str, values: tuple[Any, ...]) -> tuple[tuple[str, ...], str]:
    """Return the cells of listed values and their unit.

    Raises
    ------
    UserError
        If some are quantities and others are not.
    """
    quantities = [_quantity(value) for value in values]
    if not any(quantities):
        return tuple(_word(value) for value in values), ""
    if not all(quantities):
        raise UserError(
            "some values are quantities, others are not",
            key=key,
            value=list(values),
            fix="write all of them with a unit, or none",
        )
    with_units = [quantity for quantity in quantities if quantity is not None]
    unit = with_units[-1][1]
    return tuple(cell_of(in_unit(*quantity, unit)) for quantity in with_units), unit


def ends(key: str, low: float | str, high: float | str) -> tuple[float, float, str]:
    """Return the ends of a range, as numbers in the unit of the upper one, and that unit.

    Raises
    ------
    UserError
        If one has a unit and the other has not, if units differ in dimension or the ends do not differ.
    """
    lower, upper = _quantity(low), _quantity(high)
    if (lower is None) != (upper is None) or (lower is None and isinstance(low, str) | isinstance(high, str)):
        raise UserError(
            "the ends of a range are both quantities, or both numbers",
            key=key,
            value=[low, high],
            fix='write the unit of both, as in { low = "10 ms", high = "40 ms" }, or list words as values',
        )
    if upper is None or lower is None:
        first, last, unit = float(low), float(high), ""
    else:
        unit = upper[1]
        try:
            first, last = in_unit(*lower, unit), upper[0]
        except UserError as error:
            raise UserError(error.problem, key=key, value=[low, high], expected=error.expected) from None
    if not (np.isfinite([first, last]).all() and first < last):
        raise UserError(
            "the upper end of a range is not above the lower one",
            key=key,
            value=[low, high],
            fix="exchange them, or take the key out of [parameters]",
        )
    return first, last, unit


def _quantity(value: object) -> tuple[float, str] | None:
    """Return number and unit of a quantity; None for numbers and for words."""
    if not isinstance(value, str) or not value.strip() or value.strip()[0] not in "+-.0123456789":
        return None
    return split_quantity(value)


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return cell_of(value) if isinstance(value, float) else str(value)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
