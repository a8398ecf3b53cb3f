"""The three firing rates: averages over time, over the population, over repeated trials."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.spikes import SpikeTrains


def time_averaged_rate(trains: SpikeTrains) -> NDArray[np.float64]:
    """Return the spikes of each neuron in each trial, divided by the duration of the trial.

    Right where the stimulus is constant and the neuron has settled: it is what a rate code assumes, and what
    the activation of a trained network stands for. It is blind to when within the trial the spikes fell.

    Returns
    -------
    ndarray of float64, shape (n_trials, size)
        Hz.

    References
    ----------
    Gerstner, Kistler, Naud and Paninski (2014), Neuronal Dynamics, section 7.2: the spike count, the
    population activity and the peristimulus time histogram as three definitions of "rate".

    Examples
    --------
    >>> step, neuron = np.array([1, 4, 7]), np.array([0, 0, 1])
    >>> trains = SpikeTrains(neuron, step, np.array([0, 3]), size=2, n_steps=10, dt=1e-3)
    >>> time_averaged_rate(trains)
    array([[200., 100.]])
    """
    return trains.counts() / (trains.n_steps * trains.dt)


def population_rate(trains: SpikeTrains, window: float) -> NDArray[np.float64]:
    """Return the spikes of all neurons in each window of a trial, per neuron and second.

    Right where many neurons do the same: it follows a change within milliseconds, in a single trial (the
    "instantaneous population rate"). It is blind to which of the neurons fired.

    Parameters
    ----------
    trains : SpikeTrains
        Spikes of a population of alike neurons.
    window : float
        Duration of a window, s: a whole number of steps, a whole number of which fill the trial.

    Returns
    -------
    ndarray of float64, shape (n_trials, n_windows)
        Hz, a mean over neurons.

    Raises
    ------
    UserError
        If the window does not divide the trial.

    Examples
    --------
    >>> step, neuron = np.array([1, 4, 7]), np.array([0, 0, 1])
    >>> trains = SpikeTrains(neuron, step, np.array([0, 3]), size=2, n_steps=10, dt=1e-3)
    >>> population_rate(trains, 5e-3)
    array([[200., 100.]])
    """
    steps = _steps_of(window, trains)
    counts = _count(trains.trial(), trains.step // steps, trains.n_trials, trains.n_steps // steps)
    return counts / (trains.size * steps * trains.dt)


def trial_averaged_rate(trains: SpikeTrains, window: float) -> NDArray[np.float64]:
    """Return the mean over trials of each neuron's spikes in each window: its PSTH.

    Right where the same stimulus was shown again and again: it finds what is locked to the onset, however
    few spikes a trial holds. The network itself never sees it, as that has one trial only; and what is not
    locked to the onset (an oscillation of random phase) averages out.

    Parameters
    ----------
    trains : SpikeTrains
        Trials of one stimulus.
    window : float
        Duration of a window, s: a whole number of steps, a whole number of which fill the trial.

    Returns
    -------
    ndarray of float64, shape (size, n_windows)
        Hz.

    Raises
    ------
    UserError
        If the window does not divide the trial.

    Examples
    --------
    >>> step, neuron = np.array([1, 4, 7]), np.array([0, 0, 0])
    >>> trains = SpikeTrains(neuron, step, np.array([0, 2, 3]), size=1, n_steps=10, dt=1e-3)
    >>> trial_averaged_rate(trains, 5e-3)
    array([[200., 100.]])
    """
    steps = _steps_of(window, trains)
    counts = _count(trains.neuron, trains.step // steps, trains.size, trains.n_steps // steps)
    return counts / (trains.n_trials * steps * trains.dt)


def _count(
    row: NDArray[np.integer], column: NDArray[np.integer], n_rows: int, n_columns: int
) -> NDArray[np.int64]:
    index = row.astype(np.int64) * n_columns + column
    return np.bincount(index, minlength=n_rows * n_columns).reshape(n_rows, n_columns)


def _steps_of(window: float, trains: SpikeTrains) -> int:
    """Return the steps of a window that divides the trial."""
    steps = round(window / trains.dt)
    if steps < 1 or abs(window / trains.dt - steps) > 1e-6 * steps:
        raise UserError(
            "the window is not a whole number of time steps",
            key="window",
            value=window,
            expected=f"a multiple of {trains.dt:g} s",
        )
    if trains.n_steps % steps:
        raise UserError(
            "the window does not divide the trial",
            key="window",
            value=window,
            expected=f"a whole number of windows in {trains.n_steps * trains.dt:g} s, "
            f"which has {trains.n_steps} steps; this window has {steps}",
        )
    return steps
