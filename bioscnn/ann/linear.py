"""Layers with weights: convolution and dense; and flatten, which only renames.

An image is (channels, height, width). Every layer of a trained network knows the shape of its output and
computes it in NumPy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bioscnn.ann.fields import Array, Shape, freeze, freeze_geometry, image_shape
from bioscnn.ann.windows import NO_PADDING, Padding, Pair, window_grid, windows
from bioscnn.errors import UserError


@dataclass(frozen=True, eq=False)
class Conv2d:
    """Convolution, as neural networks use the word: a cross-correlation.

    Parameters
    ----------
    weight : ndarray of float32, shape (channels out, channels in / groups, height, width)
        The kernels, of any size, even ones too.
    bias : ndarray of float32, shape (channels out,), or None
        Added at every pixel.
    stride : (int, int)
        Steps down and across, in pixels.
    padding : (int, int, int, int)
        Zeros added at the top, left, bottom and right, the order of ONNX.
    groups : int
        Number of groups of channels that do not see each other.

    Raises
    ------
    UserError
        If a shape is wrong or `groups` does not divide the channels.
    """

    weight: Array
    bias: Array | None = None
    stride: Pair = (1, 1)
    padding: Padding = NO_PADDING
    groups: int = 1

    def __post_init__(self) -> None:
        freeze(self, "weight", 4)
        channels = len(self.weight)
        if self.bias is not None:
            freeze(self, "bias", 1, channels)
        freeze_geometry(self, stride=2, padding=4)
        if self.groups < 1 or channels % self.groups:
            expected = f"a divisor of the {channels} output channels"
            raise UserError("groups do not fit", key="groups", value=self.groups, expected=expected)

    @property
    def kernel(self) -> Pair:
        """Height and width of the kernels."""
        return self.weight.shape[2], self.weight.shape[3]

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output, (channels, height, width)."""
        channels, height, width = image_shape(input_shape, self)
        expected = self.weight.shape[1] * self.groups
        if channels != expected:
            raise UserError(
                f"{channels} channels reach a convolution of {expected}",
                key="weight",
                value=self.weight.shape,
                expected=f"kernels of {channels} channels, or an input of {expected}",
            )
        return (len(self.weight), *window_grid((height, width), self.kernel, self.stride, self.padding))

    def forward(self, x: Array) -> Array:
        """Return the output, shape (n, *output_shape), for images x, shape (n, *input_shape)."""
        patches = windows(x, self.kernel, self.stride, self.padding)
        n, channels, down, across = patches.shape[:4]
        grouped = patches.reshape(n, self.groups, channels // self.groups, down, across, *self.kernel)
        rows = grouped.transpose(1, 0, 3, 4, 2, 5, 6).reshape(self.groups, n * down * across, -1)
        columns = self.weight.astype(x.dtype, copy=False).reshape(
            self.groups, len(self.weight) // self.groups, -1
        )
        out = (rows @ columns.transpose(0, 2, 1)).reshape(self.groups, n, down, across, -1)
        out = out.transpose(1, 0, 4, 2, 3).reshape(n, len(self.weight), down, across)
        return out if self.bias is None else out + self.bias.astype(x.dtype)[:, None, None]


@dataclass(frozen=True, eq=False)
class Dense:
    """Every input to every output.

    Parameters
    ----------
    weight : ndarray of float32, shape (outputs, inputs)
        The weights.
    bias : ndarray of float32, shape (outputs,), or None
        Added to the outputs.

    Raises
    ------
    UserError
        If a shape is wrong.
    """

    weight: Array
    bias: Array | None = None

    def __post_init__(self) -> None:
        freeze(self, "weight", 2)
        if self.bias is not None:
            freeze(self, "bias", 1, len(self.weight))

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output, (outputs,)."""
        if input_shape != (self.weight.shape[1],):
            fix = "put Flatten before it" if len(input_shape) > 1 else None
            raise UserError(
                f"an input of shape {input_shape} reaches a dense layer of {self.weight.shape[1]} inputs",
                key="weight",
                value=self.weight.shape,
                fix=fix,
            )
        return (len(self.weight),)

    def forward(self, x: Array) -> Array:
        """Return the output, shape (n, outputs), for x of shape (n, inputs)."""
        out: Array = x @ self.weight.astype(x.dtype, copy=False).T
        return out if self.bias is None else out + self.bias.astype(x.dtype)


@dataclass(frozen=True, eq=False)
class Flatten:
    """An image as one vector, in the order channels, rows, columns."""

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output, (elements,)."""
        return (int(np.prod(input_shape)),)

    def forward(self, x: Array) -> Array:
        """Return x, shape (n, ...), as shape (n, elements)."""
        return x.reshape(len(x), -1)
