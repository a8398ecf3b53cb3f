"""Input spikes counted in windows: what a trained network is shown of a recording. Spiking ones see none."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.quantities import format_quantity
from bioscnn.spikes import SpikeTrains


def event_frames(
    spikes: SpikeTrains, shape: tuple[int, ...], frame_steps: int, input_rate: float
) -> NDArray[np.float32]:
    """Turn the spikes of the input population into intensities, frame by frame.

    The intensity of a neuron in a frame is its firing rate there in units of `input_rate`, so that a
    trained network that is shown the frame computes with what the spiking one receives on average.

    Parameters
    ----------
    spikes : SpikeTrains
        Of the input population.
    shape : tuple of int
        Its shape, (channels, height, width).
    frame_steps : int
        Steps of a frame.
    input_rate : float
        Firing rate that stands for an intensity of 1, Hz.

    Returns
    -------
    ndarray of float32, shape (n_trials, n_frames, *shape)

    Raises
    ------
    UserError
        If the trial is no whole number of frames.

    Examples
    --------
    >>> spikes = SpikeTrains(neuron=[0, 1, 1], step=[0, 0, 5], trial_start=[0, 3], size=2, n_steps=8, dt=1e-3)
    >>> event_frames(spikes, (1, 1, 2), frame_steps=4, input_rate=100.0)[0, :, 0, 0]
    array([[2.5, 2.5],
           [0. , 2.5]], dtype=float32)
    """
    if frame_steps < 1 or spikes.n_steps % frame_steps:
        raise UserError(
            "the trial is no whole number of frames",
            key="encoding.frame",
            value=format_quantity(frame_steps * spikes.dt, "time"),
            expected=f"a divisor of {format_quantity(spikes.n_steps * spikes.dt, 'time')}, in whole steps",
        )
    if prod(shape) != spikes.size:
        raise ValueError(f"{spikes.size} neurons do not have the shape {shape}")
    n_frames = spikes.n_steps // frame_steps
    row = (spikes.trial() * n_frames + spikes.step // frame_steps) * spikes.size + spikes.neuron
    counts = np.bincount(row, minlength=spikes.n_trials * n_frames * spikes.size)
    intensities = counts.astype(np.float32) / np.float32(frame_steps * spikes.dt * input_rate)
    return intensities.reshape(spikes.n_trials, n_frames, *shape)
