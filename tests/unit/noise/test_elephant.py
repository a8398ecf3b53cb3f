"""Against the surrogates of elephant, which draws from numpy's global generator."""

import warnings

import neo
import numpy as np
import pytest
import quantities as pq
from elephant import spike_train_surrogates as surrogates
from scipy.stats import ks_2samp

from bioscnn.noise import Jitter, Redistribute, ShuffleIntervals
from bioscnn.seeds import stream
from tests.unit.noise.rasters import raster_of, trains_of

STEPS = 1000
N_TRAINS = 400


@pytest.fixture(autouse=True)
def its_seed():
    state = np.random.get_state()
    np.random.seed(1)
    yield
    np.random.set_state(state)


@pytest.fixture(scope="module")
def raster():
    """Bursts: 2 to 30 spikes of each neuron, in the middle of the trial."""
    rng = stream(1, "raster")
    raster = np.zeros((1, STEPS, N_TRAINS), bool)
    for neuron in range(N_TRAINS):
        times = 300 + np.cumsum(rng.geometric(1 / rng.choice([3, 30], size=rng.integers(2, 30))))
        raster[0, times[times < 700], neuron] = True
    return raster


def steps_of(trains):
    return [np.flatnonzero(train) for train in raster_of(trains)[0].T]


def neo_train(steps, start=0):
    return neo.SpikeTrain(steps, units="ms", t_start=start, t_stop=STEPS)


def theirs(surrogate, trains):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pq.QuantitiesDeprecationWarning)
        return [np.floor(surrogate(train)[0].magnitude) for train in trains]


def alike(ours, theirs):
    return ks_2samp(np.concatenate(ours), np.concatenate(theirs)).pvalue > 0.01


def test_redistributed_spikes_are_its_randomised_ones(raster):
    before = steps_of(trains_of(raster))
    ours = steps_of(Redistribute().apply(trains_of(raster), stream(1, "noise")))
    elephants = theirs(surrogates.randomise_spikes, [neo_train(steps) for steps in before])
    assert alike(ours, elephants) and not alike(ours, before)
    assert alike([np.diff(steps) for steps in ours], [np.diff(steps) for steps in elephants])


def test_intervals_are_shuffled_as_it_does_from_the_first_spike_on(raster):
    raster = raster[:, :, raster[0].sum(axis=0) >= 2]
    before = steps_of(trains_of(raster))
    ours = steps_of(ShuffleIntervals().apply(trains_of(raster), stream(1, "noise")))
    later = [neo_train(steps[1:], start=steps[0]) for steps in before]
    elephants = theirs(surrogates.shuffle_isis, later)
    assert alike([steps[1:] for steps in ours], elephants)
    assert [steps[-1] for steps in ours] == [steps[-1] for steps in elephants]
    assert alike([steps[1:2] - steps[0] for steps in ours],
                 [after[:1] - steps[0] for steps, after in zip(before, elephants, strict=True)])  # fmt: skip


def test_jittered_spikes_move_as_far_as_its_dithered_ones():
    """Its displacements are uniform, ours Gaussian: of the same spread, they blur a rate alike."""
    dither = 30
    raster = np.zeros((1, STEPS, N_TRAINS), bool)
    raster[:, 100:900:80] = True
    before = np.array(steps_of(trains_of(raster)))
    ours = steps_of(Jitter(dither / np.sqrt(3) * 1e-3).apply(trains_of(raster), stream(1, "noise")))
    trains = [neo_train(steps) for steps in before]
    elephants = theirs(lambda train: surrogates.dither_spikes(train, dither * pq.ms), trains)
    spread, uniform = ((np.array(after) - before).std() for after in (ours, elephants))
    # n = 4,000 displacements; a Gaussian's spread is known to 1 part in sqrt(2 n), a uniform one's to less.
    assert spread == pytest.approx(uniform, rel=4 / np.sqrt(2 * before.size))
