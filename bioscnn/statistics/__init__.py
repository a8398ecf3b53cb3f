"""The one statistic of all experiments: estimates over trials and seeds, and the correction of families."""

from bioscnn.statistics.compare import (
    difference,
    mcnemar,
    mean,
    mean_difference,
    median,
    proportion,
    score_mean,
)
from bioscnn.statistics.estimate import LEVEL, Estimate, Sampling
from bioscnn.statistics.family import corrected, holm

__all__ = [
    "LEVEL",
    "Estimate",
    "Sampling",
    "corrected",
    "difference",
    "holm",
    "mcnemar",
    "mean",
    "mean_difference",
    "median",
    "proportion",
    "score_mean",
]
