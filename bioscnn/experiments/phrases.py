"""Numbers and lists as parts of a sentence, the same on every page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bioscnn.report.formats import percent, percent_interval

MINUS = "\N{MINUS SIGN}"


def listed(parts: Sequence[str]) -> str:
    """Return words with commas and a last "and".

    Examples
    --------
    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return ", ".join(parts[:-1]) + " and " * (len(parts) > 1) + parts[-1] if parts else ""


def capital(text: str) -> str:
    """Return a text whose first letter is a capital."""
    return text[:1].upper() + text[1:]


def share_of(row: Mapping[str, Any], name: str = "accuracy", low: str = "low", high: str = "high") -> str:
    """Return a share with its 95 % interval, such as ``98.10 % [97.85, 98.32]``."""
    return f"{percent(row[name])} {percent_interval(row[low], row[high])}"


def points_of(row: Mapping[str, Any], *, sign: bool = True, scale: float = 100.0) -> str:
    """Return a difference of shares in points with its 95 % interval, such as ``+1.2 points [0.3, 2.1]``.

    In a family of tests the interval is the corrected one, which belongs to the p and the finding of the row.
    """
    ends = (row.get("low_holm", row["low"]), row.get("high_holm", row["high"]))
    value, low, high = (scale * share for share in (row["difference"], *ends))
    plus = "+" if sign else ""
    return f"{value:{plus}.1f} points [{low:{plus}.1f}, {high:{plus}.1f}]".replace("-", MINUS)
