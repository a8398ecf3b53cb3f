"""ISI- and SPIKE-distance: means over time of how two spike trains differ, without a time scale to choose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bioscnn.metrics.pairs import Raster, mean_over_neurons
from bioscnn.spikes import SpikeTrains


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
    return mean_over_neurons(trains, other, _isi_distance)


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
    return mean_over_neurons(trains, other, _spike_distance)


@dataclass(frozen=True)
class _Neighbours:
    """Spikes around every time of each trial, in steps; all arrays have one row a trial.

    Parameters
    ----------
    before, after : ndarray of int64, shape (n_trials, n_steps + 1)
        The last spike at or before each time, and the first one at or after it, auxiliary ones included.
    first, last : ndarray of int64, shape (n_trials, 1)
        The first and the last spike, without auxiliary ones.
    """

    before: NDArray[np.int64]
    after: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]

    @classmethod
    def of(cls, raster: Raster) -> Self:
        n_trials, end = raster.shape
        fires = np.zeros((n_trials, end + 1), dtype=bool)
        fires[:, 1:] = raster
        fires[~raster.any(axis=1)] = np.isin(np.arange(end + 1), [0, end])

        time, one = np.arange(end + 1), fires.sum(axis=1, keepdims=True) == 1
        before = np.maximum.accumulate(np.where(fires, time, -1), axis=1)
        after = np.minimum.accumulate(np.where(fires, time, end + 1)[:, ::-1], axis=1)[:, ::-1]
        first, last = after[:, :1], before[:, -1:]
        second = np.take_along_axis(after, np.minimum(first + 1, end), axis=1)
        last_but_one = np.take_along_axis(before, np.maximum(last - 1, 0), axis=1)
        early = np.where(one, 0, np.minimum(0, 2 * first - second))
        late = np.where(one, end, np.maximum(end, 2 * last - last_but_one))
        return cls(np.where(before < 0, early, before), np.where(after > end, late, after), first, last)


def _edges(first: Raster, second: Raster) -> NDArray[np.int64]:
    """Return the times, in steps, between which no trial of either has a spike."""
    spiked = np.flatnonzero(first.any(axis=0) | second.any(axis=0)) + 1
    return np.unique(np.concatenate([[0], spiked, [first.shape[1]]]))


def _isi_distance(first: Raster, second: Raster) -> NDArray[np.float64]:
    edges = _edges(first, second)
    mine, theirs = (
        around.after[:, edges[1:]] - around.before[:, edges[:-1]]
        for around in (_Neighbours.of(first), _Neighbours.of(second))
    )
    length = np.diff(edges)
    alike = [(np.minimum(interval, theirs) / np.maximum(interval, theirs)) @ length for interval in mine]
    return np.asarray(1 - np.stack(alike) / edges[-1])


@dataclass(frozen=True)
class _Pieces:
    """What the SPIKE-distance needs of each trial: in pieces without spikes, and at every time.

    Parameters
    ----------
    previous, following : ndarray of int64, shape (n_trials, n_pieces)
        The spikes around each piece, in steps; at the borders of the trial the same one twice.
    since, until : ndarray of float64, shape (n_trials, n_pieces)
        From the spike before the piece to its middle, and from there to the one after it, steps.
    interval : ndarray of int64, shape (n_trials, n_pieces)
        Sum of the two.
    nearest : ndarray of int64, shape (n_trials, n_steps + 1)
        From each time to the nearest spike, steps.
    """

    previous: NDArray[np.int64]
    following: NDArray[np.int64]
    since: NDArray[np.float64]
    until: NDArray[np.float64]
    interval: NDArray[np.int64]
    nearest: NDArray[np.int64]

    @classmethod
    def of(cls, raster: Raster, edges: NDArray[np.int64]) -> Self:
        around, time = _Neighbours.of(raster), np.arange(raster.shape[1] + 1)
        before, after = around.before[:, edges[:-1]], around.after[:, edges[1:]]
        middle = (edges[1:] + edges[:-1]) / 2
        return cls(
            np.maximum(before, around.first),
            np.minimum(after, around.last),
            middle - before,
            after - middle,
            after - before,
            np.minimum(time - around.before, around.after - time),
        )


def _spike_distance(first: Raster, second: Raster) -> NDArray[np.float64]:
    """Integrate piece by piece: the profile is linear there, so that its middle times the length is exact."""
    edges = _edges(first, second)
    length = np.diff(edges)
    mine, theirs = _Pieces.of(first, edges), _Pieces.of(second, edges)
    distance = np.empty((len(first), len(second)))
    for k in range(len(first)):
        interval, nearest = mine.interval[k], mine.nearest[k]
        to_theirs = (
            theirs.nearest[:, mine.previous[k]] * mine.until[k]
            + theirs.nearest[:, mine.following[k]] * mine.since[k]
        ) / interval
        to_mine = (
            nearest[theirs.previous] * theirs.until + nearest[theirs.following] * theirs.since
        ) / theirs.interval
        profile = 2 * (to_theirs * theirs.interval + to_mine * interval) / (interval + theirs.interval) ** 2
        distance[k] = profile @ length
    return np.asarray(distance / edges[-1])
