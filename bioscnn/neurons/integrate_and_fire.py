"""The non-leaky integrate-and-fire neuron, the limit of the LIF for an infinite membrane resistance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioscnn.neurons.model import (
    SpikingNeuron,
    check_positive,
    check_reachable,
    check_reset_and_refractory,
    exact_reset,
)

if TYPE_CHECKING:
    from brian2 import Equations

EQUATIONS = """
dV/dt = (I_syn + I_stim)/C_m : volt (unless refractory)
I_stim                       : amp
C_m                          : farad  (shared, constant)
V_th                         : volt   (shared, constant)
t_ref                        : second (shared, constant)
"""


def exact_ramp(equations: Equations, variables: object = None, method_options: object = None) -> str:
    """Integrate a membrane without leak exactly, as Brian2 abstract code.

    Brian2's own exact method inverts the system matrix, which is singular without a leak.
    """
    if "I_syn" not in equations.diff_eq_names:
        return "V = V + dt*I_stim/C_m"
    return """
    _V = V + (tau_s*(1 - exp(-dt/tau_s))*I_syn + dt*I_stim)/C_m
    I_syn = I_syn*exp(-dt/tau_s)
    V = _V
    """


@dataclass(frozen=True)
class IF(SpikingNeuron):
    """Non-leaky integrate-and-fire neuron with a refractory period.

    .. math:: C_m \\frac{dV}{dt} = I_{syn} + I_{stim}

    The rate under a constant positive current is ``1/(t_ref + C_m V_th/I)``. Nothing leaks, so the reset
    rules ``"exact"`` and ``"subtract"`` are the same rule here.

    Parameters
    ----------
    t_ref : float
        Refractory period, s.
    V_th : float
        Threshold above rest, V.
    C_m : float
        Membrane capacitance, F.
    reset : str
        ``"exact"``, ``"subtract"`` or ``"zero"``.
    """

    t_ref: float = 0.0
    V_th: float = 20e-3
    C_m: float = 200e-12
    reset: str = "exact"

    equations: ClassVar[str] = EQUATIONS
    threshold: ClassVar[str | None] = "V > V_th"
    refractory: ClassVar[str | None] = "t_ref + dt"
    method: ClassVar[str | Callable[..., str]] = staticmethod(exact_ramp)

    def __post_init__(self) -> None:
        check_positive("IF neuron", V_th=self.V_th, C_m=self.C_m)
        check_reset_and_refractory(self.reset, self.t_ref)

    @property
    def reset_statement(self) -> str:
        """Brian2 statement of the reset rule."""
        return "V = 0*volt" if self.reset == "zero" else "V = V - V_th"

    @property
    def conductance_reset_statement(self) -> str:
        """The same where synapses are conductances, through which the membrane leaks."""
        if self.reset != "exact":
            return self.reset_statement
        return exact_reset("G_syn/C_m", "(I_syn + I_stim)/C_m")

    @property
    def parameters(self) -> dict[str, float]:
        """Shared parameters in SI units."""
        return {"C_m": self.C_m, "V_th": self.V_th, "t_ref": self.t_ref}

    @property
    def rheobase(self) -> float:
        """0: whatever flows in stays until there is a spike."""
        return 0.0

    @property
    def working_potential(self) -> float:
        """Half the threshold, V: the mean potential between reset and threshold where nothing leaks."""
        return self.V_th / 2

    def rate(self, current: ArrayLike) -> NDArray[np.float64]:
        """Return the firing rate in Hz under a constant current in amperes."""
        current = np.asarray(current, dtype=np.float64)
        positive = np.maximum(current, np.finfo(np.float64).tiny)
        return np.where(current > 0, 1 / (self.t_ref + self.C_m * self.V_th / positive), 0.0)

    def current(self, rate: float) -> float:
        """Return the constant current in amperes that gives a rate in Hz, the inverse of `rate`.

        Raises
        ------
        ValueError
            If the rate is not between 0 and ``1/t_ref``.
        """
        check_reachable(rate, self.t_ref)
        return self.C_m * self.V_th / (1 / rate - self.t_ref)
