"""Proportions, means and differences: known values, agreement of p and interval, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bioscnn.seeds import stream
from bioscnn.statistics import (
    difference,
    mean,
    mean_difference,
    median,
    proportion,
    proportion_of_counts,
    score_mean,
)


def answers(both, lost, won, neither):
    """Return whether the first and the second classifier are right in so many trials of each kind."""
    kinds = np.repeat([0, 1, 2, 3], [both, lost, won, neither])
    return np.isin(kinds, [0, 1]), np.isin(kinds, [0, 2])


@pytest.mark.parametrize(
    ("lost", "won", "p"),
    [(1, 9, 2 * (1 + 10) / 2**10), (0, 6, 2 / 2**6), (3, 3, 1.0), (0, 0, 1.0), (2, 5, 2 * 29 / 2**7)],
)
def test_one_seed_p_is_a_fair_coin_over_the_trials_that_differ(lost, won, p):
    first, second = answers(400, lost, won, 7)
    assert difference(first, second).p == pytest.approx(p)
    assert difference(second, first).p == pytest.approx(p)


def test_one_seed_interval_is_that_of_agresti_and_min():
    """Their table 1: 20 + 12 of 100 trials differ; half a trial is added to each of the four cells."""
    first, second = answers(40, 20, 5, 35)
    estimate, n = difference(first, second), 102
    half = 1.959964 * np.sqrt((20.5 + 5.5) - (20.5 - 5.5) ** 2 / n) / n
    assert estimate.value == pytest.approx(0.15)
    assert (estimate.low, estimate.high) == pytest.approx((15 / n - half, 15 / n + half))
    assert (estimate.trials, estimate.seeds, estimate.varied) == (100, 1, ("trials",))


def test_the_more_cautious_of_exact_test_and_interval_decides():
    """12 trials to 0: the exact p is 2 / 2**12, the interval's 0.0009; 5 to 0: 0.0625 and 0.04."""
    many = difference(*answers(5000, 12, 0, 0))
    assert many.p == pytest.approx(0.00087, abs=2e-5) and many.p > 2 / 2**12
    few = difference(*answers(5000, 5, 0, 0))
    assert (few.p, few.low) == (pytest.approx(2 / 2**5), 0.0), "stretched to zero"
    assert few.sampling.centre / few.sampling.error > 1.96


def test_two_that_never_differ_have_an_interval_around_zero():
    right = np.ones(98, dtype=bool)
    for outcomes in (right, np.stack([right] * 5)):
        estimate = difference(outcomes, outcomes)
        assert (estimate.value, estimate.p) == (0, 1)
        assert (estimate.low, estimate.high) == pytest.approx((-0.0196, 0.0196), abs=1e-5)


@settings(deadline=None)
@given(st.integers(1, 10_000), st.floats(0, 1))
def test_one_seed_proportion_is_that_of_wilson(n, share):
    correct = round(share * n)
    reference = stats.binomtest(correct, n).proportion_ci(method="wilson")
    estimate = proportion(np.arange(n) < correct)
    assert (estimate.low, estimate.high) == pytest.approx((reference.low, reference.high), abs=1e-12)
    assert estimate.low <= estimate.value <= estimate.high
    assert estimate.p is None and not estimate.significant
    assert proportion_of_counts(correct, n) == estimate


@pytest.mark.parametrize("share", [0, 1])
def test_a_proportion_of_none_or_all_has_the_interval_of_one_seed(share):
    estimate = proportion(np.full((5, 50), share))
    one = proportion(np.full(50, share))
    assert (estimate.value, estimate.low, estimate.high) == (share, one.low, one.high)
    assert one.high - one.low == pytest.approx(0.0714, abs=1e-3)


def test_copies_of_one_seed_tell_no_more_than_one():
    first, second = (stream(1, name).random(300) < 0.9 for name in ("first", "second"))
    one, five = difference(first, second), difference(np.stack([first] * 5), np.stack([second] * 5))
    assert (five.low, five.high) == pytest.approx((one.low, one.high), rel=0.02)


def test_seeds_that_differ_widen_the_interval():
    rng = stream(2, "seeds")
    alike, different = (
        rng.random((5, 500)) < np.array(by_seed)[:, None]
        for by_seed in ([0.9] * 5, [0.98, 0.94, 0.9, 0.86, 0.82])
    )
    assert np.ptp([proportion(alike).low, proportion(alike).high]) < 0.04
    wide = proportion(different, seeds=("training seeds",))
    assert wide.high - wide.low > 0.1
    assert (wide.seeds, wide.varied) == (5, ("trials", "training seeds"))


def test_groups_with_seeds_of_their_own_are_surer_than_groups_that_share_them():
    rng = stream(3, "groups")
    by_seed = rng.normal(size=(1, 5, 1)) * 0.05
    first, second = (rng.random((4, 5, 400)) < 0.8 + effect for effect in (by_seed, 0.0))
    own, shared = difference(first, second), difference(first, second, shared_seeds=True)
    assert own.value == pytest.approx(shared.value)
    assert shared.high - shared.low > 1.2 * (own.high - own.low)


def test_trials_that_differ_between_seeds_are_named():
    rng = stream(4, "divisions")
    images = np.stack([rng.permutation(200)[:50] for _ in range(4)])
    hard = rng.random(200) < 0.3
    estimate = proportion(~hard[images], trials=images)
    assert estimate.trials == len(np.unique(images)) < 200
    shared = proportion(~hard[images])
    assert estimate.high - estimate.low > shared.high - shared.low, "images shown twice are no new ones"


def test_a_mean_of_one_seed_is_students():
    values = stream(5, "mean").normal(0.3, size=40)
    test, estimate = stats.ttest_1samp(values, 0), mean(values)
    assert estimate.p == pytest.approx(test.pvalue)
    assert (estimate.low, estimate.high) == pytest.approx(tuple(test.confidence_interval()))
    paired = mean_difference(values + 5, np.full(40, 5.0))
    assert (paired.low, paired.high, paired.p) == pytest.approx((estimate.low, estimate.high, estimate.p))


def test_a_difference_that_is_the_same_in_every_trial_is_as_sure_as_its_signs():
    assert mean_difference(np.full(10, 3.0), np.full(10, 2.0)).p == 2 * 0.5**10
    few = mean_difference(np.full(3, 3.0), np.full(3, 2.0))
    assert (few.p, few.low, few.high) == (0.25, 0, 1)
    assert mean(np.zeros(3)).p == 1
    rounded = mean_difference(np.array([0.1 + 0.2, 0.3, 0.3]), np.full(3, 0.2))
    assert rounded.p == 0.25, "rounding is no evidence"


def test_one_trial_tells_nothing_of_a_mean():
    estimate = mean([2.0])
    assert (estimate.value, estimate.low, estimate.high, estimate.p) == (2, -np.inf, np.inf, 1)


def test_scores_of_several_causes_may_exceed_one():
    scores = stream(6, "interaction").integers(-2, 3, size=200)
    estimate, n = score_mean(scores), 202
    half = 1.959964 * np.sqrt(np.sum(scores**2) + 1 - scores.sum() ** 2 / n) / n
    assert (estimate.low, estimate.high) == pytest.approx((scores.sum() / n - half, scores.sum() / n + half))


def test_a_median_leaves_at_most_a_fortieth_on_either_side():
    values = np.arange(1.0, 102.0)
    estimate = median(values)
    assert (estimate.value, estimate.low, estimate.high) == (51, 41, 61)
    beyond = stats.binom.cdf(np.searchsorted(values, estimate.low) - 1, 101, 0.5)
    assert beyond <= 0.025 < stats.binom.cdf(np.searchsorted(values, estimate.low), 101, 0.5) + 0.01
    assert (median([3.0, 1.0]).low, median([3.0, 1.0]).high) == (1, 3)


@pytest.mark.parametrize("shape", [(20,), (3, 20), (2, 3, 20)], ids=str)
def test_an_interval_leaves_zero_out_exactly_if_p_is_below_the_level(shape):
    rng, sides = stream(7, "agreement", str(shape)), set()
    for _ in range(300):
        first, second = rng.random(shape) < 0.8, rng.random(shape) < rng.uniform(0.2, 0.9)
        scale = rng.uniform(0, 2)
        for estimate in (difference(first, second), mean_difference(rng.normal(scale, size=shape), second)):
            significant = estimate.p < 0.05
            assert significant == (estimate.low > 0 or estimate.high < 0)
            assert estimate.low <= estimate.value <= estimate.high
            sides.add(significant)
    assert sides == {True, False}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: difference(np.ones(3), np.ones(4)), "not the same"),
        (lambda: difference([0.5], [1]), "only 0 and 1"),
        (lambda: proportion([2]), "only 0 and 1"),
        (lambda: proportion(np.ones((2, 2, 2))), "1 to 2 axes"),
        (lambda: mean([]), "axes"),
        (lambda: mean([np.nan, 1]), "finite"),
        (lambda: difference([1, 0], [1, 1], trials=np.array([[3, 3]])), "same trial twice"),
        (lambda: difference([1, 0], [1, 1], trials=np.arange(3)), "expected trials of shape"),
    ],
)
def test_outcomes_that_cannot_be_compared_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
