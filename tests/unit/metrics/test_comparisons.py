"""Comparing classifiers on the same trials."""

import numpy as np
import pytest

from bioscnn.metrics import bootstrap_difference, holm, mcnemar, paired_distance
from bioscnn.seeds import stream


def answers(both, lost, won, neither):
    """Return whether the first and the second classifier are right in so many trials of each kind."""
    kinds = np.repeat([0, 1, 2, 3], [both, lost, won, neither])
    return np.isin(kinds, [0, 1]), np.isin(kinds, [0, 2])


@pytest.mark.parametrize(
    ("lost", "won", "p"),
    [(1, 9, 2 * (1 + 10) / 2**10), (0, 6, 2 / 2**6), (3, 3, 1.0), (0, 0, 1.0), (2, 5, 2 * 29 / 2**7)],
)
def test_mcnemar_is_a_fair_coin_over_the_trials_that_differ(lost, won, p):
    first, second = answers(40, lost, won, 7)
    assert mcnemar(first, second) == pytest.approx(p) == mcnemar(second, first)


def test_mcnemar_rejects_equal_classifiers_no_more_often_than_its_level():
    rng = stream(1, "mcnemar")
    p = [mcnemar(rng.random(100) < 0.8, rng.random(100) < 0.8) for _ in range(300)]
    assert np.mean(np.array(p) < 0.05) < 0.08


def test_holm_of_a_worked_example():
    """0.005 x 4, 0.01 x 3, 0.03 x 2, and 0.04 x 1, which may not fall below the one before."""
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_leaves_out_what_was_not_tested_and_stays_a_probability():
    adjusted = holm(np.array([np.nan, 0.9, 0.02, 0.6]))
    assert adjusted == pytest.approx([np.nan, 1.0, 0.06, 1.0], nan_ok=True)
    assert holm(np.array([])).shape == (0,)


def test_the_bootstrap_of_kinds_is_that_of_trials():
    first, second = answers(300, 20, 45, 35)
    found = bootstrap_difference(first, second, stream(1, "bootstrap"), n_resamples=20_000)
    rng, score = stream(2, "bootstrap"), second.astype(int) - first
    means = score[rng.integers(len(score), size=(5000, len(score)))].mean(axis=1)
    assert found.value == pytest.approx(25 / 400)
    assert (found.low, found.high) == pytest.approx(np.percentile(means, [2.5, 97.5]), abs=0.003)
    classic = paired_distance(first, second)
    assert (found.low, found.high) == pytest.approx((classic.low, classic.high), abs=0.004)
