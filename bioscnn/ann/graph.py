"""The trained network: a chain of layers with checked shapes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from itertools import pairwise

import numpy as np

from bioscnn.ann.activations import LIFRate, ReLU
from bioscnn.ann.layers import Array, AveragePool2d, BatchNorm2d, Conv2d, Dense, Flatten, Shape
from bioscnn.errors import UserError

Layer = Conv2d | AveragePool2d | Dense | Flatten | BatchNorm2d | ReLU | LIFRate
_NUMBERS_AT_ONCE = 2**22


@dataclass(frozen=True, eq=False)
class LayerGraph:
    """A trained network as a chain of layers, from an image to one number a class.

    Parameters
    ----------
    name : str
        What the network is called.
    input_shape : (int, int, int)
        Channels, height and width of an image.
    layers : tuple of Layer
        In the order of the computation.

    Attributes
    ----------
    shapes : tuple of tuple of int
        Shape of the output of every layer.

    Raises
    ------
    UserError
        If a layer does not fit on the one before it or holds a number that is not finite, or the output
        is no vector.

    Examples
    --------
    >>> graph = LayerGraph("tiny", (1, 2, 2), (Flatten(), Dense([[1, 2, 3, 4], [4, 3, 2, 1]])))
    >>> graph.forward(np.ones((1, 1, 2, 2), np.float32))
    array([[10., 10.]], dtype=float32)
    """

    name: str
    input_shape: tuple[int, int, int]
    layers: tuple[Layer, ...]
    shapes: tuple[Shape, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        object.__setattr__(self, "input_shape", tuple(int(length) for length in self.input_shape))
        if len(self.input_shape) != 3 or min(self.input_shape) < 1:
            raise UserError(
                "not the shape of an image",
                key="input_shape",
                value=self.input_shape,
                expected="(channels, height, width)",
            )
        shapes: list[Shape] = [self.input_shape]
        for index, layer in enumerate(self.layers):
            shapes.append(
                _checked_output_shape(f"layers[{index}], {type(layer).__name__}", layer, shapes[-1])
            )
        if len(shapes[-1]) != 1:
            raise UserError(
                "the output is not one number a class",
                key="layers",
                value=shapes[-1],
                fix="end the network with Flatten and Dense",
            )
        object.__setattr__(self, "shapes", tuple(shapes[1:]))

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return self.shapes[-1][0]

    def forward(self, x: Array) -> Array:
        """Compute the logits.

        Parameters
        ----------
        x : ndarray of float32 or float64, shape (n, *input_shape)
            Images.

        Returns
        -------
        ndarray of the dtype of `x`, shape (n, n_classes)

        Raises
        ------
        UserError
            If `x` has another shape.
        """
        parts = []
        for part in self._in_batches(x):
            for layer in self.layers:
                part = layer.forward(part)
            parts.append(part)
        return np.concatenate(parts)

    def activations(self, x: Array) -> list[Array]:
        """Compute the output of every layer.

        Parameters
        ----------
        x : ndarray of float32 or float64, shape (n, *input_shape)
            Images.

        Returns
        -------
        list of ndarray of the dtype of `x`, shapes (n, *shapes[k])

        Raises
        ------
        UserError
            If `x` has another shape.
        """
        parts = []
        for part in self._in_batches(x):
            outputs = [part]
            for layer in self.layers:
                outputs.append(layer.forward(outputs[-1]))
            parts.append(outputs[1:])
        return [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]

    def sha256(self) -> str:
        """Return a fingerprint of what the network computes: input shape, layers, numbers, weights.

        The name does not enter it, and it is the same after writing and reading the network.
        """
        digest = hashlib.sha256(repr(self.input_shape).encode())
        for layer in self.layers:
            digest.update(type(layer).__name__.encode())
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

    def _in_batches(self, x: Array) -> Iterator[Array]:
        """Cut images into batches small enough for the patches of the largest layer."""
        x = np.asarray(x)
        if x.dtype != np.float64:
            x = x.astype(np.float32)
        if x.shape[1:] != self.input_shape or len(x) == 0:
            expected = "(n, " + ", ".join(map(str, self.input_shape)) + "), n >= 1"
            raise UserError(
                f"these are no images for the network {self.name!r}", value=x.shape, expected=expected
            )
        ends = pairwise((self.input_shape, *self.shapes))
        largest = max(_numbers(layer, *shapes) for layer, shapes in zip(self.layers, ends, strict=True))
        size = max(1, _NUMBERS_AT_ONCE // largest)
        for start in range(0, len(x), size):
            yield x[start : start + size]


def _numbers(layer: Layer, input_shape: Shape, output_shape: Shape) -> int:
    """Count the numbers that a layer holds at once for one image."""
    if isinstance(layer, Conv2d):
        return int(np.prod(output_shape[1:])) * input_shape[0] * int(np.prod(layer.kernel))
    return int(np.prod(output_shape))


def _checked_output_shape(where: str, layer: Layer, input_shape: Shape) -> Shape:
    for attribute in fields(layer):
        value = getattr(layer, attribute.name)
        if isinstance(value, np.ndarray) and not np.isfinite(value).all():
            raise UserError(
                f"{np.count_nonzero(~np.isfinite(value))} of {value.size} values are not finite",
                key=f"{where}, {attribute.name}",
                expected="finite numbers",
                fix="train again with a smaller learning rate",
            )
    try:
        return layer.output_shape(input_shape)
    except UserError as error:
        raise error.but(key=f"{where}, input {input_shape}") from None
