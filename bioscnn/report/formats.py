"""How numbers and units are written on pages and in sentences."""

from __future__ import annotations

import re


def plural(count: int, noun: str) -> str:
    """Return a number with its noun, such as ``1 trial`` or ``5,000 trials``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def percent(value: float) -> str:
    """Return a share such as ``98.10 %``."""
    return f"{100 * value:.2f} %"


def points(value: float) -> str:
    """Return a difference of shares in points with its sign, such as ``+0.40``."""
    return f"{100 * value:+.2f}".replace("-", "\N{MINUS SIGN}")


def probability(p: float) -> str:
    """Return a probability by chance as text, such as ``= 0.012`` or ``< 0.001``."""
    return "< 0.001" if p < 0.001 else f"= {p:.2g}"


def p_value(p: float) -> str:
    """Return a p value as a cell of a table, such as ``0.012`` or ``< 0.001``."""
    return probability(p).removeprefix("= ")


def percent_interval(low: float, high: float) -> str:
    """Return an interval of shares in percent, such as ``[97.85, 98.32]``."""
    return f"[{100 * low:.2f}, {100 * high:.2f}]"


def points_interval(low: float, high: float) -> str:
    """Return an interval of differences of shares in points, such as ``[+0.12, +0.68]``."""
    return f"[{points(low)}, {points(high)}]"


def number(value: float) -> str:
    """Return a number with three digits, or whole with commas from 100 on."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def tight(text: str) -> str:
    """Keep a number and its unit on one line."""
    return re.sub(r"(?<=\d) (?=%|ms|mV|Hz)|(?<=\bn) (?== )|(?<=\bn =) (?=\d)", "\N{NO-BREAK SPACE}", text)


def moment(seconds: float | None) -> str:
    """Return a time in ms, or ``never``."""
    return "never" if seconds is None else f"{1e3 * seconds:.3g}"


def shape(sizes: list[int]) -> str:
    """Return a shape such as ``6 × 12 × 12``."""
    return " × ".join(map(str, sizes))


def plain(value: object) -> str:
    """Return a value of a JSON file as words."""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {plain(part)}" for name, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(plain, value))
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    return f"{value:.4g}" if isinstance(value, float) else str(value)
