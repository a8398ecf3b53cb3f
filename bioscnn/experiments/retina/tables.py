"""Tables of the retina experiment: every network, means over seeds, comparisons of front ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioscnn.experiments.experiment import Row
from bioscnn.experiments.retina.choices import CLEAN, Choice, Condition
from bioscnn.experiments.rows import NOISE_SEEDS, TRAINING_SEEDS, share_cells
from bioscnn.statistics import Estimate, proportion, score_mean


def seeds_of(condition: Condition) -> tuple[str, ...]:
    """Return the names of what differs from one seed to the next."""
    return TRAINING_SEEDS if condition == CLEAN else TRAINING_SEEDS + NOISE_SEEDS


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
        Whether the spiking network, by the study's readout, and the trained one classified each rightly.
    by_readout : ndarray of bool, shape (n_rules, n)
        Whether the spiking network did by each of `bioscnn.experiments.classify.RULES`.
    spikes, latency_ms : float
        Spikes per trial, median latency.
    validation_accuracy : float or None
        Accuracy on validation images, where they are shown; on those that no division tests.
    """

    seed: int
    condition: Condition
    images: NDArray[np.int64]
    correct: Correct
    ann_correct: Correct
    by_readout: Correct
    spikes: float
    latency_ms: float
    validation_accuracy: float | None = None


Results = Mapping[Choice, Sequence[Answers]]
"""Of each front end: one for each condition and seed, conditions in their order."""


def correctness(
    results: Results, choice: Choice, condition: Condition, readout: int | None = None
) -> Correct:
    """Return which test images were right, by a readout or the study's own, shape (n_seeds, n_images)."""
    answers = [answer for answer in results[choice] if answer.condition == condition]
    return np.stack([answer.correct if readout is None else answer.by_readout[readout] for answer in answers])


def front_end_cells(choice: Choice) -> Row:
    """Return the cells of a row that describe its front end."""
    return {"front_end": choice.label, "cells": choice.cells}


def table_rows(results: Results) -> list[Row]:
    """Return ``table.csv``: one row per front end, seed and condition."""
    return [
        {
            **front_end_cells(choice),
            "seed": answer.seed,
            "noise": answer.condition.noise,
            "severity": answer.condition.severity,
            "n": len(answer.correct),
            "correct": int(answer.correct.sum()),
            "accuracy": float(answer.correct.mean()),
            "ann_accuracy": float(answer.ann_correct.mean()),
            "validation_accuracy": answer.validation_accuracy,
            "spikes": answer.spikes,
            "latency_ms": answer.latency_ms,
        }
        for choice, answers in results.items()
        for answer in sorted(answers, key=lambda answer: answer.seed)
    ]


def mean_rows(results: Results) -> list[Row]:
    """Return ``means.csv``: one row per front end and condition, the mean accuracy over seeds.

    Its interval is over images, training seeds and noise seeds; ``n_images`` are different images.
    """
    rows = []
    for choice, answers in results.items():
        for condition in dict.fromkeys(answer.condition for answer in answers):
            correct = correctness(results, choice, condition)
            images = np.stack([answer.images for answer in answers if answer.condition == condition])
            by_seed = correct.mean(axis=1)
            rows.append(
                {
                    **front_end_cells(choice),
                    "noise": condition.noise,
                    "severity": condition.severity,
                    **share_cells(proportion(correct, seeds=seeds_of(condition), trials=images)),
                    "n_images": len(np.unique(images)),
                    "lowest_seed": float(by_seed.min()),
                    "highest_seed": float(by_seed.max()),
                }
            )
    return rows


def compare(
    results: Results,
    terms: Sequence[tuple[int, Choice]],
    where: Sequence[Condition],
    readout: int | None = None,
) -> Estimate:
    """Estimate a sum and difference of accuracies on the same images, divisions and noise.

    Parameters
    ----------
    results : Results
        Answers.
    terms : sequence of (int, Choice)
        Front ends with their signs, such as ``[(1, b), (-1, a)]`` for the accuracy of b less that of a.
    where : sequence of Condition
        Conditions over which the mean is taken; each network is the same under all of them.
    readout : int, optional
        One of `bioscnn.experiments.classify.RULES`, in place of the study's own.
    """
    scores = sum(
        sign * np.stack([correctness(results, choice, condition, readout).astype(int) for condition in where])
        for sign, choice in terms
    )
    images = [answer.images for answer in results[terms[0][1]] if answer.condition == where[0]]
    return score_mean(scores, seeds=seeds_of(where[0]), shared_seeds=True, trials=np.stack(images))


def groups_of(noises: Sequence[str], severities: Sequence[int]) -> dict[str, list[Condition]]:
    """Return the clean images, and each family of noise with all its severities."""
    noisy = {noise: [Condition(noise, severity) for severity in severities] for noise in noises}
    return {CLEAN.noise: [CLEAN], **noisy}


def ranked(results: Results, severity: int) -> list[Choice]:
    """Order the front ends by their validation images, clean (severity 0) or in noise of a severity.

    Of equals, the one of fewer cells comes first.
    """

    def merit(choice: Choice) -> tuple[float, int]:
        shares = [
            answer.validation_accuracy
            for answer in results[choice]
            if answer.condition.severity == severity and answer.validation_accuracy is not None
        ]
        # Rounded, so that as many right answers are as good in whatever order they are added.
        return -round(float(np.mean(shares)), 9), len(choice.retina)

    return sorted(results, key=merit)
