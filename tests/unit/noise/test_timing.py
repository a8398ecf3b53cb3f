from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare, pearsonr

from bioscnn.errors import UserError
from bioscnn.noise import Collapse, Jitter, Redistribute, Reverse, Shift, ShuffleIntervals
from bioscnn.seeds import stream
from tests.unit.noise.rasters import (
    N_STEPS,
    RASTERS,
    random_trains,
    raster_of,
    single_spikes,
    step_of,
    trains_of,
)


def pairs(n, steps, first, second):
    """Two spikes of each of `n` neurons."""
    raster = np.zeros((1, steps, n), bool)
    raster[:, [first, second]] = True
    return trains_of(raster)


def of_each_train(trains):
    """The steps of each train, as lists."""
    raster = raster_of(trains)
    return [np.flatnonzero(train) for trial in raster for train in trial.T]


@pytest.mark.parametrize("kind", [Jitter, Shift])
@pytest.mark.parametrize("sigma", [1e-3, 20e-3])
def test_displacements_have_the_standard_deviation(kind, sigma):
    n = 20_000
    moved = step_of(kind(sigma).apply(single_spikes(200, n, 401), stream(1, "noise"))) - 200
    expected = np.hypot(sigma / 1e-3, np.sqrt(1 / 12))
    assert abs(moved.mean()) < 3 * expected / np.sqrt(n)
    assert moved.std() == pytest.approx(expected, rel=3 / np.sqrt(2 * n))


@pytest.mark.parametrize(("kind", "together"), [(Jitter, False), (Shift, True)])
def test_spikes_of_a_neuron_move_each_for_itself_or_all_together(kind, together):
    perturbed = kind(10e-3).apply(pairs(5000, 1001, 300, 700), stream(1, "noise"))
    first, second = np.array(of_each_train(perturbed)).T
    correlation = pearsonr(first, second).statistic
    assert correlation == pytest.approx(1) if together else abs(correlation) < 3 / np.sqrt(5000)
    assert abs(pearsonr(first[::2], first[1::2]).statistic) < 3 / np.sqrt(2500)


@pytest.mark.parametrize("kind", [Jitter, Shift])
@given(raster=RASTERS)
def test_a_displacement_of_zero_changes_nothing(kind, raster):
    trains = trains_of(raster)
    assert kind(0.0).apply(trains, stream(1, "noise")) == trains


@pytest.mark.parametrize("kind", [Jitter, Shift])
@pytest.mark.parametrize("sigma", [5e-3, 30e-3])
def test_where_spikes_are_everywhere_they_stay_so_at_the_ends_too(kind, sigma):
    raster = np.repeat(np.eye(30, dtype=bool)[None], 400, axis=0)
    steps = step_of(kind(sigma).apply(trains_of(raster), stream(1, "noise")))
    assert chisquare(np.bincount(steps.ravel(), minlength=30)).pvalue > 0.01


@pytest.mark.parametrize("sigma", [2e-3, 100e-3])
def test_jittered_spikes_stay_in_the_half_of_the_trial_that_a_small_sigma_allows(sigma):
    steps = step_of(Jitter(sigma).apply(single_spikes(3, 2000, 101), stream(1, "noise")))
    assert (steps.max() < 15) == (sigma == 2e-3)


@pytest.mark.parametrize("kind", [Jitter, Shift])
def test_a_displacement_longer_than_the_trial_is_refused(kind):
    trains = single_spikes(3, 1, 299)
    kind(0.3).apply(trains, stream(1, "noise"))
    with pytest.raises(UserError, match="longer than the trial of 300 ms") as refused:
        kind(0.301).apply(trains, stream(1, "noise"))
    assert refused.value.value == "301 ms"


@given(RASTERS, st.integers(0, 99))
def test_a_shifted_train_is_the_train_rolled_around_the_end(raster, seed):
    shifted = raster_of(Shift(4e-3).apply(trains_of(raster), stream(seed, "noise")))
    for before, after in zip(raster, shifted, strict=True):
        for neuron in range(raster.shape[2]):
            rolled = [np.roll(before[:, neuron], k) for k in range(N_STEPS - 1)]
            assert any(np.array_equal(after[:, neuron], train) for train in rolled)


@given(RASTERS, st.integers(0, 99))
def test_shuffled_intervals_are_the_same_between_the_same_first_and_last_spike(raster, seed):
    trains = trains_of(raster)
    shuffled = of_each_train(ShuffleIntervals().apply(trains, stream(seed, "noise")))
    for before, after in zip(of_each_train(trains), shuffled, strict=True):
        assert sorted(np.diff(before)) == sorted(np.diff(after))
        assert np.array_equal(before[:1], after[:1]) and np.array_equal(before[-1:], after[-1:])


def test_all_orders_of_intervals_are_equally_likely():
    raster = np.zeros((1, 20, 6000), bool)
    raster[:, [2, 3, 7, 14]] = True
    shuffled = of_each_train(ShuffleIntervals().apply(trains_of(raster), stream(1, "noise")))
    orders, times = np.unique(np.diff(shuffled, axis=1), axis=0, return_counts=True)
    assert orders.tolist() == sorted(map(list, permutations([1, 4, 7])))
    assert chisquare(times).pvalue > 0.01


@pytest.mark.parametrize("probability", [0.01, 0.3, 0.9])
def test_redistributed_spikes_are_anywhere_with_the_same_probability(probability):
    raster = stream(1, "raster").random((40, 30, 200)) < probability
    raster[:, 15:] &= stream(2, "raster").random((40, 15, 200)) < 0.5
    redistributed = raster_of(Redistribute().apply(trains_of(raster), stream(1, "noise")))
    # n different ones of 30 steps: a step has a spike with p = n / 30, and two steps are correlated by -1/29.
    n = raster.sum(axis=1)
    variance = (n / 30 * (1 - n / 30)).sum() * 30 / 29
    per_step = redistributed.sum(axis=(0, 2))
    statistic = ((per_step - n.sum() / 30) ** 2).sum() / variance
    assert 13 < statistic < 52  # chi2 with 29 degrees of freedom: 0.5 % below, 0.5 % above
    assert ((raster.sum(axis=(0, 2)) - n.sum() / 30) ** 2).sum() / variance > 100 or probability == 0.01


@given(RASTERS)
def test_time_runs_backwards(raster):
    trains = trains_of(raster)
    reversed_once = Reverse().apply(trains, stream(1, "noise"))
    assert np.array_equal(raster_of(reversed_once), raster[:, ::-1])
    assert Reverse().apply(reversed_once, stream(1, "noise")) == trains


def test_collapsed_spikes_come_at_equal_intervals():
    raster = np.zeros((1, 12, 3), bool)
    raster[0, 0, 0] = raster[0, [1, 2, 9], 1] = raster[0, :, 2] = True
    collapsed = of_each_train(Collapse().apply(trains_of(raster), stream(1, "noise")))
    assert [steps.tolist() for steps in collapsed] == [[6], [2, 6, 10], list(range(12))]


def test_collapsed_trains_depend_on_counts_alone():
    trains = random_trains(0.02)
    collapsed = Collapse().apply(trains, stream(1, "noise"))
    elsewhere = Redistribute().apply(trains, stream(2, "noise"))
    assert elsewhere != trains
    assert Collapse().apply(elsewhere, stream(3, "noise")) == collapsed
