"""Distances between spike trains on a time scale that the user chooses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.metrics.pairs import Raster, check_comparable, mean_over_neurons, rasters
from bioscnn.spikes import SpikeTrains

_BLOCK = 1_000_000
"""Numbers in one array of the Victor-Purpura recursion, which bounds its memory."""


def victor_purpura_distance(
    trains: SpikeTrains, cost: float, other: SpikeTrains | None = None
) -> NDArray[np.float64]:
    """Least cost of turning one spike train into another.

    To add or to remove a spike costs 1, to move it ``cost`` times the shift. Spikes further apart than
    ``2 / cost`` have nothing to do with each other; with ``cost = 0`` only the numbers of spikes count.

    Parameters
    ----------
    trains : SpikeTrains
        Spikes of one population.
    cost : float
        Cost of moving a spike, Hz.
    other : SpikeTrains, optional
        Compare with these trials instead of with one another.

    Returns
    -------
    ndarray of float64, shape (n_trials, n_trials) or (n_trials, trials of ``other``)
        Mean over neurons. Between a silent train and one of n spikes it is n.

    Raises
    ------
    UserError
        If the cost is negative or infinite, or the two cannot be compared.

    References
    ----------
    Victor and Purpura (1996), Nature and precision of temporal coding in visual cortex, J Neurophysiol
    76:1310.

    Examples
    --------
    >>> trains = SpikeTrains(np.zeros(2), np.array([1, 4]), np.array([0, 1, 2]), size=1, n_steps=9, dt=1e-3)
    >>> victor_purpura_distance(trains, cost=100)
    array([[0. , 0.3],
           [0.3, 0. ]])
    """
    if not 0 <= cost < np.inf:
        raise UserError("no such cost of moving a spike", key="cost", value=cost, expected="0 Hz or more")
    return mean_over_neurons(
        trains, other, lambda mine, theirs: _victor_purpura(mine, theirs, cost * trains.dt)
    )


def _padded(raster: Raster) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the steps of the spikes of each trial, (n_trials, most spikes), and how many there are."""
    count = raster.sum(axis=1)
    trial, step = np.nonzero(raster)
    steps = np.zeros((len(raster), count.max(initial=0)), dtype=np.int64)
    steps[trial, np.arange(len(trial)) - np.repeat(np.cumsum(count) - count, count)] = step
    return steps, count


def _victor_purpura(first: Raster, second: Raster, cost: float) -> NDArray[np.float64]:
    rows = max(1, _BLOCK // max(1, len(second) * (1 + int(second.sum(axis=1).max(initial=0)))))
    blocks = [first[k : k + rows] for k in range(0, len(first), rows)]
    return np.concatenate([_recursion(block, second, cost) for block in blocks])


def _recursion(first: Raster, second: Raster, cost: float) -> NDArray[np.float64]:
    """Fill the table of Victor and Purpura row by row, for all pairs of trials at once.

    ``table[a, b, j]`` is the distance between the spikes of trial a that have been looked at, and the first
    j of trial b; it does not depend on later ones, so that padding is harmless.
    """
    (mine, my_count), (theirs, their_count) = _padded(first), _padded(second)
    added = np.arange(theirs.shape[1] + 1.0)
    table = np.tile(added, (len(first), len(second), 1))
    distance = np.tile(their_count.astype(np.float64), (len(first), 1))
    for k in range(mine.shape[1]):
        moved = table[..., :-1] + cost * np.abs(mine[:, k, None, None] - theirs)
        table += 1
        np.minimum(table[..., 1:], moved, out=table[..., 1:])
        # Adding spikes costs 1 each: the least over all that may have been there before.
        table -= added
        np.minimum.accumulate(table, axis=-1, out=table)
        table += added
        done = np.flatnonzero(my_count == k + 1)
        distance[done] = table[done[:, None], np.arange(len(second)), their_count]
    return distance


def van_rossum_distance(
    trains: SpikeTrains, tau: float, other: SpikeTrains | None = None
) -> NDArray[np.float64]:
    r"""Distance between spike trains that are filtered with a causal exponential.

    .. math:: D^2 = \frac{2}{\tau} \int_0^\infty (f - g)^2 dt, \quad f = \sum_i e^{-(t - t_i)/\tau}

    The integral is exact. The factor is elephant's: a single spike against none is 1, two spikes far apart
    are :math:`\sqrt 2` from each other. van Rossum has :math:`1/\tau`, which makes them 1.

    Parameters
    ----------
    trains : SpikeTrains
        Spikes of one population.
    tau : float
        Time constant of the filter, s.
    other : SpikeTrains, optional
        Compare with these trials instead of with one another.

    Returns
    -------
    ndarray of float64, shape (n_trials, n_trials) or (n_trials, trials of ``other``)
        Mean over neurons.

    Raises
    ------
    UserError
        If ``tau`` is not positive, or the two cannot be compared.

    References
    ----------
    van Rossum (2001), A novel spike distance, Neural Computation 13:751.

    Examples
    --------
    >>> trains = SpikeTrains(np.zeros(1), np.array([1]), np.array([0, 1, 1]), size=1, n_steps=9, dt=1e-3)
    >>> van_rossum_distance(trains, tau=5e-3)
    array([[0., 1.],
           [1., 0.]])
    """
    from scipy.signal import lfilter
    from scipy.spatial.distance import cdist

    if not tau > 0:
        raise UserError("no such time constant", key="tau", value=tau, expected="more than 0 s")
    # Between two steps the filtered trains only decay, so that their values there give the integral.
    weight = np.full(trains.n_steps, -np.expm1(-2 * trains.dt / tau))
    weight[-1:] = 1
    scale, decay = np.sqrt(weight), np.exp(-trains.dt / tau)

    def distance(mine: Raster, theirs: Raster) -> NDArray[np.float64]:
        filtered = (scale * lfilter([1.0], [1.0, -decay], raster, axis=1) for raster in (mine, theirs))
        return np.asarray(cdist(*filtered))

    return mean_over_neurons(trains, other, distance)


def spike_time_tiling(
    trains: SpikeTrains, window: float, other: SpikeTrains | None = None
) -> NDArray[np.float64]:
    r"""Spike time tiling coefficient: how far spikes coincide, beyond what the firing rates make by chance.

    .. math:: \frac{1}{2} \left( \frac{P_A - T_B}{1 - P_A T_B} + \frac{P_B - T_A}{1 - P_B T_A} \right)

    :math:`P_A` is the share of the spikes of A that lie within the window of one of B, :math:`T_A` the share
    of the trial within the window of a spike of A. 1 for identical trains, near 0 for independent ones: a
    window half way between whole numbers of steps (5.5 ms for steps of 1 ms) leaves no bias. With 5 ms,
    spikes 5 ms apart coincide as well, which takes in 11 steps where :math:`T` reckons with 10.

    Parameters
    ----------
    trains : SpikeTrains
        Spikes of one population.
    window : float
        Largest distance of two spikes that coincide, s.
    other : SpikeTrains, optional
        Compare with these trials instead of with one another.

    Returns
    -------
    ndarray of float64, shape (n_trials, n_trials) or (n_trials, trials of ``other``)
        -1 to 1, mean over the neurons that fire in both trials; NaN where none does.

    Raises
    ------
    UserError
        If the window is not positive, or the two cannot be compared.

    References
    ----------
    Cutts and Eglen (2014), Detecting pairwise correlations in spike trains, J Neurosci 34:14288.

    Examples
    --------
    >>> trains = SpikeTrains(np.zeros(2), np.array([1, 7]), np.array([0, 1, 2]), size=1, n_steps=10, dt=1e-3)
    >>> spike_time_tiling(trains, 1e-3)
    array([[ 1. , -0.2],
           [-0.2,  1. ]])
    """
    if not window > 0:
        raise UserError("no such window", key="window", value=window, expected="more than 0 s")
    second = trains if other is None else other
    check_comparable(trains, second)
    total = np.zeros((trains.n_trials, second.n_trials))
    n = np.zeros_like(total)
    for mine, theirs in zip(rasters(trains), rasters(second), strict=True):
        a, b = np.flatnonzero(mine.any(axis=1)), np.flatnonzero(theirs.any(axis=1))
        if len(a) and len(b):
            total[np.ix_(a, b)] += _tiling(mine[a], theirs[b], window / trains.dt)
            n[np.ix_(a, b)] += 1
    return np.divide(total, n, out=np.full_like(total, np.nan), where=n > 0)


def _tiling(first: Raster, second: Raster, window: float) -> NDArray[np.float64]:
    """Return the coefficients (n, m) of trials that all have spikes; the window is in steps."""
    coincident = np.stack([_coincident(first, second, window), _coincident(second, first, window).T])
    covered = np.stack(np.broadcast_arrays(_covered(second, window), _covered(first, window)[:, None]))
    both = coincident * covered
    # 0 / 0 where everything coincides with a train that covers the whole trial: 1.
    terms = np.divide(coincident - covered, 1 - both, out=np.ones_like(both), where=both != 1)
    return np.asarray(terms.mean(axis=0))


def _coincident(first: Raster, second: Raster, window: float) -> NDArray[np.float64]:
    """Return the share of the spikes of ``first`` that lie within the window of one of ``second``, (n, m)."""
    reach = int(min(window + 1e-6, second.shape[1]))
    spikes = np.cumsum(np.pad(second, ((0, 0), (reach + 1, reach))), axis=1)
    near = spikes[:, 2 * reach + 1 :] > spikes[:, : second.shape[1]]
    shared = first.astype(np.float32) @ near.T.astype(np.float32)
    return np.asarray(shared / first.sum(axis=1, keepdims=True), dtype=np.float64)


def _covered(raster: Raster, window: float) -> NDArray[np.float64]:
    """Return the share of each trial that lies within the window of a spike, (n_trials,)."""
    n_trials, n_steps = raster.shape
    trial, step = np.nonzero(raster)
    within = np.diff(trial) == 0
    gaps = np.minimum(np.diff(step)[within], 2 * window)
    first, silent_end = raster.argmax(axis=1) + 1, raster[:, ::-1].argmax(axis=1)
    edges = np.minimum(first, window) + np.minimum(silent_end, window)
    return np.asarray((np.bincount(trial[1:][within], gaps, minlength=n_trials) + edges) / n_steps)
