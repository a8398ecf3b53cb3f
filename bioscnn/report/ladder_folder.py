"""The files of a ladder, read and checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioscnn.errors import UserError
from bioscnn.report.files import read_json, read_table

if TYPE_CHECKING:
    import pandas as pd

FIX = "type its `bioscnn ladder` again: what is done already is kept"

ANN = "ANN"
"""The trained network, among those that are compared."""

ROWS = {
    "rung": "text", "own": "truth", "changes": "text", "state": "text", "variables": "number",
    "accuracy": "share", "accuracy_low": "share", "accuracy_high": "share",
    **{
        f"{outcome}{end}": "number"
        for outcome in ("latency_ms", "spikes", "synops") for end in ("", "_low", "_high")
    },
    "time": "number", "n": "number",
}  # fmt: skip
"""Columns of ``ladder.csv``: one row a rung, the first one at the bottom."""

COMPARISONS = {
    "first": "text", "second": "text", "outcome": "text", "difference": "number", "low": "number",
    "high": "number", "p": "share", "p_holm": "share", "told": "truth", "n": "number",
}  # fmt: skip
"""Columns of ``comparisons.csv``: one row a rung, what it is compared with, and outcome.

``difference`` is that of `first` less `second`.
"""

FINE_TUNED = {
    "rung": "text", "why_not": "text", "accuracy": "share", "accuracy_low": "share", "accuracy_high": "share",
    "latency_ms": "number", "spikes": "number", "difference": "number", "low": "number", "high": "number",
    "p_holm": "share", "told": "text",
}  # fmt: skip
"""Columns of ``fine-tuned.csv``, if it is there: one row a rung; numbers, or why there are none.

``difference`` is the accuracy less that of the same rung before fine-tuning.
"""

SUMMARY = (
    "study", "dataset", "title", "source", "simulated", "n", "network", "normalisation", "max_rate_hz", "ann",
    "trained_on", "rungs", "verdict", "readout", "duration_ms", "dt_ms", "device", "seconds", "data_sha256",
    "weights_sha256", "command", "commit", "dirty", "versions", "machine",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Ladder:
    """A finished ladder.

    Parameters
    ----------
    rows, comparisons : DataFrame
        Contents of ``ladder.csv`` and ``comparisons.csv``.
    summary : dict
        Contents of ``summary.json``.
    fine_tuned : DataFrame or None
        Contents of ``fine-tuned.csv``.
    """

    rows: pd.DataFrame
    comparisons: pd.DataFrame
    summary: dict[str, Any]
    fine_tuned: pd.DataFrame | None = None

    @property
    def bottom(self) -> pd.Series:
        """Row of the first rung."""
        return self.rows.iloc[0]

    @property
    def top(self) -> pd.Series:
        """Row of the highest rung; a user's own neuron stands beside the ladder."""
        return self.rows[~self.rows["own"]].iloc[-1]

    @property
    def changes(self) -> pd.DataFrame:
        """Comparisons of every rung with the one that it stands on."""
        return self.comparisons[self.comparisons["second"] != ANN].rename(columns={"first": "rung"})

    @property
    def against_ann(self) -> pd.DataFrame:
        """Comparisons of every rung with the trained network."""
        return self.comparisons[self.comparisons["second"] == ANN]


def read_ladder(folder: Path) -> Ladder:
    """Read the folder of a ladder.

    Raises
    ------
    UserError
        If a file is missing or damaged, or the files do not belong together.
    """
    if not folder.is_dir():
        raise UserError("no such ladder", file=folder, fix="give the folder that `bioscnn ladder` wrote")
    rows = read_table(folder / "ladder.csv", ROWS, FIX, optional=("changes",))
    comparisons = read_table(folder / "comparisons.csv", COMPARISONS, FIX)
    summary = read_json(folder / "summary.json", SUMMARY, FIX)
    rungs = list(rows["rung"])
    if [rung["name"] for rung in summary["rungs"]] != rungs:
        raise UserError(
            "the files of the ladder do not belong together", file=folder / "summary.json", key="rungs",
            expected=", ".join(rungs), fix=FIX,
        )  # fmt: skip
    strange = sorted({*comparisons["first"], *comparisons["second"]} - {ANN, *rungs})
    if strange:
        raise UserError(
            "the files of the ladder do not belong together", file=folder / "comparisons.csv", key="first",
            value=", ".join(strange), expected=", ".join(rungs), fix=FIX,
        )  # fmt: skip
    path, optional = folder / "fine-tuned.csv", [name for name in FINE_TUNED if name != "rung"]
    fine_tuned = read_table(path, FINE_TUNED, FIX, optional=optional) if path.exists() else None
    return Ladder(rows, comparisons, summary, fine_tuned)
