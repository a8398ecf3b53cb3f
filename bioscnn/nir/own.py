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
from bioscnn.nir.graph import NEURONS, Graph, Node
from bioscnn.nir.linear import Shape
from bioscnn.nir.paths import Paths


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
    exact = replace(graph, nodes={name: _exact(node) for name, node in graph.nodes.items()})
    source = graph.input
    shape: Shape = tuple(int(n) for n in source.array("shape").ravel())
    paths = Paths(exact, float(own["dt"]), shape)
    populations = [Population(source.name, shape, axons=_axons(graph, source.name))]
    projections: list[Projection] = []
    for name in _in_order(graph):
        node = graph.nodes[name]
        said = node.metadata["bioscnn"]
        inflow, bias = paths.into(name), np.asarray(said["bias"], np.float64)
        if bias.shape != (prod(inflow.shape),) or not np.isfinite(bias).all():
            raise ValueError(f"bias of {name}")
        neuron = _neuron(node, said)
        synapse = ExponentialCurrent(float(said["tau_s"])) if "tau_s" in said else None
        targets: dict[str, LIF | LeakyIntegrator] = {name: neuron}
        if name == OUTPUT:
            targets[READOUT] = LeakyIntegrator(**{k: float(v) for k, v in said["readout"].items()})
        own_bias: NDArray[np.float64] | None = bias if said["has_bias"] else None
        for target, model in targets.items():
            axons = _axons(graph, target)
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
    said = node.metadata.get("bioscnn", {})
    return replace(node, values={**node.values, "weight": said["weight"]}) if "weight" in said else node


def _neuron(node: Node, said: Mapping[str, Any]) -> LIF:
    tau = "tau" if node.type == "LIF" else "tau_mem"
    tau_m, R_m, V_th = (float(node.array(name).ravel()[0]) for name in (tau, "r", "v_threshold"))
    return LIF(tau_m=tau_m, t_ref=float(said["t_ref"]), V_th=V_th, R_m=R_m, reset=str(said["reset"]))


def _axons(graph: Graph, name: str) -> Axons | None:
    late = graph.nodes.get(f"{name}_delay")
    return None if late is None else Axons(late.array("delay").ravel())
