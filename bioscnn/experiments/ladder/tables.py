"""Tables of the detail ladder: what every rung comes to, changes, and gains by fine-tuning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioscnn.experiments.classify import correct_of
from bioscnn.experiments.experiment import Row
from bioscnn.experiments.ladder.rungs import Rung
from bioscnn.experiments.rows import corrected_rows, estimate_cells
from bioscnn.experiments.unit import Outcome
from bioscnn.statistics import Estimate, difference, mean, mean_difference, median, proportion

ANN = "ANN"
"""The trained network, as one of the two that are compared."""

QUANTITIES = ("latency_ms", "spikes", "synops")
"""Outcomes that are compared beside the accuracy."""


@dataclass(frozen=True, eq=False)
class RungResult:
    """A rung and what its trials came to.

    Parameters
    ----------
    rung : Rung
        The rung.
    outcome : mapping of ndarray
        See `bioscnn.experiments.ladder.measure.classify_rung`.
    rule : str
        Readout.
    state : tuple of str
        Variables of a neuron.
    time : float
        Of a simulation, relative to the first rung.
    tuned : mapping of ndarray, optional
        Outcome of the same trials after fine-tuning.
    why_not : str
        Why there is no fine-tuning; empty if there can be.
    """

    rung: Rung
    outcome: Outcome
    rule: str
    state: tuple[str, ...] = ()
    time: float = 1.0
    tuned: Outcome | None = None
    why_not: str = ""

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Which answers were right, shape (n_trials,)."""
        return correct_of(self.outcome, self.rule)


def ladder_rows(results: Sequence[RungResult]) -> list[Row]:
    """Return ``ladder.csv``: one row per rung.

    Latency is the median over trials; spikes and synaptic operations are the mean per trial.
    """
    return [
        {
            "rung": result.rung.name,
            "own": result.rung.own,
            "changes": ", ".join(f"{key} = {value}" for key, value in result.rung.changes.items()),
            "state": " ".join(result.state),
            "variables": len(result.state),
            **_outcome_cells(result.outcome, result.rule),
            "time": result.time,
            "n": len(result.outcome["label"]),
        }
        for result in results
    ]


def comparison_rows(results: Sequence[RungResult], ann: NDArray[np.integer]) -> list[Row]:
    """Return ``comparisons.csv``: one row per rung, what it is compared with, and outcome.

    Every rung is compared with the one below in accuracy and `QUANTITIES`, and its accuracy with that of the
    trained network, always in the same trials. All of them are one family.

    Parameters
    ----------
    results : sequence of RungResult
        The rungs from the bottom up.
    ann : ndarray of int, shape (n_trials,)
        Classes that the trained network gives.
    """
    by_name = {result.rung.name: result for result in results}
    compared: list[tuple[Row, Estimate]] = []
    for result in results:
        first = result.rung.name
        if result.rung.below is not None:
            below = by_name[result.rung.below]
            estimates = {"accuracy": difference(result.correct, below.correct)}
            estimates |= {
                name: mean_difference(result.outcome[name], below.outcome[name]) for name in QUANTITIES
            }
            compared += [
                ({"first": first, "second": below.rung.name, "outcome": name}, estimate)
                for name, estimate in estimates.items()
            ]
        against = difference(result.correct, ann == result.outcome["label"])
        compared.append(({"first": first, "second": ANN, "outcome": "accuracy"}, against))
    return corrected_rows(compared, "ladder")


def is_of_accuracy(row: Row) -> bool:
    """Whether a row compares accuracies, which depend on the readout."""
    return bool(row["outcome"] == "accuracy")


def fine_tuned_rows(results: Sequence[RungResult]) -> list[Row]:
    """Return ``fine-tuned.csv``: one row per rung, what fine-tuning came to or why there was none.

    ``difference`` is the accuracy less that before fine-tuning, in the same trials.
    """
    compared: list[tuple[Row, Estimate]] = [
        (
            {"rung": result.rung.name, "why_not": "", **_outcome_cells(result.tuned, result.rule)},
            difference(correct_of(result.tuned, result.rule), result.correct),
        )
        for result in results
        if result.tuned is not None
    ]
    tuned = {row["rung"]: row for row in corrected_rows(compared, "fine-tuning")}
    return [
        tuned.get(result.rung.name, {"rung": result.rung.name, "why_not": result.why_not})
        for result in results
    ]


def _outcome_cells(outcome: Outcome, rule: str) -> Row:
    return {
        **estimate_cells("accuracy", proportion(correct_of(outcome, rule))),
        **estimate_cells("latency_ms", median(outcome["latency_ms"])),
        **estimate_cells("spikes", mean(outcome["spikes"])),
        **estimate_cells("synops", mean(outcome["synops"])),
    }
