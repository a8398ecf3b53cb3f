"""From the classes of every front end to tables with intervals and tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from bioscnn.metrics import holm, mcnemar, wilson
from bioscnn.seeds import stream
from bioscnn.studies.filters.choices import Choice, Condition
from bioscnn.studies.filters.unit import Row

Results = Mapping[Choice, list[Row]]


def table_rows(results: Results, labels: NDArray[np.int64]) -> list[Row]:
    """Return the tidy table: a row a front end, seed and condition.

    Parameters
    ----------
    results : mapping
        What `bioscnn.studies.filters.unit.run_unit` returned for each front end.
    labels : ndarray of int64, shape (n_images,)
        True classes of the pool.
    """
    rows = []
    for choice, found in results.items():
        for row in found:
            true = labels[row["rows"]]
            correct, ann = (int(np.sum(np.array(row[by]) == true)) for by in ("chosen", "ann"))
            rows.append(
                {
                    "cells": choice.cells,
                    "rank_order": choice.rank_order,
                    "seed": row["seed"],
                    "noise": row["noise"],
                    "severity": row["severity"],
                    "n": len(true),
                    "correct": correct,
                    "accuracy": correct / len(true),
                    "ann_accuracy": ann / len(true),
                    "validation_accuracy": row.get("validation_accuracy"),
                    "spikes": row["spikes"],
                    "latency_ms": row["latency_ms"],
                }
            )
    return rows


def mean_rows(results: Results, labels: NDArray[np.int64]) -> list[Row]:
    """Return the mean accuracy over seeds of each front end and condition, with its interval.

    An image that several seeds test counts once, so the Wilson interval is that of as many images as differ.
    """
    rows = []
    for choice, found in results.items():
        for condition in dict.fromkeys((row["noise"], row["severity"]) for row in found):
            right, images = correctness(found, Condition(*condition), labels)
            mean, n = float(right.mean()), len(np.unique(images))
            share = wilson(round(mean * n), n)
            by_seed = [float(np.mean(r)) for r in _by_seed(found, Condition(*condition), labels)]
            row = {"cells": choice.cells, "rank_order": choice.rank_order}
            row |= {"noise": condition[0], "severity": condition[1], "accuracy": mean}
            row |= {"low": min(share.low, mean), "high": max(share.high, mean), "n_images": n}
            rows.append(row | {"lowest_seed": min(by_seed), "highest_seed": max(by_seed)})
    return rows


def correctness(
    found: Iterable[Row], condition: Condition, labels: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return whether each test image of each seed was right, and which image it is."""
    rows = [r for r in found if (r["noise"], r["severity"]) == (condition.noise, condition.severity)]
    images = np.concatenate([np.array(row["rows"]) for row in rows])
    return np.concatenate([np.array(row["chosen"]) for row in rows]) == labels[images], images


def _by_seed(found: list[Row], condition: Condition, labels: NDArray[np.int64]) -> list[NDArray[np.bool_]]:
    return [correctness([row], condition, labels)[0] for row in found
            if (row["noise"], row["severity"]) == (condition.noise, condition.severity)]  # fmt: skip


def compare(
    results: Results,
    question: str,
    a: Choice,
    b: Choice,
    where: Iterable[Condition],
    labels: NDArray[np.int64],
) -> list[Row]:
    """Compare two front ends on the same images, divisions and noise, a row a condition.

    Networks of several seeds answer for one image, so images are resampled, not answers; and in McNemar's
    test an image counts once, for the front end that was right for it more often.
    """
    rows = []
    for condition in where:
        (first, images), (second, _) = (correctness(results[c], condition, labels) for c in (a, b))
        image = np.unique(images, return_inverse=True)[1]
        answers = np.bincount(image)
        gained = np.bincount(image, weights=second.astype(float) - first)
        rng = stream(1, "filters", "bootstrap", question, condition.noise, condition.severity)
        drawn = rng.integers(len(answers), size=(2000, len(answers)))
        low, high = np.percentile(gained[drawn].sum(1) / answers[drawn].sum(1), [2.5, 97.5])
        row: Row = {"question": question, "a": a.label, "b": b.label}
        row |= {"noise": condition.noise, "severity": condition.severity}
        row |= {"difference": float(gained.sum() / answers.sum()), "low": float(low), "high": float(high)}
        rows.append(row | {"p": mcnemar(gained < 0, gained > 0)})
    return rows


def corrected(rows: list[Row]) -> list[Row]:
    """Add p values that are corrected for the number of tests in the table."""
    adjusted = holm(np.array([row["p"] for row in rows]))
    return [row | {"p_holm": float(p)} for row, p in zip(rows, adjusted, strict=True)]


def best(results: Results, severity: int) -> list[Choice]:
    """Order the front ends by their validation images, clean (severity 0) or in noise of a severity.

    Of equals, the one of fewer cells comes first, then the one without rank order.
    """

    def merit(choice: Choice) -> tuple[float, int, bool]:
        shares = [row["validation_accuracy"] for row in results[choice] if row["severity"] == severity]
        # Rounded, so that as many right answers are as good in whatever order they are added.
        return -round(float(np.mean(shares)), 9), len(choice.retina), choice.rank_order

    return sorted(results, key=merit)
