"""The page itself: numbers, figures and words in one HTML file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioscnn.errors import UserError
from bioscnn.files import write_atomically

if TYPE_CHECKING:
    from bioscnn.report.folder import Run

HERE = Path(__file__).parent


def write_report(folder: Path) -> Path:
    """Write the ``report.html`` of a run into its folder.

    The page is one file that loads nothing else.

    Parameters
    ----------
    folder : Path
        With ``run.h5``, ``summary.json``, ``provenance.json`` and ``config.toml``.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    UserError
        If a file of the run is missing or damaged, or the page cannot be written.
    """
    from bioscnn.report.folder import read_run

    path = folder / "report.html"
    write_atomically(path, render(read_run(folder)).encode())
    return path


def render(run: Run) -> str:
    """Return the report of a run as HTML."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, UndefinedError
    from markupsafe import Markup

    from bioscnn.report.figures import draw_figures
    from bioscnn.report.folder import FIX
    from bioscnn.report.network import activity_table, count_synapses, neuron_models, training_facts
    from bioscnn.report.results import results_of
    from bioscnn.report.words import plural, readout_meanings

    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    environment.globals.update(plural=plural)
    results = results_of(run)
    values: dict[str, Any] = {
        "css": Markup((HERE / "report.css").read_text(encoding="utf-8")),
        "run": run,
        "summary": run.summary,
        "provenance": run.provenance,
        "results": results,
        "figures": draw_figures(run, results),
        "meanings": readout_meanings(),
        "models": neuron_models(run),
        "training": training_facts(run),
        "card": json.dumps(run.provenance["network"].get("card"), indent=2),
        "synapses": count_synapses(run),
        "activity": activity_table(run, results),
    }
    try:
        return environment.get_template("report.html").render(values)
    except UndefinedError as error:
        raise UserError(f"a file of the run is incomplete: {error.message}", fix=FIX) from error


def _percent(value: float) -> str:
    return f"{100 * value:.2f} %"


def _points(value: float) -> str:
    return f"{100 * value:+.2f}".replace("-", "\N{MINUS SIGN}")


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


FILTERS = {
    "percent": _percent,
    "points": _points,
    "interval": _interval,
    "number": _number,
    "moment": _moment,
    "shape": _shape,
    "tight": _tight,
}
