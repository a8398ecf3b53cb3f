"""From the trials of every rung to tables with intervals and tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.metrics import (
    Estimate,
    holm,
    mcnemar,
    mean_difference,
    mean_estimate,
    median_interval,
    wilson,
)
from bioscnn.studies.ladder.rungs import Rung
from bioscnn.studies.ladder.unit import Found

Row = dict[str, Any]

ANN = "ANN"
"""The trained network, as one of the two that are compared."""

BEFORE = "before fine-tuning"
"""The same rung with the network as it was converted."""

OUTCOMES = ("accuracy", "latency_ms", "spikes", "synops")

LEVEL = 0.05
"""Of the corrected p below which a difference is told from chance."""


@dataclass(frozen=True, eq=False)
class Climbed:
    """A rung and what its trials came to.

    Parameters
    ----------
    rung : Rung
        The rung.
    found : dict
        See `bioscnn.studies.ladder.unit.Found`.
    state : list of str
        Variables of a neuron.
    time : float
        Of a simulation, in units of the first rung.
    tuned : dict or None
        What the trials came to after fine-tuning; None if that was not done.
    why_not : str
        Why it cannot be done; empty if it can.
    """

    rung: Rung
    found: Found
    state: list[str]
    time: float
    tuned: Found | None = None
    why_not: str = ""


def ladder_rows(climbed: Sequence[Climbed], labels: NDArray[np.int64]) -> list[Row]:
    """Return the rows of ``ladder.csv``, one a rung.

    Accuracy has the interval of Wilson, latency is a median with the interval of its ranks, spikes and SynOps
    are means of a trial with Student's interval.
    """
    return [
        {
            "rung": one.rung.name,
            "own": one.rung.own,
            "changes": ", ".join(f"{key} = {value}" for key, value in one.rung.changes.items()),
            "state": " ".join(one.state),
            "variables": len(one.state),
            **_outcomes(one.found, labels),
            "time": one.time,
            "n": len(labels),
        }
        for one in climbed
    ]


def fine_tuned_rows(climbed: Sequence[Climbed], labels: NDArray[np.int64]) -> list[Row]:
    """Return the rows of ``fine-tuned.csv``, one a rung: what fine-tuning came to, or why it was not done.

    ``difference`` is the accuracy less that before fine-tuning, in the same trials; ``p_holm`` is corrected
    for all tests of the table.
    """
    done = [one for one in climbed if one.tuned is not None]
    compared = []
    for one in done:
        assert one.tuned is not None
        after, before = (found["chosen"] == labels for found in (one.tuned, one.found))
        compared.append(_row(one.rung.name, BEFORE, OUTCOMES[0], _difference(after, before)))
    by_name = {row["first"]: row for row in _corrected(compared, len(labels))}
    wanted = ("difference", "low", "high", "p", "p_holm", "told", "n")
    return [
        {"rung": one.rung.name, "why_not": one.why_not}
        | (
            {}
            if one.tuned is None
            else _outcomes(one.tuned, labels) | {name: by_name[one.rung.name][name] for name in wanted}
        )
        for one in climbed
    ]


def comparison_rows(
    climbed: Sequence[Climbed], labels: NDArray[np.int64], ann: NDArray[np.integer]
) -> list[Row]:
    """Return the rows of ``comparisons.csv``: first less second, in the same trials.

    Every rung is compared with the one that it stands on, in each of `OUTCOMES`, and its accuracy with that
    of the trained network. Of accuracies p is that of McNemar's exact test, of the others that of a paired t
    test; ``p_holm`` is corrected for all tests of the table. ``told``: whether the difference is told from
    chance, its corrected p below `LEVEL` and its interval without zero.

    Parameters
    ----------
    climbed : sequence of Climbed
        The rungs from the bottom up.
    labels, ann : ndarray of int, shape (n_trials,)
        True classes, and those that the trained network gives.
    """
    by_name: Mapping[str, Found] = {one.rung.name: one.found for one in climbed}
    rows: list[Row] = []
    for one in climbed:
        right = one.found["chosen"] == labels
        if one.rung.below is not None:
            below = by_name[one.rung.below]
            compared = {name: mean_estimate(one.found[name] - below[name]) for name in OUTCOMES[1:]}
            compared = {OUTCOMES[0]: _difference(right, below["chosen"] == labels), **compared}
            rows += [_row(one.rung.name, one.rung.below, name, found) for name, found in compared.items()]
        rows.append(_row(one.rung.name, ANN, OUTCOMES[0], _difference(right, ann == labels)))
    return _corrected(rows, len(labels))


def _corrected(rows: list[Row], n: int) -> list[Row]:
    """Return comparisons with p corrected for all of them, and whether they are told from chance."""
    adjusted = holm(np.array([row["p"] for row in rows]))
    for row, p in zip(rows, adjusted, strict=True):
        told = p < LEVEL and (row["low"] > 0 or row["high"] < 0)
        row |= {"p_holm": float(p), "told": bool(told), "n": n}
    return rows


def _row(first: str, second: str, outcome: str, found: Estimate) -> Row:
    numbers = {"difference": found.value, "low": found.low, "high": found.high, "p": found.p}
    return {"first": first, "second": second, "outcome": outcome, **numbers}


def _difference(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Estimate:
    """Return how much more often the first is right than the second."""
    found = mean_difference(first.astype(np.int64) - second)
    return Estimate(found.value, found.low, found.high, mcnemar(first, second))


def _outcomes(found: Found, labels: NDArray[np.int64]) -> Row:
    share = wilson(int(np.sum(found["chosen"] == labels)), len(labels))
    return {
        **_with_ends("accuracy", share.value, share.low, share.high),
        **_with_ends("latency_ms", *median_interval(found["latency_ms"])),
        **_mean("spikes", found["spikes"]),
        **_mean("synops", found["synops"]),
    }


def _mean(name: str, values: NDArray[np.integer]) -> Row:
    estimate = mean_estimate(values)
    return _with_ends(name, estimate.value, estimate.low, estimate.high)


def _with_ends(name: str, value: float, low: float, high: float) -> Row:
    return {name: value, f"{name}_low": low, f"{name}_high": high}
