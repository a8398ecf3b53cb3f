"""Estimates as cells of a table, the same in every experiment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bioscnn.statistics import Estimate, corrected

Row = dict[str, Any]


def share_cells(estimate: Estimate, name: str = "accuracy") -> Row:
    """Return a share and its 95 % interval, such as ``accuracy``, ``low``, ``high``."""
    return {name: estimate.value, "low": estimate.low, "high": estimate.high}


def estimate_cells(name: str, estimate: Estimate) -> Row:
    """Return an estimate and its 95 % interval, such as ``spikes``, ``spikes_low``, ``spikes_high``."""
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def corrected_rows(compared: Iterable[tuple[Row, Estimate]], family: str) -> list[Row]:
    """Return rows of a family of comparisons, each with its difference, intervals and p values.

    Parameters
    ----------
    compared : iterable of (dict, Estimate)
        What each row says beside the numbers, and its difference.
    family : str
        What the comparisons have in common: p values and intervals are corrected over all of them.

    Returns
    -------
    list of dict
        ``difference``, its 95 % interval ``low`` and ``high``, ``p``; corrected over the family, ``p_holm``,
        ``low_holm``, ``high_holm``; ``significant``; ``family``; ``trials`` and ``seeds``.
    """
    named = list(compared)
    estimates = corrected([estimate for _, estimate in named])
    return [
        {
            **cells,
            "difference": estimate.value,
            "low": estimate.low,
            "high": estimate.high,
            "p": estimate.p,
            "p_holm": estimate.p_holm,
            "low_holm": estimate.low_holm,
            "high_holm": estimate.high_holm,
            "significant": estimate.significant,
            "family": family,
            "trials": estimate.trials,
            "seeds": estimate.seeds,
        }
        for (cells, _), estimate in zip(named, estimates, strict=True)
    ]
