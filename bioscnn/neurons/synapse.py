"""The synaptic current: what a spike injects into the postsynaptic neuron."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import ClassVar

from bioscnn.errors import UserError
from bioscnn.quantities import require_number

SHARPEST = 50
"""Most time constants in a time step: Brian2's exact solution has exp(dt/tau_s), at most e^88 in float32."""

NO_SYNAPSES = """
I_syn = 0*amp : amp
"""
"""Equations of the synaptic current where no synapse ends."""


def lasts(tau_s: float, dt: float) -> bool:
    """Whether a synaptic current outlives the time step in which its charge arrives."""
    return tau_s > 2 * dt / SHARPEST


def check_tau_s(tau_s: float) -> None:
    """Refuse a synaptic time constant, s, that is not finite and positive."""
    require_number("synapse.tau_s", tau_s)
    if not 0 < tau_s < inf:
        raise UserError("the synaptic time constant must be positive", key="synapse.tau_s", value=tau_s)


@dataclass(frozen=True)
class ExponentialCurrent:
    """Current that jumps by the weight at each spike and decays exponentially.

    .. math:: \\frac{dI_{syn}}{dt} = -I_{syn}/\\tau_s, \\quad I_{syn} \\leftarrow I_{syn} + w

    One spike injects the charge ``w * tau_s``.

    Parameters
    ----------
    tau_s : float
        Synaptic time constant, s.

    Attributes
    ----------
    equations : str
        Brian2 equations that the postsynaptic neuron gets.
    target : str
        The postsynaptic variable to which each spike adds the weight.
    on_pre, weight : str
        The same as Brian2 statement, and the declaration of its weight.
    state : dict of str
        Variables that return to zero before each trial, with their Brian2 units.
    method : callable or None
        Brian2's numerical integration of a neuron with these synapses; None for that of the neuron.
    """

    tau_s: float = 5e-3

    equations: ClassVar[str] = """
dI_syn/dt = -I_syn/tau_s : amp
tau_s                    : second (shared, constant)
"""
    target: ClassVar[str] = "I_syn"
    on_pre: ClassVar[str] = f"{target}_post += w"
    weight: ClassVar[str] = "w : amp (constant)"
    state: ClassVar[dict[str, str]] = {"I_syn": "amp"}
    method: ClassVar[Callable[..., str] | None] = None

    def __post_init__(self) -> None:
        check_tau_s(self.tau_s)

    @property
    def model(self) -> ExponentialCurrent:
        """What all synapses onto a neuron have in common: everything."""
        return self

    @property
    def parameters(self) -> dict[str, float]:
        """Shared parameters in SI units."""
        return {"tau_s": self.tau_s}
