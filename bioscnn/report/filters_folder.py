"""The files of a filter study, read and checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bioscnn.errors import UserError
from bioscnn.report.files import read_json, read_table

if TYPE_CHECKING:
    import pandas as pd

FIX = "type its `bioscnn retina` again: what is done already is kept"

TABLE = {
    "cells": "text", "rank_order": "truth", "seed": "number", "noise": "text", "severity": "number",
    "n": "number", "accuracy": "share", "ann_accuracy": "share", "validation_accuracy": "share",
    "spikes": "number", "latency_ms": "number",
}  # fmt: skip
"""Columns of ``table.csv``: one row a front end, seed and condition."""

MEANS = {
    "cells": "text", "rank_order": "truth", "noise": "text", "severity": "number", "accuracy": "share",
    "low": "share", "high": "share",
}  # fmt: skip
"""Columns of ``means.csv``: one row a front end and condition."""

COMPARISONS = {
    "question": "text", "a": "text", "b": "text", "noise": "text", "severity": "number",
    "difference": "number", "low": "number", "high": "number", "p": "share", "p_holm": "share",
}  # fmt: skip
"""Columns of ``comparisons.csv``: one row a question and condition; `b` less `a`."""

SUMMARY = (
    "study", "dataset", "title", "source", "n_seeds", "n_train", "n_validation", "n_test", "epochs",
    "duration_ms", "dt_ms", "readout", "device", "best", "best_filtered", "best_in_noise", "verdict",
    "seconds", "data_sha256", "command", "commit", "dirty", "versions", "machine",
)  # fmt: skip

FRONT_END, CONDITION = ["cells", "rank_order"], ["noise", "severity"]


@dataclass(frozen=True, eq=False)
class FilterStudy:
    """A finished filter study.

    Parameters
    ----------
    means : DataFrame
        Of ``means.csv``, and what ``table.csv`` says of the same front end and condition: ``lowest`` and
        ``highest`` seed, mean ``ann_accuracy``, ``spikes`` and ``latency_ms``; ``label`` names the front end.
    comparisons : DataFrame
        Contents of ``comparisons.csv``.
    summary : dict
        Contents of ``summary.json``.
    """

    means: pd.DataFrame
    comparisons: pd.DataFrame
    summary: dict[str, Any]

    def of(self, label: str, noise: str = "none", severity: int = 0) -> pd.Series:
        """Return the row of a front end in a condition."""
        rows = self.means
        chosen = (rows["label"] == label) & (rows["noise"] == noise) & (rows["severity"] == severity)
        return rows[chosen].iloc[0]


def read_filters(folder: Path) -> FilterStudy:
    """Read the folder of a filter study.

    Raises
    ------
    UserError
        If a file is missing or damaged, or the files do not belong together.
    """
    if not folder.is_dir():
        raise UserError("no such study", file=folder, fix="give the folder that a filter study wrote")
    table = read_table(folder / "table.csv", TABLE, FIX, optional=("validation_accuracy",))
    means = read_table(folder / "means.csv", MEANS, FIX)
    comparisons = read_table(folder / "comparisons.csv", COMPARISONS, FIX)
    summary = read_json(folder / "summary.json", SUMMARY, FIX)
    joined = _joined(means, table)
    _check(joined, len(means), summary, folder)
    return FilterStudy(joined, comparisons, summary)


def _joined(means: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    keys = [*FRONT_END, *CONDITION]
    by_seed = table.groupby(keys, sort=False).agg(
        by_table=("accuracy", "mean"), lowest=("accuracy", "min"), highest=("accuracy", "max"),
        ann_accuracy=("ann_accuracy", "mean"), spikes=("spikes", "mean"), latency_ms=("latency_ms", "mean"),
    )  # fmt: skip
    means = means[[*keys, "accuracy", "low", "high"]]
    joined = means.merge(by_seed.reset_index(), on=keys)
    return joined.assign(label=joined["cells"] + joined["rank_order"].map({True: ", rank order", False: ""}))


def _check(joined: pd.DataFrame, count: int, summary: dict[str, Any], folder: Path) -> None:
    if len(joined) < count or not np.allclose(joined["accuracy"], joined["by_table"], atol=1e-3):
        raise UserError(
            "the files of the study do not belong together", file=folder / "means.csv",
            expected="the means of table.csv", fix=FIX,
        )  # fmt: skip
    clean = set(joined.loc[joined["noise"] == "none", "label"])
    for key in ("best", "best_filtered", "best_in_noise"):
        if summary[key] not in clean:
            raise UserError(
                "a front end has no accuracy on clean images", file=folder / "summary.json", key=key,
                value=summary[key], expected=" | ".join(sorted(clean)), fix=FIX,
            )  # fmt: skip
