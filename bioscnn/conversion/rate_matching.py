"""Currents whose firing rates follow a rectifier, though the rate curve of a neuron is no straight line."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioscnn.neurons import SpikingNeuron

_QUANTILES = (np.arange(256) + 0.5) / 256


def linear_current(neuron: SpikingNeuron, max_rate: float) -> tuple[float, float]:
    """Return offset and slope, A, of a current that gives no spike at 0 and `max_rate` at 1.

    Between the two points the rate is taken as linear, as it is in an IF neuron without a refractory period.
    A LIF neuron fires more than that: its rate rises steeply above the rheobase and then flattens.
    """
    return neuron.rheobase, neuron.current(max_rate) - neuron.rheobase


def matched_current(
    neuron: SpikingNeuron, positive: NDArray[np.floating], max_rate: float, window: float = np.inf
) -> tuple[float, float]:
    """Fit offset and slope, A, of a current whose observed rate is proportional to a rectified number.

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
    positive : ndarray, shape (n,)
        Positive pre-activations, 1 being the one that stands for `max_rate`.
    max_rate : float
        Hz.
    window : float
        Time T from rest in which spikes are counted, s.

    Returns
    -------
    (float, float)
        Offset and slope, A.

    Notes
    -----
    The distribution enters as 256 quantiles, so the fit takes the same time for any number of images. The
    usual normalisations take f as linear, as it is in the neuron of Rueckauer et al. (2017), Frontiers in
    Neuroscience 11:682, where a window misses up to a spike as well.
    """
    from scipy.optimize import least_squares

    x = np.quantile(positive.astype(np.float64), _QUANTILES)
    start, top = linear_current(neuron, max_rate), neuron.current(max_rate)
    bound = neuron.rheobase / top

    def error(parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        offset, slope = parameters
        observed = np.maximum(neuron.mean_rate(top * (offset + slope * x), window) - 0.5 / window, 0.0)
        return observed / max_rate - x

    found = least_squares(
        error, np.array(start) / top, bounds=([-np.inf, 0.0], [bound, np.inf]), method="dogbox"
    )
    offset, slope = top * found.x
    return float(offset), float(slope)
