"""Files of results, read so that what is wrong with one is told by its name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioscnn.errors import UserError

if TYPE_CHECKING:
    import pandas as pd


def read_text(path: Path, fix: str) -> str:
    """Return the text of a file.

    Raises
    ------
    UserError
        If it cannot be read, with `fix` as what to do.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise UserError(f"a file of the results cannot be read: {reason}", file=path, fix=fix) from error


def read_json(path: Path, required: Sequence[str], fix: str) -> dict[str, Any]:
    """Return the JSON object of a file, which has to have some keys.

    Raises
    ------
    UserError
        If it cannot be read, is no JSON object or lacks a key.
    """
    try:
        text = read_text(path, fix)
        content = json.loads(text)
        key = _half_a_character(content) if "\\ud" in text.lower() else None
    except (ValueError, RecursionError) as error:
        raise UserError(f"a file of the results is damaged: {error}", file=path, fix=fix) from error
    if key is not None:
        problem = "a file of the results is damaged: half of a character, which no page can show"
        raise UserError(problem, file=path, key=ascii(key)[1:-1], fix=fix)
    if not isinstance(content, dict):
        raise UserError("a file of the results is damaged", file=path, expected="a JSON object", fix=fix)
    missing = [key for key in required if key not in content]
    if missing:
        raise UserError("a file of the results is incomplete", file=path, key=", ".join(missing), fix=fix)
    return content


def _half_a_character(content: object) -> str | None:
    """Return the key of a text that is JSON, but cannot be written: with half of a surrogate pair."""
    if isinstance(content, str):
        return "" if any("\ud800" <= character <= "\udfff" for character in content) else None
    if isinstance(content, dict):
        pairs = list(content.items())
    elif isinstance(content, list):
        pairs = [(str(place), part) for place, part in enumerate(content)]
    else:
        return None
    for name, part in pairs:
        inside = "" if _half_a_character(name) is not None else _half_a_character(part)
        if inside is not None:
            return f"{name}.{inside}".rstrip(".")
    return None


@contextmanager
def refuse_incomplete(fix: str) -> Iterator[None]:
    """Make a key that a JSON file of results lacks an error for the user, who is told what to do.

    Raises
    ------
    UserError
        Instead of a `KeyError`.
    """
    try:
        yield
    except KeyError as error:
        raise UserError("a file of the results is incomplete", key=str(error.args[0]), fix=fix) from error


def read_table(
    path: Path, columns: dict[str, str], fix: str, *, optional: Sequence[str] = ()
) -> pd.DataFrame:
    """Return the table of a CSV file.

    Parameters
    ----------
    path : Path
        The file.
    columns : dict of str
        Kind of each column that it has to have: ``text``, ``number``, ``share`` (0 to 1) or ``truth``.
    fix : str
        What a user does if the file is damaged.
    optional : sequence of str
        Columns in which a cell may be empty; empty text is read as ``""``.

    Raises
    ------
    UserError
        If the file cannot be read, has no rows, lacks a column, or a cell is not what it should be.
    """
    import io

    import pandas as pd

    text = read_text(path, fix)
    try:
        table = pd.read_csv(io.StringIO(text), keep_default_na=False, dtype=str)
    except ValueError as error:
        raise UserError(f"a file of the results is damaged: {error}", file=path, fix=fix) from error
    missing = [name for name in columns if name not in table]
    if missing:
        raise UserError("a file of the results is incomplete", file=path, key=", ".join(missing), fix=fix)
    if table.empty:
        raise UserError("a file of the results is incomplete", file=path, value="no rows", fix=fix)
    for name, kind in columns.items():
        column = table[name].fillna("")
        try:
            if name not in optional and (column == "").any():
                raise ValueError("a cell is empty")
            table[name] = _convert(column, kind)
        except (ValueError, KeyError) as error:
            raise UserError(
                f"a file of the results is damaged: {error}",
                file=path, key=name, expected=KINDS[kind], fix=fix,
            ) from error  # fmt: skip
    return table


KINDS = {"text": "words", "number": "numbers", "share": "numbers from 0 to 1", "truth": "True or False"}


def _convert(column: pd.Series, kind: str) -> pd.Series:
    if kind == "text":
        return column
    if kind == "truth":
        return column.map({"True": True, "False": False}.__getitem__).astype(bool)
    numbers = column.mask(column == "").astype(float)
    if kind == "share" and not numbers.dropna().between(0, 1).all():
        raise ValueError(f"{numbers.max():g} is no share")
    return numbers
