"""Other names of `bioscnn.statistics`, for the study of filters and cross-validation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioscnn.statistics import Estimate, difference, holm, proportion
from bioscnn.statistics import proportion_of_counts as wilson

__all__ = ["accuracy", "holm", "mcnemar", "paired_distance", "wilson"]


def accuracy(chosen: NDArray[np.int64], labels: NDArray[np.int64]) -> Estimate:
    """Estimate the share of trials in which the chosen class is right."""
    return proportion(chosen == labels)


def paired_distance(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Estimate:
    """Estimate the accuracy of the second classifier less that of the first."""
    return difference(second, first)


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Return the two-sided p value of equal accuracies."""
    p = difference(second, first).p
    assert p is not None, "differences are tested"
    return p
