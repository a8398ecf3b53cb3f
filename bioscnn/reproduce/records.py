"""Outcome of each step, kept in ``steps.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from bioscnn.errors import UserError
from bioscnn.files import read_text, write_json

Outcome = Literal["done", "failed", "unfinished"]


@dataclass(frozen=True)
class Record:
    """Outcome of a step.

    Parameters
    ----------
    answers : str
        What it answers, in one line.
    command : tuple of str
        Words after ``bioscnn``.
    began : str
        Moment, ISO 8601.
    seconds : float
        How long it took; a step that was interrupted and taken up again counts from then on.
    outcome : str
        ``done``, ``failed``, or ``unfinished``: interrupted, or running at the moment.
    error : str
        The last lines that a failed step wrote.
    commit : str or None
        Of the code; None outside git.
    dirty : bool or None
        Whether the code was changed since.
    """

    answers: str
    command: tuple[str, ...]
    began: str
    seconds: float
    outcome: Outcome
    error: str
    commit: str | None
    dirty: bool | None


def read_records(path: Path) -> dict[str, Record]:
    """Return the records by name of the step; none if there is no file.

    Raises
    ------
    UserError
        If the file is damaged.
    """
    if not path.exists():
        return {}
    try:
        content = json.loads(read_text(path))
        return {name: _record(fields) for name, fields in content.items()}
    except (OSError, LookupError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(
            f"the list of finished steps is damaged: {error}",
            file=path,
            fix="delete it: steps that are done keep their results, and most of them end soon when repeated",
        ) from error


def _record(fields: dict[str, Any]) -> Record:
    record = replace(Record(**fields), command=tuple(fields["command"]))
    if record.outcome not in get_args(Outcome):
        raise ValueError(f"{record.outcome!r} is no outcome")
    return replace(record, seconds=float(record.seconds))


def write_records(path: Path, records: Mapping[str, Record]) -> None:
    """Write the records, whole or not at all; errors as for `bioscnn.files.write_atomically`."""
    write_json(path, {name: asdict(record) for name, record in records.items()})
