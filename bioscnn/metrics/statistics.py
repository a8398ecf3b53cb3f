"""Statistics of classification results."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioscnn.metrics.crossed import Estimate


@dataclass(frozen=True)
class Proportion:
    """A proportion with its 95 % confidence interval.

    Parameters
    ----------
    value, low, high : float
        Estimate and interval, 0 to 1.
    n : int
        Number of trials behind it.
    """

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{100 * self.value:.2f} % [{100 * self.low:.2f}, {100 * self.high:.2f}]"


def wilson(successes: int, n: int) -> Proportion:
    """Estimate a proportion with the Wilson score interval (95 %).

    References
    ----------
    Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22:209.

    Examples
    --------
    >>> str(wilson(99, 100))
    '99.00 % [94.55, 99.82]'
    """
    z = 1.959963984540054
    p, spread = successes / n, 1 + z**2 / n
    centre = (p + z**2 / (2 * n)) / spread
    half = z / spread * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return Proportion(p, min(p, float(centre - half)), max(p, float(centre + half)), n)


def accuracy(chosen: NDArray[np.int64], labels: NDArray[np.int64]) -> Proportion:
    """Return the share of trials in which the chosen class is right, with its Wilson interval."""
    return wilson(int(np.sum(chosen == labels)), len(labels))


def confusion_matrix(
    chosen: NDArray[np.int64], labels: NDArray[np.int64], n_classes: int
) -> NDArray[np.int64]:
    """Count trials by true class (rows) and chosen class (columns), shape (n_classes, n_classes)."""
    return np.bincount(labels * n_classes + chosen, minlength=n_classes**2).reshape(n_classes, n_classes)


@dataclass(frozen=True)
class Difference:
    """A mean over trials of a number that may be negative, with its 95 % confidence interval.

    Parameters
    ----------
    value, low, high : float
        Estimate and interval.
    """

    value: float
    low: float
    high: float

    @property
    def told_from_zero(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


def mean_difference(scores: NDArray[np.integer]) -> Difference:
    """Estimate the mean over trials of whole-numbered scores, with its 95 % interval.

    For scores of -1, 0 and 1, the difference of two classifiers on the same trials, this is the interval of
    Agresti and Min: half a trial is added to either side. Sums and differences of such scores, as the
    interaction of several causes, get the same two trials.

    Parameters
    ----------
    scores : ndarray of int, shape (n_trials,)
        One score a trial.

    References
    ----------
    Agresti and Min (2005), Simple improved confidence intervals for comparing matched proportions,
    Statistics in Medicine 24:729.

    Examples
    --------
    >>> mean_difference(np.repeat([0, 1], 50)).value
    0.5
    """
    n, total, squares = len(scores) + 2, float(np.sum(scores)), float(np.sum(scores**2)) + 1
    half = 1.959963984540054 * np.sqrt(squares - total**2 / n) / n
    return Difference(total / len(scores), float(total / n - half), float(total / n + half))


@dataclass(frozen=True)
class Distance:
    """How much more often one classifier is right than another on the same trials.

    Parameters
    ----------
    value, low, high : float
        Difference of the two accuracies and its 95 % interval, -1 to 1.
    lost, won : int
        Trials that only the first, and only the second, gets right.
    """

    value: float
    low: float
    high: float
    lost: int
    won: int


def paired_distance(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Distance:
    """Estimate the accuracy of the second classifier less that of the first, with its 95 % interval.

    The trials are the same, so only those count in which the two disagree (see `mean_difference`).

    Examples
    --------
    >>> right = np.ones(100, dtype=bool)
    >>> paired_distance(right, right).value
    0.0
    """
    lost, won = int(np.sum(first & ~second)), int(np.sum(~first & second))
    difference = mean_difference(second.astype(np.int64) - first)
    return Distance(difference.value, difference.low, difference.high, lost, won)


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Test whether two classifiers are right equally often on the same trials: exact, two-sided p.

    Only the trials count in which one is right and the other wrong; were they equally good, each of the two
    would be as likely. 1 where they never disagree.

    Parameters
    ----------
    first, second : ndarray of bool, shape (n_trials,)
        Whether each was right.

    References
    ----------
    McNemar (1947), Note on the sampling error of the difference between correlated proportions or
    percentages, Psychometrika 12:153.

    Examples
    --------
    >>> first, second = np.repeat([True, False], [1, 9]), np.repeat([False, True], [1, 9])
    >>> round(mcnemar(first, second), 4)
    0.0215
    """
    from scipy.stats import binomtest

    lost, won = int(np.sum(first & ~second)), int(np.sum(~first & second))
    return float(binomtest(won, lost + won).pvalue) if lost + won else 1.0


def holm(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Adjust p values so that the chance of any false rejection among them stays below the level.

    Parameters
    ----------
    p_values : ndarray of float64, shape (n_tests,)
        NaN where a test was not possible: it stays NaN and does not count.

    Returns
    -------
    ndarray of float64, shape (n_tests,)
        At most 1, in the order of the p values; reject where below the level.

    References
    ----------
    Holm (1979), A simple sequentially rejective multiple test procedure, Scand J Statist 6:65.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03]))
    array([0.03, 0.06, 0.06])
    """
    p_values = np.asarray(p_values, dtype=np.float64)
    adjusted = p_values.copy()
    tested = np.flatnonzero(~np.isnan(p_values))
    order = tested[np.argsort(p_values[tested])]
    scaled = p_values[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1)
    return adjusted


def bootstrap_difference(
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    rng: np.random.Generator,
    n_resamples: int = 2000,
) -> Difference:
    """Estimate the accuracy of the second classifier less that of the first, with its bootstrap interval.

    Pairs of answers to one trial are resampled. Their mean depends only on how many are won, lost and
    neither, which are drawn at once. The interval is that between the percentiles 2.5 and 97.5.

    Parameters
    ----------
    first, second : ndarray of bool, shape (n_trials,)
        Whether each was right.
    rng : numpy.random.Generator
        For the resamples.
    n_resamples : int
        How many of them.

    References
    ----------
    Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.

    Examples
    --------
    >>> right = np.ones(100, dtype=bool)
    >>> bootstrap_difference(right, right, np.random.default_rng(1))
    Difference(value=0.0, low=0.0, high=0.0)
    """
    n, lost, won = len(first), int(np.sum(first & ~second)), int(np.sum(~first & second))
    drawn = rng.multinomial(n, [lost / n, won / n, (n - lost - won) / n], size=n_resamples)
    low, high = np.percentile((drawn[:, 1] - drawn[:, 0]) / n, [2.5, 97.5])
    return Difference((won - lost) / n, float(low), float(high))


def median_interval(values: NDArray[np.floating]) -> tuple[float, float, float]:
    """Estimate a median with its 95 % interval, whatever the distribution: value, low, high.

    It ends at two of the ordered values, so chosen that the true median lies beyond either of them with a
    probability of at most 2.5 %. Fewer than six values have no such interval: theirs ends at the extremes.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        At least one.

    References
    ----------
    Conover (1999), Practical Nonparametric Statistics, 3rd edition, section 3.2.

    Examples
    --------
    >>> tuple(map(float, median_interval(np.arange(1.0, 102.0))))
    (51.0, 41.0, 61.0)
    """
    from scipy.stats import binom

    ordered, n = np.sort(values), len(values)
    below = max(0, int(binom.ppf(0.025, n, 0.5)) - 1)
    return float(np.median(ordered)), float(ordered[below]), float(ordered[n - 1 - below])


def mean_estimate(values: NDArray[np.number]) -> Estimate:
    """Estimate a mean over trials by Student's t, with its 95 % interval and p of a true mean of zero.

    Of the differences between two networks in the same trials, this is the paired t test.

    Parameters
    ----------
    values : ndarray of float, shape (n_trials,)
        At least two.

    References
    ----------
    Student (1908), The probable error of a mean, Biometrika 6:1.

    Examples
    --------
    >>> estimate = mean_estimate(np.array([1.0, 2.0, 3.0]))
    >>> [round(value, 2) for value in (estimate.value, estimate.low, estimate.high, estimate.p)]
    [2.0, -0.48, 4.48, 0.07]
    """
    from scipy.stats import t

    n, mean = len(values), float(np.mean(values))
    error = float(np.std(values, ddof=1) / np.sqrt(n))
    if error == 0:
        return Estimate(mean, mean, mean, float(mean == 0))
    half = float(t.ppf(0.975, n - 1)) * error
    return Estimate(mean, mean - half, mean + half, float(2 * t.sf(abs(mean) / error, n - 1)))
