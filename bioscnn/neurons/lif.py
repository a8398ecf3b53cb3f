"""The leaky integrate-and-fire neuron, and the leaky integrator that reads out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioscnn.neurons.model import (
    NeuronModel,
    SpikingNeuron,
    check_positive,
    check_reachable,
    check_reset_and_refractory,
    exact_reset,
)
from bioscnn.neurons.rates import lif_rate

MEMBRANE = """
dV/dt = (R_m*(I_syn + I_stim) - V)/tau_m : volt{flags}
I_stim                                   : amp
tau_m                                    : second (shared, constant)
R_m                                      : ohm    (shared, constant)
"""

SPIKING = """
V_th                                     : volt   (shared, constant)
t_ref                                    : second (shared, constant)
"""

# With the current constant over the step, the membrane crossed V_th a time s before the step's end, where
# exp(-s/tau_m) = (R I - V)/(R I - V_th). Charging from zero for that time gives R I (V - V_th)/(R I - V_th),
# which is (V - V_th) + V_th u with u = (V - V_th)/(R I - V_th): what a reset by subtraction keeps, plus what
# had leaked away since the crossing. The crossing lies in this step, so u is at most 1 - exp(-dt/tau_m);
# clipping 1/u holds that bound also where the current has meanwhile fallen to the rheobase or below.
RESETS = {
    "exact": "V = V - V_th"
    " + V_th/clip((R_m*(I_syn + I_stim) - V_th)/(V - V_th), 1/(1 - exp(-dt/tau_m)), inf)",
    "subtract": "V = V - V_th",
    "zero": "V = 0*volt",
}


@dataclass(frozen=True)
class LIF(SpikingNeuron):
    """Leaky integrate-and-fire neuron with a refractory period.

    .. math:: C_m \\frac{dV}{dt} = I_{syn} + I_{stim} - V/R_m, \\quad \\tau_m = R_m C_m

    ``V`` is the deviation from the resting potential. A spike is fired when ``V > V_th``; ``V`` is reset
    and held for `t_ref`. Under a constant current above the rheobase ``V_th/R_m`` the rate is
    ``1/(t_ref - tau_m ln(1 - V_th/(I R_m)))``.

    Parameters
    ----------
    tau_m : float
        Membrane time constant, s.
    t_ref : float
        Refractory period, s.
    V_th : float
        Threshold above rest, V.
    R_m : float
        Membrane resistance, ohm.
    reset : str
        ``"exact"`` keeps the charge that arrived after the true crossing within the step, so the rate under
        a constant current does not depend on the time step up to ``1/(t_ref + dt)``; under fluctuating input
        it does a little, see docs/physics.md. ``"subtract"`` keeps what lies above threshold but not what
        leaked since the crossing; ``"zero"`` loses both.

    References
    ----------
    Gerstner, Kistler, Naud and Paninski (2014), Neuronal Dynamics, section 1.3.
    """

    tau_m: float = 20e-3
    t_ref: float = 2e-3
    V_th: float = 20e-3
    R_m: float = 100e6
    reset: str = "exact"

    equations: ClassVar[str] = MEMBRANE.format(flags=" (unless refractory)") + SPIKING.lstrip()
    threshold: ClassVar[str | None] = "V > V_th"
    refractory: ClassVar[str | None] = "t_ref + dt"

    def __post_init__(self) -> None:
        check_positive("LIF neuron", tau_m=self.tau_m, V_th=self.V_th, R_m=self.R_m)
        check_reset_and_refractory(self.reset, self.t_ref)

    @property
    def reset_statement(self) -> str:
        """Brian2 statement of the reset rule."""
        return RESETS[self.reset]

    @property
    def conductance_reset_statement(self) -> str:
        """The same where synapses are conductances, which shorten the time constant."""
        if self.reset != "exact":
            return self.reset_statement
        return exact_reset("(1 + R_m*G_syn)/tau_m", "(R_m*(I_syn + I_stim) - V)/tau_m")

    @property
    def parameters(self) -> dict[str, float]:
        """Shared parameters in SI units."""
        return {"tau_m": self.tau_m, "R_m": self.R_m, "V_th": self.V_th, "t_ref": self.t_ref}

    @property
    def rheobase(self) -> float:
        """The largest constant current that never makes a spike, A."""
        return self.V_th / self.R_m

    @property
    def working_potential(self) -> float:
        """Three quarters of the threshold, V: more than half of it, for a weakly driven membrane lingers.

        A neuron under steady excitatory conductances then fires at the rate of one under the currents that
        they replace where these are 1.4 rheobases, and within 10 % of it from 1.2 to 3.
        """
        return 0.75 * self.V_th

    def rate(self, current: ArrayLike) -> NDArray[np.float64]:
        """Return the firing rate in Hz under a constant current in amperes."""
        return lif_rate(np.asarray(current) / self.rheobase, self.tau_m, self.t_ref)

    def current(self, rate: float) -> float:
        """Return the constant current in amperes that gives a rate in Hz, the inverse of `rate`.

        Raises
        ------
        ValueError
            If the rate is not between 0 and ``1/t_ref``.
        """
        check_reachable(rate, self.t_ref)
        return float(self.rheobase / -np.expm1((self.t_ref - 1 / rate) / self.tau_m))


@dataclass(frozen=True)
class LeakyIntegrator(NeuronModel):
    """The LIF membrane without threshold: its potential is the evidence for a class.

    Parameters
    ----------
    tau_m : float
        Membrane time constant, s.
    R_m : float
        Membrane resistance, ohm. A tenth of the spiking neurons': with no threshold to hold it, the potential
        follows the logits, and so stays within some ten millivolts.
    """

    tau_m: float = 20e-3
    R_m: float = 10e6

    equations: ClassVar[str] = MEMBRANE.format(flags="")

    def __post_init__(self) -> None:
        check_positive("leaky integrator", tau_m=self.tau_m, R_m=self.R_m)

    @property
    def parameters(self) -> dict[str, float]:
        """Shared parameters in SI units."""
        return {"tau_m": self.tau_m, "R_m": self.R_m}
