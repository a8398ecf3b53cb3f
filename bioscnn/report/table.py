"""Tables of a page: which columns of a data frame are shown, and how their values are written."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bioscnn.report.inline import Inline, Link, Styled

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    key : str or tuple of str
        Column of the data whose values are shown, or several that `format` makes one cell of, such as the
        two ends of an interval.
    heading : Inline
        What stands above it, with its unit; ``\\n`` breaks the line.
    format : callable, optional
        Returns a cell from the values of `key`. Text is shown as it is if left out, whole numbers with
        commas and other numbers with four digits. It is not asked about missing values (None or NaN), whose
        cells are empty.
    numeric : bool
        Whether cells are aligned to the right and never broken.
    words : bool
        Whether cells hold sentences: they are broken, and the column is never narrow.
    """

    key: str | tuple[str, ...]
    heading: Inline
    format: Callable[..., Inline] | None = None
    numeric: bool = False
    words: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """Columns of the data that a cell is made of."""
        return (self.key,) if isinstance(self.key, str) else self.key

    def cell(self, row: Row) -> Inline:
        """Return the text of a cell."""
        values = [row[key] for key in self.keys]
        if any(_is_missing(value) for value in values):
            return ""
        return (self.format or _plain)(*values)


def numbers(
    key: str | tuple[str, ...], heading: Inline, form: Callable[..., Inline] | str | None = None
) -> Column:
    """Return a column of numbers, aligned to the right.

    Parameters
    ----------
    key, heading
        As of `Column`.
    form : callable or str, optional
        As the `format` of `Column`; or how each number is written, such as ``",.0f"``. Of two keys, those are
        the ends of an interval, such as ``[1,200, 1,300]``.
    """
    if isinstance(form, str):
        text = f"{{:{form}}}" if isinstance(key, str) else f"[{{:{form}}}, {{:{form}}}]"
        return Column(key, heading, text.format, numeric=True)
    return Column(key, heading, form, numeric=True)


@dataclass(frozen=True)
class Line:
    """A row as it is printed: its cells, the first of which is its heading."""

    cells: list[Inline]
    bold: bool = False
    note: Inline = ""


@dataclass(frozen=True)
class Group:
    """Rows of a table that share a heading; no heading if the table is not grouped."""

    heading: Inline
    lines: list[Line]


@dataclass(frozen=True, eq=False)
class Table:
    """A table of a page; the first column names the rows.

    Parameters
    ----------
    rows : DataFrame or sequence of mappings
        The data, one row of the table each.
    columns : sequence of Column
        What is shown of them, from left to right.
    caption : Inline
        What is to be known before one reads it, above the table.
    group_by : str, optional
        Column of the data whose value heads the rows that share it, in the order in which values appear.
    folded : str, optional
        Where the table is hidden at first: the line that is clicked to unfold it.
    bold : str, optional
        Column of the data with truth values: rows in which it is true are printed bold.
    note : str, optional
        Column of the data with text that takes the place of all cells but the first where it is not empty.
    dense : bool
        Whether the type is small, for tables of many columns or rows.

    Raises
    ------
    KeyError
        If a row lacks a column that the table asks for; names all that it lacks.
    """

    rows: pd.DataFrame | Sequence[Row]
    columns: Sequence[Column]
    caption: Inline = ""
    group_by: str | None = None
    folded: str | None = None
    bold: str | None = None
    note: str | None = None
    dense: bool = False
    records: Sequence[Row] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        rows = self.rows
        records: Sequence[Any] = rows if isinstance(rows, Sequence) else rows.to_dict("records")
        object.__setattr__(self, "records", records)
        keys = {key for column in self.columns for key in column.keys}
        keys |= {key for key in (self.group_by, self.bold, self.note) if key is not None}
        for row in records:
            if missing := sorted(keys - set(row)):
                raise KeyError(", ".join(missing))

    @property
    def groups(self) -> list[Group]:
        """Rows as they are printed, under their headings; without headings, one group of all."""
        if self.group_by is None:
            return [Group("", [self._line(row) for row in self.records])]
        lines: dict[Inline, list[Line]] = {}
        for row in self.records:
            lines.setdefault(row[self.group_by], []).append(self._line(row))
        return [Group(heading, rows) for heading, rows in lines.items()]

    def _line(self, row: Row) -> Line:
        note: Inline = ""
        if self.note is not None and not _is_missing(row[self.note]):
            note = row[self.note]
        cells = [column.cell(row) for column in (self.columns[:1] if note else self.columns)]
        return Line(cells, bool(self.bold is not None and row[self.bold]), note)


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _plain(value: object) -> Inline:
    if isinstance(value, str | Styled | Link | tuple):
        return value
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else f"{value:,}"
