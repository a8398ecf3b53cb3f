"""The populations of the network as groups of Brian2, for both of its simulations."""

from __future__ import annotations

from typing import Any

from bioscnn.neurons.cells import refractory_expression
from bioscnn.neurons.definition import Parameter
from bioscnn.stdp.competitive.model import SLOT, Model, Neuron, lines
from bioscnn.stdp.competitive.settings import Circuit


def populations(model: Model, circuit: Circuit, *, traces: bool = True) -> dict[str, Any]:
    """Return the groups ``excitatory`` and ``inhibitory``, and with traces also ``inputs``.

    Parameters
    ----------
    model, circuit : Model, Circuit
        The network.
    traces : bool
        Whether neurons have the traces of the plastic synapse; they are the synapses' own otherwise.
    """
    import brian2

    synapse, excitatory = model.synapse, model.excitatory
    own = [f"{SLOT} : second (shared, constant)", *(f"{v.name} : {v.unit}" for v in excitatory.kept)]
    if traces:
        own += [lines(synapse.post), *declared(synapse.parameters)]
    jumps = ("excitation : siemens (shared, constant)", "inhibition : siemens (shared, constant)")
    groups = {
        "excitatory": _group(excitatory, "excitatory", circuit.n_neurons, *own),
        "inhibitory": _group(model.inhibitory, "inhibitory", circuit.n_neurons, *jumps),
    }
    if not traces:
        return groups
    inputs = brian2.NeuronGroup(
        circuit.n_inputs,
        "\n".join([lines(synapse.pre), *declared(synapse.parameters)]),
        method="exponential_euler",
        name="inputs",
        namespace={},
    )
    return {"inputs": inputs, **groups}


def _group(neuron: Neuron, name: str, size: int, *more: str) -> Any:
    import brian2

    definition = neuron.definition
    return brian2.NeuronGroup(
        size,
        "\n".join([definition.equations, *declared(definition.parameters), *more]),
        threshold=definition.threshold,
        reset=definition.reset,
        refractory=refractory_expression(definition),
        method=definition.method,
        name=name,
        namespace={},
    )


def declared(parameters: tuple[Parameter, ...]) -> list[str]:
    """Return the lines that declare parameters."""
    return [f"{parameter.name} : {parameter.unit} (shared, constant)" for parameter in parameters]


def parameter_values(model: Model, circuit: Circuit, *, learns: bool) -> dict[str, dict[str, float]]:
    """Return the parameters of each group, in SI units."""

    def values(parameters: tuple[Parameter, ...], frozen: tuple[str, ...]) -> dict[str, float]:
        return {p.name: 0.0 if p.name in frozen and not learns else p.value for p in parameters}

    synapse = values(model.synapse.parameters, model.synapse.frozen)
    excitatory, inhibitory = (
        values(n.definition.parameters, n.frozen) for n in (model.excitatory, model.inhibitory)
    )
    return {
        "inputs": synapse,
        "excitatory": synapse | excitatory | {SLOT: circuit.shown + circuit.rest},
        "inhibitory": inhibitory | {"excitation": circuit.excitation, "inhibition": circuit.inhibition},
    }


def check_units(model: Model) -> None:
    """Have Brian2 check thresholds and resets, whose units `bioscnn.simulation.build.Advance` does not.

    Raises
    ------
    Exception
        Of Brian2, if units do not fit or a name is unknown.
    """
    import brian2

    brian2.set_device("runtime")
    brian2.prefs.codegen.target = "numpy"
    brian2.Network(*populations(model, Circuit(2, 2)).values()).run(0 * brian2.second, namespace={})
