"""The LIF neuron of the time code: it listens for a window, and says in the next what it has heard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bioscnn.neurons.model import NeuronModel, check_positive
from bioscnn.neurons.time_code import TimeCode

MEMBRANE = """
dV/dt     = (R_m*(I_syn + I_stim)*listens - V)/tau_m : volt
I_stim                                               : amp
age       = closes - timestep(t, dt) % n_steps       : 1      (shared, constant over dt)
listens   = int(age >= window and age < 2*window)    : 1      (shared, constant over dt)
tau_m                                                : second (shared, constant)
R_m                                                  : ohm    (shared, constant)
window                                               : 1      (shared, constant)
closes                                               : 1      (shared, constant)
"""

SPIKING = """
left      = clip(age, 1, window)*dt                                        : second (shared, constant over dt)
psp       = exp(-left/tau_fall) - exp(-left/tau_rise)                      : 1 (shared, constant over dt)
younger   = exp((dt - left)/tau_fall) - exp((dt - left)/tau_rise)          : 1 (shared, constant over dt)
theta     = exp((left - window*dt)/tau_fall)*(psp + younger)/(2*psp_of_1)  : 1 (shared, constant over dt)
V_th                                                                       : volt   (shared, constant)
tau_fall                                                                   : second (shared, constant)
tau_rise                                                                   : second (shared, constant)
psp_of_1                                                                   : 1 (shared, constant)
"""


@dataclass(frozen=True)
class Windowed(NeuronModel):
    """A membrane whose currents flow in one window of a trial, and its place in the trial.

    Parameters
    ----------
    code : TimeCode
        Membrane and synaptic time constants, time step, and the number W of steps of a window.
    opens : int
        Step of a trial at whose end the potential is read: the W steps up to it are those of listening.
    R_m : float
        Membrane resistance, ohm.
    """

    code: TimeCode
    opens: int
    R_m: float = 100e6

    equations: ClassVar[str] = MEMBRANE
    noise_enters: ClassVar[str] = "I_noise"

    def __post_init__(self) -> None:
        check_positive("neuron of the time code", R_m=self.R_m)

    @property
    def closes(self) -> int:
        """Step before which the neuron may fire: a spike k steps before it says the k-th value."""
        return self.opens + self.code.window_steps

    @property
    def parameters(self) -> dict[str, float]:
        """Shared parameters in SI units."""
        window, closes = float(self.code.window_steps), float(self.closes)
        return {"tau_m": self.code.tau_m, "R_m": self.R_m, "window": window, "closes": closes}


@dataclass(frozen=True)
class WindowedLIF(Windowed):
    """Leaky integrate-and-fire neuron that listens for a window and fires at most once in the next.

    .. math:: \\tau_m \\frac{dV}{dt} = R_m (I_{syn} + I_{stim}) \\, g(t) - V

    The gate g is open for one window, of duration ``D``, in which the neurons before it fire. At its end T,
    a spike of age s has charged the membrane in proportion to ``eps(s) = exp(-s/tau_m) - exp(-s/tau_s)``, so
    with spike times as `TimeCode` has them, V is the weighted sum of the values: for weights in units of
    ``V_th``, ``V(T) = V_th x``. Then the gate closes, and V decays as ``exp(-(t - T)/tau_m)``. The threshold
    falls with it,

    .. math:: \\theta(t) = V_{th} \\, e^{-(t-T)/\\tau_m} \\, \\varepsilon(T + D - t)/\\varepsilon(D),

    and is crossed where ``eps(T + D - t) = x eps(D)``: so long before the end of its own window that the
    spike says x to the neurons behind it. That is the spike time of a neuron without a threshold for small x,
    and with none beyond ``V_th``.

    In steps of dt, the threshold lies halfway between a value and the next smaller one, so that each neuron
    says the value that is nearest to its own. One spike is all: V is set to zero, and the neuron is
    refractory for a window.

    Parameters
    ----------
    code, opens, R_m
        Of the membrane; `opens` is also the first step in which the neuron may fire, and says 1 by it.
    V_th : float
        Potential above rest that stands for a value of 1, V.

    References
    ----------
    Gerstner, Kistler, Naud and Paninski (2014), Neuronal Dynamics, section 1.3 (the postsynaptic potential).
    Stanojevic et al. (2024), Nature Communications 15, 6793 (the mapping of ReLU networks onto spike times,
    of neurons without a leak).
    Hopfield (1995), Nature 376, 33-36 (an oscillation whose phase turns a potential into a spike time).
    """

    V_th: float = 20e-3

    equations: ClassVar[str] = MEMBRANE + SPIKING.lstrip()
    threshold: ClassVar[str | None] = "V > V_th*theta and age >= 1 and age <= window"
    refractory: ClassVar[str | None] = "window*dt"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive("neuron of the time code", V_th=self.V_th)

    @property
    def reset_statement(self) -> str:
        """Brian2 statement of the reset rule."""
        return "V = 0*volt"

    @property
    def parameters(self) -> dict[str, float]:
        """Shared parameters in SI units."""
        code = self.code
        threshold = {"V_th": self.V_th, "tau_fall": code.tau_m, "tau_rise": code.tau_s}
        return super().parameters | threshold | {"psp_of_1": float(code.heights[-1])}


@dataclass(frozen=True)
class WindowedIntegrator(Windowed):
    """The same membrane without threshold: at the window's end, its potential is the evidence for a class."""

    R_m: float = 10e6
