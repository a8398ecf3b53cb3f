"""Poisson spike trains."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.spikes import SpikeTrains


def poisson(rates: NDArray[np.floating], n_steps: int, dt: float, rng: np.random.Generator) -> SpikeTrains:
    """Draw spikes that come at random with given rates, independently of each other.

    A step has a spike with the probability ``1 - exp(-rate dt)`` that a Poisson process has one or more in
    it; nothing spikes in the last step of a trial.

    Parameters
    ----------
    rates : ndarray of float, shape (n_trials, size)
        Rate of each neuron in each trial, Hz.
    n_steps : int
        Steps of a trial.
    dt : float
        Duration of a step, s.
    rng : numpy.random.Generator
        Where chance comes from.

    Raises
    ------
    UserError
        If a rate is negative or no number.
    """
    if not (np.isfinite(rates).all() and np.all(rates >= 0)):
        raise UserError("rates must be numbers, 0 Hz or more", key="encoding.input_rate")
    size = rates.shape[1]
    probability = -np.expm1(-np.asarray(rates, np.float64) * dt)
    drawn = [np.nonzero(rng.random((n_steps - 1, size)) < row) for row in probability]
    nothing = np.empty(0, np.int32)
    step, neuron = (np.concatenate([nothing, *(spikes[k] for spikes in drawn)]) for k in (0, 1))
    start = np.cumsum([0, *(len(spikes[0]) for spikes in drawn)])
    return SpikeTrains(neuron, step, start, size, n_steps, dt)
