"""Simulated answers of two classifiers whose true accuracies are known.

Classifier k is right in trial i under seed s if

    m_k + a_ks + b_ki + e_ksi > 0,

with the difficulty of the trial (b, normal, standard deviation 3, correlated by 0.9 between classifiers) and
chance (e, standard normal). The seeds' effects a belong to the first classifier alone: normal, or skewed as
an exponential, which is a few bad seeds among many good ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

DIFFICULTY, ALIKE = 3.0, 0.9
QUANTILES = (np.arange(4000) + 0.5) / 4000
EFFECTS = {"normal": ndtri(QUANTILES), "skewed": 1 + np.log(QUANTILES)}


@dataclass(frozen=True)
class Setting:
    """Two classifiers, and how much data there are of them.

    Parameters
    ----------
    first, second : float
        True accuracies: means over all seeds and trials that there could be.
    effects : str
        Distribution of the seeds' effects, a key of `EFFECTS`.
    seeds, trials : int
        How many of each.
    ratio : float
        Variance of the first accuracy between seeds, divided by the variance of the difference of one seed
        over so many trials.
    """

    first: float
    second: float
    effects: str
    seeds: int
    trials: int
    ratio: float

    @property
    def true(self) -> float:
        """The true difference."""
        return self.first - self.second


def answers(
    setting: Setting, repetitions: int, rng: np.random.Generator
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return whether the two classifiers are right, each of shape (repetitions, n_seeds, n_trials)."""
    variance = setting.ratio * _variance_of_difference(setting.first, setting.second) / setting.trials
    margin, size = _first(setting.first, variance, setting.effects)
    shape = (repetitions, setting.seeds, setting.trials)
    by_seed = (repetitions, setting.seeds, 1)
    effects = (
        rng.standard_normal(by_seed) if setting.effects == "normal" else 1 - rng.exponential(size=by_seed)
    )
    common, own = rng.standard_normal((2, repetitions, 1, setting.trials), dtype=np.float32)
    hard = DIFFICULTY * common, DIFFICULTY * (ALIKE * common + np.sqrt(1 - ALIKE**2) * own)
    seeds = np.float32(margin + size * effects)
    first = rng.standard_normal(shape, dtype=np.float32) < seeds + hard[0]
    second = rng.standard_normal(shape, dtype=np.float32) < np.float32(_margin(setting.second)) + hard[1]
    return first, second


def _margin(accuracy: float) -> float:
    """Return m of a classifier whose seeds do not differ."""
    return float(ndtri(accuracy) * np.hypot(1, DIFFICULTY))


@lru_cache
def _variance_of_difference(first: float, second: float) -> float:
    """Return the variance of the difference of two answers to one trial, without effects of seeds."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    weights = weights / weights.sum()
    first_difficulty, second_difficulty = (
        nodes[:, None],
        ALIKE * nodes[:, None] + np.sqrt(1 - ALIKE**2) * nodes,
    )
    both = ndtr(_margin(first) + DIFFICULTY * first_difficulty) * ndtr(
        _margin(second) + DIFFICULTY * second_difficulty
    )
    return first + second - 2 * float(weights @ both @ weights) - (first - second) ** 2


@lru_cache
def _first(accuracy: float, variance: float, effects: str) -> tuple[float, float]:
    """Return m and the size of the seeds' effects that make an accuracy and its variance between seeds."""

    def by_seed(margin: float, size: float) -> NDArray[np.float64]:
        return np.asarray(ndtr((margin + size * EFFECTS[effects]) / np.hypot(1, DIFFICULTY)))

    def margin(size: float) -> float:
        return float(brentq(lambda m: by_seed(m, size).mean() - accuracy, -1e4, 1e4))

    if variance == 0:
        return _margin(accuracy), 0.0
    size = brentq(lambda size: by_seed(margin(size), size).var() - variance, 1e-6, 1e3)
    return margin(size), float(size)
