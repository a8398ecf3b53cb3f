"""The leaky integrate-and-fire neuron with spike-frequency adaptation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioscnn.errors import UserError
from bioscnn.neurons.model import (
    SpikingNeuron,
    check_positive,
    check_reachable,
    check_reset_and_refractory,
    exact_reset,
)
from bioscnn.neurons.rates import lif_rate
from bioscnn.quantities import require_number

EQUATIONS = """
dV/dt   = (R_m*(I_syn + I_stim - I_a) - V)/tau_m : volt (unless refractory)
dI_a/dt = -I_a/tau_a                             : amp
I_stim                                           : amp
tau_m                                            : second (shared, constant)
tau_a                                            : second (shared, constant)
R_m                                              : ohm    (shared, constant)
b                                                : amp    (shared, constant)
V_th                                             : volt   (shared, constant)
t_ref                                            : second (shared, constant)
"""

# As in the LIF neuron, see lif.py; what a spike adds to the adaptation weighs on the charging since then.
RESETS = {
    "exact": "V = V - V_th + (V_th - R_m*b)"
    "/clip((R_m*(I_syn + I_stim - I_a) - V_th)/(V - V_th), 1/(1 - exp(-dt/tau_m)), inf)",
    "subtract": "V = V - V_th",
    "zero": "V = 0*volt",
}

ADAPT = "\nI_a = I_a + b"


@dataclass(frozen=True)
class AdaptiveLIF(SpikingNeuron):
    """Leaky integrate-and-fire neuron whose every spike adds to a slow current that opposes firing.

    .. math:: C_m \\frac{dV}{dt} = I_{syn} + I_{stim} - I_a - V/R_m, \\quad
              \\frac{dI_a}{dt} = -I_a/\\tau_a, \\quad I_a \\leftarrow I_a + b \\text{ at a spike}

    The current stands for the calcium-dependent potassium current that follows a spike, and goes on decaying
    while the neuron is refractory. The first spikes under a constant current come at the rate of the LIF
    neuron, later ones more slowly: in the steady state the mean adaptation is ``b tau_a f``.

    Parameters
    ----------
    tau_m, t_ref, V_th, R_m, reset
        As in `LIF`.
    tau_a : float
        Time constant of the adaptation current, s; not within 1 % of `tau_m`, where the exact solution loses
        its digits.
    b : float
        What a spike adds to the adaptation current, A; 0 makes a LIF neuron.

    References
    ----------
    Treves (1993), Mean-field analysis of neuronal spike dynamics, Network 4:259. Benda and Herz (2003), A
    universal model for spike-frequency adaptation, Neural Computation 15:2523. Gerstner, Kistler, Naud and
    Paninski (2014), Neuronal Dynamics, chapter 6.
    """

    tau_m: float = 20e-3
    t_ref: float = 2e-3
    V_th: float = 20e-3
    R_m: float = 100e6
    reset: str = "exact"
    tau_a: float = 100e-3
    b: float = 0.05e-9

    equations: ClassVar[str] = EQUATIONS
    threshold: ClassVar[str | None] = "V > V_th"
    refractory: ClassVar[str | None] = "t_ref + dt"
    state: ClassVar[dict[str, str]] = {"V": "volt", "I_a": "amp"}

    def __post_init__(self) -> None:
        check_positive(
            "adaptive LIF neuron", tau_m=self.tau_m, V_th=self.V_th, R_m=self.R_m, tau_a=self.tau_a
        )
        check_reset_and_refractory(self.reset, self.t_ref)
        require_number("neuron.b", self.b)
        if not (np.isfinite(self.b) and self.b >= 0):
            raise UserError(
                "adaptation opposes firing: its jump is not negative", key="neuron.b", value=self.b
            )
        if abs(self.tau_a / self.tau_m - 1) < 0.01:
            raise UserError(
                "tau_a and tau_m must differ by at least 1 %",
                key="neuron.tau_a",
                value=self.tau_a,
                expected=f"not within 1 % of tau_m = {self.tau_m} s",
                fix="change one of them slightly",
            )

    @property
    def reset_statement(self) -> str:
        """Brian2 statements of the reset rule and of the adaptation."""
        return RESETS[self.reset] + ADAPT

    @property
    def conductance_reset_statement(self) -> str:
        """The same where synapses are conductances, which shorten the time constant."""
        if self.reset != "exact":
            return self.reset_statement
        slope = "(R_m*(I_syn + I_stim - I_a) - V)/tau_m"
        return exact_reset("(1 + R_m*G_syn)/tau_m", slope, " - R_m*b/tau_m") + ADAPT

    @property
    def parameters(self) -> dict[str, float]:
        """Shared parameters in SI units."""
        return {
            "tau_m": self.tau_m, "tau_a": self.tau_a, "R_m": self.R_m, "b": self.b, "V_th": self.V_th,
            "t_ref": self.t_ref,
        }  # fmt: skip

    @property
    def rheobase(self) -> float:
        """The largest constant current that never makes a spike, A: that of the LIF neuron."""
        return self.V_th / self.R_m

    @property
    def working_potential(self) -> float:
        """Three quarters of the threshold, V: that of the LIF neuron."""
        return 0.75 * self.V_th

    def rate(self, current: ArrayLike) -> NDArray[np.float64]:
        """Return the firing rate in Hz under a constant current in amperes, once the neuron has adapted.

        The adapted neuron repeats itself from spike to spike, and between two spikes the equations are solved
        in closed form. That gives the current of an interval, and a table of it the interval of a current, to
        six digits.
        """
        currents, log_charging = _intervals(self)
        asked_current = np.asarray(current, dtype=np.float64)
        charging = np.exp(np.interp(asked_current, currents, log_charging))
        return np.where(asked_current > self.rheobase, 1 / (self.t_ref + charging), 0.0)

    def current(self, rate: float) -> float:
        """Return the constant current in amperes that gives a rate in Hz, the inverse of `rate`.

        Raises
        ------
        ValueError
            If the rate is not between 0 and ``1/t_ref``.
        """
        check_reachable(rate, self.t_ref)
        return float(self._periodic_current(np.array(1 / rate - self.t_ref)))

    def mean_rate(self, current: ArrayLike, window: float) -> NDArray[np.float64]:
        """Return the rate in Hz of the first `window` seconds under a constant current in amperes.

        The rate decays exponentially from that of the LIF neuron to the adapted one, with the time constant
        ``tau_a`` shortened by the ratio of the two (Benda and Herz, 2003); the wait for the first spike is
        not in it.
        """
        onset, adapted = self._onset_rate(current), self.rate(current)
        tau = self.tau_a * adapted / np.maximum(onset, np.finfo(np.float64).tiny)
        elapsed = window / np.maximum(tau, 1e-9)  # 0 where nothing fires
        return np.asarray(adapted - (onset - adapted) * np.expm1(-elapsed) / elapsed)

    def _onset_rate(self, current: ArrayLike) -> NDArray[np.float64]:
        return lif_rate(np.asarray(current) / self.rheobase, self.tau_m, self.t_ref)

    def _periodic_current(self, charging: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the current, A, under which the adapted neuron needs a time, s, from the reset to V_th."""
        adaptation = (
            -self.b * np.exp(-self.t_ref / self.tau_a) / np.expm1(-(charging + self.t_ref) / self.tau_a)
        )
        kept_m, kept_a = np.exp(-charging / self.tau_m), np.exp(-charging / self.tau_a)
        opposed = adaptation * self.tau_a / (self.tau_a - self.tau_m) * (kept_a - kept_m)
        return np.asarray((self.rheobase + opposed) / -np.expm1(-charging / self.tau_m))


@lru_cache(maxsize=16)
def _intervals(neuron: AdaptiveLIF) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return rising currents, A, and the logarithms of the times from reset to threshold under them, s."""
    shortest, longest = 1e-6 * neuron.tau_m, 30 * max(neuron.tau_m, neuron.tau_a)
    log_charging = np.linspace(np.log(longest), np.log(shortest), 20_000)
    return neuron._periodic_current(np.exp(log_charging)), log_charging
