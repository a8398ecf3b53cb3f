"""A layer graph cut into stages: a linear map, then the activation that becomes spiking neurons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import AveragePool2d, Conv2d, Dense, Flatten, LayerGraph, LIFRate, ReLU
from bioscnn.conversion.simplify import simplified
from bioscnn.errors import UserError
from bioscnn.network import Connectivity, Convolution, Pooling, compose
from bioscnn.network import Dense as AllToAll

Linear = Conv2d | AveragePool2d | Dense | Flatten


@dataclass(frozen=True, eq=False)
class Stage:
    """Linear layers in a row, and the activation behind them.

    Parameters
    ----------
    name : str
        Name of the population that the stage becomes, such as ``"conv1"``.
    pre_shape, post_shape : tuple of int
        Shape before and after.
    layers : tuple of Conv2d, AveragePool2d, Dense, Flatten
        The linear layers.
    activation : ReLU, LIFRate or None
        None for the last stage, whose outputs are the logits.
    """

    name: str
    pre_shape: tuple[int, ...]
    post_shape: tuple[int, ...]
    layers: tuple[Linear, ...]
    activation: ReLU | LIFRate | None

    def connectivity(self) -> Connectivity:
        """Return the linear layers as one connectivity, without their biases."""
        parts: list[Connectivity] = []
        shape = self.pre_shape
        for layer in self.layers:
            after = layer.output_shape(shape)
            if isinstance(layer, Conv2d):
                kernel = layer.weight.astype(np.float64)
                parts.append(Convolution(shape, after, layer.stride, layer.padding, kernel, layer.groups))
            elif isinstance(layer, AveragePool2d):
                gain = np.ones(shape[0])
                parts.append(
                    Pooling(
                        shape, after, layer.stride, layer.padding, layer.kernel, gain, layer.count_include_pad
                    )
                )
            elif isinstance(layer, Dense):
                # Flattening only renames the neurons, so the channels of the image before it stay known.
                before = parts[-1].post_shape if parts else self.pre_shape
                parts.append(AllToAll(before, after, layer.weight.astype(np.float64)))
            shape = after
        return compose(parts)

    def bias(self) -> NDArray[np.float64]:
        """Return what the stage adds to the weighted inputs: its output for an input of zero, flat."""
        x: NDArray[Any] = np.zeros((1, *self.pre_shape))
        for layer in self.layers:
            x = layer.forward(x)
        return x.ravel()


def stages(graph: LayerGraph) -> tuple[Stage, ...]:
    """Cut a simplified network behind every activation.

    Raises
    ------
    UserError
        If two activations follow each other without weights between them, or the network ends in one.
    """
    cut: list[Stage] = []
    linear: list[Linear] = []
    shape = before = tuple(graph.input_shape)
    numbers = {"conv": 0, "dense": 0, "pool": 0}
    for layer, after in zip(graph.layers, graph.shapes, strict=True):
        if isinstance(layer, Conv2d | AveragePool2d | Dense | Flatten):
            linear.append(layer)
        elif isinstance(layer, ReLU | LIFRate):
            kind = _kind(linear)
            if kind is None:
                raise UserError(
                    "an activation without a weighted layer before it",
                    key=f"{graph.name}, {type(layer).__name__} behind shape {shape}",
                    fix="remove it, or put a convolution or a dense layer before it",
                )
            numbers[kind] += 1
            cut.append(Stage(f"{kind}{numbers[kind]}", before, after, tuple(linear), layer))
            linear, before = [], after
        else:
            raise ValueError(f"simplify the network first: it has {type(layer).__name__}")
        shape = after
    if _kind(linear) is None:
        raise UserError(
            "the network ends in an activation; its classes must be the outputs of a linear layer",
            key=graph.name,
            fix="end it with a dense layer (a softmax behind it is dropped on reading)",
        )
    cut.append(Stage("output", before, shape, tuple(linear), None))
    return tuple(cut)


def stage_outputs(
    graph: LayerGraph, images: NDArray[Any]
) -> Iterator[tuple[Stage, NDArray[Any], NDArray[Any]]]:
    """Compute what reaches each activation and what leaves it.

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
        the logits.
    """
    graph = simplified(graph)
    outputs = graph.activations(images)
    ends = [k for k, layer in enumerate(graph.layers) if isinstance(layer, ReLU | LIFRate)]
    for stage, end in zip(stages(graph), [*ends, len(outputs)], strict=True):
        yield stage, outputs[end - 1], outputs[min(end, len(outputs) - 1)]


def _kind(linear: list[Linear]) -> str | None:
    """Name a stage after its last layer that has weights or pools."""
    kinds = {Conv2d: "conv", Dense: "dense", AveragePool2d: "pool"}
    named = [kinds[type(layer)] for layer in linear if type(layer) in kinds]
    weighted = [kind for kind in named if kind != "pool"]
    return next(reversed(weighted or named), None)
