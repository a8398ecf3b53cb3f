"""Currents whose firing rates follow a rectifier, though the rate curve of a neuron is no straight line."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioscnn.neurons import SpikingNeuron

GAMMA = 0.07
"""Width of the smoothed threshold, in rheobases: 0.05 to 0.1 fit the rates of simulated layers best."""

_GROUPS = 32


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


def matched_current(
    neuron: SpikingNeuron,
    arriving: NDArray[np.floating],
    wanted: NDArray[np.floating],
    max_rate: float,
    window: float = np.inf,
    *,
    fluctuating: bool = False,
) -> tuple[float, float]:
    """Fit offset and slope, A, of a current whose observed rate is proportional to wanted numbers.

    .. math:: \\min_{a, b} \\sum \\left(g(a + b x) - r_{max} y\\right)^2, \\quad a \\le I_{rheobase}

    over pairs of what arrives, x, and the activation y that is wanted; g is `observed_rate`. Small
    activations are traded for the many that are larger, so that the number of spikes stands for the
    activation not at one point but over their distribution. The rate of an IF neuron without a refractory
    period is linear, and with an infinite window and nothing wrong in what arrives the fit is exact.

    Parameters
    ----------
    neuron : SpikingNeuron
        Its rate curve f.
    arriving, wanted : ndarray, shape (n,)
        Pre-activations that reach the neurons, and activations, 1 being the one that stands for `max_rate`.
    max_rate : float
        Hz.
    window, fluctuating
        As of `observed_rate`.

    Returns
    -------
    (float, float)
        Offset and slope, A.

    Notes
    -----
    The pairs enter as the means of at most 64 groups of like x, so the fit takes the same time for any
    number of images. The usual normalisations take f as linear, as it is in the neuron of Rueckauer et al.
    (2017), Frontiers in Neuroscience 11:682, where a window misses up to a spike as well.
    """
    from scipy.optimize import least_squares

    x, y, weight = _grouped(arriving.astype(np.float64), wanted.astype(np.float64))
    start, top = linear_current(neuron, max_rate), neuron.current(max_rate)
    bound = neuron.rheobase / top

    def error(parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        offset, slope = parameters
        current = top * (offset + slope * x)
        return weight * (observed_rate(neuron, current, window, fluctuating=fluctuating) / max_rate - y)

    found = least_squares(
        error, np.array(start) / top, bounds=([-np.inf, 0.0], [bound, np.inf]), method="dogbox"
    )
    offset, slope = top * found.x
    return float(offset), float(slope)


def _grouped(
    x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return means of x and y over groups of like x, and the square roots of their shares.

    Half of the groups are those with an activation, so that a rare one is seen.
    """
    # What is silent comes first, then what is active, each in the order of x.
    active = (y > 0) | (x > 0)
    order = np.lexsort((x, active))
    n_silent = np.count_nonzero(~active)
    ends = np.linspace(0, n_silent, _GROUPS + 1), np.linspace(n_silent, len(x), _GROUPS + 1)
    starts = np.unique(np.concatenate(ends).astype(np.int64))
    n = np.diff(starts)
    xs, ys = (np.add.reduceat(values[order], starts[:-1]) / n for values in (x, y))
    return xs, ys, np.sqrt(n / len(x))
