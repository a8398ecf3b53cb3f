"""The trained network: layers that take their inputs by name, with checked shapes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from math import prod

import numpy as np

from bioscnn.ann.activations import LIFRate, ReLU
from bioscnn.ann.fields import Array, Shape
from bioscnn.ann.joins import Add, Concat
from bioscnn.ann.linear import Conv2d, Dense, Flatten
from bioscnn.ann.pooling import AveragePool2d, MaxPool2d
from bioscnn.ann.room import check_room
from bioscnn.ann.scaling import BatchNorm2d, Scale
from bioscnn.errors import UserError

Layer = (
    Conv2d | AveragePool2d | MaxPool2d | Dense | Flatten | BatchNorm2d | Scale | Add | Concat | ReLU | LIFRate
)
INPUT = "image"
"""Name by which layers take the input of the network."""

_NUMBERS_AT_ONCE = 2**22


@dataclass(frozen=True, eq=False)
class Node:
    """A layer in its place in a network.

    Parameters
    ----------
    name : str
        Unique in the network.
    layer : Layer
        What is computed.
    inputs : tuple of str
        Names of the nodes that it is computed from, or `INPUT`; several for `Add` and `Concat`.
    """

    name: str
    layer: Layer
    inputs: tuple[str, ...]

    @property
    def activates(self) -> bool:
        """Whether the layer is an activation, which becomes spiking neurons."""
        return isinstance(self.layer, ReLU | LIFRate)


@dataclass(frozen=True, eq=False, init=False)
class LayerGraph:
    """A trained network, from an image to one number per class.

    Parameters
    ----------
    name : str
        What the network is called.
    input_shape : (int, int, int)
        Channels, height and width of an image.
    nodes : sequence of Node or Layer
        In the order of the computation; the last one is the output. A layer without a name takes the output
        of the one before it, so a chain is a sequence of layers.

    Attributes
    ----------
    shapes : tuple of tuple of int
        Shape of the output of every node.

    Raises
    ------
    UserError
        If a layer does not fit on its inputs or holds a number that is not finite, a name is unknown or
        taken, or the output is no vector.

    Examples
    --------
    >>> graph = LayerGraph("tiny", (1, 2, 2), (Flatten(), Dense([[1, 2, 3, 4], [4, 3, 2, 1]])))
    >>> graph.forward(np.ones((1, 1, 2, 2), np.float32))
    array([[10., 10.]], dtype=float32)

    A residual connection:

    >>> nodes = (
    ...     Node("flat", Flatten(), (INPUT,)),
    ...     Node("half", Dense([[0.5, 0.0], [0.0, 0.5]]), ("flat",)),
    ...     Node("sum", Add(), ("half", "flat")),
    ... )
    >>> LayerGraph("residual", (1, 1, 2), nodes).forward(np.array([[[[2, 4]]]], np.float32))
    array([[3., 6.]], dtype=float32)
    """

    name: str
    input_shape: tuple[int, int, int]
    nodes: tuple[Node, ...]
    shapes: tuple[Shape, ...] = field(init=False, repr=False)

    def __init__(self, name: str, input_shape: Sequence[int], nodes: Sequence[Node | Layer]) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "input_shape", tuple(int(length) for length in input_shape))
        object.__setattr__(self, "nodes", _named(nodes))
        if len(self.input_shape) != 3 or min(self.input_shape) < 1:
            raise UserError(
                "not the shape of an image",
                key="input_shape",
                value=self.input_shape,
                expected="(channels, height, width)",
            )
        check_room(self.input_shape, "an image")
        shapes: dict[str, Shape] = {INPUT: self.input_shape}
        for index, node in enumerate(self.nodes):
            where = f"layers[{index}], {type(node.layer).__name__}"
            shapes[node.name] = _checked_output_shape(where, node, shapes)
        object.__setattr__(self, "shapes", tuple(shapes[node.name] for node in self.nodes))
        if len(list(shapes.values())[-1]) != 1:
            raise UserError(
                "the output is not one number per class",
                key="layers",
                value=list(shapes.values())[-1],
                fix="end the network with Flatten and Dense",
            )

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers of the nodes."""
        return tuple(node.layer for node in self.nodes)

    @property
    def is_chain(self) -> bool:
        """Whether every layer takes the output of the one before it."""
        before = (INPUT, *(node.name for node in self.nodes))
        return all(node.inputs == (name,) for node, name in zip(self.nodes, before, strict=False))

    def with_layers(self, layers: Sequence[Layer]) -> LayerGraph:
        """Return the network with other layers in the places of its own."""
        places = zip(self.nodes, layers, strict=True)
        return LayerGraph(self.name, self.input_shape, [Node(n.name, la, n.inputs) for n, la in places])

    def input_shapes(self) -> tuple[tuple[Shape, ...], ...]:
        """Return the shapes of the inputs of every node."""
        shapes = dict(zip((node.name for node in self.nodes), self.shapes, strict=True))
        shapes[INPUT] = self.input_shape
        return tuple(tuple(shapes[name] for name in node.inputs) for node in self.nodes)

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return self.shapes[-1][0]

    def forward(self, x: Array) -> Array:
        """Compute the logits.

        Parameters
        ----------
        x : ndarray of float32 or float64, shape ``(n, *input_shape)``
            Images.

        Returns
        -------
        ndarray of the dtype of `x`, shape (n, n_classes)

        Raises
        ------
        UserError
            If `x` has another shape.
        """
        x, size, logits = self._checked(x), self._at_once(), []
        for k in range(0, len(x), size):
            *_, (_, _, output) = self.each_layer(x[k : k + size])
            logits.append(output)
        return np.concatenate(logits)

    def activations(self, x: Array) -> list[Array]:
        """Compute the output of every layer.

        Parameters
        ----------
        x : ndarray of float32 or float64, shape ``(n, *input_shape)``
            Images.

        Returns
        -------
        list of ndarray of the dtype of `x`, shapes ``(n, *shapes[k])``

        Raises
        ------
        UserError
            If `x` has another shape.
        """
        return list(self.evaluate(x).values())

    def evaluate(
        self, x: Array, compute: Callable[[Node, Sequence[Array]], Array] | None = None
    ) -> dict[str, Array]:
        """Compute the output of every node, by name.

        Parameters
        ----------
        x : ndarray of float32 or float64, shape ``(n, *input_shape)``
            Images.
        compute : callable, optional
            Returns the output of a node for its inputs, in place of ``node.layer.forward``.

        Returns
        -------
        dict of ndarray of the dtype of `x`, shapes ``(n, *shapes[k])``
        """
        return {node.name: after for node, _, after in self.each_layer(x, compute)}

    def each_layer(
        self, x: Array, compute: Callable[[Node, Sequence[Array]], Array] | None = None
    ) -> Iterator[tuple[Node, list[Array], Array]]:
        """Compute layer by layer, and forget what no later layer takes.

        Parameters
        ----------
        x, compute
            As of `evaluate`.

        Yields
        ------
        (Node, list of ndarray, ndarray)
            Each node in its order, its inputs and its output, shapes (n, ...).

        Raises
        ------
        UserError
            If an output is infinite or no number.
        """
        x = self._checked(x)
        size, outputs = self._at_once(), {INPUT: x}
        for index, node in enumerate(self.nodes):
            inputs = [outputs[name] for name in node.inputs]
            batches = ([taken[k : k + size] for taken in inputs] for k in range(0, len(x), size))
            with np.errstate(over="ignore", invalid="ignore"):
                after = np.concatenate(
                    [compute(node, b) if compute else node.layer.forward(*b) for b in batches]
                )
            if not np.isfinite(after).all():
                raise UserError(
                    "the output of a layer is infinite or no number",
                    key=node.name,
                    expected="finite numbers for every image",
                    fix="train again with a smaller learning rate, or scale the weights or the images down",
                )
            yield node, inputs, after
            later = {name for later_node in self.nodes[index + 1 :] for name in later_node.inputs}
            outputs = {
                name: output for name, output in (outputs | {node.name: after}).items() if name in later
            }

    def sha256(self) -> str:
        """Return a fingerprint of what the network computes: input shape, layers, numbers, weights.

        The name does not enter it, and it is the same after writing and reading the network.
        """
        digest = hashlib.sha256(repr(self.input_shape).encode())
        position = {INPUT: -1}
        for index, node in enumerate(self.nodes):
            position[node.name], layer = index, node.layer
            digest.update(type(layer).__name__.encode())
            taken = [position[name] for name in node.inputs]
            if taken != [index - 1]:  # a chain needs no word of it
                digest.update(repr(taken).encode())
            for attribute in fields(layer):
                value = getattr(layer, attribute.name)
                if isinstance(value, np.ndarray):
                    digest.update(f"{attribute.name}{value.shape}".encode())
                    digest.update(value.astype("<f4").tobytes())
                else:
                    digest.update(f"{attribute.name}={value!r}".encode())
        return digest.hexdigest()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LayerGraph):
            return NotImplemented
        return self.name == other.name and self.sha256() == other.sha256()

    def __hash__(self) -> int:
        return hash((self.name, self.sha256()))

    def _checked(self, x: Array) -> Array:
        """Return images of single or double precision, of the shape that the network takes."""
        x = np.asarray(x)
        if x.dtype != np.float64:
            x = x.astype(np.float32, copy=False)
        if x.shape[1:] != self.input_shape or len(x) == 0:
            expected = "(n, " + ", ".join(map(str, self.input_shape)) + "), n >= 1"
            raise UserError(
                f"these are no images for the network {self.name!r}", value=x.shape, expected=expected
            )
        return x

    def _at_once(self) -> int:
        """Return of how many images the patches of the largest layer are held at once."""
        places = zip(self.layers, self.input_shapes(), self.shapes, strict=True)
        largest = max(_numbers(layer, before[0], after) for layer, before, after in places)
        return max(1, _NUMBERS_AT_ONCE // largest)


def _named(nodes: Sequence[Node | Layer]) -> tuple[Node, ...]:
    """Give each layer without a name one, and the output of the layer before it as its input."""
    named: list[Node] = []
    for index, node in enumerate(nodes):
        if not isinstance(node, Node):
            node = Node(f"layer{index}", node, (named[-1].name if named else INPUT,))
        named.append(node)
    return tuple(named)


def _numbers(layer: Layer, input_shape: Shape, output_shape: Shape) -> int:
    """Count the numbers that a layer holds at once for one image."""
    if isinstance(layer, Conv2d):
        return prod(output_shape[1:]) * input_shape[0] * prod(layer.kernel)
    return prod(output_shape)


def is_never_negative(node: Node, known: Collection[str]) -> bool:
    """Return whether a node gives activations, or sums or means of them, alone.

    Parameters
    ----------
    node : Node
        A node of a network.
    known : collection of str
        Names of the nodes before it that do.
    """
    if isinstance(node.layer, AveragePool2d | Flatten | Add | Concat | MaxPool2d):
        return all(source in known for source in node.inputs)
    if isinstance(node.layer, Scale):
        sign = np.all(node.layer.weight >= 0) and np.all(node.layer.bias >= 0)
        return bool(sign) and node.inputs[0] in known
    return node.activates


def require_graph(graph: object) -> None:
    """Refuse what is no network that has been read."""
    if not isinstance(graph, LayerGraph):
        raise UserError(
            "no network that has been read",
            key="graph",
            value=type(graph).__name__,
            expected="a LayerGraph",
            fix="bioscnn.read_network(network) returns one",
        )


def _checked_output_shape(where: str, node: Node, shapes: Mapping[str, Shape]) -> Shape:
    layer = node.layer
    if node.name in shapes:
        raise UserError("two layers have one name", key=where, value=node.name)
    for attribute in fields(layer):
        value = getattr(layer, attribute.name)
        if isinstance(value, np.ndarray) and not np.isfinite(value).all():
            raise UserError(
                f"{np.count_nonzero(~np.isfinite(value))} of {value.size} values are not finite",
                key=f"{where}, {attribute.name}",
                expected="finite numbers",
                fix="train again with a smaller learning rate",
            )
    for name in node.inputs:
        if name not in shapes:
            raise UserError(
                "a layer takes the output of one that does not come before it", key=where, value=name
            )
    if len(node.inputs) < 1 or (len(node.inputs) > 1 and not isinstance(layer, Add | Concat)):
        raise UserError("the layer takes one input", key=where, value=node.inputs)
    inputs = [shapes[name] for name in node.inputs]
    try:
        shape = layer.output_shape(*inputs)
        check_room(shape, "the output of the layer")
        check_room((_numbers(layer, inputs[0], shape),), "what the layer holds at once", itemsize=4)
        return shape
    except UserError as error:
        raise error.but(key=f"{where}, input {', '.join(map(str, inputs))}") from None
