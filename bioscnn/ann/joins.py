"""Layers that join branches: sum, and concatenation of channels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np

from bioscnn.ann.fields import Array, Shape
from bioscnn.errors import UserError


@dataclass(frozen=True, eq=False)
class Add:
    """Sum of inputs of the same shape, such as a residual connection."""

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of the output, that of every input."""
        if len(set(input_shapes)) > 1:
            raise UserError("only equal shapes can be added", value=input_shapes)
        return input_shapes[0]

    def forward(self, *x: Array) -> Array:
        """Return the sum of arrays of the same shape."""
        return reduce(np.add, x)


@dataclass(frozen=True, eq=False)
class Concat:
    """The channels of one input after those of the other; of vectors, the elements."""

    def output_shape(self, *input_shapes: Shape) -> Shape:
        """Return the shape of the output: the sum of the channels, and the size of every input."""
        if len({shape[1:] for shape in input_shapes}) > 1:
            raise UserError("only images of one size can be concatenated", value=input_shapes)
        return (sum(shape[0] for shape in input_shapes), *input_shapes[0][1:])

    def forward(self, *x: Array) -> Array:
        """Return the concatenation of arrays of shape (n, channels, ...)."""
        return np.concatenate(x, axis=1)
