"""Layers that scale and shift: batch normalisation, and the same thing without statistics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bioscnn.ann.fields import Array, Shape, freeze, image_shape, single
from bioscnn.errors import UserError


@dataclass(frozen=True, eq=False)
class BatchNorm2d:
    """Batch normalisation with the statistics of the training data.

    .. math:: y = \\gamma (x - mean) / \\sqrt{variance + \\epsilon} + \\beta

    Parameters
    ----------
    gamma, beta, mean, variance : ndarray of float32, shape (channels,)
        Scale, shift, and the mean and variance of the training data.
    epsilon : float
        Added to the variance; kept to single precision, as ONNX stores it.

    Raises
    ------
    UserError
        If a shape is wrong, or ``variance + epsilon`` is not positive.

    References
    ----------
    Ioffe and Szegedy (2015), Batch normalization, arXiv:1502.03167.
    """

    gamma: Array
    beta: Array
    mean: Array
    variance: Array
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        freeze(self, "gamma", 1)
        for name in ("beta", "mean", "variance"):
            freeze(self, name, 1, len(self.gamma))
        object.__setattr__(self, "epsilon", single(self.epsilon))
        if not self.epsilon >= 0 or np.any(self.variance + self.epsilon <= 0):
            raise UserError("variance + epsilon must be positive", key="epsilon", value=self.epsilon)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output, that of the input."""
        channels = image_shape(input_shape, self)[0]
        if channels != len(self.gamma):
            raise UserError(
                f"{channels} channels reach a batch normalisation of {len(self.gamma)}", key="gamma"
            )
        return input_shape

    def forward(self, x: Array) -> Array:
        """Return the normalised x, shape (n, channels, height, width)."""
        gamma, beta, mean, variance = (
            array.astype(x.dtype)[:, None, None]
            for array in (self.gamma, self.beta, self.mean, self.variance)
        )
        out: Array = (x - mean) * (gamma / np.sqrt(variance + x.dtype.type(self.epsilon))) + beta
        return out


@dataclass(frozen=True, eq=False)
class Scale:
    """A factor and a shift for each channel: ``y = weight x + bias``; elements of a vector are channels.

    Parameters
    ----------
    weight : ndarray of float32, shape (channels,)
        The factors.
    bias : ndarray of float32, shape (channels,) or (channels, height, width)
        The shifts; those of an image may differ from pixel to pixel.

    Raises
    ------
    UserError
        If a shape is wrong.
    """

    weight: Array
    bias: Array

    def __post_init__(self) -> None:
        freeze(self, "weight", 1)
        freeze(self, "bias", 3 if np.ndim(self.bias) == 3 else 1, len(self.weight))

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output, that of the input."""
        if input_shape[0] != len(self.weight):
            raise UserError(f"{input_shape[0]} channels reach a scaling of {len(self.weight)}", key="weight")
        if self.bias.ndim == 3 and self.bias.shape != input_shape:
            raise UserError("the shifts do not fit the image", key="bias", value=self.bias.shape)
        return input_shape

    def forward(self, x: Array) -> Array:
        """Return the scaled x, shape (n, channels, ...)."""
        ones = [1] * (x.ndim - 2)
        bias = self.bias if self.bias.ndim == 3 else self.bias.reshape(-1, *ones)
        out: Array = x * self.weight.astype(x.dtype).reshape(-1, *ones) + bias.astype(x.dtype)
        return out
