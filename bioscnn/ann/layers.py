"""Linear layers of a trained network: convolution, average pooling, dense, flatten, batch normalisation.

Every layer knows the shape of its output and computes it in NumPy. An image is (channels, height, width).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann.geometry import Padding, Pair, whole_numbers, window_grid, windows
from bioscnn.errors import UserError

Shape = tuple[int, ...]
Array = NDArray[np.floating]
_NO_PADDING: Padding = (0, 0, 0, 0)


def _freeze(layer: object, name: str, ndim: int, length: int | None = None) -> None:
    """Replace a field of a layer by a read-only float32 copy of `ndim` dimensions."""
    array = np.array(getattr(layer, name), dtype=np.float32, order="C")
    if array.ndim != ndim or array.size == 0 or (length is not None and len(array) != length):
        expected = f"{ndim} dimensions, none of them empty"
        if length is not None:
            expected = f"shape ({length},)"
        raise UserError(f"{name} has the wrong shape", key=name, value=array.shape, expected=expected)
    array.setflags(write=False)
    object.__setattr__(layer, name, array)


def _freeze_geometry(layer: object, **lengths: int) -> None:
    """Replace the kernel, stride and padding of a layer by tuples of integers."""
    for name, length in lengths.items():
        least = 0 if name == "padding" else 1
        object.__setattr__(layer, name, whole_numbers(name, getattr(layer, name), length, least))


def _image(shape: Shape, layer: object) -> tuple[int, int, int]:
    if len(shape) != 3:
        raise UserError(
            f"{type(layer).__name__} needs an image",
            value=shape,
            expected="an input of shape (channels, height, width)",
        )
    return shape[0], shape[1], shape[2]


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

    weight: NDArray[np.float32]
    bias: NDArray[np.float32] | None = None
    stride: Pair = (1, 1)
    padding: Padding = _NO_PADDING
    groups: int = 1

    def __post_init__(self) -> None:
        _freeze(self, "weight", 4)
        channels = len(self.weight)
        if self.bias is not None:
            _freeze(self, "bias", 1, channels)
        _freeze_geometry(self, stride=2, padding=4)
        if self.groups < 1 or channels % self.groups:
            expected = f"a divisor of the {channels} output channels"
            raise UserError("groups do not fit", key="groups", value=self.groups, expected=expected)

    @property
    def kernel(self) -> Pair:
        """Height and width of the kernels."""
        return self.weight.shape[2], self.weight.shape[3]

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output, (channels, height, width)."""
        channels, height, width = _image(input_shape, self)
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
        columns = self.weight.astype(x.dtype).reshape(self.groups, len(self.weight) // self.groups, -1)
        out = (rows @ columns.transpose(0, 2, 1)).reshape(self.groups, n, down, across, -1)
        out = out.transpose(1, 0, 4, 2, 3).reshape(n, len(self.weight), down, across)
        return out if self.bias is None else out + self.bias.astype(x.dtype)[:, None, None]


@dataclass(frozen=True, eq=False)
class AveragePool2d:
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

    kernel: Pair
    stride: Pair
    padding: Padding = _NO_PADDING
    count_include_pad: bool = False

    def __post_init__(self) -> None:
        _freeze_geometry(self, kernel=2, stride=2, padding=4)
        if any(p >= k for p, k in zip(self.padding, self.kernel * 2, strict=True)):
            expected = f"less than the kernel {self.kernel}"
            raise UserError("padding too large", key="padding", value=self.padding, expected=expected)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output, (channels, height, width)."""
        channels, height, width = _image(input_shape, self)
        return (channels, *window_grid((height, width), self.kernel, self.stride, self.padding))

    def forward(self, x: Array) -> Array:
        """Return the output, shape (n, *output_shape), for images x, shape (n, *input_shape)."""
        total: Array = windows(x, self.kernel, self.stride, self.padding).sum(axis=(4, 5))
        divisor: Array = np.full(1, self.kernel[0] * self.kernel[1], x.dtype)
        if any(self.padding) and not self.count_include_pad:
            inside = np.ones((1, 1, *x.shape[2:]), x.dtype)
            divisor = windows(inside, self.kernel, self.stride, self.padding).sum(axis=(4, 5))
        return total / divisor


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

    weight: NDArray[np.float32]
    bias: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        _freeze(self, "weight", 2)
        if self.bias is not None:
            _freeze(self, "bias", 1, len(self.weight))

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
        out: Array = x @ self.weight.astype(x.dtype).T
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

    gamma: NDArray[np.float32]
    beta: NDArray[np.float32]
    mean: NDArray[np.float32]
    variance: NDArray[np.float32]
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        _freeze(self, "gamma", 1)
        for name in ("beta", "mean", "variance"):
            _freeze(self, name, 1, len(self.gamma))
        object.__setattr__(self, "epsilon", single(self.epsilon))
        if not self.epsilon >= 0 or np.any(self.variance + self.epsilon <= 0):
            raise UserError("variance + epsilon must be positive", key="epsilon", value=self.epsilon)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output, that of the input."""
        channels = _image(input_shape, self)[0]
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


def single(value: float) -> float:
    """Round to the shortest decimal of the same float32, so that an ONNX file returns the same number.

    Examples
    --------
    >>> single(20e-3)
    0.02
    """
    return float(str(np.float32(value)))
