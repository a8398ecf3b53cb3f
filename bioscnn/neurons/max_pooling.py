"""Max pooling in counts: a neuron that fires whenever one of its inputs takes the lead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bioscnn.neurons.model import NeuronModel

EQUATIONS = """
V      : volt
lead   : 1
I_stim : amp
"""


@dataclass(frozen=True)
class MaxPooling(NeuronModel):
    """Neuron that has fired, at every moment, as often as the busiest of its inputs.

    Every synapse counts the spikes that have come through it, ``n``; ``lead`` counts the neuron's own. When a
    count exceeds ``lead``, its input has taken the lead, and the synapse lifts ``V`` above the threshold:
    the neuron fires in the next step. Several inputs may take the lead at once; each of them had ``lead``
    spikes before and has one more now, so one spike is enough. This is whole-number arithmetic, the same on
    every device. It is not a model of a cell: no current flows in, and nothing leaks.

    The number of its spikes is the largest of the numbers of its inputs' spikes, and so its rate stands for
    the largest activation. The largest of the rates is not known before the end: where inputs take the lead
    in turn, all pass their spikes on.

    References
    ----------
    Rueckauer et al. (2017), Frontiers in Neuroscience 11:682, section 2.2.4, where the input with the highest
    estimated rate so far is gated through: it may be overtaken, and then counts too many.
    """

    equations: ClassVar[str] = EQUATIONS
    threshold: ClassVar[str | None] = "V > 0*volt"
    refractory: ClassVar[str | None] = "dt"
    state: ClassVar[dict[str, str]] = {"V": "volt", "lead": "1"}

    @property
    def reset_statement(self) -> str:
        """Brian2 statements run at a spike."""
        return "V = 0*volt\nlead += 1"

    @property
    def parameters(self) -> dict[str, float]:
        """None: there is nothing to choose."""
        return {}


@dataclass(frozen=True)
class LeadingCount:
    """Synapse of `MaxPooling`: it counts spikes, and tells when its count takes the lead.

    Attributes
    ----------
    jump : float
        What lifts the potential, V.
    equations, target, on_pre, weight, state, method
        As of `ExponentialCurrent`.
    counts : tuple of str
        Variables of each synapse that return to zero before each trial.
    """

    jump: ClassVar[float] = 1e-3
    equations: ClassVar[str] = ""
    target: ClassVar[str] = "V"
    on_pre: ClassVar[str] = f"n += 1\n{target}_post += w*int(n > lead_post)"
    weight: ClassVar[str] = "w : volt (constant)\nn : 1"
    state: ClassVar[dict[str, str]] = {}
    method: ClassVar[None] = None
    counts: ClassVar[tuple[str, ...]] = ("n",)

    @property
    def model(self) -> LeadingCount:
        """What all synapses onto a neuron have in common: everything."""
        return self

    @property
    def parameters(self) -> dict[str, float]:
        """None: there is nothing to choose."""
        return {}
