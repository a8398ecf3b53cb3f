"""HTML from a template: what all pages share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from bioscnn.errors import UserError
from bioscnn.files import write_atomically

HERE = Path(__file__).parent


def write_page(folder: Path, page: str) -> Path:
    """Write the ``report.html`` of a folder, and return it; `UserError` if it cannot be written."""
    path = folder / "report.html"
    write_atomically(path, page.encode())
    return path


def render_template(name: str, values: dict[str, Any], fix: str) -> str:
    """Return a page as HTML that loads nothing else.

    Parameters
    ----------
    name : str
        File of the template beside this module.
    values : dict
        What the template can name.
    fix : str
        What a user does if a file that the values come from is incomplete.

    Raises
    ------
    UserError
        If the template names something that a file does not hold.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, UndefinedError
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    environment.globals.update(plural=plural, css=Markup((HERE / "report.css").read_text(encoding="utf-8")))
    try:
        return environment.get_template(name).render(values)
    except UndefinedError as error:
        raise UserError(f"a file of the results is incomplete: {error.message}", fix=fix) from error


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
    """Return how probable something is by chance, such as ``= 0.012`` or ``< 0.001``."""
    return "< 0.001" if p < 0.001 else f"= {p:.2g}"


def _interval(triple: list[float]) -> str:
    return f"[{100 * triple[1]:.2f}, {100 * triple[2]:.2f}]"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _tight(text: str) -> str:
    """Keep a number and its unit on one line."""
    return re.sub(r"(?<=\d) (?=%|ms|mV|Hz)|(?<=\bn) (?== )|(?<=\bn =) (?=\d)", "\N{NO-BREAK SPACE}", text)


def _moment(seconds: float | None) -> str:
    return "never" if seconds is None else f"{1e3 * seconds:.3g}"


def _shape(shape: list[int]) -> str:
    return " × ".join(map(str, shape))


def _plain(value: object) -> str:
    """Return what a JSON file holds as words."""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_plain(part)}" for name, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    return f"{value:.4g}" if isinstance(value, float) else str(value)


FILTERS = {
    "percent": percent,
    "points": points,
    "probability": probability,
    "interval": _interval,
    "number": _number,
    "moment": _moment,
    "shape": _shape,
    "tight": _tight,
    "plain": _plain,
}
