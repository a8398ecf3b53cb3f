"""Verdict sentences of cross-validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bioscnn.experiments.crossval.tables import CROSS_VALIDATED, RATES
from bioscnn.experiments.experiment import Row
from bioscnn.experiments.phrases import points_of, share_of
from bioscnn.report.formats import plural, probability


def verdict_of(summary: Mapping[str, Any], tables: Mapping[str, Sequence[Row]]) -> list[str]:
    """Return verdict sentences: the accuracy on recordings not seen in training, and the gain by training.

    Parameters
    ----------
    summary : mapping
        With ``network``, ``n``, ``title`` and ``readout``.
    tables : mapping
        Rows of ``accuracy`` and ``comparisons``.
    """
    shares = {
        row["readout"]: share_of(row) for row in tables["accuracy"] if row["network"] == CROSS_VALIDATED
    }
    first = (
        f"{summary['network']}, trained on all folds but one and tested on that one, is right in "
        f"{shares[summary['readout']]} of {plural(summary['n'], 'recording')} of {summary['title']} by "
        f"{summary['readout']}; its rates are right in {shares[RATES]}."
    )
    return [first, *(_gain(row) for row in tables["comparisons"])]


def _gain(row: Row) -> str:
    numbers = f"{points_of(row)}, p {probability(row['p_holm'])}"
    if not row["significant"]:
        return f"No significant difference to {row['second']} was found: {numbers}."
    effect = "adds to" if row["difference"] > 0 else "takes from"
    return f"Training on these recordings {effect} the accuracy of {row['second']}: {numbers}."
