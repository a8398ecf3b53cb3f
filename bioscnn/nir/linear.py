"""The linear nodes of a graph, as connectivity between the places of their inputs and outputs."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann.room import check_room
from bioscnn.ann.windows import window_grid
from bioscnn.errors import UserError
from bioscnn.network import Connectivity, Convolution, Dense, Individual, Pooling
from bioscnn.nir.graph import Graph, Node

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Linear:
    """A linear node between an input and an output of known shapes.

    Parameters
    ----------
    shape : tuple of int
        Of its output, as NIR has it.
    connectivity : Connectivity or None
        None of a node that renames alone.
    bias : ndarray of float64, shape (prod(shape),)
        What it adds.
    """

    shape: Shape
    connectivity: Connectivity | None
    bias: NDArray[np.float64]


def place(shape: Shape) -> Shape:
    """Return a shape as populations have it: (n,) or (channels, height, width)."""
    if len(shape) == 2:
        return shape[0], 1, shape[1]
    return shape if len(shape) in (1, 3) else (prod(shape),)


def without_batch(shape: Shape) -> Shape:
    """Return a shape without the axis of a batch of one, which some exporters leave in."""
    return shape[1:] if len(shape) == 4 and shape[0] == 1 else shape


def linear(graph: Graph, node: Node, before: Shape, at: Shape) -> Linear:
    """Return the linear map of a node for an input.

    Parameters
    ----------
    graph, node : Graph, Node
        The node, of a type without a state.
    before : tuple of int
        Shape of its input, as NIR has it.
    at : tuple of int
        The same as the population, or the last node that did more than to rename, has it.

    Raises
    ------
    UserError
        If the shapes do not fit.
    """
    match node.type:
        case "Affine" | "Linear":
            return _dense(graph, node, before, at)
        case "Conv1d" | "Conv2d":
            return _convolution(graph, node, before)
        case "AvgPool2d" | "SumPool2d":
            return _pooling(graph, node, before)
        case "Scale":
            scale = node.array("scale")
            if scale.size not in (1, prod(before)) or (scale.size > 1 and scale.shape != before):
                raise _misfit(graph, node, before, f"{scale.shape}, that of its scale")
            return Linear(before, one_to_one(at, np.broadcast_to(scale.ravel(), prod(before))), _none(before))
    shape = _flattened(graph, node, before)
    return Linear(shape, None, _none(shape))


def _none(shape: Shape) -> NDArray[np.float64]:
    return np.zeros(prod(shape))


def _misfit(graph: Graph, node: Node, before: Shape, expected: str) -> Exception:
    return graph.refuse("its input has a wrong shape", node.name, value=before, expected=expected)


def _dense(graph: Graph, node: Node, before: Shape, at: Shape) -> Linear:
    weight = node.array("weight")
    if weight.ndim != 2:
        raise graph.refuse(
            "weights that are no matrix", node.name, value=weight.shape, expected="(n_out, n_in)"
        )
    # Frameworks leave a Flatten out, or count its axes with the batch: one order of inputs is possible.
    if prod(before) != weight.shape[1]:
        raise _misfit(graph, node, before, f"{weight.shape[1]} numbers, for weights {weight.shape}")
    after = (weight.shape[0],)
    bias = node.array("bias") if "bias" in node.values else np.zeros(after)
    if bias.shape != after:
        raise graph.refuse("a bias of a wrong shape", node.name, value=bias.shape, expected=str(after))
    return Linear(after, Dense(at, after, weight), bias)


def _pair(graph: Graph, node: Node, field: str, axes: int) -> tuple[int, ...]:
    """Return a field of whole numbers, one for each axis."""
    value = np.ravel(node.values[field])
    if value.size not in (1, axes) or (value != np.rint(value)).any() or (value < 0).any():
        raise graph.refuse(f"{field} is no whole number for each axis", node.name, value=value.tolist())
    return tuple(int(v) for v in np.broadcast_to(value, axes))


def _convolution(graph: Graph, node: Node, before: Shape) -> Linear:
    axes = 1 if node.type == "Conv1d" else 2
    weight = node.array("weight")
    if weight.ndim != 2 + axes or 0 in weight.shape:
        raise graph.refuse("weights that are no kernel", node.name, value=weight.shape)
    groups = int(np.ravel(node.values["groups"])[0])
    if groups < 1 or weight.shape[0] % groups:
        raise graph.refuse("groups do not divide the channels", node.name, value=groups)
    if len(before) != 1 + axes or before[0] != weight.shape[1] * groups:
        channels = weight.shape[1] * groups
        raise _misfit(graph, node, before, f"({channels}, {'length' if axes == 1 else 'height, width'})")
    stride, dilation = (_pair(graph, node, field, axes) for field in ("stride", "dilation"))
    if 0 in stride or 0 in dilation:
        raise graph.refuse("a stride or dilation of 0", node.name, value=(stride, dilation))
    window = tuple((n - 1) * d + 1 for n, d in zip(weight.shape[2:], dilation, strict=True))
    graph.check_room((*weight.shape[:2], *window), "its dilated kernel", node.name)
    if any(d > max(n, 1000) for d, n in zip(dilation, before[1:], strict=True)):
        raise graph.refuse(
            "a dilation larger than its image", node.name, value=dilation, expected=str(before[1:])
        )
    spread = np.zeros((*weight.shape[:2], *window))
    spread[(slice(None), slice(None), *(slice(None, None, d) for d in dilation))] = weight
    word = node.values["padding"] if isinstance(node.values["padding"], str) else None
    if word == "valid":
        around: tuple[int, ...] = (0,) * axes * 2
    elif word == "same":
        if set(stride) != {1}:
            raise graph.refuse('padding "same" has a stride of 1', node.name, value=stride)
        around = tuple((n - 1) // 2 for n in window) + tuple(n - 1 - (n - 1) // 2 for n in window)
    else:
        around = _pair(graph, node, "padding", axes) * 2
    if axes == 1:
        spread, stride, around = spread[:, :, None], (1, *stride), (0, around[0], 0, around[1])
    at = place(before)
    after = _behind(graph, node, (len(weight), *at[1:]), spread.shape[2:], stride, around)
    bias = node.array("bias")
    if bias.shape != (len(weight),):
        raise graph.refuse(
            "a bias of a wrong shape", node.name, value=bias.shape, expected=f"({len(weight)},)"
        )
    shape = after if axes == 2 else (after[0], after[2])
    connectivity = Convolution(at, after, stride, around, spread, groups)  # type: ignore[arg-type]
    return Linear(shape, connectivity, np.repeat(bias, prod(after[1:])))


def _pooling(graph: Graph, node: Node, before: Shape) -> Linear:
    size, stride, padding = (_pair(graph, node, field, 2) for field in ("kernel_size", "stride", "padding"))
    if len(before) != 3:
        raise _misfit(graph, node, before, "(channels, height, width)")
    if 0 in size or 0 in stride:
        raise graph.refuse("a window or stride of 0", node.name, value=(size, stride))
    around = (*padding, *padding)
    after = _behind(graph, node, before, size, stride, around)
    gain = np.full(before[0], float(prod(size)) if node.type == "SumPool2d" else 1.0)
    connectivity = Pooling(before, after, stride, around, size, gain, True)  # type: ignore[arg-type]
    return Linear(after, connectivity, _none(after))


def _behind(
    graph: Graph, node: Node, image: Shape, window: Shape, stride: Shape, around: Shape
) -> tuple[int, int, int]:
    """Return the shape of what windows make of an image, if there is room for it."""
    try:
        height, width = window_grid(image[1:], window, stride, around)  # type: ignore[arg-type]
    except UserError as error:
        raise graph.refuse(error.problem, node.name, value=error.value, expected=error.expected) from None
    graph.check_room((image[0], height, width), "its output", node.name)
    for positions, length in zip((height, width), window, strict=True):
        graph.check_room((positions, length), "the list of its windows", node.name)
    return image[0], height, width


def _flattened(graph: Graph, node: Node, before: Shape) -> Shape:
    """Return the shape behind a Flatten; its axes are those of NIR, without a batch."""
    usual = {"start_dim": 1, "end_dim": -1}
    start, end = (int(np.ravel(node.values.get(field, value))[0]) for field, value in usual.items())
    n = len(before)
    start, end = (axis + n if axis < 0 else axis for axis in (start, end))
    if not 0 <= start < max(n, 2) or not 0 <= end:
        raise graph.refuse("no axes of its input", node.name, value=(start, end), expected=f"0 to {n - 1}")
    end = min(end, n - 1)
    return before if start >= end else (*before[:start], prod(before[start : end + 1]), *before[end + 1 :])


def one_to_one(at: Shape, weight: Any, to: Shape | None = None) -> Connectivity:
    """Return the connectivity of each neuron to the one in its place.

    Parameters
    ----------
    at : tuple of int
        Shape before.
    weight : ndarray of float64, shape (prod(at),)
        A weight for each neuron.
    to : tuple of int, optional
        Shape behind, if it is another one.

    Raises
    ------
    UserError
        If it takes a dense map, and that does not fit into the memory.
    """
    weight, to = np.asarray(weight, np.float64), to or at
    if len(at) == 1 or to != at:
        check_room(
            (4, len(weight), len(weight)), "the map of each neuron to its place, and what comes of it,"
        )
        return Dense(at, to, np.diag(weight))
    channels = weight.reshape(at[0], -1)
    kernel = channels[:, :1].reshape(-1, 1, 1, 1)
    alike = Convolution(at, at, (1, 1), (0, 0, 0, 0), kernel, at[0])
    if (channels == channels[:, :1]).all():
        return alike
    return Individual.of(alike, weight)
