"""Tables of cross-validation: every decision, accuracies by readout, fold and time, and what was gained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioscnn.experiments.classify import RULES
from bioscnn.experiments.experiment import Row
from bioscnn.experiments.rows import corrected_rows, share_cells
from bioscnn.experiments.unit import Outcome
from bioscnn.statistics import Estimate, difference, proportion

RATES = "rates"
"""The trained network itself, among the readouts of the spiking one."""

CROSS_VALIDATED = "cross-validated"

WINDOW = 15e-3
"""Accuracies over time are tabulated after multiples of this, s."""


@dataclass(frozen=True, eq=False)
class Classified:
    """All recordings as networks classified them.

    Parameters
    ----------
    name : str
        Of the networks.
    labels : ndarray of int, shape (n,)
        True classes.
    chosen : mapping of ndarray of int, shape (n,)
        Classes at the end of the trial by readout, those of the trained network as `RATES`.
    right_by_step : ndarray of int, shape (n_readouts, n_steps)
        Recordings that would be right if trials ended after each step, by `RULES`.
    """

    name: str
    labels: NDArray[np.integer]
    chosen: Mapping[str, NDArray[np.integer]]
    right_by_step: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        name: str,
        labels: NDArray[np.integer],
        parts: Sequence[tuple[NDArray[np.int64] | slice, Outcome]],
    ) -> Classified:
        """Put the outcomes of several units together, each with the rows of its recordings."""
        chosen = {rule: np.empty(len(labels), np.int64) for rule in (*RULES, RATES)}
        for rows, outcome in parts:
            for rule, classes in (*zip(RULES, outcome["chosen"], strict=True), (RATES, outcome["ann"])):
                chosen[rule][rows] = classes
        right = np.sum([outcome["right_by_step"] for _, outcome in parts], axis=0)
        return cls(name, labels, chosen, right)

    def correct(self, rule: str) -> NDArray[np.bool_]:
        """Return which recordings a readout classified rightly."""
        return np.asarray(self.chosen[rule] == self.labels)

    def after(self, rule: str, step: int) -> Estimate:
        """Return the accuracy of a readout if trials ended after so many steps."""
        n = len(self.labels)
        return proportion(np.arange(n) < self.right_by_step[RULES.index(rule), step - 1])


def decision_rows(done: Classified, index: NDArray[np.int64], fold_of: NDArray[np.int64]) -> list[Row]:
    """Return ``decisions.csv``: one row per recording, its class by each readout."""
    columns = {"recording": index, "label": done.labels, "fold": fold_of, **done.chosen}
    return [dict(zip(columns, map(int, row), strict=True)) for row in zip(*columns.values(), strict=True)]


def accuracy_rows(networks: Sequence[Classified]) -> list[Row]:
    """Return ``accuracy.csv``: one row per network and readout."""
    return [
        {
            "network": done.name,
            "readout": rule,
            **share_cells(proportion(done.correct(rule))),
            "n": len(done.labels),
        }
        for done in networks
        for rule in done.chosen
    ]


def fold_rows(done: Classified, fold_of: NDArray[np.int64], rule: str) -> list[Row]:
    """Return ``folds.csv``: one row per fold, by the readout of the study."""
    return [
        {
            "fold": fold,
            **share_cells(proportion(done.correct(rule)[fold_of == fold])),
            "n": int(np.sum(fold_of == fold)),
        }
        for fold in range(1, int(fold_of.max()) + 1)
    ]


def time_rows(networks: Sequence[Classified], rule: str, dt: float) -> list[Row]:
    """Return ``over-time.csv``: one row per network and moment at which trials might end.

    Moments are the multiples of `WINDOW` and the end of the trial.
    """
    rows = []
    for done in networks:
        n_steps, every = done.right_by_step.shape[1], max(1, round(WINDOW / dt))
        for step in [*range(every, n_steps, every), n_steps]:
            cells = {"network": done.name, "time_ms": round(1e3 * step * dt, 9)}
            rows.append({**cells, **share_cells(done.after(rule, step)), "n": len(done.labels)})
    return rows


def comparison_rows(networks: Sequence[Classified], rule: str) -> list[Row]:
    """Return ``comparisons.csv``: accuracy of the cross-validated networks less that of the shipped one."""
    first, *others = networks
    return corrected_rows(
        [
            (
                {"first": first.name, "second": second.name, "readout": rule},
                difference(first.correct(rule), second.correct(rule)),
            )
            for second in others
        ],
        "training",
    )
