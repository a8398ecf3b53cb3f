"""Files of results, read so that what is wrong with one is told by its name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bioscnn import files
from bioscnn.errors import UserError


def read_text(path: Path, fix: str) -> str:
    """Return the text of a file.

    Raises
    ------
    UserError
        If it cannot be read, with `fix` as what to do.
    """
    try:
        return files.read_text(path)
    except UserError as error:
        raise error.but(fix=fix) from None
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
def refuse_incomplete(folder: Path, fix: str) -> Iterator[None]:
    """Make a key that a JSON file of results lacks an error for the user, who is told what to do.

    Raises
    ------
    UserError
        Instead of a `KeyError`.
    """
    try:
        yield
    except KeyError as error:
        raise UserError(
            "a file of the results is incomplete", file=folder, key=str(error.args[0]), fix=fix
        ) from error
