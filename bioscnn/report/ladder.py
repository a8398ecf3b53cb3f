"""The page of a ladder: what each piece of biology costs and buys."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioscnn.report.template import render_template, write_page

if TYPE_CHECKING:
    from bioscnn.report.ladder_folder import Ladder
    from bioscnn.report.pictures import Picture


def write_ladder_report(folder: Path) -> Path:
    """Write the ``report.html`` of a ladder into its folder.

    The page is one file that loads nothing else.

    Parameters
    ----------
    folder : Path
        With ``ladder.csv``, ``comparisons.csv`` and ``summary.json``; see `bioscnn.report.ladder_folder` for
        what they hold.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    UserError
        If a file of the ladder is missing or damaged, or the page cannot be written.
    """
    from bioscnn.report.ladder_folder import read_ladder

    return write_page(folder, render_ladder(read_ladder(folder)))


def render_ladder(ladder: Ladder) -> str:
    """Return the page of a ladder as HTML."""
    from bioscnn.report import ladder_words as words
    from bioscnn.report.ladder_folder import FIX

    values: dict[str, Any] = {
        "summary": ladder.summary,
        "headlines": words.headlines(ladder),
        "figure": draw_ladder_figure(ladder),
        "rows": words.rows(ladder),
        "compared": words.compared(ladder),
        "fine_tuned": words.fine_tuned(ladder),
    }
    return render_template("ladder.html", values, FIX)


def draw_ladder_figure(ladder: Ladder) -> Picture:
    """Draw the one figure of the page."""
    from bioscnn import plots
    from bioscnn.report import ladder_words as words
    from bioscnn.report.pictures import wide

    figure = wide(
        lambda width: plots.detail_ladder(
            ladder.rows, ladder.changes, ann=ladder.summary["ann"][0], width=width
        ),
        "Accuracy in %, median latency in ms, spikes and synaptic operations a trial, and relative time of a "
        "simulation of every rung, with intervals",
        words.caption(ladder),
    )
    return figure.simulated if ladder.summary["simulated"] else figure
