"""Currents whose firing rates follow a rectifier, though the rate curve of a neuron is no straight line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioscnn.neurons import SpikingNeuron

GAMMA = 0.07
"""Width of the smoothed threshold, in rheobases; set by hand."""

_GROUPS = 32
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


def observed_rate(
    neuron: SpikingNeuron,
    current: NDArray[np.floating],
    window: float = np.inf,
    *,
    fluctuating: bool = False,
) -> NDArray[np.float64]:
    """Return the rate, Hz, that neurons show on average in a window that begins at rest.

    .. math:: g(I) = \\max(f(I) - 1/(2T), 0)

    f is the rate curve of the neuron, in this window if it adapts: of ``T f`` spikes, ``floor(T f)`` are
    seen, half a spike less on average.

    Parameters
    ----------
    neuron : SpikingNeuron
        The neuron.
    current : ndarray
        Mean current, A.
    window : float
        Time T from rest in which spikes are counted, s.
    fluctuating : bool
        Whether the current is made of spikes. Then neurons fire below the rheobase too: f is taken at
        ``1 + gamma*log(1 + exp((J - 1)/gamma))`` in place of J, the current in rheobases.
    """
    if fluctuating and neuron.rheobase > 0:
        J = np.asarray(current, np.float64) / neuron.rheobase
        current = neuron.rheobase * (1 + GAMMA * np.logaddexp(0.0, (J - 1) / GAMMA))
    return np.maximum(neuron.mean_rate(current, window) - 0.5 / window, 0.0)


def matched_currents(
    neuron: SpikingNeuron,
    arriving: NDArray[np.floating],
    wanted: NDArray[np.floating],
    max_rate: float,
    window: float = np.inf,
    *,
    fluctuating: bool = False,
) -> NDArray[np.float64]:
    """Fit offsets and slopes, A, of currents whose observed rates are proportional to wanted numbers.

    .. math:: \\min_{a, b} \\sum \\left(g(a + b x) - r_{max} y\\right)^2, \\quad a \\le I_{rheobase}

    over pairs of what arrives, x, and the activation y that is wanted; g is `observed_rate`. Small
    activations are traded for the many that are larger, so that the number of spikes stands for the
    activation not at one point but over their distribution. The rate of an IF neuron without a refractory
    period is linear, and with an infinite window and nothing wrong in what arrives the fit is exact.

    Parameters
    ----------
    neuron : SpikingNeuron
        Its rate curve f.
    arriving, wanted : ndarray, shape (n_channels, n)
        Pre-activations that reach the neurons, and activations, 1 being the one that stands for `max_rate`.
    max_rate : float
        Hz.
    window, fluctuating
        As of `observed_rate`.

    Returns
    -------
    ndarray of float64, shape (n_channels, 2)
        Offset and slope of each channel, A.

    Notes
    -----
    The pairs enter as the means of at most 64 groups of like x, so the fit takes the same time for any number
    of images. All channels are fitted at once, by the method of Levenberg (1944), Quarterly of Applied
    Mathematics 2:164, and Marquardt (1963), SIAM Journal 11:431, each step cut off at the bounds; SciPy fits
    one after the other, and takes a minute for some thousand. A search begins at the linear current, another
    at the best of a grid, since the sum has several minima where the rate curve is steep; the better result
    counts. The usual normalisations take f as linear, as it is in the neuron of Rueckauer et al. (2017),
    Frontiers in Neuroscience 11:682, where a window misses up to a spike as well.
    """
    pairs = _Pairs.of(arriving.astype(np.float64), wanted.astype(np.float64))
    top, start = neuron.current(max_rate), np.array(linear_current(neuron, max_rate))
    start, highest = start / top, np.array([neuron.rheobase / top, np.inf])

    def error(fit: NDArray[np.float64], of: _Pairs) -> NDArray[np.float64]:
        current = top * (fit[:, :1] + fit[:, 1:] * of.x)
        return of.weight * (observed_rate(neuron, current, window, fluctuating=fluctuating) / max_rate - of.y)

    def costs(fits: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.square(error(fits, pairs)).sum(axis=1))

    grid = [start * [offset, slope] for offset in _OFFSETS for slope in _SLOPES]
    best = np.argmin([costs(np.tile(fit, (len(pairs.x), 1))) for fit in grid], axis=0)
    starts = np.tile(start, (len(pairs.x), 1)), np.array(grid)[best]
    one, other = (_least_squares(error, fits, pairs, np.array([-np.inf, 0.0]), highest) for fits in starts)
    return np.where((costs(other) < costs(one))[:, None], other, one) * top


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Means of groups of pairs, and the square roots of their shares, shapes (n_channels, 2 * _GROUPS)."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    weight: NDArray[np.float64]

    @classmethod
    def of(cls, x: NDArray[np.float64], y: NDArray[np.float64]) -> _Pairs:
        """Group pairs of like x; half of the groups have an activation, so that a rare one is seen."""
        means = np.zeros((3, len(x), 2 * _GROUPS))
        for row, (own, wanted) in enumerate(zip(x, y, strict=True)):
            # What is silent comes first, then what is active, each in the order of x.
            active = (wanted > 0) | (own > 0)
            order = np.lexsort((own, active))
            n_silent = np.count_nonzero(~active)
            ends = np.linspace(0, n_silent, _GROUPS + 1), np.linspace(n_silent, len(own), _GROUPS + 1)
            starts = np.unique(np.concatenate(ends).astype(np.int64))
            n = np.diff(starts)
            for mean, values in zip(means, (own, wanted), strict=False):
                mean[row, : len(n)] = np.add.reduceat(values[order], starts[:-1]) / n
            means[2, row, : len(n)] = np.sqrt(n / len(own))
        return cls(*means)

    def __getitem__(self, rows: NDArray[np.int64]) -> _Pairs:
        return _Pairs(self.x[rows], self.y[rows], self.weight[rows])


def _least_squares(
    error: Callable[[NDArray[np.float64], _Pairs], NDArray[np.float64]],
    fits: NDArray[np.float64],
    pairs: _Pairs,
    lowest: NDArray[np.float64],
    highest: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the parameters, shape (n, 2), at which each row of errors has its least sum of squares."""
    fits = np.clip(fits, lowest, highest)
    errors = error(fits, pairs)
    signs = np.array([-1.0, 1.0])  # of the differences for derivatives: away from the bounds
    damping, active = np.full(len(fits), 1e-3), np.arange(len(fits))
    for _ in range(_STEPS):
        if len(active) == 0:
            break
        fit, now, of = fits[active], errors[active], pairs[active]
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
