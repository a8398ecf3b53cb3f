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
               ``v_reset``, or v_th subtracted, and the file says 0 then.
euler          NIR's reference implementation: forward Euler, spike if ``V > v_th``.
=============  ==========================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass

from bioscnn.errors import UserError
from bioscnn.nir.graph import FIRING, Graph
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
    "spikingjelly": Framework("euler", 1e-4, at_threshold=True),
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
    """Return how the neurons of a graph take a step.

    Raises
    ------
    UserError
        If that is open and the study does not say it, or it says what cannot be.
    """

    def ask(problem: str, key: str, expected: str, fix: str) -> UserError:
        return UserError(problem, file=graph.path, key=f"nir.{key}", expected=expected, fix=fix)

    nodes = list(graph.nodes.values())
    if choices.framework is None:
        raise ask(
            "a NIR file does not say how its framework takes a time step, and they all differ",
            "framework", " | ".join(FRAMEWORKS) + ' ("euler": NIR as it stands, forward Euler)',
            'write [nir] framework = "norse" in the study, or --set nir.framework=norse: what wrote the file',
        )  # fmt: skip
    framework = FRAMEWORKS[choices.framework]
    dt = choices.dt or framework.dt
    if dt is None:
        raise ask(
            "a NIR file does not say for which time step its time constants are", "dt",
            "a time with a unit, such as 1 ms or 0.1 ms", 'write dt = "1 ms" below [nir]',
        )  # fmt: skip
    firing = [node for node in nodes if node.type in FIRING]
    reset = choices.reset or framework.reset
    if reset is None and choices.framework == "euler" and all("v_reset" in node.values for node in firing):
        reset = "v_reset"
    if reset is None and firing:
        usual = USUAL_RESET[choices.framework]
        raise ask(
            "the file does not say what a spike does to the potential", "reset",
            '"v_reset" (to v_reset, or 0 where the file has none) | "subtract" (the threshold is subtracted)',
            f'write reset = "{usual}" below [nir]: what {choices.framework} does unless it is told otherwise',
        )  # fmt: skip
    if choices.spikes_per_step is None and framework.several and firing:
        raise ask(
            f"{choices.framework} may fire several spikes in a step (MultiSpike), and the file does not say",
            "spikes_per_step", "1 (SingleSpike), or the most that occur, such as 4",
            "write spikes_per_step = 4 below [nir]; each is a population more for every layer",
        )  # fmt: skip
    most = choices.spikes_per_step or 1
    if most > 1 and (reset != "subtract" or not framework.several):
        raise ask(
            "several spikes in a step are each subtracted from the potential, as sinabs does", "spikes_per_step",
            '1, or nir.framework = "sinabs" and nir.reset = "subtract"', "remove it",
        )  # fmt: skip
    for node in nodes:
        if node.type.startswith("Cuba") and framework.step == "exponential":
            raise graph.refuse(
                f"{choices.framework} writes no node of this type", node.name, fix="choose another nir.framework"
            )
    reset = reset or "v_reset"
    if choices.framework == "snntorch" and reset == "subtract":
        reset = "subtract-later"
    return Rules(choices.framework, framework, dt, reset, most)


def sentence(rules: Rules) -> str:
    """Return what a report says of the rules."""
    reset = {"v_reset": "to v_reset", "subtract": "by subtraction of the threshold",
             "subtract-later": "by subtraction of the threshold, behind the leak of the next step"}  # fmt: skip
    return (
        f"Steps as {rules.name} takes them, of {format_quantity(rules.dt, 'time')} in the time of the file, each a "
        f"step of the simulation; reset {reset[rules.reset]}; a spike is a current of 1 that lasts one step; at "
        f"most {rules.most} spike{'s' * (rules.most > 1)} of a neuron in a step."
    )
