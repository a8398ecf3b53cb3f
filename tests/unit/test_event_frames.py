"""Frames of input spikes: what a trained network is shown of a recording."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bioscnn.encoding import event_frames
from bioscnn.errors import UserError
from bioscnn.spikes import SpikeTrains

SHAPE = (2, 2, 3)
DT = 2e-3
RASTERS = arrays(bool, st.tuples(st.integers(1, 3), st.just(12), st.just(12)))


def from_raster(raster):
    """Spike trains of a boolean array (trial, step, neuron)."""
    trial, step, neuron = np.nonzero(raster)
    n_trials, n_steps, size = raster.shape
    return SpikeTrains.from_events(trial, step, neuron, n_trials=n_trials, size=size, n_steps=n_steps, dt=DT)


@given(RASTERS, st.sampled_from([1, 3, 4, 12]), st.sampled_from([50.0, 100.0, 333.0]))
def test_the_intensities_add_up_to_the_spikes_over_frame_and_rate(raster, frame_steps, rate):
    frames = event_frames(from_raster(raster), SHAPE, frame_steps, rate)
    assert frames.dtype == np.float32
    assert frames.shape == (len(raster), 12 // frame_steps, *SHAPE)
    assert frames.sum(dtype=float) == pytest.approx(raster.sum() / (frame_steps * DT * rate), rel=1e-6)


@given(RASTERS, st.sampled_from([1, 3, 4, 12]))
def test_each_spike_counts_in_its_own_frame_and_pixel(raster, frame_steps):
    frames = event_frames(from_raster(raster), SHAPE, frame_steps, 100.0)
    counts = raster.reshape(len(raster), -1, frame_steps, *SHAPE).sum(axis=2)
    np.testing.assert_allclose(frames, counts / (frame_steps * DT * 100.0), rtol=1e-6)


def test_a_neuron_that_fires_at_the_input_rate_has_intensity_1():
    raster = np.zeros((1, 60, 12), bool)
    raster[0, ::5, 7] = True  # every 10 ms
    frames = event_frames(from_raster(raster), SHAPE, 20, 100.0)
    np.testing.assert_allclose(frames[0].reshape(3, 12)[:, 7], 1, rtol=1e-6)


@pytest.mark.parametrize("frame_steps", [0, 5, 24])
def test_a_trial_that_is_no_whole_number_of_frames_is_refused(frame_steps):
    with pytest.raises(UserError, match=r"encoding\.frame"):
        event_frames(from_raster(np.zeros((1, 12, 12), bool)), SHAPE, frame_steps, 100.0)


def test_neurons_without_a_place_in_the_frame_are_refused():
    with pytest.raises(ValueError, match="shape"):
        event_frames(from_raster(np.zeros((1, 12, 12), bool)), (2, 3, 3), 4, 100.0)
