"""Columns of shares and comparisons, the same on the page of every experiment."""

from __future__ import annotations

from bioscnn.report.formats import p_value, percent, percent_interval, points, points_interval
from bioscnn.report.page import Column, numbers

SHARE = (
    numbers("accuracy", "accuracy", percent),
    numbers(("low", "high"), "95 % interval\n(%)", percent_interval),
)
"""What `bioscnn.experiments.rows.share_cells` returns."""

P, P_HOLM = numbers("p", "p", p_value), numbers("p_holm", "p, Holm", p_value)

SIGNIFICANT = Column("significant", "significant")

FOUND = (
    numbers(("low_holm", "high_holm"), "corrected\ninterval", points_interval),
    Column("finding", "finding"),
)
"""What `bioscnn.experiments.rows.finding` says of a difference of accuracies, and from which interval."""


def compared(low: str = "low", high: str = "high") -> list[Column]:
    """Return the columns of a difference that `bioscnn.experiments.rows.corrected_rows` made a row of.

    Parameters
    ----------
    low, high : str
        Columns of its interval, where these names are taken.
    """
    return [
        numbers("difference", "difference\n(points)", points),
        numbers((low, high), "95 % interval", points_interval),
        P,
        P_HOLM,
        SIGNIFICANT,
    ]
