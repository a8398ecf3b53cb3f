"""Pooling layers: the average and the largest number of every window, channel by channel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bioscnn.ann.fields import Array, Shape, freeze_geometry, image_shape
from bioscnn.ann.windows import NO_PADDING, Padding, Pair, window_grid, windows
from bioscnn.errors import UserError


@dataclass(frozen=True, eq=False)
class _Pool2d:
    """Windows of an image, channel by channel."""

    kernel: Pair
    stride: Pair
    padding: Padding = NO_PADDING

    def __post_init__(self) -> None:
        freeze_geometry(self, kernel=2, stride=2, padding=4)
        if any(p >= k for p, k in zip(self.padding, self.kernel * 2, strict=True)):
            expected = f"less than the kernel {self.kernel}"
            fix = "pad less, or pool with a larger window"
            raise UserError(
                "padding too large", key="padding", value=self.padding, expected=expected, fix=fix
            )

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output, (channels, height, width)."""
        channels, height, width = image_shape(input_shape, self)
        return (channels, *window_grid((height, width), self.kernel, self.stride, self.padding))


@dataclass(frozen=True, eq=False)
class AveragePool2d(_Pool2d):
    """Average of every window, channel by channel.

    Parameters
    ----------
    kernel, stride : (int, int)
        Height and width of the window, and the steps between windows, in pixels.
    padding : (int, int, int, int)
        Pixels added at the top, left, bottom and right, less than the kernel.
    count_include_pad : bool
        Whether padding counts as zeros (True) or is left out of the average (False).

    Raises
    ------
    UserError
        If a number is impossible, or a window could lie in the padding alone.
    """

    count_include_pad: bool = False

    def forward(self, x: Array) -> Array:
        """Return the output, shape (n, *output_shape), for images x, shape (n, *input_shape)."""
        total: Array = windows(x, self.kernel, self.stride, self.padding).sum(axis=(4, 5))
        divisor: Array = np.full(1, self.kernel[0] * self.kernel[1], x.dtype)
        if any(self.padding) and not self.count_include_pad:
            inside = np.ones((1, 1, *x.shape[2:]), x.dtype)
            divisor = windows(inside, self.kernel, self.stride, self.padding).sum(axis=(4, 5))
        return total / divisor


@dataclass(frozen=True, eq=False)
class MaxPool2d(_Pool2d):
    """Largest number of every window, channel by channel.

    Parameters
    ----------
    kernel, stride : (int, int)
        Height and width of the window, and the steps between windows, in pixels.
    padding : (int, int, int, int)
        Pixels added at the top, left, bottom and right, less than the kernel; they are never the largest.

    Raises
    ------
    UserError
        If a number is impossible, or a window could lie in the padding alone.
    """

    def forward(self, x: Array) -> Array:
        """Return the output, shape (n, *output_shape), for images x, shape (n, *input_shape)."""
        largest: Array = windows(x, self.kernel, self.stride, self.padding, fill=-np.inf).max(axis=(4, 5))
        return largest
