"""The table of a sweep: rows are appended whole, a torn one is cut, the last one of a point counts."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from bioscnn.errors import UserError
from bioscnn.files import unwritable_is_told, write_atomically

ERROR = "error"
POINT = "point"

SYNC_SECONDS = 5.0
"""So often rows are forced onto the disk: a power failure costs no more."""


class PointTable:
    """A CSV file with a row a point, to which one process appends.

    Parameters
    ----------
    path : Path
        The file.
    columns : sequence of str
        Its columns: the first is the number of the point, the last why it failed.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path, self.columns = path, tuple(columns)
        self.rows: dict[int, dict[str, str]] = {}
        """By point; of a point that was tried again, the last row."""

    @contextmanager
    def open(self) -> Iterator[PointTable]:
        """Read what is there, cut what is torn, and take rows.

        Raises
        ------
        UserError
            If the file is no table of these columns, or cannot be written.
        """
        with unwritable_is_told(self.path.parent):
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            self._read()
            self._synced = monotonic()
            yield self
            with unwritable_is_told(self.path.parent):
                os.fsync(self._descriptor)
        finally:
            os.close(self._descriptor)

    def append(self, row: Mapping[str, str]) -> None:
        """Write a row, whole or not at all.

        Raises
        ------
        UserError
            If the disk is full.
        """
        self._write(row.values())
        self.rows[int(row[POINT])] = dict(row)
        if monotonic() - self._synced > SYNC_SECONDS:
            os.fsync(self._descriptor)
            self._synced = monotonic()

    def finish(self) -> None:
        """Write the file once more, a row a point, in their order."""
        rows = [self.rows[point].values() for point in sorted(self.rows)]
        with unwritable_is_told(self.path.parent):
            write_atomically(self.path, b"".join(map(_line, [self.columns, *rows])))

    def failed(self) -> dict[int, str]:
        """Return the points that failed, and why."""
        return {point: row[ERROR] for point, row in self.rows.items() if row[ERROR]}

    def _read(self) -> None:
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.ftruncate(self._descriptor, len(whole))
        if not whole:
            self._write(self.columns)
            return
        header, *lines = csv.reader(io.StringIO(whole.decode("utf-8", "replace"), newline=""))
        if tuple(header) != self.columns:
            raise UserError(
                "the table of the sweep has other columns",
                file=self.path,
                value=", ".join(header),
                expected=", ".join(self.columns),
                fix="move the file away; the points are computed again",
            )
        for number, cells in enumerate(lines, 2):
            if len(cells) != len(self.columns) or not cells[0].isdecimal():
                raise UserError(
                    "a damaged line in the table of the sweep",
                    file=self.path,
                    key=f"line {number}",
                    value=",".join(cells)[:200],
                    expected=f"{len(self.columns)} cells, the first a number",
                    fix="delete the line; its point is computed again",
                )
            self.rows[int(cells[0])] = dict(zip(self.columns, cells, strict=True))

    def _write(self, cells: object) -> None:
        line, size = _line(cells), os.fstat(self._descriptor).st_size
        with unwritable_is_told(self.path.parent):
            try:
                written = os.write(self._descriptor, line)
                if written < len(line):
                    # The rest does not fit; asked again, the system says why.
                    os.write(self._descriptor, line[written:])
            except OSError:
                os.ftruncate(self._descriptor, size)
                raise


def _line(cells: object) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow(cells)  # type: ignore[arg-type]
    return text.getvalue().encode()
