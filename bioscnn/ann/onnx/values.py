"""Activations of a file, followed element by element through all that only rearranges them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann.fields import Shape
from bioscnn.ann.graph import INPUT, Layer, Node, is_never_negative
from bioscnn.ann.joins import Concat
from bioscnn.ann.linear import Flatten
from bioscnn.ann.room import check_room
from bioscnn.ann.scaling import Scale

Positions = NDArray[np.int64]
ZERO = -1
"""Position of an element that is always zero, as padding is."""


@dataclass(frozen=True, eq=False)
class Value:
    """An activation: where in the output of a layer each of its elements lies.

    A transpose, a reshape or a slice of the activation is the same of its positions. So channels last, which
    Keras exports, becomes channels first by itself, and weights behind a flattened image find their inputs.

    Parameters
    ----------
    source : str
        Name of the node that computes it, or `INPUT`.
    source_shape : tuple of int
        Shape of the output of that node, images as (channels, height, width).
    positions : ndarray of int64
        In the flat output of the source, or `ZERO`; in the shape of the ONNX tensor, without the batch.
    softmax : str
        The softmax that has been dropped before it; empty if there was none.
    whole : bool
        Whether these are whole numbers of an image, with which ONNX computes otherwise.
    rounded : str
        The Cast that has rounded it to half precision, with no weights of half precision since.
    """

    source: str
    source_shape: Shape
    positions: Positions
    softmax: str = ""
    whole: bool = False
    rounded: str = ""

    @property
    def shape(self) -> Shape:
        """Shape of the ONNX tensor, without the batch."""
        return self.positions.shape

    @property
    def is_plain(self) -> bool:
        """Whether the activation is the output of its source, in its order."""
        return self.positions.size == prod(self.source_shape) and bool(
            (self.positions.ravel() == np.arange(self.positions.size)).all()
        )

    def plain_source(self) -> Value:
        """Return the output of the source as it is."""
        return replace(self, positions=np.arange(prod(self.source_shape)).reshape(self.source_shape))

    def rearranged(self, positions: Positions) -> Value:
        """Return the same activation in another arrangement."""
        return replace(self, positions=positions)


@dataclass(frozen=True, eq=False)
class Terms:
    """The parts of an activation that is a sum of rectifiers: ``offset + sum of gain * value``."""

    values: tuple[Value, ...]
    gains: tuple[float | NDArray[np.float64], ...]
    offset: float


@dataclass(frozen=True, eq=False)
class Window:
    """An activation as an image that a window slides over.

    Parameters
    ----------
    channels : ndarray of int64, shape (channels,)
        Which channel of the source each one is, or `ZERO`.
    padding : (int, int, int, int)
        Zeros around the image of the source: top, left, bottom, right.
    """

    channels: NDArray[np.int64]
    padding: tuple[int, int, int, int]


def as_window(value: Value) -> Window | None:
    """Return an activation as whole channels of its source with zeros around; None if it is nothing such."""
    positions = value.positions
    if positions.ndim != 3 or len(value.source_shape) != 3:
        return None
    _, height, width = value.source_shape
    inside = positions != ZERO
    rows, columns = (np.flatnonzero(inside.any(axis=axes)) for axes in ((0, 2), (0, 1)))
    if len(rows) != height or len(columns) != width:
        return None
    top, left = int(rows[0]), int(columns[0])
    first = positions[:, top, left]
    channels = np.where(first == ZERO, ZERO, first // (height * width))
    grid = np.arange(height * width).reshape(height, width)
    whole = np.full_like(positions, ZERO)
    whole[:, top : top + height, left : left + width] = np.where(
        channels[:, None, None] == ZERO, ZERO, channels[:, None, None] * height * width + grid
    )
    if not np.array_equal(whole, positions):
        return None
    bottom, right = positions.shape[1] - top - height, positions.shape[2] - left - width
    return Window(channels, (top, left, bottom, right))


class Builder:
    """The layers that have been read so far.

    Parameters
    ----------
    input_shape : (int, int, int)
        Channels, height and width of an image.
    """

    def __init__(self, input_shape: Shape) -> None:
        self._nodes: dict[str, Node] = {}
        self._never_negative: set[str] = set()
        self._shapes: dict[str, Shape] = {INPUT: input_shape}
        self.input_shape = input_shape
        self.terms: dict[str, Terms] = {}

    def add(self, layer: Layer, *sources: str) -> Value:
        """Append a layer, and return its output."""
        name = f"layer{len(self._nodes)}"
        shape = layer.output_shape(*(self._shapes[source] for source in sources))
        check_room(shape, "the output of the layer")
        self._nodes[name], self._shapes[name] = (node := Node(name, layer, sources)), shape
        if is_never_negative(node, self._never_negative):
            self._never_negative.add(name)
        return Value(name, shape, np.arange(prod(shape)).reshape(shape))

    def node(self, source: str) -> Node | None:
        """Return the node of this name; None for the input of the network."""
        return self._nodes.get(source)

    def never_negative(self, source: str) -> bool:
        """Return whether a node gives activations, or sums or means of them, alone."""
        return source in self._never_negative

    def flat(self, value: Value) -> Value:
        """Return an activation with a vector as its source."""
        if len(value.source_shape) == 1:
            return value
        flat = self.add(Flatten(), value.source)
        return replace(value, source=flat.source, source_shape=flat.source_shape)

    def scaled(self, source: str, weight: NDArray[np.float64], bias: NDArray[np.float64]) -> str:
        """Append a scaling, joined with one before it, and return its name."""
        before = self.node(source)
        if before is not None and isinstance(before.layer, Scale):
            own = before.layer
            ones = [1] * (max(own.bias.ndim, bias.ndim) - 1)
            factor = weight.reshape(-1, *ones) if ones else weight
            shifted = own.bias.reshape(-1, *ones) if own.bias.ndim == 1 else own.bias
            bias = shifted * factor + (bias.reshape(-1, *ones) if bias.ndim == 1 else bias)
            weight, source = own.weight * weight, before.inputs[0]
        return self.add(Scale(weight, bias), source).source

    def concatenated(self, values: Sequence[Value], axis: int) -> Value:
        """Append a concatenation of activations along an axis of theirs, counted without the batch."""
        if len({value.source_shape[1:] for value in values}) > 1 or len(values[0].source_shape) != 3:
            values = [self.flat(value) for value in values]
        joined = self.add(Concat(), *(value.source for value in values))
        starts = np.cumsum([0, *(prod(value.source_shape) for value in values[:-1])])
        moved = [
            np.where(value.positions == ZERO, ZERO, value.positions + start)
            for value, start in zip(values, starts, strict=True)
        ]
        return joined.rearranged(np.concatenate(moved, axis=axis))

    def needed(self, output: str) -> list[Node]:
        """Return the nodes on which an output depends, in order."""
        names = {output}
        for node in reversed(self._nodes.values()):
            if node.name in names:
                names.update(node.inputs)
        return [node for node in self._nodes.values() if node.name in names]
