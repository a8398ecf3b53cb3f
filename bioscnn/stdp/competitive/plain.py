"""The same network as one writes it in Brian2: the oracle of the compiled program.

`brian2.Synapses` everywhere, traces in each synapse, inhibition synapse by synapse, one run per image.
Equations, order within a step, input spikes and borders are those of `bioscnn.stdp.competitive.program`; no
code is shared but the declarations of the groups. ``bench/stdp.py`` times the two against each other.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.draws import uniform
from bioscnn.neurons.model_text import parse_statements
from bioscnn.stdp.competitive.groups import parameter_values, populations
from bioscnn.stdp.competitive.model import Model, Statements, lines
from bioscnn.stdp.competitive.settings import Circuit
from bioscnn.stdp.competitive.simulate import RASTER, State


def show_plainly(
    model: Model,
    circuit: Circuit,
    state: State,
    images: NDArray[np.float32],
    key: int,
    *,
    learns: bool,
    target: str = "numpy",
) -> tuple[State, NDArray[Any]]:
    """Show images one after the other, in double precision.

    Parameters
    ----------
    model, circuit, state, images, key, learns
        As of `bioscnn.stdp.competitive.simulate.show`; images are numbered from 0.
    target : str
        Brian2's ``codegen.target``: ``"numpy"`` or ``"cython"``.

    Returns
    -------
    State
        After the last image.
    ndarray of `RASTER`
        Every spike of the excitatory neurons, in the order of time and neuron.
    """
    import brian2

    brian2.set_device("runtime")
    brian2.prefs.codegen.target = target
    network, groups, monitor = plain_network(model, circuit, learns=learns)
    inputs, plastic, excitatory = groups["inputs"], groups["plastic"], groups["excitatory"]
    pre, post = plastic.i[:], plastic.j[:]
    weight, kept = state.weight.astype(np.float64), {k: v.astype(np.float64) for k, v in state.kept.items()}
    resting = {
        group: [v for v in model.variables(group) if v not in {e.name for e in model.synapse.post}]
        for group in ("excitatory", "inhibitory")
    }
    traces = [equation.name for equation in (*model.synapse.pre, *model.synapse.post)]
    raster: list[NDArray[Any]] = []
    for name, begins in kept.items():
        excitatory.variables[name].set_value(begins)
    for image, intensities in enumerate(images):
        for attempt in range(circuit.most_tries):
            if learns:
                total = weight.sum(axis=0)
                weight = weight * np.where(total > 0, circuit.weight_total / total, 1)
            plastic.variables["w"].set_value(weight[pre, post])
            for group, names in resting.items():
                for name in names:
                    groups[group].variables[name].set_value(0)
                groups[group].variables["lastspike"].set_value(-1e9)
                groups[group].variables["not_refractory"].set_value(True)
            for name in traces:
                plastic.variables[name].set_value(0)
            plastic.variables["lastupdate"].set_value(float(network.t))
            step, fired = input_spikes(circuit, intensities, key, image, attempt)
            inputs.set_spikes(fired, (step * circuit.dt + float(network.t)) * brian2.second, sorted=False)
            begun, before = float(network.t), len(monitor.t)
            network.run(circuit.shown * brian2.second, namespace={})
            weight = np.zeros_like(weight)
            weight[pre, post] = plastic.w[:]
            if learns and model.excitatory.between:
                _between(excitatory, model.excitatory.between)
            step = np.rint((np.array(monitor.t[before:]) - begun) / circuit.dt)
            spikes = np.zeros(len(step), RASTER)
            spikes["image"], spikes["attempt"], spikes["step"] = image, attempt, step
            spikes["neuron"] = monitor.i[before:]
            raster.append(np.sort(spikes))
            if len(spikes) >= circuit.fewest_spikes:
                break
    return State(
        weight, {name: np.array(excitatory.variables[name].get_value()) for name in kept}
    ), np.concatenate(raster)


def plain_network(model: Model, circuit: Circuit, *, learns: bool) -> tuple[Any, dict[str, Any], Any]:
    """Return the network, its groups and synapses by name, and the monitor of the excitatory spikes."""
    import brian2

    brian2.prefs.core.default_float_dtype = np.float64
    brian2.defaultclock.dt = circuit.dt * brian2.second
    groups = populations(model, circuit, traces=False)
    excitatory, inhibitory = groups["excitatory"], groups["inhibitory"]
    inputs = brian2.SpikeGeneratorGroup(circuit.n_inputs, [], [] * brian2.second)
    plastic = _plastic(model, inputs, excitatory)
    partner = brian2.Synapses(excitatory, inhibitory, on_pre="g_e_post += excitation_post")
    partner.connect(j="i")
    lateral = brian2.Synapses(inhibitory, excitatory, on_pre="g_i_post += inhibition_pre")
    lateral.connect(condition="i != j")
    monitor = brian2.SpikeMonitor(excitatory)
    network = brian2.Network(inputs, excitatory, inhibitory, plastic, partner, lateral, monitor)
    network.schedule = ["start", "groups", "thresholds", "resets", "synapses", "end"]
    for name, values in parameter_values(model, circuit, learns=learns).items():
        group = plastic if name == "inputs" else groups[name]
        for parameter, value in values.items():
            if parameter in group.variables:
                group.variables[parameter].set_value(value)
    return network, {**groups, "inputs": inputs, "plastic": plastic}, monitor


def input_spikes(
    circuit: Circuit, intensities: NDArray[np.floating], key: int, image: int, attempt: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return step and pixel of the input spikes of a presentation: the draws of ``cpp/presentation.h``.

    Each pixel is a Bernoulli process, whose gaps are geometric.
    """
    probability = np.minimum(
        intensities.astype(np.float64) * (circuit.rate + attempt * circuit.raise_rate) * circuit.dt, 1 - 1e-9
    )
    pixel = np.flatnonzero(probability > 0)
    scale, last = 1 / np.log1p(-probability[pixel]), np.full(len(pixel), -1.0)
    found: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    draw = 0
    while len(pixel):
        gap = np.floor(np.log1p(-uniform(key, image, attempt, pixel, draw)) * scale)
        last = last + 1 + gap
        inside = last < circuit.n_steps
        pixel, scale, last = pixel[inside], scale[inside], last[inside]
        found.append((last.astype(np.int64), pixel))
        draw += 1
    step, fired = (np.concatenate(part) for part in zip(*found, strict=True)) if found else ([], [])
    order = np.lexsort((fired, step))
    return np.asarray(step, np.int64)[order], np.asarray(fired, np.int64)[order]


def _plastic(model: Model, inputs: Any, excitatory: Any) -> Any:
    """Make the plastic synapses, each with traces of its own, which jump and decay at spikes alone."""
    import brian2

    synapse = model.synapse
    of_post = [*model.variables("excitatory"), *(variable.name for variable in model.excitatory.kept)]
    of_post = [name for name in of_post if name not in {equation.name for equation in synapse.post}]

    def suffixed(text: str) -> str:
        return re.sub(rf"\b({'|'.join(of_post)})\b", r"\1_post", text)

    def written(statements: Statements, spike: str) -> str:
        own = "\n".join(suffixed(" ".join(statement)) for statement in statements)
        return f"{own}\n{spike}"

    traces = [f"{line} (event-driven)" for e in (synapse.pre, synapse.post) for line in lines(e).split("\n")]
    declared = [f"{p.name} : {p.unit} (shared, constant)" for p in synapse.parameters]
    plastic = brian2.Synapses(
        inputs,
        excitatory,
        "\n".join(["w : 1", *traces, *declared]),
        on_pre=written(synapse.on_pre, synapse.pre_spike),
        on_post=written(synapse.on_post, synapse.post_spike),
        namespace={},
    )
    plastic.connect()
    return plastic


def _between(group: Any, statements: str) -> None:
    """Run the statements between images."""
    for target, operator, expression in parse_statements(statements, "between"):
        before = f"{target} {operator[0]} " if len(operator) > 1 else ""
        getattr(group, target)[:] = f"{before}({expression})"
