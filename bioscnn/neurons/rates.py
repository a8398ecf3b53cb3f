"""Closed forms of the leaky integrate-and-fire neuron: rate, first spike, postsynaptic potential.

``J`` is the input current in units of the rheobase, ``J = I R_m / V_th``: the neuron fires for ``J > 1``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def lif_rate(J: ArrayLike, tau_m: float, t_ref: float) -> NDArray[np.float64]:
    """Firing rate of a LIF neuron under a constant current.

    .. math:: f(J) = 1 / (t_{ref} - \\tau_m \\ln(1 - 1/J)),\\quad J > 1

    Parameters
    ----------
    J : array_like
        Current in units of the rheobase, dimensionless.
    tau_m, t_ref : float
        Membrane time constant and refractory period in seconds.

    Returns
    -------
    ndarray of float64, shape of `J`
        Rate in Hz, 0 at and below the rheobase.

    References
    ----------
    Gerstner, Kistler, Naud and Paninski (2014), Neuronal Dynamics, section 1.3.

    Examples
    --------
    >>> lif_rate([0.5, 2.0], tau_m=20e-3, t_ref=2e-3).round(2)
    array([ 0.  , 63.04])
    """
    J = np.asarray(J, dtype=np.float64)
    rate, fires = np.zeros_like(J), J > 1
    # Most neurons of a network are silent, and a logarithm is dear.
    rate[fires] = 1 / (t_ref + tau_m * np.log1p(1 / (J[fires] - 1)))
    return rate


def soft_lif_rate(J: ArrayLike, tau_m: float, t_ref: float, gamma: float) -> NDArray[np.float64]:
    """Smoothed firing rate, differentiable at the rheobase: `lif_rate` with a soft rectifier.

    ``J - 1`` is replaced by ``gamma * log(1 + exp((J - 1) / gamma))``; ``gamma -> 0`` gives `lif_rate`.

    Parameters
    ----------
    J : array_like
        Current in units of the rheobase.
    tau_m, t_ref : float
        Membrane time constant and refractory period in seconds.
    gamma : float
        Width of the smoothing in units of the rheobase, > 0.

    Returns
    -------
    ndarray of float64, shape of `J`
        Rate in Hz.

    References
    ----------
    Hunsberger and Eliasmith (2016), Training spiking deep networks for neuromorphic hardware,
    arXiv:1611.05141.

    Examples
    --------
    >>> soft_lif_rate(2.0, 20e-3, 2e-3, gamma=0.02).round(2)
    np.float64(63.04)
    """
    x = (np.asarray(J, dtype=np.float64) - 1) / gamma
    above = np.maximum(gamma * np.logaddexp(0.0, x), np.finfo(np.float64).tiny)
    return 1 / (t_ref + tau_m * np.log1p(1 / above))


def lif_first_spike(J: ArrayLike, tau_m: float) -> NDArray[np.float64]:
    """Time from the onset of a constant current, at rest, to the first spike, in seconds.

    Parameters
    ----------
    J : array_like
        Current in units of the rheobase.
    tau_m : float
        Membrane time constant in seconds.

    Returns
    -------
    ndarray of float64, shape of `J`
        ``-tau_m ln(1 - 1/J)``; infinite at and below the rheobase.

    Examples
    --------
    >>> lif_first_spike(2.0, 20e-3).round(5)
    np.float64(0.01386)
    """
    J = np.asarray(J, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(J > 1, -tau_m * np.log1p(-1 / J), np.inf)


def postsynaptic_potential(
    t: ArrayLike, weight: float, R_m: float, tau_m: float, tau_s: float
) -> NDArray[np.float64]:
    """Potential after one presynaptic spike at ``t = 0``, below threshold.

    .. math:: V(t) = w R_m \\frac{\\tau_s}{\\tau_m - \\tau_s} (e^{-t/\\tau_m} - e^{-t/\\tau_s})

    Parameters
    ----------
    t : array_like
        Time since the spike in seconds; the potential is 0 before it.
    weight : float
        Jump of the synaptic current in amperes.
    R_m : float
        Membrane resistance in ohms.
    tau_m, tau_s : float
        Membrane and synaptic time constants in seconds, different.

    Returns
    -------
    ndarray of float64, shape of `t`
        Deviation from the resting potential in volts.

    References
    ----------
    Gerstner, Kistler, Naud and Paninski (2014), Neuronal Dynamics, section 1.3.
    """
    since = np.maximum(np.asarray(t, dtype=np.float64), 0.0)
    difference: NDArray[np.float64] = np.exp(-since / tau_m) - np.exp(-since / tau_s)
    return weight * R_m * tau_s / (tau_m - tau_s) * difference
