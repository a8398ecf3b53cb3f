r"""Variance of a mean over trials and seeds, from its components.

Answers to one trial are alike under all seeds, and answers under one seed are alike in all trials. With S
seeds and n trials the mean of the answers varies with

.. math:: V = \sigma_{seed}^2 / S + \sigma_{trial}^2 / n + \sigma_{rest}^2 / (S n).

The analysis of variance estimates it without bias as :math:`(M_{seed} + M_{trial} - M_{rest}) / (S n)`, from
the mean squares of seeds, trials and their interaction. Here the same is computed as the sum of two parts:
the variance of the seeds' means among each other, and the covariance that they have because they saw the same
trials. In this form the trials need not be the same ones under all seeds.

References
----------
Brennan (2001), Generalizability Theory, chapters 3 and 6. Burdick and Graybill (1992), Confidence Intervals
on Variance Components, chapters 2 and 6.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Variance(NamedTuple):
    """Variance of a mean and its degrees of freedom: arrays of one shape."""

    variance: Floats
    df: Floats


class Evidence(NamedTuple):
    """What shares and scores come to, as if each had been measured in independent trials.

    Arrays of one shape: the mean, the mean of squares, the effective number of trials, and the degrees of
    freedom with which that is known.
    """

    mean: Floats
    square: Floats
    trials: Floats
    df: Floats


def variance_of_mean(values: Floats, trials: NDArray[np.integer] | None = None) -> Variance:
    r"""Estimate the variance of the mean of values over trials and seeds, both of which vary by chance.

    Parameters
    ----------
    values : ndarray of float64, shape (..., n_groups, n_seeds, n_trials)
        At least two trials. The groups are fixed, the seeds of each group are its own.
    trials : ndarray of int, shape (n_seeds, n_trials), optional
        Which trial each value belongs to; by default the k-th trial is the same one under all seeds.

    Returns
    -------
    Variance
        Of shape (...).

    Notes
    -----
    By chance the seeds' means can lie closer to each other than their own trials let them; the variance
    between seeds is therefore not taken to be smaller than what trials explain, nor the covariance to be
    negative. The degrees of freedom are Satterthwaite's, with the mean squares as they are, and at least
    those of the seeds. With one seed only the trials vary: the variance and degrees of freedom are Student's.

    References
    ----------
    Satterthwaite (1946), An approximate distribution of estimates of variance components, Biometrics 2:110.
    """
    groups, n_seeds, n = values.shape[-3:]
    rest = values - values.mean(axis=-1, keepdims=True)
    by_trial = _mean_by_trial(rest, trials)
    pairs = n * (n - 1)
    of_trials = (by_trial.mean(axis=-2) ** 2).sum(-1) / pairs
    if n_seeds == 1:
        return Variance(of_trials, np.full(of_trials.shape, n - 1.0))
    # By group: the variance of one seed's mean that trials explain, and what of it two seeds have in common.
    explained = (rest**2).sum(-1).mean(-1) / pairs
    common = (n_seeds * (by_trial**2).sum(-1) / pairs - explained) / (n_seeds - 1)
    scale = n_seeds * groups**2
    of_rest = np.maximum(explained - common, 0) / scale
    of_seeds = values.mean(axis=-1).var(axis=-1, ddof=1) / scale
    covariance = np.maximum(of_trials - of_rest.sum(-1), 0)
    variance = np.maximum(of_seeds, of_rest).sum(-1) + covariance
    squares = (of_seeds**2).sum(-1) / (n_seeds - 1) + of_trials**2 / (n - 1)
    squares += (of_rest**2).sum(-1) / ((n_seeds - 1) * (n - 1))
    df = np.divide(variance**2, squares, out=np.full(variance.shape, np.inf), where=squares > 0)
    return Variance(variance, np.maximum(df, n_seeds - 1))


def evidence(values: Floats, trials: NDArray[np.integer] | None = None) -> Evidence:
    r"""Return the evidence in answers of -1, 0 and 1, or 0 and 1, as if their trials were independent.

    A mean of n independent answers varies with :math:`s^2 / n`, where s is the standard deviation of an
    answer. So the effective number of trials is :math:`n_e = s^2 / V`, with the variance V of
    `variance_of_mean`. It is the number of trials if seeds add nothing to them, larger if
    they average out noise, smaller if they differ. Where all answers are equal, or there is a single trial,
    seeds are taken to add nothing. With one seed n_e is the number of trials, and known.

    Parameters
    ----------
    values, trials
        See `variance_of_mean`.
    """
    axes = (-3, -2, -1)
    n = values.shape[-1] if trials is None else len(np.unique(trials))
    mean, square = values.mean(axis=axes), (values**2).mean(axis=axes)
    size, df = np.full(mean.shape, float(n)), np.full(mean.shape, np.inf)
    if values.shape[-3:-1] == (1, 1) or values.shape[-1] == 1:
        return Evidence(mean, square, size, df)
    variance, df_of_variance = variance_of_mean(values, trials)
    spread = square - mean**2
    varies = (variance > 0) & (spread > 0)
    np.divide(spread, variance, out=size, where=varies)
    most = float(values.shape[-3] * values.shape[-2] * values.shape[-1])
    return Evidence(mean, square, np.minimum(size, most), np.where(varies, df_of_variance, df))


def _mean_by_trial(rest: Floats, trials: NDArray[np.integer] | None) -> Floats:
    """Return the sum over values of each trial, divided by the number of seeds, shape (..., n_distinct)."""
    if trials is None:
        return np.asarray(rest.mean(axis=-2))
    distinct, index = np.unique(trials, return_inverse=True)
    flat = rest.reshape(-1, trials.size)
    sums = [np.bincount(index.ravel(), weights=row, minlength=len(distinct)) for row in flat]
    return np.asarray(np.array(sums).reshape(*rest.shape[:-2], -1) / rest.shape[-2], np.float64)
