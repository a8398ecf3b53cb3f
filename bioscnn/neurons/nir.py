"""Neurons of NIR graphs, in the discrete form in which the frameworks that write them compute them.

NIR states differential equations, and each framework solves them in steps of its own. A spike, which NIR
leaves without a shape, is to all of them a current of 1 that lasts one step. ``V`` is the deviation from the
leak potential of the file, where the frameworks begin.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bioscnn.neurons.model import NeuronModel

if TYPE_CHECKING:
    from brian2 import Equations

INPUT = "(I_syn + {stimulus})"
"""What flows in during a step: the spikes that have just arrived, stimulus and bias."""

MEMBRANES = {
    "IF": "dV/dt = R*{input}/second : volt",
    "LIF": "dV/dt = (R*{input} - V)/tau : volt",
    "CubaLIF": "dI/dt = (w_in*{input} - I)/tau_syn : amp\ndV/dt = (R*I - V)/tau : volt",
}
"""NIR's equations, by kind of node; LI and CubaLI are LIF and CubaLIF without a threshold."""

JUMPING = "dI/dt = -I/tau_syn : amp\njump = w_in*{input} : amp\ndV/dt = (R*I - V)/tau : volt"
"""Those of CubaLIF where input makes the synaptic current jump."""

UNITS = {
    "R": "ohm", "tau": "second", "tau_syn": "second", "w_in": "1", "V_th": "volt", "V_reset": "volt",
    "V_drop": "volt", "begin": "1", "level": "1", "most": "1",
}  # fmt: skip


def forward_euler(equations: Equations, variables: object = None, method_options: object = None) -> str:
    """Take a step of Euler's method: every slope is that of before the step."""
    slopes = _slopes(equations)
    after = [f"_{name} = {name} + dt*({slope})" for name, slope in slopes.items()]
    return _step(equations, [*after, *(f"{name} = _{name}" for name in slopes)])


def current_first(equations: Equations, variables: object = None, method_options: object = None) -> str:
    """Take a step of Euler's method in which the membrane sees the synaptic current of after the step."""
    return _step(equations, [f"{name} = {name} + dt*({slope})" for name, slope in _slopes(equations).items()])


def current_jumps(equations: Equations, variables: object = None, method_options: object = None) -> str:
    """Let the synaptic current jump, and then take a step of Euler's method."""
    slopes = _slopes(equations)
    jump = ["I = I + jump"] if "I" in slopes else []
    after = [f"_{name} = {name} + dt*({slope})" for name, slope in slopes.items()]
    return _step(equations, [*jump, *after, *(f"{name} = _{name}" for name in slopes)])


def exponential(equations: Equations, variables: object = None, method_options: object = None) -> str:
    """Take the exact step of a leaky membrane under a constant current."""
    slope = _slopes(equations)["V"]
    if "tau" not in equations:
        return _step(equations, [f"V = V + dt*({slope})"])
    return _step(equations, [f"V = V + tau*(1 - exp(-dt/tau))*({slope})"])


def _slopes(equations: Equations) -> dict[str, str]:
    return {e.varname: e.expr.code for e in equations.values() if e.type == "differential equation"}


def _step(equations: Equations, updates: list[str]) -> str:
    """Return a step with all that it does besides solving the equations."""
    lines = list(updates)
    if "owed" in equations:
        lines += ["V = V - owed", "owed = 0"]
    if "due" in equations:
        lines += ["due = clip(floor(V/V_th), 0, most)", "V = V - due*V_drop"]
    if "age" in equations:
        lines.append("age = age + 1")
    if equations["I_syn"].type == "parameter":  # where no synapse ends it is a constant 0
        lines.append("I_syn = 0")
    return "\n".join(lines)


METHODS: dict[str, Callable[..., str]] = {
    "euler": forward_euler,
    "current-first": current_first,
    "current-jumps": current_jumps,
    "exponential": exponential,
}


@dataclass(frozen=True)
class NIRNeuron(NeuronModel):
    """A neuron of a NIR graph.

    .. math::
        \\mathrm{IF:}\\ \\dot V = R I, \\qquad \\mathrm{LIF:}\\ \\tau \\dot V = -V + R I, \\qquad
        \\mathrm{CubaLIF:}\\ \\tau_{syn} \\dot I = -I + w_{in} S,\\ \\tau \\dot V = -V + R I

    A step of the framework is a step of the simulation. What the step is in seconds cancels, since it is the
    ratio ``dt/tau`` that a framework computes with.

    Parameters
    ----------
    kind : str
        ``"IF"``, ``"LIF"`` or ``"CubaLIF"``.
    step : str
        A key of `METHODS`. ``"euler"``: forward Euler, as in NIR's reference implementation;
        ``"current-first"``: the membrane sees the new synaptic current (snnTorch); ``"current-jumps"``: input
        is added to the synaptic current as it is, not times ``dt/tau_syn`` (norse); ``"exponential"``: the
        exact solution under a constant current (sinabs).
    fires : bool
        Whether there is a threshold; LI, CubaLI and readouts have none.
    at_threshold : bool
        Whether ``V = V_th`` makes a spike (sinabs, spikingjelly); otherwise it takes ``V > V_th``.
    reset : str
        ``"v_reset"``: V becomes `V_reset`; ``"subtract"``: `V_drop` is subtracted; ``"subtract-later"``:
        it is subtracted behind the next step's leak (snnTorch).
    level, most : int
        Of a neuron that fires up to `most` spikes in a step (with ``"subtract"`` alone), one after each
        `V_th` that V has reached, this one stands for the spike number `level`. All levels have the same
        inputs, and so the same potential.
    begin : int
        Step from which stimulus and bias act: the framework computes its layers within one step, and here
        each projection takes one.
    R, tau, tau_syn, w_in, V_th, V_reset, V_drop : float
        The parameters of NIR, SI units: where all neurons share them. R of an IF is in ohm/s times second.

    References
    ----------
    Pedersen et al. (2024), Neuromorphic intermediate representation, Nature Communications 15:8122.
    """

    kind: str
    step: str = "euler"
    fires: bool = True
    at_threshold: bool = False
    reset: str = "v_reset"
    level: int = 1
    most: int = 1
    begin: int = 0
    R: float = 1.0
    tau: float = 1e-2
    tau_syn: float = 5e-3
    w_in: float = 1.0
    V_th: float = 1.0
    V_reset: float = 0.0
    V_drop: float = 1.0

    @property
    def _several(self) -> bool:
        return self.fires and self.most > 1

    @property
    def equations(self) -> str:  # type: ignore[override]
        """Brian2 model equations."""
        jumps = self.kind == "CubaLIF" and self.step == "current-jumps"
        text = JUMPING if jumps else MEMBRANES[self.kind]
        stimulus = "I_stim*int(age >= begin)" if self.begin else "I_stim"
        lines = [text.format(input=INPUT.format(stimulus=stimulus)), "I_stim : amp"]
        lines += [f"{name} : {unit}" for name, unit in self.state.items() if name not in ("V", "I")]
        lines += [f"{name} : {UNITS[name]} (shared, constant)" for name in self.parameters]
        return "\n" + "\n".join(lines) + "\n"

    @property
    def threshold(self) -> str | None:  # type: ignore[override]
        """Condition for a spike."""
        if not self.fires:
            return None
        if self._several:
            return "due >= level"
        return "V >= V_th" if self.at_threshold else "V > V_th"

    @property
    def refractory(self) -> str | None:  # type: ignore[override]
        """None of its own: Brian2's refractory time of one step holds nothing."""
        return "dt" if self.fires else None

    @property
    def state(self) -> dict[str, str]:  # type: ignore[override]
        """Variables that are zero before each trial, with their Brian2 units."""
        units = {"V": "volt"}
        if self.kind == "CubaLIF":
            units["I"] = "amp"
        if self.begin:
            units["age"] = "1"
        if self.fires and self.reset == "subtract-later":
            units["owed"] = "volt"
        if self._several:
            units["due"] = "1"
        return units

    @property
    def method(self) -> Callable[..., str]:  # type: ignore[override]
        """How Brian2 takes a step."""
        return METHODS[self.step]

    @property
    def reset_statement(self) -> str | None:
        """Brian2 statements run at a spike."""
        if not self.fires:
            return None
        if self._several:
            return "due = 0"
        rules = {"v_reset": "V = V_reset", "subtract": "V = V - V_drop", "subtract-later": "owed = V_drop"}
        return rules[self.reset]

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters that its equations have, SI units."""
        names = ["R", *(["tau"] if self.kind != "IF" else [])]
        names += ["tau_syn", "w_in"] if self.kind == "CubaLIF" else []
        if self.fires:
            names += ["V_th", "V_reset" if self.reset == "v_reset" else "V_drop"]
        names += ["begin"] if self.begin else []
        names += ["level", "most"] if self._several else []
        return {name: float(getattr(self, name)) for name in names}


@dataclass(frozen=True)
class Pulse:
    """Synapse whose spike is a current of its weight that lasts one step.

    Attributes
    ----------
    equations, target, on_pre, weight, state, method
        As of `ExponentialCurrent`; the step of the neuron sets the current back to zero.
    """

    equations: ClassVar[str] = "\nI_syn : amp\n"
    target: ClassVar[str] = "I_syn"
    on_pre: ClassVar[str] = f"{target}_post += w"
    weight: ClassVar[str] = "w : amp (constant)"
    state: ClassVar[dict[str, str]] = {"I_syn": "amp"}
    method: ClassVar[None] = None

    @property
    def model(self) -> Pulse:
        """What all synapses onto a neuron have in common: everything."""
        return self

    @property
    def parameters(self) -> dict[str, float]:
        """None: the neuron scales what flows in."""
        return {}
