"""What every neuron model states: equation text, parameters with units, and its rate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioscnn.errors import UserError
from bioscnn.quantities import format_quantity, require_number

RESET_RULES = ("exact", "subtract", "zero")


@dataclass(frozen=True)
class NeuronModel(ABC):
    """A neuron as text that Brian2 compiles and a reader can edit.

    A subclass holds its parameters as fields in SI units and names each one in `equations` as
    ``name : unit (shared, constant)``. The equations use ``I_syn``, the synaptic current, which the synapse
    model defines, and ``I_stim : amp``, a current that is constant within a trial.

    Attributes
    ----------
    equations : str
        Brian2 model equations.
    threshold : str or None
        Condition for a spike; None for a population that never fires.
    refractory : str or None
        Expression of Brian2's refractory time. Brian2's own dead time is one step less than what it is told,
        so a model writes ``t_ref + dt``.
    state : dict of str
        Variables that return to zero, the resting state, before each trial, with their Brian2 units.
    method : str or callable
        Brian2's numerical integration of `equations`.
    noise_enters : str
        The current to which membrane noise adds; one that `equations` do not name flows at all times.
    """

    equations: ClassVar[str]
    threshold: ClassVar[str | None] = None
    refractory: ClassVar[str | None] = None
    state: ClassVar[dict[str, str]] = {"V": "volt"}
    method: ClassVar[str | Callable[..., str]] = "exact"
    noise_enters: ClassVar[str] = "I_stim"

    @property
    def reset_statement(self) -> str | None:
        """Brian2 statements run at a spike."""
        return None

    @property
    @abstractmethod
    def parameters(self) -> dict[str, float]:
        """Value of each shared parameter of `equations`, in SI units."""


@dataclass(frozen=True)
class SpikingNeuron(NeuronModel):
    """A neuron model with a threshold, a reset rule, and a known firing rate."""

    @property
    @abstractmethod
    def t_ref(self) -> float:
        """Refractory period, s."""

    @property
    @abstractmethod
    def rheobase(self) -> float:
        """The largest constant current that never makes a spike, A."""

    @property
    @abstractmethod
    def working_potential(self) -> float:
        """Mean potential of a neuron that fires, V: there conductances pass the currents they replace."""

    @property
    def conductance_reset_statement(self) -> str | None:
        """Brian2 statements run at a spike where synapses are conductances, whose sum is ``G_syn``."""
        return self.reset_statement

    @abstractmethod
    def rate(self, current: ArrayLike) -> NDArray[np.float64]:
        """Return the firing rate in Hz under a constant current in amperes."""

    @abstractmethod
    def current(self, rate: float) -> float:
        """Return the constant current in amperes that gives a firing rate in Hz."""

    def mean_rate(self, current: ArrayLike, window: float) -> NDArray[np.float64]:
        """Return the rate in Hz of the first `window` seconds under a constant current in amperes.

        It is `rate` unless the neuron fires faster at first; the wait for the first spike is not in it.
        """
        return self.rate(current)

    def in_whole_steps(self, dt: float) -> SpikingNeuron:
        """Return the neuron with the refractory period that steps of `dt` seconds make of it.

        A period that is no whole number of steps becomes the nearest one, half a step becomes a whole one.
        """
        t_ref = whole_steps(self.t_ref, dt)
        return self if t_ref == self.t_ref else replace(self, t_ref=t_ref)  # type: ignore[call-arg]


DIMENSIONS = {"V_th": "voltage", "R_m": "resistance", "C_m": "capacitance"}
"""Of positive parameters; all others are times."""


def check_positive(model: str, **values: float) -> None:
    """Refuse parameters that are not finite and positive.

    Raises
    ------
    UserError
        Naming the model, the parameter and its value.
    """
    for name, value in values.items():
        require_number(f"neuron.{name}", value)
        if not (np.isfinite(value) and value > 0):
            dimension = DIMENSIONS.get(name, "time")
            raise UserError(
                f"the {model} needs a positive {name}",
                key=f"neuron.{name}",
                value=format_quantity(value, dimension) if np.isfinite(value) else value,
                expected=f"a {dimension} above 0",
            )


LONGEST_REFRACTORY = 1e3
"""Longest refractory period, s: a neuron that has not spiked in a trial counts as having spiked 1e4 s ago."""


def check_reset_and_refractory(reset: str, t_ref: float) -> None:
    """Refuse an unknown reset rule, or a refractory period that is negative or longer than any trial."""
    if reset not in RESET_RULES:
        raise UserError(
            "unknown reset rule", key="neuron.reset", value=reset, expected=" | ".join(RESET_RULES)
        )
    check_refractory(t_ref, "neuron.t_ref")


def check_refractory(t_ref: float, key: str) -> None:
    """Refuse a refractory period, s, that is negative or longer than any trial."""
    require_number(key, t_ref)
    if not 0 <= t_ref <= LONGEST_REFRACTORY:
        raise UserError(
            "no refractory period is of this length",
            key=key,
            value=f"{1e3 * t_ref:g} ms",
            expected=f"0 ms to {LONGEST_REFRACTORY:g} s",
        )


def check_reachable(rate: float, t_ref: float) -> None:
    """Refuse a rate, in Hz, that no constant current gives.

    Raises
    ------
    ValueError
        If the rate is not between 0 and ``1/t_ref``.
    """
    if not (rate > 0 and rate * t_ref < 1):
        raise ValueError(f"no current gives {rate} Hz with a refractory period of {t_ref} s")


def whole_steps(time: float, dt: float) -> float:
    """Return a time, s, as the nearest whole number of steps; as it is where it is one."""
    steps = time / dt
    return time if abs(steps - round(steps)) < 1e-6 else float(np.floor(steps + 0.5)) * dt


def exact_reset(leak: str, slope: str, jump: str = "") -> str:
    """Return the reset rule ``exact`` of a membrane that is linear in V while its conductances last.

    A time s before the end of the step, V crossed the threshold. With the leak k, 1/s, and the slope F of the
    potential as it was at the threshold, ``(1 - exp(-k s))/k = (V - V_th)/F``; charging from zero for the
    time s gives ``V - V_th + V_th k`` times that. The crossing lies in this step, which bounds s.

    Parameters
    ----------
    leak, slope : str
        Brian2 expressions of ``-d(dV/dt)/dV`` and of ``dV/dt`` at the end of the step.
    jump : str
        What a spike adds to the slope, as a term with its sign.
    """
    return (
        f"_k = {leak}\n"
        f"_F = {slope} + _k*(V - V_th)\n"
        f"V = V - V_th + dt*(V_th*_k{jump})/clip(dt*_F/(V - V_th), 1/exprel(-_k*dt), inf)"
    )
