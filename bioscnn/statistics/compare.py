"""Estimates of proportions, means and differences over trials and seeds."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioscnn.statistics.crossed_variance import crossed_variance
from bioscnn.statistics.estimate import LEVEL, Estimate, Sampling

TRIALS = "trials"
SEEDS = ("seeds",)


def proportion(correct: ArrayLike, *, seeds: Sequence[str] = SEEDS) -> Estimate:
    r"""Estimate the share of trials that are correct, with its 95 % interval.

    Parameters
    ----------
    correct : array of bool, shape (n_trials,) or (n_seeds, n_trials)
        Whether each trial was correct under each seed.
    seeds : sequence of str
        What differs from one seed to the next, such as ``("noise seeds",)``.

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

    .. math:: n_e = \hat p (1 - \hat p) / \hat V,

    V being the variance over trials and seeds (`difference`), and with Student's t of its degrees of freedom
    in place of the normal quantile (Dean and Pacheco 2014). Where all answers are equal, seeds are taken to
    add nothing to the trials.

    References
    ----------
    Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22:209. Dean and
    Pagano (2015), Evaluating confidence interval methods for binomial proportions in clustered surveys, J
    Survey Statistics and Methodology 3:484.

    Examples
    --------
    >>> str(proportion(np.arange(100) > 0))
    '0.99 [0.9455, 0.9982]'
    """
    values = _values(correct, 2)
    if not np.isin(values, (0, 1)).all():
        raise ValueError("a proportion is that of 0 and 1, or of False and True")
    n_seeds, n = values.shape[1:]
    share = float(values.mean())
    size, quantile = float(n), _quantile(inf)
    if n_seeds > 1 and 0 < share < 1:
        variance, df = (float(one) for one in crossed_variance(values))
        size, quantile = share * (1 - share) / variance, _quantile(df)
    spread = 1 + quantile**2 / size
    centre = (share + quantile**2 / (2 * size)) / spread
    half = quantile / spread * float(np.sqrt(share * (1 - share) / size + quantile**2 / (4 * size**2)))
    low, high = min(share, centre - half), max(share, centre + half)
    return Estimate(share, low, high, n, n_seeds, _varied(n_seeds, seeds))


def difference(
    first: ArrayLike, second: ArrayLike, *, seeds: Sequence[str] = SEEDS, shared_seeds: bool = False
) -> Estimate:
    """Estimate how much more often the first is correct than the second, in the same trials and seeds.

    Parameters
    ----------
    first, second : array of bool, shape (n_trials,), (n_seeds, n_trials) or (n_groups, n_seeds, n_trials)
        Whether each was correct. Groups, such as kinds of noise, are no sample of anything: the mean over
        them is estimated as it is.
    seeds : sequence of str
        What differs from one seed to the next, such as ``("training seeds",)``.
    shared_seeds : bool
        Whether the k-th seed is the same in all groups, such as one trained network under several noises.
        Otherwise each group has its own.

    Returns
    -------
    Estimate
        Value and interval within -1 and 1, and p.

    Raises
    ------
    ValueError
        If the shapes differ, there are no trials, or values other than 0 and 1.

    References
    ----------
    Agresti and Min (2005), Simple improved confidence intervals for comparing matched proportions,
    Statistics in Medicine 24:729. McNemar (1947), Note on the sampling error of the difference between
    correlated proportions or percentages, Psychometrika 12:153.

    Examples
    --------
    >>> first, second = np.repeat([True, False], [9, 1]), np.repeat([False, True], [9, 1])
    >>> round(difference(first, second).p, 4)
    0.0215
    """
    a, b = _values(first), _values(second)
    if a.shape != b.shape:
        raise ValueError(f"trials and seeds are not the same: shapes {a.shape} and {b.shape}")
    if not (np.isin(a, (0, 1)).all() and np.isin(b, (0, 1)).all()):
        raise ValueError("accuracies are compared from 0 and 1, or False and True; see mean_difference")
    return score_mean(a - b, seeds=seeds, shared_seeds=shared_seeds)


def score_mean(scores: ArrayLike, *, seeds: Sequence[str] = SEEDS, shared_seeds: bool = False) -> Estimate:
    """Estimate the mean of whole-numbered scores: differences of accuracies, or sums and differences of them.

    The same as `difference`, from the score of each trial: -1, 0 or 1 for a difference of two classifiers;
    other whole numbers for the interaction of several causes.

    Parameters
    ----------
    scores : array of int, shape (n_trials,), (n_seeds, n_trials) or (n_groups, n_seeds, n_trials)
        One score per trial and seed.
    seeds, shared_seeds
        See `difference`.

    Examples
    --------
    >>> score_mean(np.repeat([0, 1], 50)).value
    0.5
    """
    values = _values(scores)
    if shared_seeds:
        values = values.mean(axis=0, keepdims=True)
    n = values.shape[2]
    variance, df = (float(one) for one in crossed_variance(values, PSEUDO_TRIALS))
    centre = float(values.mean(axis=(0, 1)).sum()) / (n + PSEUDO_TRIALS)
    bound = max(1.0, float(np.abs(values).max()))
    exact = _mcnemar(values.ravel()) if values.size == n and bound == 1 else None
    sampling = Sampling(centre, float(np.sqrt(variance)), df, -bound, bound, exact)
    return _estimate(values, sampling, seeds)


def mean_difference(
    first: ArrayLike, second: ArrayLike, *, seeds: Sequence[str] = SEEDS, shared_seeds: bool = False
) -> Estimate:
    """Estimate the mean difference of a quantity, such as latency or spikes, in the same trials and seeds.

    Of one seed, this is the paired t test.

    Parameters
    ----------
    first, second : array of float, shape (n_trials,), (n_seeds, n_trials) or (n_groups, n_seeds, n_trials)
        The quantity in each.
    seeds, shared_seeds
        See `difference`.

    Returns
    -------
    Estimate
        In the quantity's unit, first less second, with p.

    Raises
    ------
    ValueError
        If the shapes differ, there are no trials, or values that are not finite.

    Examples
    --------
    >>> estimate = mean_difference([5.0, 6.0, 7.0], [4.0, 4.0, 4.0])
    >>> [round(value, 2) for value in (estimate.value, estimate.low, estimate.high, estimate.p)]
    [2.0, -0.48, 4.48, 0.07]
    """
    a, b = _values(first), _values(second)
    if a.shape != b.shape:
        raise ValueError(f"trials and seeds are not the same: shapes {a.shape} and {b.shape}")
    return mean(a - b, seeds=seeds, shared_seeds=shared_seeds)


def mean(values: ArrayLike, *, seeds: Sequence[str] = SEEDS, shared_seeds: bool = False) -> Estimate:
    """Estimate the mean of a quantity over trials and seeds, with the p value of a true mean of zero.

    Parameters
    ----------
    values : array of float, shape (n_trials,), (n_seeds, n_trials) or (n_groups, n_seeds, n_trials)
        The quantity. A single trial has an infinite interval.
    seeds, shared_seeds
        See `difference`.

    Examples
    --------
    >>> str(mean([1.0, 2.0, 3.0]))
    '2 [-0.4841, 4.484]'
    """
    y = _values(values)
    if shared_seeds:
        y = y.mean(axis=0, keepdims=True)
    if y.shape[2] == 1:
        return _estimate(y, Sampling(float(y.mean()), inf), seeds)
    variance, df = (float(one) for one in crossed_variance(y))
    return _estimate(y, Sampling(float(y.mean()), float(np.sqrt(variance)), df), seeds)


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

    ordered = np.sort(_values(values, 1).ravel())
    n = len(ordered)
    below = max(0, int(np.ceil(bdtrik(LEVEL / 2, n, 0.5))) - 1)
    return Estimate(
        float(np.median(ordered)), float(ordered[below]), float(ordered[n - 1 - below]), n, 1, (TRIALS,)
    )


def mcnemar(first: ArrayLike, second: ArrayLike) -> float:
    """Test whether two classifiers are right equally often on the same trials: exact, two-sided p.

    Only the trials count in which one is right and the other wrong; were they equally good, each of the two
    would be as likely. 1 where they never disagree.

    Parameters
    ----------
    first, second : array of bool, shape (n_trials,)
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
    return _mcnemar(_values(first, 1).ravel() - _values(second, 1).ravel())


def _mcnemar(scores: NDArray[np.float64]) -> float:
    from scipy.special import bdtr

    lost, won = int(np.sum(scores < 0)), int(np.sum(scores > 0))
    return min(1.0, 2 * float(bdtr(min(lost, won), lost + won, 0.5))) if lost + won else 1.0


PSEUDO_TRIALS = 2.0
"""Added to trials with scores of -1, 0 and 1: half of them 0, a quarter each +1 and -1 (Agresti and Min)."""


def _estimate(values: NDArray[np.float64], sampling: Sampling, seeds: Sequence[str]) -> Estimate:
    low, high = sampling.interval(LEVEL)
    n_seeds, n = values.shape[1:]
    value = float(values.mean())
    varied = _varied(n_seeds, seeds)
    return Estimate(
        value, min(low, value), max(high, value), n, n_seeds, varied, sampling.p(), sampling=sampling
    )


def _varied(n_seeds: int, seeds: Sequence[str]) -> tuple[str, ...]:
    return (TRIALS, *seeds) if n_seeds > 1 else (TRIALS,)


def _quantile(df: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(df, 1 - LEVEL / 2))


def _values(values: Any, most_axes: int = 3) -> NDArray[np.float64]:
    """Return values of shape (n_groups, n_seeds, n_trials), as they are demanded."""
    array = np.asarray(values, dtype=np.float64)
    if not 1 <= array.ndim <= most_axes or array.size == 0:
        raise ValueError(f"expected an array of 1 to {most_axes} axes with trials, got shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError("values of trials must be finite")
    return array.reshape((1,) * (3 - array.ndim) + array.shape)
