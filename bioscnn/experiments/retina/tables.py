"""Tables of the retina experiment: every network, means over seeds, comparisons of front ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioscnn.experiments.experiment import Row
from bioscnn.experiments.retina.choices import Choice, Condition
from bioscnn.experiments.rows import share_cells
from bioscnn.statistics import Estimate, difference, proportion

TRAINING_SEEDS = ("training seeds",)

Correct = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Answers:
    """What the network of a front end and a seed answers under a condition.

    Parameters
    ----------
    seed : int
        Of the division and of the network.
    condition : Condition
        What is done to the images.
    images : ndarray of int64, shape (n,)
        Which images of the pool are tested.
    correct, ann_correct : ndarray of bool, shape (n,)
        Whether the spiking network, and the trained one, classified each of them rightly.
    spikes, latency_ms : float
        Spikes per trial, median latency.
    validation_accuracy : float or None
        Accuracy on validation images, where they are shown.
    """

    seed: int
    condition: Condition
    images: NDArray[np.int64]
    correct: Correct
    ann_correct: Correct
    spikes: float
    latency_ms: float
    validation_accuracy: float | None = None


Results = Mapping[Choice, Sequence[Answers]]
"""Of each front end: one for each condition and seed, conditions in their order."""


def correctness(results: Results, choice: Choice, condition: Condition) -> Correct:
    """Return which test images were right, shape (n_seeds, n_images)."""
    return np.stack([one.correct for one in results[choice] if one.condition == condition])


def table_rows(results: Results) -> list[Row]:
    """Return ``table.csv``: one row per front end, seed and condition."""
    return [
        {
            "cells": choice.cells,
            "rank_order": choice.rank_order,
            "seed": one.seed,
            "noise": one.condition.noise,
            "severity": one.condition.severity,
            "n": len(one.correct),
            "correct": int(one.correct.sum()),
            "accuracy": float(one.correct.mean()),
            "ann_accuracy": float(one.ann_correct.mean()),
            "validation_accuracy": one.validation_accuracy,
            "spikes": one.spikes,
            "latency_ms": one.latency_ms,
        }
        for choice, answers in results.items()
        for one in sorted(answers, key=lambda one: one.seed)
    ]


def mean_rows(results: Results) -> list[Row]:
    """Return ``means.csv``: one row per front end and condition, the mean accuracy over seeds.

    Its interval is over images and training seeds; ``n_images`` are different images.
    """
    rows = []
    for choice, answers in results.items():
        for condition in dict.fromkeys(one.condition for one in answers):
            correct = correctness(results, choice, condition)
            images = [one.images for one in answers if one.condition == condition]
            by_seed = correct.mean(axis=1)
            rows.append(
                {
                    "cells": choice.cells,
                    "rank_order": choice.rank_order,
                    "noise": condition.noise,
                    "severity": condition.severity,
                    **share_cells(proportion(correct, seeds=TRAINING_SEEDS)),
                    "n_images": len(np.unique(images)),
                    "lowest_seed": float(by_seed.min()),
                    "highest_seed": float(by_seed.max()),
                }
            )
    return rows


def compare(
    results: Results, question: str, a: Choice, b: Choice, where: Iterable[Condition]
) -> list[tuple[Row, Estimate]]:
    """Compare two front ends on the same images, divisions and noise: `b` less `a` under each condition."""
    return [
        (
            {
                "question": question,
                "a": a.label,
                "b": b.label,
                "noise": condition.noise,
                "severity": condition.severity,
            },
            difference(
                correctness(results, b, condition), correctness(results, a, condition), seeds=TRAINING_SEEDS
            ),
        )
        for condition in where
    ]


def ranked(results: Results, severity: int) -> list[Choice]:
    """Order the front ends by their validation images, clean (severity 0) or in noise of a severity.

    Of equals, the one of fewer cells comes first, then the one without rank order.
    """

    def merit(choice: Choice) -> tuple[float, int, bool]:
        shares = [
            one.validation_accuracy
            for one in results[choice]
            if one.condition.severity == severity and one.validation_accuracy is not None
        ]
        # Rounded, so that as many right answers are as good in whatever order they are added.
        return -round(float(np.mean(shares)), 9), len(choice.retina), choice.rank_order

    return sorted(results, key=merit)
