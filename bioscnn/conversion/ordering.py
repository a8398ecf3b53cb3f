"""The order of layers whose order makes no difference: activations come first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from bioscnn.ann import Concat, Flatten, LayerGraph, MaxPool2d, Node, ReLU, Scale
from bioscnn.ann.graph import is_never_negative
from bioscnn.conversion.folding import rewired


def activations_first(graph: LayerGraph) -> LayerGraph:
    """Return the network with its activations before flattening and before max pooling.

    The rectifier and the rate of a LIF neuron rise with their input, so the largest of the activations is the
    activation of the largest; and so it is with a scaling that has no negative factor. A rectifier of what
    fires already goes; one more appears where max pooling meets sums or means of what does.
    """
    nodes = list(graph.nodes)
    while (pair := _to_exchange(nodes)) is not None:
        layers = {pair[0].name: pair[1].layer, pair[1].name: pair[0].layer}
        nodes = [replace(node, layer=layers.get(node.name, node.layer)) for node in nodes]
    for node in nodes:
        source = next(n.inputs[0] for n in nodes if n.name == node.name)
        if isinstance(node.layer, ReLU) and source in _firing(nodes):
            nodes = rewired(nodes, node.name, source)
    return LayerGraph(graph.name, graph.input_shape, _rectified_before_pooling(nodes))


def _pairs(nodes: Sequence[Node]) -> list[tuple[Node, Node]]:
    """Return every node that only one other takes, and that one, if it takes nothing else."""
    takers: dict[str, list[Node]] = {node.name: [] for node in nodes}
    for node in nodes:
        for source in node.inputs:
            takers.setdefault(source, []).append(node)
    return [
        (node, after[0])
        for node in nodes
        if len(after := takers[node.name]) == 1 and after[0].inputs == (node.name,)
    ]


def _to_exchange(nodes: Sequence[Node]) -> tuple[Node, Node] | None:
    firing = _firing(nodes)
    return next(
        ((one, two) for one, two in _pairs(nodes) if _exchange(one, two, one.inputs[0] in firing)), None
    )


def _exchange(first: Node, second: Node, fires: bool) -> bool:
    """Whether two layers in a row are to change places; `fires` is whether activations come in."""
    if second.activates:
        return isinstance(first.layer, Flatten) or (isinstance(first.layer, MaxPool2d) and not fires)
    if isinstance(first.layer, MaxPool2d) and isinstance(second.layer, Scale):
        return not fires and _rises(second.layer)
    if isinstance(first.layer, Scale) and isinstance(second.layer, MaxPool2d):
        return fires and _rises(first.layer)
    return False


def _rises(scale: Scale) -> bool:
    """Whether all results rise with their inputs, in the same way at every pixel."""
    return scale.bias.ndim == 1 and not np.any(scale.weight < 0)


def _firing(nodes: Iterable[Node]) -> set[str]:
    """Return names of values that are activations of neurons, maybe of several populations side by side."""
    firing: set[str] = set()
    for node in nodes:
        passes = isinstance(node.layer, Concat | MaxPool2d) and firing.issuperset(node.inputs)
        if node.activates or passes:
            firing.add(node.name)
    return firing


def _rectified_before_pooling(nodes: list[Node]) -> list[Node]:
    """Put a rectifier between max pooling and means or sums of activations, which are never negative."""
    placed: list[Node] = []
    never_negative: set[str] = set()
    for node in nodes:
        source = node.inputs[0]
        pools = isinstance(node.layer, MaxPool2d) and source in never_negative
        if pools and source not in _firing(placed):
            placed.append(Node(f"{node.name}.rectified", ReLU(), (source,)))
            never_negative.add(placed[-1].name)
            node = replace(node, inputs=(placed[-1].name,))
        placed.append(node)
        if is_never_negative(node, never_negative):
            never_negative.add(node.name)
    return placed
