"""A converted network as a NIR graph: what NIR can say in its nodes, the rest in their metadata."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import bioscnn
from bioscnn.encoding import FULL_INTENSITY
from bioscnn.errors import UserError
from bioscnn.files import write_atomically
from bioscnn.network import (
    OUTPUT,
    READOUT,
    Composition,
    Connectivity,
    Convolution,
    Dense,
    Pooling,
    Population,
    Projection,
    SpikingNetwork,
    Sum,
)
from bioscnn.neurons import LIF, AdaptiveLIF, ExponentialCurrent, MaxPooling, Windowed
from bioscnn.nir.file import Tree
from bioscnn.nir.graph import Graph, graph_of

NIR_VERSION = "1.0.8"
"""Version of the `nir` package whose files these are."""


@dataclass(frozen=True)
class Exported:
    """A NIR file that has been written.

    Parameters
    ----------
    path : Path
        The file.
    nodes : dict of str
        Type of each node.
    carried : tuple of str
        What NIR cannot say, and the metadata alone carry.
    """

    path: Path
    nodes: dict[str, str]
    carried: tuple[str, ...]


def write_nir(network: SpikingNetwork, path: Path, dt: float, about: dict[str, Any]) -> Exported:
    """Write a network of LIF neurons with exponential currents.

    Membranes and synaptic currents become CubaLIF nodes, or LIF nodes where currents of the stimulus alone
    flow in, in SI units. A constant current b into a neuron is ``v_leak = R_m b``. A spike makes a synaptic
    current jump by the weight w, which a pulse of 1 for a step does with ``w_in = tau_s/dt``.

    Parameters
    ----------
    network : SpikingNetwork
        Without noise.
    path : Path
        The file.
    dt : float
        Step of the simulation, s.
    about : dict
        Numbers and strings that the metadata of the graph have besides: encoding, version.

    Raises
    ------
    UserError
        If a part of the network is nothing that NIR can say, by its name, or the file cannot be written.
    """
    import h5py

    nodes: Tree = {}
    edges: list[tuple[str, str]] = []
    source = network.source
    nodes[source.name] = {"type": "Input", "shape": np.array(source.shape)}
    for place, population in enumerate(network.neurons):
        if population.name != READOUT:
            nodes[population.name] = _neurons(network, population, dt, place)
    nodes["Output"] = {"type": "Output", "shape": np.array(network[OUTPUT].shape)}
    edges.append((OUTPUT, "Output"))
    for population in network.populations:
        if population.axons is not None:
            late = np.asarray(population.axons.delay).reshape(population.shape)
            nodes[f"{population.name}_delay"] = {"type": "Delay", "delay": late}
            edges.append((population.name, f"{population.name}_delay"))
    for projection in network.projections:
        if projection.post != READOUT:
            direct = network[projection.pre].axons is None
            sender = projection.pre if direct else f"{projection.pre}_delay"
            _linear(projection, sender, network[projection.post].shape, nodes, edges)
    came_in = "currents" if network.takes_currents else "spikes"
    tree: Tree = {
        "type": "NIRGraph", "nodes": nodes, "edges": np.array(edges, dtype=object),
        "metadata": {"bioscnn": {"version": bioscnn.__version__, "dt": dt, "input": came_in, **about}},
    }  # fmt: skip
    tree["metadata"]["bioscnn"]["sha256"] = graph_of(path, tree).sha256()
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_dataset("version", data=NIR_VERSION, dtype=h5py.string_dtype())
        _write(file.create_group("node"), tree)
    write_atomically(path, buffer.getvalue())
    types = {name: str(node["type"]) for name, node in nodes.items()}
    return Exported(path, types, tuple(_carried(network)))


def _write(group: Any, tree: Tree) -> None:
    import h5py

    for name, value in tree.items():
        if isinstance(value, dict):
            _write(group.create_group(name), value)
        elif isinstance(value, str):
            group.create_dataset(name, data=value, dtype=h5py.string_dtype())
        elif isinstance(value, np.ndarray) and value.dtype == object:
            group.create_dataset(name, data=value.astype("S"), dtype=h5py.string_dtype())
        elif isinstance(value, np.ndarray) and value.ndim:
            group.create_dataset(name, data=value, compression="gzip")
        else:
            group.create_dataset(name, data=value)


def _refuse(problem: str, name: str, kind: str = "population", **details: Any) -> UserError:
    return UserError(f"NIR cannot say this: {problem}", key=f"{kind} {name}", **details)


def _neurons(network: SpikingNetwork, population: Population, dt: float, place: int) -> Tree:
    """Return the node of a population."""
    neuron, name, shape = population.neuron, population.name, population.shape
    if isinstance(neuron, MaxPooling):
        raise _refuse("it has no max pooling", name, fix="train with average pooling")
    if isinstance(neuron, Windowed):
        raise _refuse("it has no windows of the time code", name, fix='set network.code = "rate"')
    if isinstance(neuron, AdaptiveLIF) or not isinstance(neuron, LIF):
        raise _refuse("of the neurons of bioscnn it has the LIF", name, value=type(neuron).__name__,
                      fix='set neuron.model to "lif"')  # fmt: skip
    if population.noise is not None or population.values or any(p.failure for p in network.onto(name)):
        raise _refuse(
            "noise, or potentials at which trials begin",
            name,
            fix="remove the noise from the study, and simulation.start",
        )

    def every(value: float) -> NDArray[np.float64]:
        return np.full(shape, value)

    bias = np.zeros(population.size) if population.bias is None else population.bias
    own: Tree = {"place": place, "t_ref": neuron.t_ref, "reset": neuron.reset, "bias": bias}
    own["has_bias"] = int(population.bias is not None)
    node: Tree = {
        "r": every(neuron.R_m), "v_leak": neuron.R_m * bias.reshape(shape), "v_threshold": every(neuron.V_th),
        "v_reset": every(0.0), "metadata": {"bioscnn": own},
    }  # fmt: skip
    if name == OUTPUT:
        readout = network[READOUT]
        assert readout.neuron is not None
        own["readout"] = {**readout.neuron.parameters}
    if not network.has_synapses(name):
        return {"type": "LIF", "tau": every(neuron.tau_m), **node}
    if network.is_driven(name):
        raise _refuse("currents of the stimulus beside synapses", name, fix='set encoding.kind = "poisson"')
    synapse = network.synapse_onto(name)
    if not isinstance(synapse, ExponentialCurrent):
        raise _refuse("conductances", name, fix='set synapse.model to "current"')
    own["tau_s"] = synapse.tau_s
    currents = {"tau_syn": every(synapse.tau_s), "w_in": every(synapse.tau_s / dt)}
    return {"type": "CubaLIF", "tau_mem": every(neuron.tau_m), **currents, **node}


def _linear(
    projection: Projection, sender: str, shape: tuple[int, ...], nodes: Tree, edges: list[tuple[str, str]]
) -> None:
    """Add the nodes of a projection, and the edges of its ways."""
    name, connectivity = f"{projection.pre}_to_{projection.post}", projection.connectivity
    ways = connectivity.parts if isinstance(connectivity, Sum) else (connectivity,)
    for number, way in enumerate(ways, 1):
        parts = way.parts if isinstance(way, Composition) else (way,)
        here = sender
        for place, part in enumerate(parts, 1):
            label = name + f"_way{number}" * (len(ways) > 1) + f"_part{place}" * (len(parts) > 1)
            stimulus = place == 1 and projection.synapse is None
            for suffix, node in _nodes_of(part, name, stimulus):
                nodes[label + suffix] = node
                edges.append((here, label + suffix))
                here = label + suffix
        edges.append((here, projection.post))


def _nodes_of(part: Connectivity, name: str, stimulus: bool) -> Iterator[tuple[str, Tree]]:
    """Yield the nodes of a linear map, with what is put behind its name.

    An input of intensity 1 is a current of `FULL_INTENSITY`: that is in the weights; those of bioscnn, which
    rounding would not give back, are in the metadata.
    """
    scale = None
    if isinstance(part, Pooling):
        weight = part.weight_onto()
        even = not np.ptp(weight, axis=(1, 2)).any()
        # Windows that count fewer pixels at the border are sums, each scaled by itself.
        each = weight[:, :1, :1, None] if even else np.ones((len(weight), 1, 1, 1))
        scale = None if even else weight
        kernel = np.array(np.broadcast_to(each, (len(weight), 1, *part.size)))
        part = Convolution(part.pre_shape, part.post_shape, part.stride, part.padding, kernel, len(weight))
    if isinstance(part, Convolution):
        kernel, padding = _with_even_padding(part)
        if _written_grid(part) != part.post_shape[1:]:
            raise _refuse(
                "windows that reach past rows or columns that they do not see", name, "projection",
                value=f"padding (top, left, bottom, right) = {part.padding}", expected="padding of 0 or more",
                fix="train with pooling whose windows divide its input",
            )  # fmt: skip
        yield "", {
            "type": "Conv2d", **_weight(kernel, stimulus), "bias": np.zeros(len(kernel)),
            "stride": np.array(part.stride), "padding": np.array(padding), "dilation": np.array([1, 1]),
            "groups": part.groups, "input_shape": np.array(part.pre_shape[1:]),
        }  # fmt: skip
        if scale is not None:
            yield "_mean", {"type": "Scale", "scale": scale}
        return
    if not isinstance(part, Dense):
        raise _refuse(
            "synapses that follow no kernel", name, "projection", fix="remove the noise from the study"
        )
    if len(part.pre_shape) > 1:
        shape = np.array(part.pre_shape)
        yield "_flat", {"type": "Flatten", "start_dim": 0, "end_dim": -1, "input_type": shape}
    yield "", {"type": "Linear", **_weight(part.weight, stimulus)}


def _weight(weight: NDArray[np.float64], stimulus: bool) -> Tree:
    if not stimulus:
        return {"weight": weight}
    return {"weight": weight * FULL_INTENSITY, "metadata": {"bioscnn": {"weight": weight}}}


def _with_even_padding(part: Convolution) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """Return a kernel, with zeros at its beginning or end, and padding that is the same on both sides."""
    top, left, bottom, right = part.padding
    rows, columns = max(top, bottom), max(left, right)
    around = ((0, 0), (0, 0), (rows - top, rows - bottom), (columns - left, columns - right))
    kernel = np.pad(part.kernel, around)
    # More padding at the end gives more windows, unless the kernel is longer by as much.
    return kernel, (rows, columns)


def _written_grid(part: Convolution) -> tuple[int, ...]:
    """Return how many windows NIR counts; other than here where negative padding hides the last rows."""
    return tuple(
        (part.pre_shape[1 + axis] + part.padding[axis] + part.padding[2 + axis] - part.window[axis])
        // part.stride[axis]
        + 1
        for axis in (0, 1)
    )


def _carried(network: SpikingNetwork) -> Iterator[str]:
    """Yield, in words, what a network has and NIR cannot express."""
    neurons = [p.neuron for p in network.neurons if isinstance(p.neuron, LIF)]
    if t_ref := max(neuron.t_ref for neuron in neurons):
        yield f"the refractory period of {1e3 * t_ref:g} ms"
    if any(neuron.reset != "zero" for neuron in neurons):
        yield f'the reset rule "{neurons[0].reset}": NIR says that a spike sets the potential to v_reset = 0'
    yield "the exact solution of the equations within a step: frameworks take Euler's"
    yield "that potentials begin at 0, not at v_leak, which stands for the bias currents"
    yield "the readout beside the output, whose potential is the evidence"
    yield "time step, encoding, and the units of the stimulus"


def own_metadata(graph: Graph) -> Tree | None:
    """Return the metadata that bioscnn wrote into a graph, if it did.

    Raises
    ------
    UserError
        If nodes or edges have been changed since.
    """
    own = graph.metadata.get("bioscnn")
    if not isinstance(own, dict):
        return None
    if own.get("sha256") != graph.sha256():
        raise graph.refuse(
            "the graph has been changed since bioscnn wrote it, and its metadata are about the one before",
            value=own.get("version"),
            expected="the file as it was written",
            fix='say how it is to be read, as of any NIR file: nir.framework = "euler", nir.dt',
        )
    return own
