"""ISI- and SPIKE-distance: means over time of how two spike trains differ, without a time scale to choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bioscnn.metrics.pairs import Raster, mean_over_neurons
from bioscnn.spikes import SpikeTrains

Steps = NDArray[np.int32]
Index = NDArray[np.integer]

_BLOCK = 50_000
"""Numbers in one array of the integration, few enough for the processor's cache."""


def isi_distance(trains: SpikeTrains, other: SpikeTrains | None = None) -> NDArray[np.float64]:
    r"""ISI-distance: how much the current inter-spike intervals of two trains differ, on average over time.

    .. math:: \frac{1}{T} \int_0^T \frac{|\nu_A - \nu_B|}{\max(\nu_A, \nu_B)} dt

    with the interval :math:`\nu(t)` between the spikes before and after :math:`t`. It compares local rates; a
    shift of all spikes by the same small time changes it little.

    Parameters
    ----------
    trains : SpikeTrains
        Spikes of one population.
    other : SpikeTrains, optional
        Compare with these trials instead of with one another.

    Returns
    -------
    ndarray of float64, shape (n_trials, n_trials) or (n_trials, trials of ``other``)
        0 to 1, mean over neurons.

    Raises
    ------
    UserError
        If the two cannot be compared.

    Notes
    -----
    The integral is exact. Edges are those of PySpike (Mulansky and Kreuz 2016, SoftwareX 5:183): before the
    first spike the interval is the time from the onset, or the first interval if that is longer, and so at
    the end; a silent train counts as having spikes at the onset and the end of the trial. So two silent
    trains are at distance 0.

    References
    ----------
    Kreuz, Haas, Morelli, Abarbanel and Politi (2007), Measuring spike train synchrony, J Neurosci Methods
    165:151.

    Examples
    --------
    >>> trains = SpikeTrains(np.zeros(2), np.array([3, 5]), np.array([0, 1, 2]), size=1, n_steps=10, dt=1e-3)
    >>> isi_distance(trains).round(3)
    array([[0.   , 0.267],
           [0.267, 0.   ]])
    """
    return mean_over_neurons(trains, other, partial(_mean_profile, profile=_isi_profile))


def spike_distance(trains: SpikeTrains, other: SpikeTrains | None = None) -> NDArray[np.float64]:
    r"""SPIKE-distance: how far the spikes of two trains are from each other in relation to the local rate.

    .. math:: \frac{1}{T} \int_0^T \frac{S_A \nu_B + S_B \nu_A}{2 \langle \nu \rangle^2} dt, \quad
              S_A = \frac{\Delta_P x_F + \Delta_F x_P}{\nu_A}

    with the interval :math:`\nu_A(t)` between the spikes of A before (P) and after (F) the time :math:`t`,
    the times :math:`x_P, x_F` since and until these, and the distances :math:`\Delta_P, \Delta_F` of these
    two spikes from the nearest spike of B; :math:`\langle \nu \rangle` is the mean of :math:`\nu_A, \nu_B`.

    Parameters
    ----------
    trains : SpikeTrains
        Spikes of one population.
    other : SpikeTrains, optional
        Compare with these trials instead of with one another.

    Returns
    -------
    ndarray of float64, shape (n_trials, n_trials) or (n_trials, trials of ``other``)
        0 to 1, mean over neurons.

    Raises
    ------
    UserError
        If the two cannot be compared.

    Notes
    -----
    The integral is exact. Edges are those of PySpike, as in `isi_distance`: outside the first and the last
    spike :math:`S` is the distance of that spike, and the nearest spike of the other train may be an
    auxiliary one, at the border of the trial or one interval outside.

    References
    ----------
    Kreuz, Chicharro, Houghton, Andrzejak and Mormann (2013), Monitoring spike train synchrony,
    J Neurophysiol 109:1457.

    Examples
    --------
    >>> trains = SpikeTrains(np.zeros(2), np.array([3, 5]), np.array([0, 1, 2]), size=1, n_steps=10, dt=1e-3)
    >>> spike_distance(trains).round(3)
    array([[0.   , 0.387],
           [0.387, 0.   ]])
    """
    return mean_over_neurons(trains, other, partial(_mean_profile, profile=_spike_profile))


@dataclass(frozen=True)
class _Trains:
    """Trials of one neuron, with the spikes around every time; in steps, one row a trial.

    Parameters
    ----------
    border : ndarray of int32, shape (n_trials, most spikes + 2)
        Onset, spikes, and end of the trial, the last as often as fills the row.
    before, after : ndarray of int32, shape (n_trials, n_steps + 1)
        The last spike at or before each time, and the first one at or after it, auxiliary ones included.
    first, last : ndarray of int32, shape (n_trials, 1)
        The first and the last spike, without auxiliary ones.
    nearest : ndarray of int32, shape (n_trials, n_steps + 1)
        From each time to the nearest spike, auxiliary ones included.
    """

    border: Steps
    before: Steps
    after: Steps
    first: Steps
    last: Steps
    nearest: Steps

    @classmethod
    def of(cls, raster: Raster) -> Self:
        end = raster.shape[1]
        time = np.arange(end + 1, dtype=np.int32)
        fires = np.pad(raster, ((0, 0), (1, 0)))
        fires[~raster.any(axis=1)] = np.isin(time, [0, end])
        fires_once = fires.sum(axis=1, keepdims=True) == 1

        before = np.maximum.accumulate(np.where(fires, time, -1), axis=1)
        after = np.minimum.accumulate(np.where(fires, time, end + 1)[:, ::-1], axis=1)[:, ::-1]
        first, last = after[:, :1], before[:, -1:]
        second = np.take_along_axis(after, np.minimum(first + 1, end), axis=1)
        last_but_one = np.take_along_axis(before, np.maximum(last - 1, 0), axis=1)
        early = np.where(fires_once, 0, np.minimum(0, 2 * first - second))
        late = np.where(fires_once, end, np.maximum(end, 2 * last - last_but_one))
        before, after = np.where(before < 0, early, before), np.where(after > end, late, after)

        most = int(raster.sum(axis=1).max(initial=0))
        spikes = np.sort(np.where(raster, time[1:], end), axis=1)[:, :most]
        border = np.pad(spikes, ((0, 0), (1, 0)))
        border = np.pad(border, ((0, 0), (0, 1)), constant_values=end)
        return cls(border, before, after, first, last, np.minimum(time - before, after - time))


_Profile = Callable[["_Trains", "_Trains", Index, Index, Steps, Steps], NDArray[np.float64]]


def _mean_profile(first: Raster, second: Raster, profile: _Profile) -> NDArray[np.float64]:
    """Average a profile over time, (n, m): the sum over the pieces of a trial in which neither train fires.

    The profile of a piece is its value in the middle: where it is linear, this is exact.
    """
    mine, theirs = _Trains.of(first), _Trains.of(second)
    j = np.arange(len(second))[:, None]
    n_borders = mine.border.shape[1] + theirs.border.shape[1]
    rows = max(1, _BLOCK // max(1, len(second) * n_borders))
    mean = []
    for i in np.split(np.arange(len(first))[:, None, None], range(rows, len(first), rows)):
        borders = np.empty((len(i), len(second), n_borders), dtype=np.int32)
        borders[..., : mine.border.shape[1]] = mine.border[i[:, 0]]
        borders[..., mine.border.shape[1] :] = theirs.border
        borders.sort(axis=-1)
        begin, end = borders[..., :-1], borders[..., 1:]
        values = profile(mine, theirs, i, j, begin, end)
        mean.append((values * (end - begin)).sum(axis=-1) / first.shape[1])
    return np.concatenate(mean)


def _interval(trains: _Trains, trial: Index, begin: Steps, end: Steps) -> tuple[Steps, Steps, Steps]:
    """Return the spikes before and after pieces of trials, and the interval between them.

    A piece without length, which counts for nothing, may lie on a spike: its interval is 1, not 0.
    """
    before, after = trains.before[trial, begin], trains.after[trial, end]
    return before, after, np.maximum(after - before, 1)


def _isi_profile(
    mine: _Trains, theirs: _Trains, i: Index, j: Index, begin: Steps, end: Steps
) -> NDArray[np.float64]:
    ours, others = _interval(mine, i, begin, end)[2], _interval(theirs, j, begin, end)[2]
    return np.asarray(np.abs(ours - others) / np.maximum(ours, others))


def _spike_profile(
    mine: _Trains, theirs: _Trains, i: Index, j: Index, begin: Steps, end: Steps
) -> NDArray[np.float64]:
    middle = (begin + end) / 2

    def dissimilarity(
        one: _Trains, its: Index, other: _Trains, trial: Index
    ) -> tuple[NDArray[np.float64], Steps]:
        before, after, interval = _interval(one, its, begin, end)
        previous = other.nearest[trial, np.maximum(before, one.first[its, 0])]
        following = other.nearest[trial, np.minimum(after, one.last[its, 0])]
        return (previous * (after - middle) + following * (middle - before)) / interval, interval

    (my_part, ours), (their_part, others) = (
        dissimilarity(mine, i, theirs, j),
        dissimilarity(theirs, j, mine, i),
    )
    return np.asarray((my_part * others + their_part * ours) / (2 * ((ours + others) / 2) ** 2))
