import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, chisquare

from bioscnn.errors import UserError
from bioscnn.noise import Delete, Equalise, FirstSpike
from bioscnn.seeds import stream
from tests.unit.noise.rasters import N_STEPS, RASTERS, random_trains, raster_of, single_spikes, trains_of


@pytest.mark.parametrize("fraction", [0.05, 0.3, 0.9])
def test_the_share_of_lost_spikes_is_the_fraction(fraction):
    raster = raster_of(random_trains(0.05))
    left = raster_of(Delete(fraction).apply(trains_of(raster), stream(1, "noise")))
    assert (left <= raster).all()
    assert binomtest(int(raster.sum() - left.sum()), int(raster.sum()), fraction).pvalue > 0.01


@given(RASTERS)
def test_nothing_or_everything_can_be_lost(raster):
    trains = trains_of(raster)
    assert Delete(0.0).apply(trains, stream(1, "noise")) == trains
    assert Delete(1.0).apply(trains, stream(1, "noise")).n_spikes == 0


@given(RASTERS)
def test_one_spike_is_left_where_there_was_one_and_it_is_the_first(raster):
    trains = trains_of(raster)
    left = FirstSpike().apply(trains, stream(1, "noise"))
    assert np.array_equal(left.counts(), raster.any(axis=1))
    first = np.where(raster.any(axis=1), raster.argmax(axis=1), N_STEPS)
    assert np.array_equal(left.first_step(), first)


@given(RASTERS, st.integers(1, N_STEPS - 1), st.integers(0, 99))
def test_all_neurons_have_the_same_number_of_spikes_of_their_own_first(raster, count, seed):
    equal = raster_of(Equalise(count).apply(trains_of(raster), stream(seed, "noise")))
    assert (equal.sum(axis=1) == count).all()
    own = (equal & raster).sum(axis=1)
    assert np.array_equal(own, np.minimum(raster.sum(axis=1), count))


def test_deleted_and_added_spikes_are_any_with_the_same_probability():
    raster = np.zeros((1, 9, 6000), bool)
    raster[:, [1, 2, 5]] = True
    fewer, more = (Equalise(n).apply(trains_of(raster), stream(1, "noise")).step for n in (1, 4))
    assert np.unique(fewer).tolist() == [1, 2, 5]
    assert chisquare(np.unique(fewer, return_counts=True)[1]).pvalue > 0.01
    added = np.bincount(more, minlength=9)[[0, 3, 4, 6, 7, 8]]
    assert chisquare(added).pvalue > 0.01


def test_more_spikes_than_steps_are_refused():
    trains = single_spikes(2, 3, steps=20)
    assert Equalise(20).apply(trains, stream(1, "noise")).n_spikes == 60
    with pytest.raises(UserError, match="more spikes than steps"):
        Equalise(21).apply(trains, stream(1, "noise"))
