"""A NIR graph that bioscnn has written becomes the network again that it was written from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.network import OUTPUT, READOUT, Axons, Population, Projection, SpikingNetwork
from bioscnn.neurons import LIF, ExponentialCurrent, LeakyIntegrator
from bioscnn.nir.file import Tree
from bioscnn.nir.graph import LARGEST, NEURONS, SHORTEST, Graph, Node
from bioscnn.nir.linear import Shape
from bioscnn.nir.paths import LONGEST_DELAY, Paths


def rebuild(graph: Graph, own: Tree) -> SpikingNetwork:
    """Return the network of a graph whose metadata are as they were written.

    Weights are those of the nodes; of neurons and synapses, NIR's parameters, with what the metadata add: the
    refractory period, the reset rule, the bias, the readout.

    Parameters
    ----------
    graph : Graph
        The graph.
    own : dict
        Metadata of the graph, from `bioscnn.nir.write.own_metadata`.
    """
    dt = _number(own, "dt", positive=True)
    exact = replace(graph, nodes={name: _exact(node) for name, node in graph.nodes.items()})
    source = graph.input
    shape: Shape = tuple(int(n) for n in source.array("shape").ravel())
    paths = Paths(exact, dt, shape)
    populations = [Population(source.name, shape, axons=_axons(graph, source.name, dt))]
    projections: list[Projection] = []
    for name in _in_order(graph):
        node = graph.nodes[name]
        metadata = node.metadata["bioscnn"]
        inflow, bias = paths.into(name), np.asarray(metadata["bias"], np.float64)
        if bias.shape != (prod(inflow.shape),) or not np.isfinite(bias).all():
            raise ValueError(f"bias of {name}")
        neuron = _neuron(node, metadata, dt)
        tau_s = _number(metadata, "tau_s", positive=True) if "tau_s" in metadata else None
        synapse = None if tau_s is None else ExponentialCurrent(tau_s)
        targets: dict[str, LIF | LeakyIntegrator] = {name: neuron}
        if name == OUTPUT:
            targets[READOUT] = LeakyIntegrator(
                **{k: _number(metadata["readout"], k) for k in metadata["readout"]}
            )
        own_bias: NDArray[np.float64] | None = bias if metadata["has_bias"] else None
        for target, model in targets.items():
            axons = _axons(graph, target, dt)
            populations.append(Population(target, inflow.shape, model, own_bias, axons=axons))
            for pre, _, connectivity in inflow.connections:
                through = synapse if pre != source.name or own["input"] == "spikes" else None
                projections.append(Projection(pre, target, connectivity, through))
    return SpikingNetwork(tuple(populations), tuple(projections))


def _in_order(graph: Graph) -> list[str]:
    """Return the nodes of neurons in the order in which they were written."""
    names = [name for name, node in graph.nodes.items() if node.type in NEURONS]
    return sorted(names, key=lambda name: int(graph.nodes[name].metadata["bioscnn"]["place"]))


def _exact(node: Node) -> Node:
    """Return a node with the weights that bioscnn had, where NIR's are in another unit."""
    metadata = node.metadata.get("bioscnn", {})
    if "weight" not in metadata:
        return node
    weight = np.asarray(metadata["weight"], np.float64)
    if not (np.abs(weight) < LARGEST).all():
        raise ValueError(f"weight of {node.name}")
    return replace(node, values={**node.values, "weight": weight})


def _number(metadata: Mapping[str, Any], key: str, *, positive: bool = False) -> float:
    """Return a number of the metadata that is finite, also in single precision."""
    value = float(metadata[key])
    if not abs(value) < LARGEST or (positive and not value > SHORTEST):
        raise ValueError(f"{key} = {value:g}")
    return value


def _neuron(node: Node, metadata: Mapping[str, Any], dt: float) -> LIF:
    tau = "tau" if node.type == "LIF" else "tau_mem"
    tau_m, R_m, V_th = (float(node.array(name).ravel()[0]) for name in (tau, "r", "v_threshold"))
    t_ref = _number(metadata, "t_ref")
    if not 0 <= t_ref <= LONGEST_DELAY * dt:
        raise ValueError(f"t_ref = {t_ref:g}")
    return LIF(tau_m=tau_m, t_ref=t_ref, V_th=V_th, R_m=R_m, reset=str(metadata["reset"]))


def _axons(graph: Graph, name: str, dt: float) -> Axons | None:
    late = graph.nodes.get(f"{name}_delay")
    if late is None:
        return None
    delay = late.array("delay").ravel()
    if not ((delay >= 0) & (delay <= LONGEST_DELAY * dt)).all():
        raise ValueError(f"delay of {name}")
    return Axons(delay)
