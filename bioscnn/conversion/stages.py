"""A trained network cut into stages: linear paths, then the activation that becomes spiking neurons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import INPUT, Conv2d, Dense, LayerGraph, LIFRate, MaxPool2d, Node, ReLU
from bioscnn.conversion.paths import Block, Path, centred, joined, through
from bioscnn.conversion.simplify import simplified
from bioscnn.errors import UserError
from bioscnn.network import Connectivity

SOURCE = "input"
"""Name of the population through which the stimulus enters."""

MOST_PATHS = 1000
"""Most linear paths to one value; a network with an activation behind its sums has a few."""


@dataclass(frozen=True, eq=False)
class Stage:
    """What becomes one population.

    Parameters
    ----------
    name : str
        Name of the population, such as ``"conv1"``.
    node : str
        The node of the simplified network whose output it stands for.
    channels : slice
        Channels of that output; a concatenation is several populations.
    layer : ReLU, LIFRate, MaxPool2d or None
        What the neurons do; None for the last stage, whose outputs are the logits.
    block : Block
        What reaches them.
    bias : ndarray of float64, shape (size,)
        What is added to it: the pre-activation for silent populations before it.
    """

    name: str
    node: str
    channels: slice
    layer: ReLU | LIFRate | MaxPool2d | None
    block: Block
    bias: NDArray[np.float64]

    @property
    def activation(self) -> ReLU | LIFRate | None:
        """The activation; None of the logits and of max pooling."""
        return None if isinstance(self.layer, MaxPool2d) else self.layer

    @property
    def is_output(self) -> bool:
        """Whether the outputs are the logits."""
        return self.layer is None

    @property
    def post_shape(self) -> tuple[int, ...]:
        """Shape of the population."""
        return self.layer.output_shape(self.block.shape) if self.layer else self.block.shape

    def connectivities(self) -> dict[str, Connectivity]:
        """Return the connectivity from each population that reaches this one, without biases."""
        return self.block.connectivities()


def stages(graph: LayerGraph) -> tuple[Stage, ...]:
    """Cut a simplified network behind every activation and every max pooling.

    The logits of a ReLU network are centred: their mean over the classes is subtracted. That is the same for
    all classes, so none of them gains on another; and what a membrane or an output neuron shows does not
    depend on where the zero of the logits happens to lie. The logits of a network of LIF rates are currents,
    and their zero has a meaning.

    Raises
    ------
    UserError
        If two activations follow each other without weights between them, max pooling reads what no neurons
        fire, the network ends in an activation, or branches without one make too many paths.
    """
    cut: list[Stage] = []
    values = {INPUT: [Block(graph.input_shape, (Path(SOURCE, graph.input_shape),))]}
    silent = _silent_response(graph)
    numbers: dict[str, int] = {}
    for node in graph.nodes:
        layer, inputs = node.layer, [values[name] for name in node.inputs]
        if not isinstance(layer, ReLU | LIFRate | MaxPool2d):
            values[node.name] = through(layer, inputs)
            _check_paths(values[node.name], node.name)
            continue
        found, start = [], 0
        for block in inputs[0]:
            channels = slice(start, start := start + block.shape[0])
            kind = _kind(graph, node, block)
            numbers[kind] = numbers.get(kind, 0) + 1
            bias = silent[node.inputs[0]][channels].ravel()
            cut.append(Stage(f"{kind}{numbers[kind]}", node.name, channels, layer, block, bias))
            found.append(Block(cut[-1].post_shape, (Path(cut[-1].name, cut[-1].post_shape),)))
        values[node.name] = found
    last = graph.nodes[-1].name
    logits, bias = joined(values[last]), silent[last]
    if logits.kind is None:
        raise UserError(
            "the network ends in an activation; its classes must be the outputs of a linear layer",
            key=graph.name,
            fix="end it with a dense layer (a softmax behind it is dropped on reading)",
        )
    every = slice(0, graph.n_classes)
    if _centres(graph):
        logits, bias = centred(logits), bias - bias.mean()
    cut.append(Stage("output", last, every, None, logits, bias))
    return tuple(cut)


def _check_paths(blocks: list[Block], node: str) -> None:
    """Refuse branches that are added and branch again, which doubles their paths each time."""
    n_paths = sum(len(block.paths) for block in blocks)
    if n_paths > MOST_PATHS:
        raise UserError(
            "too many linear paths come together, and no activation is between their branches",
            key=node,
            value=f"{n_paths:,} paths",
            expected=f"at most {MOST_PATHS:,}",
            fix="put an activation behind the sums of branches, or train fewer of them",
        )


def _centres(graph: LayerGraph) -> bool:
    """Whether the logits are centred."""
    return any(isinstance(layer, ReLU) for layer in graph.layers)


def centred_logits(graph: LayerGraph, logits: NDArray[Any]) -> NDArray[Any]:
    """Return logits, shape (n, n_classes), as the last stage has them."""
    return logits - logits.mean(axis=1, keepdims=True) if _centres(graph) else logits


def _kind(graph: LayerGraph, node: Node, block: Block) -> str:
    """Return the kind of neurons that a block becomes, for their name."""
    if isinstance(node.layer, MaxPool2d):
        if not block.is_activation:
            raise UserError(
                "max pooling reads what no neurons fire",
                key=f"{graph.name}, node {node.name}",
                value=block.kind,
                expected="an activation (ReLU or LIFRate) before max pooling or directly behind it",
                fix="put the activation there; of batch normalisation between them no factor may be negative",
            )
        return "pool"
    if block.kind is None:
        raise UserError(
            "an activation without a weighted layer before it",
            key=f"{graph.name}, {type(node.layer).__name__} behind shape {block.shape}",
            fix="remove it, or put a convolution or a dense layer before it",
        )
    return block.kind


def _silent_response(graph: LayerGraph) -> dict[str, NDArray[np.float64]]:
    """Return the output of every node while all populations and the image are silent, without the batch."""
    found: dict[str, NDArray[np.float64]] = {INPUT: np.zeros(graph.input_shape)}
    for node, shape in zip(graph.nodes, graph.shapes, strict=True):
        inputs = [found[name] for name in node.inputs]
        if node.activates or isinstance(node.layer, MaxPool2d):
            found[node.name] = np.zeros(shape)
        elif isinstance(node.layer, Conv2d | Dense) and not inputs[0].any():
            bias = np.zeros(shape[0]) if node.layer.bias is None else node.layer.bias.astype(np.float64)
            found[node.name] = np.broadcast_to(bias.reshape(-1, *[1] * (len(shape) - 1)), shape)
        else:
            found[node.name] = node.layer.forward(*(value[None] for value in inputs))[0]
    return found


def stage_outputs(
    graph: LayerGraph, images: NDArray[Any]
) -> Iterator[tuple[Stage, NDArray[Any], NDArray[Any]]]:
    """Compute what reaches the neurons of each stage and what leaves it.

    Layers are computed one after the other, for all images, and forgotten when no other needs them: in memory
    are few layers at a time.

    Parameters
    ----------
    graph : LayerGraph
        The trained network.
    images : ndarray of float32 or float64, shape (n, *graph.input_shape)
        Images.

    Yields
    ------
    (Stage, ndarray, ndarray)
        The stage, its pre-activations and its activations, shapes (n, channels, ...); of the last stage twice
        the logits, centred as `stages` says.
    """
    graph = simplified(graph)
    *hidden, output = stages(graph)
    for node, (before, *_), after in graph.each_layer(images):
        for stage in hidden:
            if stage.node == node.name:
                yield stage, before[:, stage.channels], after[:, stage.channels]
    logits = centred_logits(graph, after)
    yield output, logits, logits
