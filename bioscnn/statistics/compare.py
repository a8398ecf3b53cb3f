"""Estimates of the difference of two conditions over trials and seeds."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioscnn.statistics.components import Floats, evidence
from bioscnn.statistics.estimate import Estimate, Sampling
from bioscnn.statistics.single import mean
from bioscnn.statistics.trials import SEEDS, check_binary, checked, checked_trials, estimate_of


def difference(
    first: ArrayLike,
    second: ArrayLike,
    *,
    seeds: Sequence[str] = SEEDS,
    shared_seeds: bool = False,
    trials: NDArray[np.integer] | None = None,
) -> Estimate:
    r"""Estimate how much more often the first is correct than the second, in the same trials and seeds.

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
    trials : ndarray of int, shape (n_seeds, n_trials), optional
        Which trial each answer belongs to, such as the images that each seed's division tests; by default the
        k-th trial is the same one under all seeds.

    Returns
    -------
    Estimate
        Value and interval within -1 and 1, and p.

    Raises
    ------
    ValueError
        If the shapes differ, there are no trials, or values other than 0 and 1.

    Notes
    -----
    Of one seed, the interval of Agresti and Min: two trials are added, in one of which the two agree, and in
    half a trial each one is right and the other wrong. p is that of McNemar's exact test. The two agree in
    all but the rarest cases, and there the more cautious one is followed, so that the interval leaves zero
    out exactly if p < .05.

    Of several seeds, the same interval with the effective number of trials
    (`bioscnn.statistics.components.evidence`) and Student's t with its degrees of freedom. p is that of
    the same t: the level at which the interval ends at zero. docs/statistics.md has the coverage, measured by
    simulation, and that of the methods that were not chosen.

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
    scores = _paired(first, second, binary=True)
    return score_mean(scores, seeds=seeds, shared_seeds=shared_seeds, trials=trials)


def score_mean(
    scores: ArrayLike,
    *,
    seeds: Sequence[str] = SEEDS,
    shared_seeds: bool = False,
    trials: NDArray[np.integer] | None = None,
) -> Estimate:
    """Estimate the mean of whole-numbered scores: differences of accuracies, or sums and differences of them.

    The same as `difference`, from the score of each trial: -1, 0 or 1 for a difference of two classifiers;
    other whole numbers for the interaction of several causes, of which p is that of Student's t.

    Parameters
    ----------
    scores : array of int, shape (n_trials,), (n_seeds, n_trials) or (n_groups, n_seeds, n_trials)
        One score per trial and seed.
    seeds, shared_seeds, trials
        See `difference`.

    Examples
    --------
    >>> score_mean(np.repeat([0, 1], 50)).value
    0.5
    """
    values = checked(scores)
    of_two = bool(np.all(np.abs(values) <= 1))
    exact = _mcnemar(values) if values.shape[:2] == (1, 1) and of_two else None
    bound = 1.0 if of_two else inf
    if shared_seeds:
        values = values.mean(axis=0, keepdims=True)
    centre, error, df = (float(number) for number in agresti_min(values, checked_trials(trials, values)))
    return estimate_of(values, Sampling(centre, error, df, -bound, bound, exact), seeds, trials)


class Centred(NamedTuple):
    """Centre, standard error and degrees of freedom of Student's t: arrays of one shape."""

    centre: Floats
    error: Floats
    df: Floats


def agresti_min(values: Floats, trials: NDArray[np.integer] | None = None) -> Centred:
    """Return the sampling distributions of mean scores of the shape (..., n_groups, n_seeds, n_trials).

    See `difference`; any number of data sets is treated at once.
    """
    mean, square, size, df = evidence(values, trials)
    added = size + 2
    return Centred(size * mean / added, np.sqrt(size * square + 1 - (size * mean) ** 2 / added) / added, df)


def mean_difference(
    first: ArrayLike,
    second: ArrayLike,
    *,
    seeds: Sequence[str] = SEEDS,
    shared_seeds: bool = False,
    trials: NDArray[np.integer] | None = None,
) -> Estimate:
    """Estimate the mean difference of a quantity, such as latency or spikes, in the same trials and seeds.

    Of one seed, this is the paired t test; of several, see `bioscnn.statistics.components`.

    Parameters
    ----------
    first, second : array of float, shape (n_trials,), (n_seeds, n_trials) or (n_groups, n_seeds, n_trials)
        The quantity in each.
    seeds, shared_seeds, trials
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
    return mean(_paired(first, second), seeds=seeds, shared_seeds=shared_seeds, trials=trials)


def _mcnemar(scores: Floats) -> float:
    """Return the exact two-sided p of a fair coin over the trials in which the two differ."""
    from scipy.special import bdtr

    lost, won = int(np.sum(scores < 0)), int(np.sum(scores > 0))
    return min(1.0, 2 * float(bdtr(min(lost, won), lost + won, 0.5))) if lost + won else 1.0


def _paired(first: ArrayLike, second: ArrayLike, *, binary: bool = False) -> Floats:
    a, b = checked(first), checked(second)
    if a.shape != b.shape:
        raise ValueError(f"trials and seeds are not the same: shapes {a.shape} and {b.shape}")
    if binary:
        check_binary(a)
        check_binary(b)
    return a - b
