import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bioscnn.encoding import Currents
from bioscnn.seeds import stream
from bioscnn.spikes import SpikeTrains

RASTERS = arrays(bool, st.tuples(st.integers(1, 4), st.integers(2, 6), st.integers(1, 5)))


def from_raster(raster):
    """Spike trains of a boolean array (trial, step, neuron), in shuffled order."""
    trial, step, neuron = np.nonzero(raster)
    order = stream(0, "shuffle").permutation(len(trial))
    n_trials, n_steps, size = raster.shape
    return SpikeTrains.from_events(
        trial[order], step[order], neuron[order], n_trials=n_trials, size=size, n_steps=n_steps, dt=1e-3
    )


@given(RASTERS)
def test_counts_and_first_spikes_are_those_of_the_raster(raster):
    trains = from_raster(raster)
    assert trains.n_spikes == raster.sum()
    assert np.array_equal(trains.counts(), raster.sum(axis=1))
    silent = ~raster.any(axis=1)
    assert np.array_equal(trains.first_step(), np.where(silent, raster.shape[1], raster.argmax(axis=1)))


@given(RASTERS, st.data())
def test_cut_and_joined_trials_are_the_trials_before(raster, data):
    trains = from_raster(raster)
    cut = data.draw(st.integers(0, trains.n_trials))
    assert SpikeTrains.concatenate([trains[:cut], trains[cut:]]) == trains


@given(RASTERS, st.data())
def test_trials_can_be_taken_in_any_order(raster, data):
    chosen = np.array(data.draw(st.lists(st.integers(0, len(raster) - 1), min_size=1, max_size=5)))
    assert from_raster(raster).take(chosen) == from_raster(raster[chosen])


@given(RASTERS, st.data())
def test_neurons_can_be_taken_in_any_order_but_once(raster, data):
    every = range(raster.shape[2])
    chosen = np.array(data.draw(st.lists(st.sampled_from(every), min_size=1, unique=True)))
    assert from_raster(raster).of_neurons(chosen) == from_raster(raster[:, :, chosen])
    with pytest.raises(ValueError, match="twice"):
        from_raster(raster).of_neurons(np.append(chosen, chosen[0]))


def test_equality_sees_a_single_moved_spike():
    raster = np.zeros((1, 4, 2), bool)
    raster[0, 1, 0] = True
    moved = np.roll(raster, 1, axis=1)
    assert from_raster(raster) == from_raster(raster.copy())
    assert from_raster(raster) != from_raster(moved) != "spikes"


def test_only_runs_of_trials_of_one_population_are_cut_and_joined():
    trains = from_raster(np.ones((3, 1, 2), bool))
    with pytest.raises(ValueError, match="consecutive"):
        trains[::2]
    with pytest.raises(ValueError, match="different size"):
        SpikeTrains.concatenate([trains, from_raster(np.ones((3, 1, 1), bool))])


@pytest.mark.parametrize(
    ("neuron", "step", "start", "problem"),
    [
        ([0, 5], [0, 0], [0, 2], "neuron indices"),
        ([0, 1], [0, 9], [0, 2], "steps must lie"),
        ([1, 0], [0, 0], [0, 2], "ordered"),
        ([0, 0], [1, 1], [0, 2], "at most once"),
        ([0, 1], [0], [0, 2], "has 2 entries"),
        ([0.5, 1], [0, 0], [0, 2], "neuron must be whole"),
        ([0, 1], [0, 2**32], [0, 2], "step must be whole numbers of 32 bits"),
        ([0, 1], [0, 0], [0, 1], "trial_start"),
    ],
)
def test_impossible_spike_trains_are_refused(neuron, step, start, problem):
    with pytest.raises(ValueError, match=problem):
        SpikeTrains(np.array(neuron), np.array(step), np.array(start), size=2, n_steps=4, dt=1e-3)


def test_streams_of_random_numbers_are_independent_and_repeatable():
    first = stream(1, "weights").random(1000)
    assert np.array_equal(first, stream(1, "weights").random(1000))
    for other in (stream(2, "weights"), stream(1, "noise"), stream(1, "weights", 0)):
        assert abs(np.corrcoef(first, other.random(1000))[0, 1]) < 0.15


@pytest.mark.parametrize(("n_steps", "dt"), [(0, 1e-3), (2.5, 1e-3), (4, 0.0), (4, np.nan), (4, np.inf)])
def test_a_clock_that_is_none_is_refused(n_steps, dt):
    with pytest.raises(ValueError, match="no trial has"):
        SpikeTrains([], [], [0, 0], 1, n_steps, dt)
    with pytest.raises(ValueError, match="no trial has"):
        Currents(np.zeros((1, 1), np.float32), n_steps, dt)
