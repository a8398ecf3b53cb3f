"""The format of result files: which one is written, and how files of earlier ones are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

FORMAT = 1
"""Number of the format of ``summary.json``, ``provenance.json`` and ``ledger.json``; once it was left out."""

KEY = "format"

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]
"""From the content of a file in one format to the same in the next."""


def in_format(content: dict[str, Any]) -> dict[str, Any]:
    """Return the content of a result file with the number of the present format."""
    return {KEY: FORMAT, **content}


def upgraded(content: dict[str, Any], upgrades: Sequence[Upgrade] = ()) -> dict[str, Any]:
    """Return the content of a result file in the present format.

    Parameters
    ----------
    content : dict
        What was read.
    upgrades : sequence of callable
        For this kind of file, from format 0 to 1, from 1 to 2, and so on; what did not change needs none.

    Raises
    ------
    ValueError
        If a newer bioscnn wrote it, or its format is no number.

    Examples
    --------
    >>> upgraded({"rate": 2.0}, [lambda old: {"rate_hz": old["rate"]}])
    {'rate_hz': 2.0}
    """
    version = content.get(KEY, 0)
    if type(version) is not int or not 0 <= version <= FORMAT:
        newer = type(version) is int and version > FORMAT
        raise ValueError(
            f"a newer bioscnn wrote it, in format {version}; this one reads up to {FORMAT}"
            if newer
            else f"its format is {version!r}, which is no number from 0 to {FORMAT}"
        )
    for upgrade in upgrades[version:]:
        content = upgrade(content)
    return content
