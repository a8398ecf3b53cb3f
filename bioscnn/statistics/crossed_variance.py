"""Variance of a mean over trials crossed with seeds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Variance(NamedTuple):
    """Variance of a mean, with its degrees of freedom; both arrays of any one shape."""

    variance: Floats
    df: Floats


def crossed_variance(values: Floats, pseudo_trials: float = 0.0) -> Variance:
    """Estimate the variance of the mean of values whose trials and seeds both vary by chance.

    Parameters
    ----------
    values : ndarray of float64, shape (..., n_groups, n_seeds, n_trials)
        Every trial is seen under every seed. The groups are fixed; their seeds are independent.
    pseudo_trials : float
        So many trials are added, half of which differ from zero, by 1, as often up as down.
    """
    groups, n_seeds, n = values.shape[-3:]
    by_trial = values.mean(axis=(-3, -2))
    size = n + pseudo_trials
    squares = (by_trial**2).sum(-1) + pseudo_trials / 2 - by_trial.sum(-1) ** 2 / size
    of_trials = squares / size / (size if pseudo_trials else n - 1)
    if n_seeds == 1:
        return Variance(of_trials, np.full(of_trials.shape, np.inf if pseudo_trials else n - 1.0))
    scale = n_seeds * groups**2
    by_seed = values.mean(axis=-1)
    of_seeds = by_seed.var(axis=-1, ddof=1) / scale
    df_rest = (n_seeds - 1) * (n - 1)
    rest = (
        values - values.mean(axis=-2, keepdims=True) - by_seed[..., None] + by_seed.mean(-1)[..., None, None]
    )
    of_rest = (rest**2).sum((-2, -1)) / df_rest / n / scale
    of_seeds = np.maximum(of_seeds, of_rest)
    variance = of_seeds.sum(-1) + np.maximum(of_trials - of_rest.sum(-1), 0)
    squared = (of_seeds**2).sum(-1) / (n_seeds - 1) + of_trials**2 / (n - 1) + (of_rest**2).sum(-1) / df_rest
    df = np.divide(variance**2, squared, out=np.full(variance.shape, np.inf), where=squared > 0)
    return Variance(variance, np.maximum(df, n_seeds - 1))
