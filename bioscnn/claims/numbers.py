"""Numbers in text: which ones are claims, and how they are written."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

NUMBER = r"(?<![\w.,-])[+\-−]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(?!\w|[.,]\d)"
UNIT = r"(?:%|percent\b|points?\b|dB\b)"
INTERVAL = rf"\[{NUMBER},?\s+{NUMBER}\]"
COUNTED = (
    r"(?:(?:more|fewer)\s+)?"
    r"(?:spikes?\b|SynOps\b|synaptic\s+(?:operations|events)\b|images\s+(?:a|per)\s+second)"
)
SEVERAL = rf"{NUMBER}(?:(?:,|,?\s+and|,?\s+to|,?\s+or)\s+{NUMBER}){{0,20}}"

CLAIMED = re.compile(
    rf"{SEVERAL}\s*{UNIT}(?:\s*{INTERVAL})?"
    rf"|{NUMBER}(?:\s+ms)?\s+{INTERVAL}|{INTERVAL}"
    rf"|\bp\s*[=<>]?\s*(?:of\s+|below\s+)?(?:{NUMBER})"
    rf"|{SEVERAL}\s+{COUNTED}"
    rf"|{NUMBER}\s+times\s+(?:as|faster|slower|longer)\b"
)
"""What is a claim wherever it stands: see docs/statistics.md."""

NO_CLAIM = re.compile(r"95\s+%\s+(?:confidence\s+)?intervals?|intervals?\s+\(95\s+%\)")

CELL = re.compile(rf"({NUMBER})(?:\s*{UNIT}|\s+(?:ms|s|min|MB|GB|Hz|mV))?(?:\s*({INTERVAL}))?")
"""A cell of a Markdown table that is a number."""


def value_of(text: str) -> float:
    """Return the number that a text is.

    Examples
    --------
    >>> value_of("−1,809.5")
    -1809.5
    """
    return float(text.replace(",", "").replace("−", "-"))


def numbers_in(text: str) -> list[float]:
    """Return the numbers of a text.

    Examples
    --------
    >>> numbers_in("+0.57 [+0.38, 0.76], 1,809 spikes")
    [0.57, 0.38, 0.76, 1809.0]
    """
    return [value_of(match.group()) for match in re.finditer(NUMBER, text)]


def with_numbers(text: str, values: Sequence[float]) -> str:
    """Return a text with other numbers in place of its own, in the form in which those are written.

    The form is the digits behind the point, signs and thousands separators. ``< .001`` stays if it is true.
    A number that is not zero is not written as 0: two of its digits are.

    Parameters
    ----------
    text : str
        Holds as many numbers as are given.
    values : sequence of float
        The numbers, in order.

    Examples
    --------
    >>> with_numbers("+0.57 points [+0.38, +0.76]", [-0.061, -0.2, 0.091])
    '−0.06 points [−0.20, +0.09]'
    >>> with_numbers("0 mV apart", [0.056])
    '0.056 mV apart'
    """
    numbers = iter(values)
    signed = "+" in text
    minus = "-" if re.search(r"(?<![\w])-[\d.]", text) else "−"

    def written(match: re.Match[str]) -> str:
        old, value = match.group(), next(numbers)
        if text[: match.start()].rstrip().endswith("<") and abs(value) < value_of(old):
            return old
        digits = len(old.partition(".")[2])
        if not digits and 0 < abs(value) < 0.5:
            digits = 1 - math.floor(math.log10(abs(value)))
        if abs(value - value_of(old)) <= 0.5 * 10.0**-digits + 1e-9 * abs(value):
            return old
        new = (
            f"{abs(value):,.{digits}f}"
            if "," in old or abs(value_of(old)) < 1e3
            else f"{abs(value):.{digits}f}"
        )
        if old.lstrip("+-−").startswith("."):
            new = new.removeprefix("0")
        if value < 0 and value_of(new):
            return minus + new
        return ("+" if signed else "") + new

    return re.sub(NUMBER, written, text)
