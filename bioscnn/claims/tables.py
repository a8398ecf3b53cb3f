"""Tables of the docs: a CSV file, and beside it a TOML file that says what made it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bioscnn.claims.record import Record, read_record
from bioscnn.errors import UserError
from bioscnn.files import is_file, read_text

Cells = Mapping[str, str]

NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
"""Names of tables, which name files."""

IN_HEADER = re.compile(
    r"[(\[]([^)\]]+)[)\]]$|, (%|ms|points|dB|s)$|_(ms|s|mV|nA|Hz|percent|points|px)$|^(n|p|seeds|trials)$"
)
"""Where the header of a column says its unit."""

UNIT, OUTCOME, VALUE, VERDICT = "unit", "outcome", "value", "verdict"


@dataclass(frozen=True)
class Table:
    """A table of ``docs/tables``.

    Parameters
    ----------
    path : Path
        The CSV file.
    header : tuple of str
        Names of the columns.
    rows : tuple of mapping
        The cells of each row by column.
    record : Record
        What made it.
    """

    path: Path
    header: tuple[str, ...]
    rows: tuple[Cells, ...]
    record: Record

    def select(self, selectors: Sequence[str]) -> list[Cells]:
        """Return the rows that have all of these cells: ``value`` in any column, or ``column=value``."""

        def fits(row: Cells, selector: str) -> bool:
            column, equal, value = selector.partition("=")
            if equal and column in self.header:
                return row[column] == value
            return selector in row.values()

        return [row for row in self.rows if all(fits(row, selector) for selector in selectors)]

    def interval(self, column: str) -> tuple[str, str] | None:
        """Return the columns of the interval of a column, if it has one."""
        for pair in (
            (f"{column} low", f"{column} high"),
            (f"{column}_low", f"{column}_high"),
            ("low", "high"),
        ):
            if set(pair) <= set(self.header) and (pair != ("low", "high") or column in (VALUE, "difference")):
                return pair
        return None

    def numbers(self, row: Cells, column: str) -> list[float] | None:
        """Return the value and the interval in a column of a row, shares in percent; None if it is no number.

        Raises
        ------
        UserError
            If the column has no unit.
        """
        cells = [row[name] for name in (column, *(self.interval(column) or ()))]
        try:
            values = [float(cell) for cell in cells if cell]
        except ValueError:
            return None
        if not values:
            return []
        scale = 100.0 if self.unit(row, column) == "share" else 1.0
        return [scale * value for value in values]

    def unit(self, row: Cells, column: str) -> str:
        """Return the unit of a number: of its column, from the header or the record, or of its row.

        A row says its unit in the column ``unit``, or the record says that of its ``outcome``.
        """
        if column in self.record.units:
            return self.record.units[column]
        match = IN_HEADER.search(column)
        if match:
            return str(next(filter(None, match.groups())))
        if row.get(UNIT):
            return row[UNIT]
        if row.get(OUTCOME) in self.record.units:
            return self.record.units[row[OUTCOME]]
        raise UserError(
            "a table without its units", file=self.path, key=column,
            expected="a unit in the header, such as 'accuracy (%)', or a column 'unit'",
            fix=f"add it under [units] in {self.path.with_suffix('.toml').name}; of a plain number \"1\"",
        )  # fmt: skip


def read_table(folder: Path, name: str) -> Table:
    """Return a table of a folder.

    Raises
    ------
    UserError
        If there is no such table, it is damaged, or nothing says what made it.
    """
    path = folder / f"{name}.csv"
    if not NAME.fullmatch(name) or not is_file(path):
        raise UserError(
            "a claim without a table", file=path if len(name) < 200 else folder, value=name,
            expected="a table of lower case letters, digits and hyphens",
            fix="take it from results: `bioscnn claims --take`",
        )  # fmt: skip
    try:
        header, *rows = list(csv.reader(io.StringIO(read_text(path)))) or [[]]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"a table that cannot be read: {error}", file=path) from None
    if len(set(header)) < len(header) or not header:
        raise UserError("a table without a header row, or with a column twice", file=path, value=header)
    for k, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise UserError(
                f"row {k} of a table is not as long as its header", file=path, value=len(row),
                expected=f"{len(header)} cells",
            )  # fmt: skip
    cells = tuple(dict(zip(header, row, strict=True)) for row in rows)
    return Table(path, tuple(header), cells, read_record(path))
