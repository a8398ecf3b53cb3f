"""Intervals of a mean over trials and seeds: those that bioscnn takes, and others that were tried.

Each is a function of values of the shape (repetitions, n_seeds, n_trials), and returns the ends of intervals.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from bioscnn.statistics import agresti_min, wilson

Floats = NDArray[np.float64]
Ends = tuple[Floats, Floats]


def chosen_for_differences(values: Floats) -> Ends:
    """Return the intervals of `bioscnn.statistics.difference`."""
    centre, error, df = agresti_min(values[:, None])
    half = stdtrit(df, 0.975) * error
    return centre - half, centre + half


def chosen_for_proportions(values: Floats) -> Ends:
    """Return the intervals of `bioscnn.statistics.proportion`."""
    return wilson(values[:, None])[1:]


def others(values: Floats) -> dict[str, Ends]:
    """Return the intervals of other methods, from the mean squares of seeds, trials and rest.

    ``normal``: the normal quantile. ``satterthwaite``: Student's t, with Satterthwaite's degrees of freedom.
    ``fewest degrees``: Student's t, with one degree less than seeds. ``generalised``: the quantile of the sum
    of a normal variable, for trials, and of Student's t, for seeds (Weerahandi 1993).
    """
    seeds, n = values.shape[1:]
    by_seed, by_trial = values.mean(2), values.mean(1)
    centre = by_seed.mean(1)
    rest = values - by_seed[..., None] - by_trial[:, None] + centre[:, None, None]
    of_rest = (rest**2).sum((1, 2)) / ((seeds - 1) * (n - 1)) / (seeds * n)
    of_seeds, of_trials = by_seed.var(1, ddof=1) / seeds, by_trial.var(1, ddof=1) / n
    variance = np.maximum(of_seeds + of_trials - of_rest, 0)
    squares = of_seeds**2 / (seeds - 1) + of_trials**2 / (n - 1) + of_rest**2 / (seeds - 1) / (n - 1)
    df = np.maximum(variance**2 / np.maximum(squares, 1e-300), seeds - 1)
    summed = of_seeds + np.maximum(of_trials - of_rest, 0)
    share = np.divide(of_seeds, summed, out=np.zeros_like(summed), where=summed > 0)
    halves = {
        "normal": 1.96 * np.sqrt(variance),
        "satterthwaite": stdtrit(df, 0.975) * np.sqrt(variance),
        "fewest degrees": stdtrit(seeds - 1, 0.975) * np.sqrt(variance),
        "generalised": np.interp(share, *_generalised_quantiles(seeds)) * np.sqrt(summed),
    }
    return {name: (centre - half, centre + half) for name, half in halves.items()}


@lru_cache
def _generalised_quantiles(seeds: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(1)
    t, z = rng.standard_t(seeds - 1, 400_000), rng.standard_normal(400_000)
    shares = np.linspace(0, 1, 51)
    sums = (np.abs(np.sqrt(share) * t + np.sqrt(1 - share) * z) for share in shares)
    return shares, np.array([np.quantile(values, 0.95) for values in sums])


def crossed_bootstrap(values: Floats) -> Ends:
    """Return percentiles of resamples of trials and, one less than there are, of seeds (Owen 2007)."""
    rng = np.random.default_rng(1)
    repetitions, seeds, n = values.shape
    trials = rng.multinomial(n, np.full(n, 1 / n), size=500).astype(np.float32) / n
    drawn = rng.multinomial(seeds - 1, np.full(seeds, 1 / seeds), size=500) / (seeds - 1)
    by_seed = trials @ values.reshape(-1, n).astype(np.float32).T
    means = (by_seed.reshape(-1, repetitions, seeds) * drawn[:, None]).sum(2)
    low, high = np.percentile(means, [2.5, 97.5], axis=0)
    return low, high


def student_of_skewed(seeds: int, repetitions: int = 400_000) -> float:
    """Return the coverage, in %, of Student's interval of the mean of so many exponential numbers."""
    values = np.random.default_rng(1).exponential(size=(repetitions, seeds))
    half = stdtrit(seeds - 1, 0.975) * values.std(axis=1, ddof=1) / np.sqrt(seeds)
    return 100 * float(np.mean(np.abs(values.mean(axis=1) - 1) <= half))
