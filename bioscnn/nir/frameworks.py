"""How the frameworks that write NIR files take a step: what a file leaves open, and a study has to say.

NIR states differential equations and no time step; a reset potential, which files from before 2024 lack, and
no reset by subtraction; and neither what happens at the threshold itself nor how many spikes fit into a step.
Frameworks differ in all of it, and write files as if nothing were open:

=============  ==========================================================================================
norse          ``V += dt/tau (v_leak - V + R I)``, spike if ``V > v_th``, to ``v_reset``. dt = 1 ms. Input of
               a CubaLIF is added to I as it is, before the membrane moves. An IF adds its input without dt.
snnTorch       ``V <- beta V + I``, exported as ``tau = dt/(1 - beta)``, ``R = tau/dt``, dt = 0.1 ms: the same
               as Euler's method. A spike of ``V > v_th`` subtracts v_th from V behind the leak of the next
               step (``subtract``), or sets it to zero. The file says zero in both cases.
sinabs         ``V <- a V + (1 - a) I``, ``a = exp(-1/tau)``: tau counts steps. An IF adds its input. At
               ``V >= v_th`` floor(V/v_th) spikes are fired in one step, and subtracted.
spikingjelly   ``V += (I - V + v_reset)/tau``, exported times dt = 0.1 ms; spike if ``V >= v_th``; to
               ``v_reset``, or v_th subtracted, of which version 1 wrote that v_reset is 0.
euler          NIR's reference implementation: forward Euler, spike if ``V > v_th``.
=============  ==========================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass

from bioscnn.errors import UserError
from bioscnn.nir.graph import FIRING, NEURONS, Graph
from bioscnn.quantities import format_quantity

RESETS = ("v_reset", "subtract")


@dataclass(frozen=True)
class Framework:
    """How a framework takes a step.

    Parameters
    ----------
    step : str
        As of `NIRNeuron`.
    dt : float or None
        Step that its exporter assumes, s; None if it has none.
    reset : str or None
        What the neurons do if the file is to be believed; None where the file says the same of both.
    at_threshold : bool
        As of `NIRNeuron`.
    adds : bool
        Whether an IF adds its input as it is, whatever dt is.
    several : bool
        Whether a neuron may fire several spikes in a step.
    """

    step: str
    dt: float | None
    reset: str | None = None
    at_threshold: bool = False
    adds: bool = False
    several: bool = False


FRAMEWORKS = {
    "norse": Framework("current-jumps", 1e-3, "v_reset", adds=True),
    "snntorch": Framework("current-first", 1e-4),
    "sinabs": Framework("exponential", 1.0, at_threshold=True, several=True),
    "spikingjelly": Framework("current-first", 1e-4, at_threshold=True),
    "euler": Framework("euler", None),
}

USUAL_RESET = {"snntorch": "subtract", "sinabs": "subtract", "spikingjelly": "v_reset", "euler": "v_reset"}
"""What the frameworks do unless they are told otherwise, for the error that asks."""


@dataclass(frozen=True)
class Choices:
    """What a study says of a NIR graph; None where it says nothing.

    Parameters
    ----------
    framework : str or None
        A key of `FRAMEWORKS`.
    dt : float or None
        Step for which the time constants of the file were made, s.
    reset : str or None
        One of `RESETS`.
    spikes_per_step : int or None
        Most spikes of a neuron in a step.
    """

    framework: str | None = None
    dt: float | None = None
    reset: str | None = None
    spikes_per_step: int | None = None


@dataclass(frozen=True)
class Rules:
    """How the neurons of a graph take a step, all of it decided.

    Parameters
    ----------
    name : str
        Of the framework.
    framework : Framework
        How it takes a step.
    dt : float
        In the time of the file, s.
    reset : str
        As of `NIRNeuron`.
    most : int
        Spikes in a step.
    """

    name: str
    framework: Framework
    dt: float
    reset: str
    most: int


def decide(graph: Graph, choices: Choices) -> Rules:
    """Return the rules by which the neurons of a graph take a step.

    Raises
    ------
    UserError
        If that is open and the study does not say it, or it says what cannot be.
    """

    if not any(node.type in NEURONS for node in graph.nodes.values()):
        return Rules("euler", FRAMEWORKS["euler"], choices.dt or 1.0, "v_reset", 1)
    if choices.framework is None:
        raise UserError(
            "a NIR file does not say how its framework takes a time step, and they all differ",
            file=graph.path,
            key="nir.framework",
            expected=" | ".join(FRAMEWORKS) + ' ("euler": NIR as it stands, by forward Euler)',
            fix="name the one that wrote the file: --set nir.framework=snntorch if snnTorch did, and so on",
        )
    framework = FRAMEWORKS[choices.framework]
    firing = [node for node in graph.nodes.values() if node.type in FIRING]
    dt, reset = choices.dt or framework.dt, choices.reset or framework.reset
    if choices.framework == "euler" and all("v_reset" in node.values for node in firing):
        reset = reset or "v_reset"
    missing = {
        "dt": dt is None,
        "reset": reset is None and bool(firing),
        "spikes_per_step": framework.several and choices.spikes_per_step is None and bool(firing),
    }
    if any(missing.values()):
        raise _question(graph, choices.framework, [key for key, is_missing in missing.items() if is_missing])
    most, reset = choices.spikes_per_step or 1, reset or "v_reset"
    if most > 1 and (reset != "subtract" or not framework.several):
        raise UserError(
            "several spikes in a step are each subtracted from the potential, as sinabs does",
            file=graph.path,
            key="nir.spikes_per_step",
            value=most,
            expected='1, or nir.framework = "sinabs" and nir.reset = "subtract"',
        )
    for node in graph.nodes.values():
        if node.type.startswith("Cuba") and framework.step == "exponential":
            fix = "choose another nir.framework"
            raise graph.refuse(f"{choices.framework} writes no node of this type", node.name, fix=fix)
    if choices.framework == "snntorch" and reset == "subtract":
        reset = "subtract-later"
    assert dt is not None
    return Rules(choices.framework, framework, dt, reset, most)


QUESTIONS = {
    "dt": ("for which time step its time constants are", "a time such as 1 ms", '"1 ms"'),
    "reset": (
        "what a spike does to the potential",
        '"v_reset" (sets it to v_reset, 0 where the file has none) or "subtract" (takes the threshold off)',
        '"{reset}"',
    ),
    "spikes_per_step": (
        "how many spikes a neuron fires in a step at most",
        "1 (SingleSpike), or the most that occur (MultiSpike), each of which is a population more a layer",
        "1",
    ),
}
"""What is not said, what may be, and an answer."""


def _question(graph: Graph, name: str, keys: list[str]) -> UserError:
    """Return the error that asks for all that is open at once."""
    answers = [f"{key} = {QUESTIONS[key][2].format(reset=USUAL_RESET[name])}" for key in keys]
    usual = f"; {name} resets by {USUAL_RESET[name]!r} unless it is told otherwise" if "reset" in keys else ""
    return UserError(
        "the file does not say " + ", nor ".join(QUESTIONS[key][0] for key in keys),
        file=graph.path,
        key=", ".join(f"nir.{key}" for key in keys),
        expected="; ".join(f"{key}: {QUESTIONS[key][1]}" for key in keys),
        fix=f"write below [nir]: {', '.join(answers)}{usual}",
    )


def sentence(rules: Rules) -> str:
    """Return the sentence of a report about the rules."""
    reset = {
        "v_reset": "to v_reset",
        "subtract": "by subtraction of the threshold",
        "subtract-later": "by subtraction of the threshold, behind the leak of the next step",
    }
    return (
        f"Steps as {rules.name} takes them, of {format_quantity(rules.dt, 'time')} in the time of the file, "
        f"each a step of the simulation; reset {reset[rules.reset]}; a spike is a current of 1 for one step; "
        f"at most {rules.most} spike{'s' * (rules.most > 1)} of a neuron in a step."
    )
