"""HTML from a template: what all pages share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioscnn.errors import UserError
from bioscnn.files import write_atomically
from bioscnn.report.formats import (
    moment,
    number,
    percent,
    percent_interval,
    plain,
    plural,
    points,
    probability,
    shape,
    tight,
)

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["environment", "percent", "plural", "points", "probability", "render_template", "write_page"]

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
    from jinja2 import UndefinedError

    try:
        return environment().get_template(name).render(values)
    except UndefinedError as error:
        raise UserError(f"a file of the results is incomplete: {error.message}", fix=fix) from error


def environment() -> Environment:
    """Return what templates are read with: every value is escaped, and a missing one is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    made = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(FILTERS)
    made.globals.update(plural=plural, css=Markup((HERE / "report.css").read_text(encoding="utf-8")))
    return made


def _interval(triple: list[float]) -> str:
    return percent_interval(triple[1], triple[2])


FILTERS = {
    "percent": percent,
    "points": points,
    "probability": probability,
    "interval": _interval,
    "number": number,
    "moment": moment,
    "shape": shape,
    "tight": tight,
    "plain": plain,
}
