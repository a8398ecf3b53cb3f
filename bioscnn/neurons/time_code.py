"""The time code: one spike says a value by how long before its window's end it is fired."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioscnn.errors import UserError


@dataclass(frozen=True)
class TimeCode:
    """Values from 0 to 1 as the times of single spikes, for LIF neurons with synaptic currents.

    The postsynaptic potential of a spike that is s old is proportional to

    .. math:: \\varepsilon(s) = e^{-s/\\tau_m} - e^{-s/\\tau_s}

    and rises until ``D = ln(tau_m/tau_s) tau_m tau_s/(tau_m - tau_s)``. While it rises, age and height are
    one to one: in a window of W steps, the spike that acts k steps before the window's end says
    ``eps(k dt)/eps(W dt)``, and no spike says 0. At the window's end, the potential of a target is then the
    weighted sum of the values.

    Parameters
    ----------
    tau_m : float
        Membrane time constant, s.
    tau_s : float
        Time constant of the synaptic current, s; shorter than `tau_m`.
    dt : float
        Time step, s.

    Raises
    ------
    UserError
        If `tau_s` is not shorter than `tau_m`, or a window has fewer than two steps.

    References
    ----------
    Gerstner, Kistler, Naud and Paninski (2014), Neuronal Dynamics, section 1.3 (the postsynaptic potential).
    Stanojevic et al. (2024), High-performance deep spiking neural networks with 0.3 spikes per neuron, Nature
    Communications 15, 6793 (ReLU networks as first-spike times, of neurons without a leak).

    Examples
    --------
    >>> code = TimeCode(tau_m=20e-3, tau_s=5e-3, dt=1e-3)
    >>> code.window_steps
    9
    >>> code.ages_of([0.0, 0.2, 1.0])
    array([0, 1, 9])
    """

    tau_m: float
    tau_s: float
    dt: float

    def __post_init__(self) -> None:
        if not 0 < self.tau_s < self.tau_m:
            raise UserError(
                "the time code needs a synaptic current that is shorter than the membrane's memory",
                key="synapse.tau_s",
                value=f"{1e3 * self.tau_s:g} ms",
                expected=f"above zero and below tau_m = {1e3 * self.tau_m:g} ms",
            )
        if self.window_steps < 2:
            raise UserError(
                f"the time code needs windows of two time steps or more;"
                f" the postsynaptic potential rises for {1e3 * self.rise:.3g} ms",
                key="simulation.dt",
                value=f"{1e3 * self.dt:g} ms",
                expected=f"at most {1e3 * self.rise / 2:.3g} ms",
            )

    @property
    def rise(self) -> float:
        """The time D for which a postsynaptic potential rises, s."""
        return log(self.tau_m / self.tau_s) * self.tau_m * self.tau_s / (self.tau_m - self.tau_s)

    @property
    def window_steps(self) -> int:
        """Steps W of a window: as many as the rise has room for."""
        return int(self.rise / self.dt + 1e-9)

    @cached_property
    def heights(self) -> NDArray[np.float64]:
        """The potential ``eps(k dt)`` of a spike k = 1 to W steps old, shape (W,)."""
        ages = self.dt * np.arange(1, self.window_steps + 1)
        return np.asarray(np.exp(-ages / self.tau_m) - np.exp(-ages / self.tau_s))

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """What a spike k = 1 to W steps before its window's end says, shape (W,), ascending to 1."""
        return np.asarray(self.heights / self.heights[-1])

    @cached_property
    def borders(self) -> NDArray[np.float64]:
        """Halfway from each value to the next smaller one, the smallest of them being 0, shape (W,)."""
        return np.asarray(self.values - np.diff(self.values, prepend=0) / 2)

    def ages_of(self, x: ArrayLike) -> NDArray[np.int64]:
        """Return how many steps before the window's end each value is said best, 0 for silence.

        Below half of the smallest value, a neuron is silent; above 1, it fires as early as it can.
        """
        return np.searchsorted(self.borders, np.asarray(x, float), side="right").astype(np.int64)

    def quantised(self, x: ArrayLike) -> NDArray[np.float64]:
        """Return the nearest values to `x` that a spike or silence can say, in the shape of `x`."""
        return np.concatenate([[0.0], self.values])[self.ages_of(x)]
