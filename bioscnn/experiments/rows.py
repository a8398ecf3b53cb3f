"""Estimates as cells of a table, the same in every experiment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bioscnn.statistics import Estimate, corrected

Row = dict[str, Any]

TRAINING_SEEDS, NOISE_SEEDS = ("training seeds",), ("noise seeds",)
"""What differs from one seed to the next, as intervals say it."""

MARGIN = 0.01
"""A difference of accuracies that would matter: one point."""

LOSS, GAIN, EQUIVALENT, OPEN = "loss", "gain", "equivalent", "not settled"


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


def finding(row: Mapping[str, Any], margin: float = MARGIN) -> str:
    """Return the finding of a row of `corrected_rows` about a difference of accuracies.

    Parameters
    ----------
    row : mapping
        With ``difference``, ``significant``, ``low_holm`` and ``high_holm``.
    margin : float
        The smallest difference that would matter.

    Returns
    -------
    str
        `LOSS` or `GAIN` where it is significant; `EQUIVALENT` where it is not, and the corrected interval
        excludes every difference of `margin` or more (Schuirmann 1987, with the level of the family); `OPEN`
        otherwise: that nothing was found is then no evidence that there is nothing.

    References
    ----------
    Schuirmann (1987), A comparison of the two one-sided tests procedure and the power approach for assessing
    the equivalence of average bioavailability, Journal of Pharmacokinetics and Biopharmaceutics 15:657.

    Examples
    --------
    >>> finding({"difference": -0.001, "significant": False, "low_holm": -0.008, "high_holm": 0.006})
    'equivalent'
    """
    if row["significant"]:
        return LOSS if row["difference"] < 0 else GAIN
    return EQUIVALENT if -margin < row["low_holm"] and row["high_holm"] < margin else OPEN
