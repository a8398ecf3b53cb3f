"""Currents whose firing rates follow a rectifier, though the rate curve of a neuron is no straight line."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bioscnn.neurons import SpikingNeuron

N_QUANTILES = 256
"""Numbers by which a distribution of activations enters a fit, so that it takes as long for any of them."""

_OFFSETS = (1.0, 0.95, 0.9, 0.8, 0.7, 0.5)
_SLOPES = (0.5, 0.7, 0.85, 1.0, 1.2, 1.5)
_STEPS = 200
_FALLS = 1e-10
_DIFFERENCE = float(np.sqrt(np.finfo(np.float64).eps))


def linear_current(neuron: SpikingNeuron, max_rate: float) -> tuple[float, float]:
    """Return offset and slope, A, of a current that gives no spike at 0 and `max_rate` at 1.

    Between the two points the rate is taken as linear, as it is in an IF neuron without a refractory period.
    A LIF neuron fires more than that: its rate rises steeply above the rheobase and then flattens.
    """
    return neuron.rheobase, neuron.current(max_rate) - neuron.rheobase


def quantiles(ordered: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return `N_QUANTILES` equally spaced quantiles of numbers in rising order."""
    place = (np.arange(N_QUANTILES) + 0.5) / N_QUANTILES * (len(ordered) - 1)
    below = place.astype(np.int64)
    low, high = (ordered[np.minimum(k, len(ordered) - 1)].astype(np.float64) for k in (below, below + 1))
    return np.asarray(low + (high - low) * (place - below))


def matched_currents(
    neuron: SpikingNeuron, x: NDArray[np.float64], max_rate: float, window: float = np.inf
) -> NDArray[np.float64]:
    """Fit offsets and slopes, A, of currents whose observed rates are proportional to rectified numbers.

    .. math:: \\min_{a, b} \\sum_x \\left(g(a + b x) - r_{max} x\\right)^2, \\quad
              a \\le I_{rheobase}, \\quad g(I) = \\max(f(I) - 1/(2T), 0)

    over the distribution of the positive ``x``; f is the rate curve of the neuron, in this window if it
    adapts, and g what a window T that begins at rest shows of it: ``floor(T f)`` spikes, half a spike less
    than ``T f`` on average. So what is not positive stays silent, small activations are traded for the many
    that are larger, and the number of spikes stands for the activation, not at one point but over their
    distribution. The rate of an IF neuron without a refractory period is linear, and with an infinite window
    the fit is exact.

    Parameters
    ----------
    neuron : SpikingNeuron
        Its rate curve f.
    x : ndarray of float64, shape (n, n_quantiles)
        Quantiles of positive pre-activations, 1 being the one that stands for `max_rate`; a row a channel.
    max_rate : float
        Hz.
    window : float
        Time T from rest in which spikes are counted, s.

    Returns
    -------
    ndarray of float64, shape (n, 2)
        Offset and slope of each channel, A.

    Notes
    -----
    All channels are fitted at once, by the method of Levenberg (1944), Quarterly of Applied Mathematics
    2:164, and Marquardt (1963), SIAM Journal 11:431, each step cut off at the bounds. A search begins at the
    linear current, another at the best of a grid, since the sum has several minima where the rate curve is
    steep; the better result counts. The usual normalisations take f as linear, as it is in the neuron of
    Rueckauer et al. (2017), Frontiers in Neuroscience 11:682, where a window misses up to a spike as well.
    """
    top, linear = neuron.current(max_rate), linear_current(neuron, max_rate)
    highest, lowest = np.array([neuron.rheobase / top, np.inf]), np.array([-np.inf, 0.0])

    def error(fit: NDArray[np.float64], of: NDArray[np.float64]) -> NDArray[np.float64]:
        current = top * (fit[:, :1] + fit[:, 1:] * of)
        observed = np.maximum(neuron.mean_rate(current, window) - 0.5 / window, 0.0)
        return observed / max_rate - of

    start = np.array(linear) / top
    found = [_least_squares(error, np.tile(start, (len(x), 1)), x, lowest, highest)]
    tried = [start * [offset, slope] for offset in _OFFSETS for slope in _SLOPES]
    costs = [np.square(error(np.tile(fit, (len(x), 1)), x)).sum(axis=1) for fit in tried]
    found.append(_least_squares(error, np.array(tried)[np.argmin(costs, axis=0)], x, lowest, highest))
    costs = [np.square(error(fits, x)).sum(axis=1) for fits in found]
    return np.where((costs[1] < costs[0])[:, None], found[1], found[0]) * top


def _least_squares(
    error: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]],
    fits: NDArray[np.float64],
    x: NDArray[np.float64],
    lowest: NDArray[np.float64],
    highest: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the parameters, shape (n, 2), at which each row of errors has its least sum of squares."""
    fits = np.clip(fits, lowest, highest)
    errors = error(fits, x)
    signs = np.array([-1.0, 1.0])  # of the differences for derivatives: away from the bounds
    damping, active = np.full(len(x), 1e-3), np.arange(len(x))
    for _ in range(_STEPS):
        if len(active) == 0:
            break
        fit, now, of = fits[active], errors[active], x[active]
        step = signs * _DIFFERENCE * np.maximum(np.abs(fit), 1)
        slopes = np.stack(
            [(error(fit + step * (np.arange(2) == k), of) - now) / step[:, k, None] for k in (0, 1)], axis=1
        )
        downhill = -np.einsum("nkq,nq->nk", slopes, now)
        # What lies at its bound, and would leave it, stays there.
        free = ~(((fit >= highest) & (downhill > 0)) | ((fit <= lowest) & (downhill < 0)))
        curvature = np.einsum("nkq,nlq->nkl", slopes, slopes) * free[:, :, None] * free[:, None]
        diagonal = np.einsum("nkk->nk", curvature) * (1 + damping[active, None])
        curvature[:, [0, 1], [0, 1]] = np.where(diagonal > 0, diagonal, 1.0)
        move = np.linalg.solve(curvature, (downhill * free)[:, :, None])[:, :, 0]
        tried = np.clip(fit + move, lowest, highest)
        then = error(tried, of)
        was, is_now = (np.square(e).sum(axis=1) for e in (now, then))
        better = is_now < was
        fits[active[better]], errors[active[better]] = tried[better], then[better]
        damping[active] *= np.where(better, 0.1, 10.0)
        done = np.where(better, was - is_now <= _FALLS * was, damping[active] > 1e8)
        active = active[~done]
    return fits
