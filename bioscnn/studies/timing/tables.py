"""From the classes that each method gave to tables with intervals and tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.metrics import Difference, accuracy, bootstrap_difference, holm, mcnemar
from bioscnn.noise import Perturbation
from bioscnn.seeds import stream
from bioscnn.studies.kept import Decided
from bioscnn.studies.timing.conditions import CLEAN

SPIKING = "spiking network"
COLLAPSED = "time-collapsed CNN"

PAIRS = (
    ("counts", "counts and times"),
    ("counts", "latencies"),
    ("counts", "ranks"),
    (COLLAPSED, SPIKING),
)
"""Methods that are compared with each other on unperturbed spikes."""

Row = dict[str, Any]


def accuracy_rows(
    decided: Mapping[tuple[str, str], Decided],
    labels: NDArray[np.int64],
    conditions: Sequence[Perturbation],
    seed: int,
) -> list[Row]:
    """Return a row a layer, condition and method: its accuracy, and how far it is from the unperturbed one.

    Parameters
    ----------
    decided : mapping
        Classes by layer and label of the condition.
    labels : ndarray of int64, shape (n_trials,)
        True classes.
    conditions : sequence of Perturbation
        What the labels stand for.
    seed : int
        Of the bootstrap.
    """
    by_label = {condition.label: condition for condition in conditions}
    rows = []
    for (layer, label), methods in decided.items():
        condition = by_label.get(label)
        for method, chosen in methods.items():
            before = decided[layer, CLEAN][method] == labels
            share = accuracy(chosen, labels)
            row = {
                "layer": layer,
                "family": CLEAN if condition is None else condition.name,
                "label": label,
                "severity": None if condition is None else condition.severity,
                "keeps_counts": condition is None or condition.keeps_counts,
                "method": method,
                "accuracy": share.value,
                "low": share.low,
                "high": share.high,
                "n": share.n,
            }
            tested = condition is not None
            rows.append(row | _compared(before, chosen == labels, seed, (layer, label, method), tested))
    return _corrected(rows)


def comparison_rows(
    decided: Mapping[tuple[str, str], Decided], labels: NDArray[np.int64], seed: int
) -> list[Row]:
    """Return a row a layer and pair of methods: how much more often the second is right, unperturbed."""
    rows = []
    for (layer, label), methods in decided.items():
        for first, second in PAIRS:
            if label == CLEAN and {first, second} <= methods.keys():
                before, after = (methods[name] == labels for name in (first, second))
                row = {"layer": layer, "first": first, "second": second, "n": len(labels)}
                rows.append(row | _compared(before, after, seed, (layer, first, second), True))
    return _corrected(rows)


def _compared(
    first: NDArray[np.bool_], second: NDArray[np.bool_], seed: int, purpose: tuple[str, ...], tested: bool
) -> Row:
    """Return how much more often the second is right, from paired trials."""
    difference = Difference(0.0, 0.0, 0.0)
    if tested:
        difference = bootstrap_difference(first, second, stream(seed, "bootstrap", *purpose))
    return {
        "difference": difference.value,
        "diff_low": difference.low,
        "diff_high": difference.high,
        "lost": int(np.sum(first & ~second)),
        "won": int(np.sum(~first & second)),
        "p": mcnemar(first, second) if tested else np.nan,
    }


def _corrected(rows: list[Row]) -> list[Row]:
    """Add p values that are corrected for the number of tests in the table."""
    adjusted = holm(np.array([row["p"] for row in rows], dtype=float)) if rows else ()
    return [row | {"p_holm": float(p)} for row, p in zip(rows, adjusted, strict=True)]
