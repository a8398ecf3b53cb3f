"""Currents whose firing rates follow a rectifier, though the rate curve of a neuron is no straight line."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioscnn.conversion.rate_code import rheobase
from bioscnn.neurons import SpikingNeuron

_QUANTILES = (np.arange(256) + 0.5) / 256


def linear_current(neuron: SpikingNeuron, max_rate: float) -> tuple[float, float]:
    """Return offset and slope, A, of a current that gives no spike at 0 and `max_rate` at 1.

    Between the two points the rate is taken as linear, as it is in an IF neuron without a refractory period.
    A LIF neuron fires more than that: its rate rises steeply above the rheobase and then flattens.
    """
    lowest = rheobase(neuron)
    return lowest, neuron.current(max_rate) - lowest


def matched_current(
    neuron: SpikingNeuron, positive: NDArray[np.floating], max_rate: float
) -> tuple[float, float]:
    """Fit offset and slope, A, of a current whose rate is proportional to a rectified number.

    .. math:: \\min_{a, b} \\sum_x (f(a + b x) - r_{max} x)^2, \\quad a \\le I_{rheobase}

    over the distribution of the positive ``x``. At the bound, and below it, what is not positive is silent;
    the fit trades small activations, which an offset below the rheobase silences too, for the slope of the
    many that are larger. The rate of an IF neuron without a refractory period is linear, and the fit exact.

    Parameters
    ----------
    neuron : SpikingNeuron
        Its rate curve f.
    positive : ndarray, shape (n,)
        Positive pre-activations, 1 being the one that stands for `max_rate`.
    max_rate : float
        Hz.

    Returns
    -------
    (float, float)
        Offset and slope, A.

    Notes
    -----
    The distribution enters as 256 quantiles, so the fit takes the same time for any number of images. The
    usual normalisations assume that f is linear: Rueckauer et al. (2017), Frontiers in Neuroscience 11:682,
    sections 2.2 and 2.3, where the neuron is one for which it is.
    """
    from scipy.optimize import least_squares

    x = np.quantile(positive.astype(np.float64), _QUANTILES)
    start, top = linear_current(neuron, max_rate), neuron.current(max_rate)
    bound = rheobase(neuron) / top

    def error(parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        offset, slope = parameters
        return neuron.rate(top * (offset + slope * x)) / max_rate - x

    found = least_squares(
        error, np.array(start) / top, bounds=([-np.inf, 0.0], [bound, np.inf]), method="dogbox"
    )
    offset, slope = top * found.x
    return float(offset), float(slope)
