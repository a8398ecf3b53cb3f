"""Estimates of one condition over trials and seeds: proportion, mean and median."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioscnn.statistics.components import Floats, evidence, variance_of_mean
from bioscnn.statistics.estimate import LEVEL, Estimate, Sampling
from bioscnn.statistics.trials import (
    SEEDS,
    TRIALS,
    check_binary,
    checked,
    checked_trials,
    count,
    estimate_of,
    varied,
)

ROUNDING = 1e-12
"""A standard error of so small a share of the values is that of rounding alone."""


def proportion(
    correct: ArrayLike, *, seeds: Sequence[str] = SEEDS, trials: NDArray[np.integer] | None = None
) -> Estimate:
    r"""Estimate the share of trials that are correct, with its 95 % interval.

    Parameters
    ----------
    correct : array of bool, shape (n_trials,) or (n_seeds, n_trials)
        Whether each trial was correct under each seed.
    seeds : sequence of str
        What differs from one seed to the next, such as ``("noise seeds",)``.
    trials : ndarray of int, shape (n_seeds, n_trials), optional
        Which trial each answer belongs to; by default the k-th trial is the same one under all seeds.

    Returns
    -------
    Estimate
        Without p.

    Raises
    ------
    ValueError
        If there are no trials, or values other than 0 and 1.

    Notes
    -----
    Of one seed, the score interval of Wilson. Of several, the same with the effective number of trials
    (`bioscnn.statistics.components.evidence`) and Student's t with its degrees of freedom, as is done for
    clustered samples.

    References
    ----------
    Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22:209. Korn and
    Graubard (1998), Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data, Survey Methodology 24:193. Dean and Pagano (2015), Evaluating confidence
    interval methods for binomial proportions in clustered surveys, J Survey Statistics and Methodology 3:484.

    Examples
    --------
    >>> str(proportion(np.arange(100) > 0))
    '0.99 [0.9455, 0.9982]'
    """
    values = checked(correct, 2)
    check_binary(values)
    share, low, high = (float(number) for number in wilson(values, checked_trials(trials, values)))
    counts = count(values, trials), values.shape[1]
    return Estimate(share, min(share, low), max(share, high), *counts, varied(values, seeds))


def proportion_of_counts(correct: int, trials: int) -> Estimate:
    """Estimate the share of trials that are correct from their numbers: see `proportion`.

    Examples
    --------
    >>> str(proportion_of_counts(99, 100))
    '0.99 [0.9455, 0.9982]'
    """
    if not 0 <= correct <= trials or not trials:
        raise ValueError(f"{correct} of {trials} trials")
    share, low, high = map(float, _wilson(*map(np.asarray, (correct / trials, float(trials), inf))))
    return Estimate(share, min(share, low), max(share, high), trials, 1, (TRIALS,))


class Share(NamedTuple):
    """Proportion and the ends of its interval: arrays of one shape."""

    value: Floats
    low: Floats
    high: Floats


def wilson(values: Floats, trials: NDArray[np.integer] | None = None) -> Share:
    """Return the proportions of 1 in values of the shape (..., n_groups, n_seeds, n_trials).

    See `proportion`; any number of data sets is treated at once.
    """
    share, _, size, df = evidence(values, trials)
    return _wilson(share, size, df)


def _wilson(share: Floats, size: Floats, df: Floats) -> Share:
    """Return shares of effective numbers of trials, with their intervals; see `proportion`."""
    from scipy.special import stdtrit

    z = stdtrit(df, 1 - LEVEL / 2)
    spread = 1 + z**2 / size
    centre = (share + z**2 / (2 * size)) / spread
    half = z / spread * np.sqrt(share * (1 - share) / size + z**2 / (4 * size**2))
    return Share(share, centre - half, centre + half)


def mean(
    values: ArrayLike,
    *,
    seeds: Sequence[str] = SEEDS,
    shared_seeds: bool = False,
    trials: NDArray[np.integer] | None = None,
) -> Estimate:
    """Estimate the mean of a quantity over trials and seeds, with the p value of a true mean of zero.

    Parameters
    ----------
    values : array of float, shape (n_trials,), (n_seeds, n_trials) or (n_groups, n_seeds, n_trials)
        The quantity. The interval of a single trial is infinite.
    seeds, shared_seeds, trials
        See `difference`.

    Notes
    -----
    Where the quantity is the same in all trials there is no standard error; p is then that of the sign test,
    ``2**(1 - n_trials)``.

    Examples
    --------
    >>> str(mean([1.0, 2.0, 3.0]))
    '2 [-0.4841, 4.484]'
    """
    y = checked(values)
    if shared_seeds:
        y = y.mean(axis=0, keepdims=True)
    n, centre = y.shape[2], float(y.mean())
    trials = checked_trials(trials, y)
    if n == 1:
        return estimate_of(y, Sampling(centre, inf), seeds, trials)
    variance, df = (float(number) for number in variance_of_mean(y, trials))
    error = sqrt(variance)
    if error <= ROUNDING * float(np.abs(y).max()):
        exact = 2.0 ** (1 - count(y, trials)) if centre else 1.0
        return estimate_of(y, Sampling(centre, 0.0, exact_p=exact), seeds, trials)
    return estimate_of(y, Sampling(centre, error, df), seeds, trials)


def median(values: ArrayLike) -> Estimate:
    """Estimate the median over trials with its 95 % interval, whatever the distribution.

    The interval ends at two of the ordered values, so chosen that the true median lies beyond either of them
    with a probability of at most 2.5 %. Fewer than six values have no such interval: theirs ends at the
    extremes.

    Parameters
    ----------
    values : array of float, shape (n_trials,)
        At least one.

    References
    ----------
    Conover (1999), Practical Nonparametric Statistics, 3rd edition, section 3.2.

    Examples
    --------
    >>> str(median(np.arange(1.0, 102.0)))
    '51 [41, 61]'
    """
    from scipy.special import bdtrik

    ordered = np.sort(checked(values, 1).ravel())
    n = len(ordered)
    below = max(0, int(np.ceil(bdtrik(LEVEL / 2, n, 0.5))) - 1)
    low, high = float(ordered[below]), float(ordered[n - 1 - below])
    return Estimate(float(np.median(ordered)), low, high, n, 1, (TRIALS,))
