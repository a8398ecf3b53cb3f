"""The one statistic of all experiments: estimates over trials and seeds, and the correction of families."""

from bioscnn.statistics.compare import agresti_min, difference, mean_difference, score_mean
from bioscnn.statistics.components import evidence, variance_of_mean
from bioscnn.statistics.estimate import LEVEL, Estimate, Sampling
from bioscnn.statistics.family import corrected, holm
from bioscnn.statistics.single import mean, median, proportion, proportion_of_counts, wilson

__all__ = [
    "LEVEL",
    "Estimate",
    "Sampling",
    "agresti_min",
    "corrected",
    "difference",
    "evidence",
    "holm",
    "mean",
    "mean_difference",
    "median",
    "proportion",
    "proportion_of_counts",
    "score_mean",
    "variance_of_mean",
    "wilson",
]
