"""Neurons of a network by kind: populations with the same equations and rules are described once."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bioscnn.identifiers import KEYWORDS
from bioscnn.network import Population, SpikingNetwork
from bioscnn.neurons import (
    IF,
    LIF,
    AdaptiveLIF,
    EquationNeuron,
    LeakyIntegrator,
    MaxPooling,
    NeuronModel,
    WindowedIntegrator,
    WindowedLIF,
)
from bioscnn.script.writing import MEANING, MEANING_OF_OURS, aligned, parse_lines
from bioscnn.simulation.equations import (
    border_statements,
    equations_of,
    method_of,
    parameters_of,
    reset_of,
    threshold_of,
)

NAMES = {
    LIF: "lif", IF: "integrate_and_fire", AdaptiveLIF: "adaptive_lif", LeakyIntegrator: "leaky_integrator",
    MaxPooling: "max_pooling", WindowedLIF: "windowed_lif", WindowedIntegrator: "windowed_integrator",
}  # fmt: skip


ROLES = ("", "fires", "reset", "step", "rest")
"""Texts of a kind of neuron: equations, condition of a spike, reset, time step, and rest before a trial."""


@dataclass(frozen=True)
class Kind:
    """Everything that populations of one kind share, as Brian2 reads it.

    Parameters
    ----------
    base : str
        Name of the neuron model.
    driven : bool
        Whether no synapse ends at it.
    texts : tuple of (str, str)
        By role; the equations are without the parameters that the whole script shares, and a step is there
        only where no method of Brian2's own takes it.
    refractory : str or None
        Brian2's refractory period, of what fires.
    method : str
        Brian2's integration; empty where there is a step.
    reset_rule : str
        ``"exact"``, ``"subtract"`` or ``"zero"`` of a neuron that comes with bioscnn; else empty.
    """

    base: str
    driven: bool
    texts: tuple[tuple[str, str], ...]
    refractory: str | None
    method: str
    reset_rule: str

    @property
    def name(self) -> str:
        """What its equations are called."""
        return f"driven_{self.base}" if self.driven else self.base


def base_of(neuron: NeuronModel, taken: Collection[str]) -> str:
    """Return the name of a neuron model, which for a user's own is that of its file if it is not taken."""
    if not isinstance(neuron, EquationNeuron):
        return NAMES[type(neuron)]
    stem = re.sub(r"\W+", "_", Path(neuron.definition.name).stem, flags=re.ASCII).strip("_")
    return stem if stem.isidentifier() and stem not in {*KEYWORDS, *NAMES.values(), *taken} else "own_neuron"


def kind_of(network: SpikingNetwork, population: Population, base: str, shared: Collection[str]) -> Kind:
    """Return the kind of a population; `shared` are the parameters that its equations need not name."""
    neuron = population.neuron
    assert neuron is not None
    equations, method = equations_of(network, population), method_of(network, population)
    lines = [line for line in parse_lines(equations) if line.name not in shared]
    texts = {
        "": aligned(lines, _meaning(neuron)),
        "fires": threshold_of(population),
        "reset": reset_of(network, population),
        "step": None if isinstance(method, str) else _step(method, equations),
        "rest": border_statements(network, population),
    }
    return Kind(
        base,
        not network.has_synapses(population.name),
        tuple((role, text) for role, text in texts.items() if text is not None),
        neuron.refractory if population.spikes else None,
        method if isinstance(method, str) else "",
        getattr(neuron, "reset", ""),
    )


def name_texts(kinds: Collection[Kind]) -> dict[tuple[Kind, str], str]:
    """Return a variable for each text of each kind; kinds of one base share it where their texts agree."""
    names: dict[tuple[Kind, str], str] = {}
    holds: dict[str, str] = {}
    for role in ROLES:
        for kind in kinds:
            text = dict(kind.texts).get(role)
            if text is None:
                continue
            others = {
                dict(same_base.texts).get(role, text) for same_base in kinds if same_base.base == kind.base
            }
            name = "_".join(filter(None, [kind.base if len(others) == 1 else kind.name, role]))
            number = 1
            while holds.setdefault(unique := f"{name}_{number}" if number > 1 else name, text) != text:
                number += 1
            names[kind, role] = unique
    return names


def shared_parameters(network: SpikingNetwork, taken: Collection[str]) -> dict[str, tuple[float, str, str]]:
    """Return parameters of one value in the whole network: value in SI units, unit, and what it means.

    A parameter is left to its populations if its values differ, from cell to cell or from population to
    population, or if its name means something else in the script.
    """
    shared: dict[str, tuple[float, str, str]] = {}
    differ = {name for population in network.neurons for name in population.values}
    for population in network.neurons:
        assert population.neuron is not None
        meaning = _meaning(population.neuron)
        for name, (value, unit) in _parameters(network, population).items():
            if shared.setdefault(name, (value, unit, meaning.get(name, "")))[:2] != (value, unit):
                differ.add(name)
    return {name: own for name, own in shared.items() if name not in differ and name not in taken}


def own_parameters(
    network: SpikingNetwork, population: Population, shared: Collection[str]
) -> dict[str, tuple[float | NDArray[np.float64], str]]:
    """Return the other parameters of a population, of all its cells or of each: SI values, and unit."""
    own: dict[str, tuple[float | NDArray[np.float64], str]] = {}
    for name, (value, unit) in _parameters(network, population).items():
        if name not in shared:
            own[name] = population.values.get(name, value), unit
    return own


def _parameters(network: SpikingNetwork, population: Population) -> dict[str, tuple[float, str]]:
    """Return value and unit of each parameter, in the order of the equations."""
    values = parameters_of(network, population)
    lines = parse_lines(equations_of(network, population))
    return {line.name: (values[line.name], line.unit) for line in lines if line.name in values}


def _meaning(neuron: NeuronModel) -> dict[str, str]:
    if isinstance(neuron, MaxPooling):
        return {"V": "above 0 once an input has taken the lead", "lead": "spikes of its own so far"}
    return MEANING if isinstance(neuron, EquationNeuron) else MEANING | MEANING_OF_OURS


def _step(method: Callable[..., str], equations: str) -> str:
    """Return the statements of one time step, which a method derives from equations."""
    from brian2 import Equations

    return "\n".join(line.strip() for line in method(Equations(equations)).strip().splitlines())
