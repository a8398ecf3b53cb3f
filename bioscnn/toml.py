"""TOML text as tables: studies, sweeps, neurons."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from bioscnn.errors import UserError
from bioscnn.files import read_text

LONGEST = 300_000
"""Most characters of a text: the worst of this length take Python some seconds."""

MOST_POINTS = 500
"""Most points in a line: Python takes a time for a key such as ``a.b.c`` that is the square of its parts."""


def read_toml_text(path: Path) -> str:
    """Return the text of a TOML file, in which a carriage return alone ends no line, as an editor shows it.

    A byte order mark at its beginning, which Windows writes, is dropped; errors as of `files.read_text`.
    """
    return read_text(path, newline="").removeprefix("\ufeff")


def parse_toml(text: str) -> dict[str, Any]:
    """Return the tables of a TOML text; whole numbers have 64 bits, as TOML promises them.

    Raises
    ------
    UserError
        If it is no TOML, or nested or long beyond what Python reads in a second or two.

    Examples
    --------
    >>> parse_toml("[neuron]\\ntau_m = '20 ms'")
    {'neuron': {'tau_m': '20 ms'}}
    """
    if len(text) > LONGEST:
        raise UserError(
            "a TOML file that is too long", value=f"{len(text):,}", expected=f"{LONGEST:,} characters at most"
        )
    if any(line.count(".") > MOST_POINTS for line in text.split("\n")):
        raise UserError("not a TOML file: a line of too many points", expected=f"{MOST_POINTS:,} at most")
    if "\r" in text.replace("\r\n", "\n"):
        raise UserError(
            "not a TOML file: a carriage return alone, which ends a line for some programs alone",
            expected="lines that end with a line feed, or with both",
            fix="save the file with line ends of Unix or Windows",
        )
    try:
        tables = tomllib.loads(text)
        _check_whole_numbers(tables)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise UserError(f"not a TOML file: {reason}") from None
    return tables


def _check_whole_numbers(value: object) -> None:
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError("a whole number beyond 64 bits")
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            _check_whole_numbers(part)
