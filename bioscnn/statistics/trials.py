"""Checked outcomes of trials and seeds, and what an estimate says of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.statistics.components import Floats
from bioscnn.statistics.estimate import LEVEL, Estimate, Sampling

TRIALS = "trials"
SEEDS = ("seeds",)
"""What differs from one seed to the next, unless the caller says what it is."""


def checked(values: Any, most_axes: int = 3) -> Floats:
    """Return finite values in the shape (n_groups, n_seeds, n_trials)."""
    array = np.asarray(values, dtype=np.float64)
    if not 1 <= array.ndim <= most_axes or array.size == 0:
        raise ValueError(
            f"expected 1 to {most_axes} axes, the last of them trials; the shape is {array.shape}"
        )
    if not np.isfinite(array).all():
        raise ValueError("values of trials must be finite")
    return array.reshape((1,) * (3 - array.ndim) + array.shape)


def check_binary(values: Floats) -> None:
    """Refuse values other than 0 and 1."""
    if not ((values == 0) | (values == 1)).all():
        raise ValueError("a trial is correct or not: expected only 0 and 1; for a quantity, take its mean")


def checked_trials(trials: NDArray[np.integer] | None, values: Floats) -> NDArray[np.integer] | None:
    """Return which trial each value belongs to, if it fits the values and no seed has a trial twice."""
    if trials is None:
        return None
    trials = np.asarray(trials).reshape(-1, np.shape(trials)[-1])
    if trials.shape != values.shape[1:]:
        raise ValueError(f"expected trials of shape {values.shape[1:]}, not {trials.shape}")
    if any(len(np.unique(row)) < len(row) for row in trials):
        raise ValueError("a seed has the same trial twice")
    return trials


def estimate_of(
    values: Floats, sampling: Sampling, seeds: Sequence[str], trials: NDArray[np.integer] | None
) -> Estimate:
    """Return the estimate of a mean whose sampling distribution is known."""
    low, high = sampling.interval(LEVEL)
    value, counts = float(values.mean()), (count(values, trials), values.shape[1])
    ends = min(low, value), max(high, value)
    return Estimate(value, *ends, *counts, varied(values, seeds), sampling.p(), sampling=sampling)


def varied(values: Floats, seeds: Sequence[str]) -> tuple[str, ...]:
    """Return the sources of variation in an interval: trials, and what several seeds stand for."""
    return (TRIALS, *seeds) if values.shape[1] > 1 else (TRIALS,)


def count(values: Floats, trials: NDArray[np.integer] | None) -> int:
    """Return the number of different trials."""
    return values.shape[2] if trials is None else len(np.unique(trials))
