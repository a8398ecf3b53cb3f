"""Scores of the same trials under several seeds: both vary by chance, and both are resampled."""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, sqrt
from typing import Self

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000


@dataclass(frozen=True)
class Estimate:
    """A mean score, with its 95 % confidence interval.

    Parameters
    ----------
    value, low, high : float
        Estimate and interval.
    p : float
        Probability, two-sided, of a mean that far from zero if the true one is zero.
    """

    value: float
    low: float
    high: float
    p: float

    @property
    def told_from_zero(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, eq=False)
class CrossedResamples:
    """Resamples of trials and, independently, of the seeds of every group.

    Every trial is seen under every seed, so scores that share a trial are alike, and so are those that share
    a seed. The pigeonhole bootstrap resamples both; it is mildly conservative. Groups, such as kinds of
    noise, are no sample of anything: their mean is taken as it is.

    Parameters
    ----------
    trials : ndarray of float64, shape (n_resamples, n_trials)
        Weight of each trial; the sum is 1.
    seeds : ndarray of float64, shape (n_resamples, n_groups, n_seeds)
        Weight of each seed in each group; the sum over seeds is 1.

    References
    ----------
    Owen (2007), The pigeonhole bootstrap, Annals of Applied Statistics 1:386. McCarthy and Snowden (1985),
    The bootstrap and finite population sampling, Vital and Health Statistics 2:95 (one seed less is drawn).

    Examples
    --------
    >>> resamples = CrossedResamples.draw(1, 5, 100, np.random.default_rng(1))
    >>> right = np.zeros((1, 5, 100))
    >>> right[:, :, :80] = 1
    >>> estimate = resamples.mean(right)
    >>> estimate.value, 0.70 < estimate.low < 0.76, 0.84 < estimate.high < 0.90
    (0.8, True, True)
    """

    trials: NDArray[np.float64]
    seeds: NDArray[np.float64]

    @classmethod
    def draw(
        cls,
        n_groups: int,
        n_seeds: int,
        n_trials: int,
        rng: np.random.Generator,
        n_resamples: int = RESAMPLES,
    ) -> Self:
        """Draw resamples."""
        trials = rng.multinomial(n_trials, np.full(n_trials, 1 / n_trials), size=n_resamples)
        # As many seeds as there are would vary too little, by one part in as many.
        drawn = max(1, n_seeds - 1)
        seeds = rng.multinomial(drawn, np.full(n_seeds, 1 / n_seeds), size=(n_resamples, n_groups))
        return cls(trials / n_trials, seeds / drawn)

    def mean(self, scores: NDArray[np.floating]) -> Estimate:
        """Estimate a mean.

        The interval is that between the percentiles 2.5 and 97.5 of the resamples; the p value supposes that
        the mean is normally distributed, with their standard deviation.

        Parameters
        ----------
        scores : ndarray of float, shape (n_groups, n_seeds, n_trials)
            At most as many groups as were drawn for.
        """
        groups, n_seeds, n_trials = scores.shape
        by_seed = self.trials @ scores.reshape(-1, n_trials).T
        by_group = (by_seed.reshape(-1, groups, n_seeds) * self.seeds[:, :groups]).sum(axis=2)
        means = by_group.mean(axis=1)
        value, spread = float(scores.mean()), float(means.std())
        low, high = (float(end) for end in np.percentile(means, [2.5, 97.5]))
        # Nothing but rounding: all scores are the same.
        if spread < 1e-12:
            return Estimate(value, value, value, 0.0 if abs(value) > 1e-12 else 1.0)
        return Estimate(value, min(low, value), max(high, value), erfc(abs(value) / spread / sqrt(2)))
