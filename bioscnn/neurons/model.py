"""What every neuron model states: equation text, parameters with units, and its rate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioscnn.errors import UserError

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
    """

    equations: ClassVar[str]
    threshold: ClassVar[str | None] = None
    refractory: ClassVar[str | None] = None
    state: ClassVar[dict[str, str]] = {"V": "volt"}
    method: ClassVar[str | Callable[..., str]] = "exact"

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

    @abstractmethod
    def rate(self, current: ArrayLike) -> NDArray[np.float64]:
        """Return the firing rate in Hz under a constant current in amperes."""

    @abstractmethod
    def current(self, rate: float) -> float:
        """Return the constant current in amperes that gives a firing rate in Hz."""


def check_positive(model: str, **values: float) -> None:
    """Refuse parameters that are not finite and positive.

    Raises
    ------
    UserError
        Naming the model, the parameter and its value in SI units.
    """
    for name, value in values.items():
        if not (np.isfinite(value) and value > 0):
            raise UserError(f"the {model} needs a positive {name}", key=f"neuron.{name}", value=value)


def check_reset_and_refractory(reset: str, t_ref: float) -> None:
    """Refuse an unknown reset rule or a negative refractory period."""
    if reset not in RESET_RULES:
        raise UserError(
            "unknown reset rule", key="neuron.reset", value=reset, expected=" | ".join(RESET_RULES)
        )
    if not (np.isfinite(t_ref) and t_ref >= 0):
        raise UserError("the refractory period cannot be negative", key="neuron.t_ref", value=t_ref)


def check_reachable(rate: float, t_ref: float) -> None:
    """Refuse a rate, in Hz, that no constant current gives.

    Raises
    ------
    ValueError
        If the rate is not between 0 and ``1/t_ref``.
    """
    if not (rate > 0 and rate * t_ref < 1):
        raise ValueError(f"no current gives {rate} Hz with a refractory period of {t_ref} s")


def in_whole_steps(neuron: SpikingNeuron, dt: float) -> SpikingNeuron:
    """Return the neuron with the refractory period that steps of `dt` seconds make of it.

    A period that is no whole number of steps becomes the nearest one, half a step becomes a whole one.
    """
    steps = neuron.parameters["t_ref"] / dt
    if abs(steps - round(steps)) < 1e-6:
        return neuron
    return replace(neuron, t_ref=float(np.floor(steps + 0.5)) * dt)  # type: ignore[call-arg]
