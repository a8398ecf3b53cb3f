"""Spike trains as boolean arrays (trial, step, neuron)."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bioscnn.seeds import stream
from bioscnn.spikes import SpikeTrains

N_STEPS = 12

RASTERS = arrays(bool, st.tuples(st.integers(0, 4), st.just(N_STEPS - 1), st.integers(1, 4)))
"""All steps but the last, in which nothing spikes."""


def trains_of(raster):
    """Spike trains of a raster, with one more step at the end."""
    n_trials, steps, size = raster.shape
    trial, step, neuron = np.nonzero(raster)
    return SpikeTrains.from_events(
        trial, step, neuron, n_trials=n_trials, size=size, n_steps=steps + 1, dt=1e-3
    )


def raster_of(trains):
    """The raster of spike trains, without the last step."""
    raster = np.zeros((trains.n_trials, trains.n_steps, trains.size), bool)
    raster[trains.trial(), trains.step, trains.neuron] = True
    assert not raster[:, -1].any()
    return raster[:, :-1]


def random_trains(probability, n_trials=20, steps=299, size=50):
    return trains_of(stream(3, "raster").random((n_trials, steps, size)) < probability)


def single_spikes(step, n, steps):
    """One spike of each of `n` neurons, all in one step."""
    raster = np.zeros((1, steps, n), bool)
    raster[:, step] = True
    return trains_of(raster)


def step_of(trains):
    """The step of neurons that spike once a trial, shape (n_trials, size)."""
    assert (trains.counts() == 1).all()
    return trains.first_step()
