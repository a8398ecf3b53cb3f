"""When neurons fire: intervals between spikes, variability over trials, first spikes and their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.spikes import SpikeTrains

if TYPE_CHECKING:
    from pandas import DataFrame


def intervals(trains: SpikeTrains) -> NDArray[np.float64]:
    """Return all inter-spike intervals in s, ordered by trial, neuron and time, shape (n_intervals,).

    Examples
    --------
    >>> step, neuron = np.array([1, 2, 4, 7]), np.array([0, 1, 0, 0])
    >>> intervals(SpikeTrains(neuron, step, np.array([0, 4]), size=2, n_steps=10, dt=1e-3))
    array([0.003, 0.003])
    """
    return np.asarray(_intervals(trains)[0] * trains.dt)


def interval_statistics(trains: SpikeTrains, t_ref: float) -> DataFrame:
    r"""Describe how regularly each neuron fires in each trial.

    With the intervals :math:`I_1 .. I_n` and :math:`q_i = (I_{i+1} - I_i) / (I_{i+1} + I_i)`,

    - ``cv``: standard deviation over mean of the intervals,
    - ``cv2``: mean of :math:`2 |q_i|`,
    - ``lv``: mean of :math:`3 q_i^2`,
    - ``lvr``: mean of :math:`3 q_i^2 (1 + 4 R / (I_i + I_{i+1}))`.

    All are 0 for a clock, and 1 on average for a long Poisson train (``lvr`` with ``t_ref = 0``). The last
    three compare neighbours only, so a slow change of the rate does not look like irregularity. In a trial
    with few intervals ``cv`` is biased downwards.

    Parameters
    ----------
    trains : SpikeTrains
        Spikes of one population.
    t_ref : float
        Refractory period R in LvR, s.

    Returns
    -------
    DataFrame
        A row for each trial and neuron with at least two spikes; columns trial, neuron, n_spikes,
        mean_isi (s), cv, cv2, lv, lvr. The last four are NaN where there are fewer than three spikes.

    Raises
    ------
    UserError
        If ``t_ref`` is negative.

    References
    ----------
    Holt, Softky, Koch and Douglas (1996), J Neurophysiol 75:1806 (CV2).
    Shinomoto, Shima and Tanji (2003), Neural Computation 15:2823 (LV).
    Shinomoto et al. (2009), PLoS Comput Biol 5:e1000433 (LvR).

    Examples
    --------
    >>> step = np.array([0, 10, 30])
    >>> trains = SpikeTrains(np.zeros(3), step, np.array([0, 3]), size=1, n_steps=50, dt=1e-3)
    >>> row = interval_statistics(trains, t_ref=3e-3).iloc[0]
    >>> print(f"{row.cv:.3f} {row.cv2:.3f} {row.lv:.3f} {row.lvr:.3f}")
    0.333 0.667 0.333 0.467
    """
    import pandas as pd

    if t_ref < 0:
        raise UserError("a refractory period cannot be negative", key="t_ref", value=t_ref)
    interval, owner = _intervals(trains)
    first_of = np.flatnonzero(np.diff(owner, prepend=-1))
    n = np.diff(first_of, append=len(owner))
    if not len(n):
        mean = cv = cv2 = lv = lvr = np.empty(0)
    else:
        mean = np.add.reduceat(interval, first_of) / n
        variance = np.add.reduceat((interval - np.repeat(mean, n)) ** 2, first_of) / n
        cv = np.where(n > 1, np.sqrt(variance) / mean, np.nan)

        # Neighbouring intervals; the last of a train has none, and its place adds nothing.
        total = interval + np.append(interval[1:], 0)
        q = np.append(np.diff(interval), 0) / total
        q[first_of + n - 1] = 0
        n_pairs = np.where(n > 1, n - 1.0, np.nan)
        cv2 = 2 * np.add.reduceat(np.abs(q), first_of) / n_pairs
        lv = 3 * np.add.reduceat(q**2, first_of) / n_pairs
        lvr = 3 * np.add.reduceat(q**2 * (1 + 4 * t_ref / trains.dt / total), first_of) / n_pairs
    trial, neuron = np.divmod(owner[first_of], trains.size)
    return pd.DataFrame(
        {
            "trial": trial, "neuron": neuron, "n_spikes": n + 1, "mean_isi": mean * trains.dt,
            "cv": cv, "cv2": cv2, "lv": lv, "lvr": lvr,
        }
    )  # fmt: skip


def _intervals(trains: SpikeTrains) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return every interval in steps, and ``trial * size + neuron`` of its train, ordered by train."""
    owner, step = np.divmod(
        np.sort((trains.trial() * trains.size + trains.neuron) * trains.n_steps + trains.step),
        trains.n_steps,
    )
    within = np.diff(owner) == 0
    return np.diff(step)[within], owner[1:][within]


def fano_factor(trains: SpikeTrains) -> NDArray[np.float64]:
    """Return the variance over the mean of each neuron's spike count over trials, shape (size,).

    1 for a Poisson process, 0 where every trial has the same count; NaN where the neuron never fires. The
    variance is that of the trials at hand (divided by their number, not by one less), as in elephant.

    Raises
    ------
    UserError
        If there are fewer than two trials.

    Examples
    --------
    >>> step, neuron = np.array([1, 4, 6, 2, 5]), np.array([0, 0, 0, 0, 1])
    >>> fano_factor(SpikeTrains(neuron, step, np.array([0, 3, 5]), size=3, n_steps=10, dt=1e-3))
    array([0.5, 0.5, nan])
    """
    if trains.n_trials < 2:
        raise UserError(
            "the Fano factor compares trials", value=trains.n_trials, expected="at least 2 trials"
        )
    counts = trains.counts()
    mean = counts.mean(axis=0)
    return np.asarray(counts.var(axis=0) / np.where(mean > 0, mean, np.nan))


def first_spike_latency(trains: SpikeTrains) -> NDArray[np.float64]:
    """Return the time from the onset of the trial to the first spike, s; NaN where there is none.

    A spike of step ``k`` happens at the end of the step, ``(k + 1) dt``.

    Returns
    -------
    ndarray of float64, shape (n_trials, size)
        s.

    Examples
    --------
    >>> trains = SpikeTrains(np.zeros(2), np.array([1, 4]), np.array([0, 2]), size=2, n_steps=10, dt=1e-3)
    >>> first_spike_latency(trains)
    array([[0.002,   nan]])
    """
    first = trains.first_step()
    return np.where(first < trains.n_steps, (first + 1) * trains.dt, np.nan)


def first_spike_rank(trains: SpikeTrains) -> NDArray[np.float64]:
    """Return the place of each neuron in the order of first spikes: 0 for the first, NaN for the silent.

    Neurons that first fire in the same step share the mean of their places. The rank is what a rank-order
    code reads: it does not change when all latencies are stretched or shifted.

    Returns
    -------
    ndarray of float64, shape (n_trials, size)

    References
    ----------
    Thorpe and Gautrais (1998), Rank order coding, in: Computational Neuroscience: Trends in Research, 113.

    Examples
    --------
    >>> step, neuron = np.array([1, 4, 4]), np.array([2, 0, 1])
    >>> first_spike_rank(SpikeTrains(neuron, step, np.array([0, 3]), size=4, n_steps=10, dt=1e-3))
    array([[1.5, 1.5, 0. , nan]])
    """
    from scipy.stats import rankdata

    first = trains.first_step()
    return np.where(first < trains.n_steps, rankdata(first, axis=1) - 1, np.nan)
