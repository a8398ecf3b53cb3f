"""The page of a run: numbers, figures and words in one HTML file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioscnn.report.template import render_template, write_page

if TYPE_CHECKING:
    from bioscnn.report.folder import Run


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

    return write_page(folder, render(read_run(folder)))


def render(run: Run) -> str:
    """Return the report of a run as HTML."""
    from bioscnn.report.figures import draw_figures
    from bioscnn.report.folder import FIX
    from bioscnn.report.network import activity_table, count_synapses, neuron_models, training_facts
    from bioscnn.report.results import results_of
    from bioscnn.report.retina import retina_text
    from bioscnn.report.words import readout_meanings

    results = results_of(run)
    values: dict[str, Any] = {
        "run": run,
        "summary": run.summary,
        "provenance": run.provenance,
        "results": results,
        "figures": draw_figures(run, results),
        "meanings": readout_meanings(),
        "models": neuron_models(run),
        "training": training_facts(run),
        "card": json.dumps(run.provenance["network"].get("card"), indent=2),
        "retina": retina_text(run),
        "synapses": count_synapses(run),
        "activity": activity_table(run, results),
    }
    return render_template("report.html", values, FIX)
