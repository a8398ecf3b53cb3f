"""The order of layers whose order makes no difference: activations come first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bioscnn.ann import Concat, Flatten, LayerGraph, MaxPool2d, Node, ReLU, Scale
from bioscnn.ann.graph import never_negative
from bioscnn.conversion.folding import consumers, rewired


def activations_first(graph: LayerGraph) -> LayerGraph:
    """Return the network with its activations before flattening and before max pooling.

    The rectifier and the rate of a LIF neuron rise with their input, so the largest of the activations is the
    activation of the largest; and so it is with a scaling that has no negative factor. A rectifier of what
    fires already goes; one more appears where max pooling meets sums or means of what does.
    """
    nodes = list(graph.nodes)
    while (pair := next((p for p in _pairs(nodes) if _exchange(nodes, *p)), None)) is not None:
        layers = {pair[0].name: pair[1].layer, pair[1].name: pair[0].layer}
        nodes = [replace(node, layer=layers.get(node.name, node.layer)) for node in nodes]
    for node in nodes:
        by_name = {n.name: n for n in nodes}
        if isinstance(node.layer, ReLU) and _fires(by_name, by_name[node.name].inputs[0]):
            nodes = rewired(nodes, node.name, by_name[node.name].inputs[0])
    return LayerGraph(graph.name, graph.input_shape, _rectified_before_pooling(nodes))


def _pairs(nodes: Sequence[Node]) -> list[tuple[Node, Node]]:
    """Return every node that only one other takes, and that one, if it takes nothing else."""
    pairs = []
    for node in nodes:
        after = consumers(nodes, node.name)
        if len(after) == 1 and after[0].inputs == (node.name,):
            pairs.append((node, after[0]))
    return pairs


def _exchange(nodes: Sequence[Node], first: Node, second: Node) -> bool:
    """Whether two layers in a row are to change places."""
    fires = _fires({node.name: node for node in nodes}, first.inputs[0])
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


def _fires(by_name: dict[str, Node], name: str) -> bool:
    """Whether a value is the activation of neurons, maybe of several populations side by side."""
    node = by_name.get(name)
    if node is None:
        return False
    if isinstance(node.layer, Concat):
        return all(_fires(by_name, source) for source in node.inputs)
    if isinstance(node.layer, MaxPool2d):
        return _fires(by_name, node.inputs[0])
    return node.activates


def _rectified_before_pooling(nodes: list[Node]) -> list[Node]:
    """Put a rectifier between max pooling and means or sums of activations, which are never negative."""
    placed: list[Node] = []
    for node in nodes:
        by_name = {n.name: n for n in placed}
        source = node.inputs[0]
        pools = isinstance(node.layer, MaxPool2d) and not _fires(by_name, source)
        if pools and never_negative(by_name, source):
            placed.append(Node(f"{node.name}.rectified", ReLU(), (source,)))
            node = replace(node, inputs=(placed[-1].name,))
        placed.append(node)
    return placed
