"""Scalings go into the weights beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import BatchNorm2d, Conv2d, Dense, Flatten, Layer, LayerGraph, Node, Scale


def consumers(nodes: Sequence[Node], name: str) -> list[Node]:
    """Return the nodes that take the output of a node."""
    return [node for node in nodes if name in node.inputs]


def rewired(nodes: Sequence[Node], old: str, new: str) -> list[Node]:
    """Return the nodes without the one named `old`, whose output is taken from `new` instead."""
    return [
        Node(node.name, node.layer, tuple(new if name == old else name for name in node.inputs))
        for node in nodes
        if node.name != old
    ]


def with_layer(nodes: Sequence[Node], name: str, layer: Layer) -> list[Node]:
    """Return the nodes with another layer in one of them."""
    return [replace(node, layer=layer) if node.name == name else node for node in nodes]


def without_batch_normalisation(graph: LayerGraph) -> LayerGraph:
    """Return the network with scalings in place of batch normalisation."""
    layers: list[Layer] = []
    for layer in graph.layers:
        if isinstance(layer, BatchNorm2d):
            weight = layer.gamma / np.sqrt(layer.variance + layer.epsilon)
            layers.append(Scale(weight, layer.beta - layer.mean * weight))
        else:
            layers.append(layer)
    return graph.with_layers(layers)


def fold_scalings(graph: LayerGraph) -> LayerGraph:
    """Return the network with the scalings behind convolutions and dense layers in their weights.

    Those before a dense layer go into it too, an image flattened between or not.
    """
    nodes = list(graph.nodes)
    for node in graph.nodes:
        if isinstance(node.layer, Scale):
            nodes = _folded(nodes, node.name)
    return LayerGraph(graph.name, graph.input_shape, nodes)


def _folded(nodes: list[Node], name: str) -> list[Node]:
    by_name = {node.name: node for node in nodes}
    node, before = by_name[name], by_name.get(by_name[name].inputs[0])
    scale = node.layer
    assert isinstance(scale, Scale)
    alone = before is not None and len(consumers(nodes, before.name)) == 1
    if before is not None and alone and isinstance(before.layer, Conv2d | Dense) and scale.bias.ndim == 1:
        nodes = with_layer(nodes, before.name, _scaled(before.layer, scale.weight, scale.bias))
        return rewired(nodes, name, before.name)
    after = consumers(nodes, name)
    if len(after) == 1 and isinstance(after[0].layer, Flatten):
        after = consumers(nodes, after[0].name)
    if len(after) == 1 and isinstance(after[0].layer, Dense):
        nodes = with_layer(nodes, after[0].name, _of_scaled(after[0].layer, scale))
        return rewired(nodes, name, node.inputs[0])
    return nodes


def _scaled(layer: Conv2d | Dense, weight: NDArray[np.float32], shift: NDArray[np.float32]) -> Conv2d | Dense:
    """Return a layer whose outputs are scaled."""
    bias = shift if layer.bias is None else layer.bias * weight + shift
    return replace(layer, weight=layer.weight * weight.reshape(-1, *[1] * (layer.weight.ndim - 1)), bias=bias)


def _of_scaled(layer: Dense, scale: Scale) -> Dense:
    """Return a dense layer that does to what has not been scaled what `layer` does to what has."""
    pixels = layer.weight.shape[1] // len(scale.weight)
    weight = layer.weight.astype(np.float64)
    shift = scale.bias.ravel() if scale.bias.ndim == 3 else np.repeat(scale.bias, pixels)
    bias = (0.0 if layer.bias is None else layer.bias) + weight @ shift
    return Dense(weight * np.repeat(scale.weight, pixels), bias)
