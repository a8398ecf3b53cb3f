"""Columns of shares and comparisons, the same on the page of every experiment."""

from __future__ import annotations

from bioscnn.report.formats import percent, percent_interval, points, points_interval, probability
from bioscnn.report.page import Column

SHARE = (
    Column("accuracy", "accuracy", percent, numeric=True),
    Column(("low", "high"), "95 % interval\n(%)", percent_interval, numeric=True),
)
"""What `bioscnn.experiments.rows.share_cells` returns."""


def compared(low: str = "low", high: str = "high") -> list[Column]:
    """Return the columns of a difference that `bioscnn.experiments.rows.corrected_rows` made a row of.

    Parameters
    ----------
    low, high : str
        Columns of its interval, where these names are taken.
    """
    return [
        Column("difference", "difference\n(points)", points, numeric=True),
        Column((low, high), "95 % interval", points_interval, numeric=True),
        Column("p", "p", _p, numeric=True),
        Column("p_holm", "p, Holm", _p, numeric=True),
        Column("significant", "significant", lambda yes: "yes" if yes else "no"),
    ]


def _p(p: float) -> str:
    return probability(p).removeprefix("= ")
