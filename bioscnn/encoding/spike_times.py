"""One spike an input, whose time says its value."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioscnn.neurons import TimeCode
from bioscnn.spikes import SpikeTrains


def spike_times(values: NDArray[np.float32], code: TimeCode, n_steps: int) -> SpikeTrains:
    """Return one spike for each value, in the first window of the trial: the larger, the sooner.

    Parameters
    ----------
    values : ndarray of float32, shape (n_trials, size)
        0 to 1. What is nearer to 0 than to the smallest value that a spike can say makes none.
    code : TimeCode
        Which step says which value.
    n_steps : int
        Steps of a trial.

    Returns
    -------
    SpikeTrains
        A spike that says 1 is fired in step 0.

    Examples
    --------
    >>> spike_times(np.array([[0.0, 0.5, 1.0]], np.float32), TimeCode(20e-3, 5e-3, 1e-3), 19).step
    array([0, 7], dtype=int32)
    """
    ages = code.ages_of(values)
    trial, neuron = np.nonzero(ages)
    step = code.window_steps - ages[trial, neuron]
    return SpikeTrains.from_events(
        trial, step, neuron, n_trials=len(ages), size=ages.shape[1], n_steps=n_steps, dt=code.dt
    )
