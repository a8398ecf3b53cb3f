"""Operators with weights: convolutions, matrix products, batch normalisation."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann.linear import Conv2d, Dense
from bioscnn.ann.onnx.arithmetic import scaled
from bioscnn.ann.onnx.operation import Operation
from bioscnn.ann.onnx.selection import in_order
from bioscnn.ann.onnx.values import ZERO, Value, Window, as_window
from bioscnn.ann.room import check_room
from bioscnn.ann.scaling import BatchNorm2d
from bioscnn.ann.windows import NO_PADDING, Padding, Pair
from bioscnn.errors import UserError

TWO_DIMENSIONS = "use images: what has one dimension becomes an image of one row, with kernels of (1, k)"


def conv(op: Operation) -> Value:
    """Return a convolution; dilated kernels are filled with zeros, and zeros around the image are padding."""
    kernel, value = op.weights(1, "the kernel"), op.value()
    if kernel.ndim != 4:
        raise UserError(
            f"a convolution in {kernel.ndim - 2} dimensions",
            value=kernel.shape,
            expected="2 dimensions",
            fix=TWO_DIMENSIONS,
        )
    op.refuse_unless("kernel_shape", list(kernel.shape[2:]))
    kernel = _dilated(kernel, op.attributes.get("dilations", [1, 1]))
    size: Pair = (kernel.shape[2], kernel.shape[3])
    bias = None if op.optional(2, "the bias") is None else op.weights(2, "the bias")
    groups = op.attributes.get("group", 1)
    value, window = image_window(op, value)
    stride, padding = geometry(op, value.shape, size)
    if not np.array_equal(window.channels, np.arange(value.source_shape[0])):
        kernel = _among(_ungrouped(kernel, groups), window.channels, value.source_shape[0])
        groups = 1
    around: Padding = tuple(a + b for a, b in zip(padding, window.padding, strict=True))  # type: ignore[assignment]
    return op.build.add(Conv2d(kernel, bias, stride, around, groups), value.source)


def image_window(op: Operation, value: Value) -> tuple[Value, Window]:
    """Return an activation as an image that a window slides over, with what of it is padding.

    Raises
    ------
    UserError
        If it is no image, and no convolution makes it from one.
    """
    window = as_window(value)
    if window is None:
        return plain_image(op, value)
    return value, window


def plain_image(op: Operation, value: Value) -> tuple[Value, Window]:
    """Return an image in its order, its zeros computed by a convolution; errors as of `image_window`."""
    if len(value.shape) != 3:
        raise UserError(
            f"{op.operator} needs an image",
            value=value.shape,
            expected="(channels, height, width)",
            fix="leave out what flattens the image before it",
        )
    value = in_order(value, op.build, image=True)
    return value, Window(np.arange(value.shape[0]), NO_PADDING)


def geometry(op: Operation, shape: tuple[int, ...], kernel: Pair) -> tuple[Pair, Padding]:
    """Return stride and padding, with ``auto_pad`` resolved on an image of this shape."""
    op.refuse_unless("auto_pad", "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")
    stride: Pair = tuple(op.attributes.get("strides", (1, 1)))
    mode = op.attributes.get("auto_pad", "NOTSET")
    if mode == "NOTSET":
        return stride, tuple(op.attributes.get("pads", (0, 0, 0, 0)))
    if mode == "VALID":
        return stride, (0, 0, 0, 0)
    total = [
        (-(-length // step) - 1) * step + width - length
        for length, step, width in zip(shape[1:], stride, kernel, strict=True)
    ]
    if min(total) < 0 and op.operator != "Conv":
        raise UserError(
            f"{mode} of windows that leave pixels out, which runtimes place differently",
            key="auto_pad",
            value=f"stride {stride}, window {kernel}, image {shape[1:]}",
            fix="export it again with pads in place of auto_pad",
        )
    total = [max(amount, 0) for amount in total]
    half = [amount // 2 for amount in total]
    rest = [amount - amount // 2 for amount in total]
    first, last = (half, rest) if mode == "SAME_UPPER" else (rest, half)
    return stride, (first[0], first[1], last[0], last[1])


def _dilated(kernel: NDArray[np.float64], dilations: list[int]) -> NDArray[np.float64]:
    """Return a kernel with zeros between its taps, which does the same without dilation."""
    size = [(length - 1) * step + 1 for length, step in zip(kernel.shape[2:], dilations, strict=True)]
    check_room((*kernel.shape[:2], *size), "the dilated kernel")
    filled = np.zeros((*kernel.shape[:2], *size))
    filled[:, :, :: dilations[0], :: dilations[1]] = kernel
    return filled


def _ungrouped(kernel: NDArray[np.float64], groups: int) -> NDArray[np.float64]:
    """Return the kernel of one group that does the same, with zeros between the groups."""
    out, own = len(kernel) // groups, kernel.shape[1]
    check_room((len(kernel), own * groups, *kernel.shape[2:]), "the kernel of all groups")
    full = np.zeros((len(kernel), own * groups, *kernel.shape[2:]))
    for g in range(groups):
        full[g * out : (g + 1) * out, g * own : (g + 1) * own] = kernel[g * out : (g + 1) * out]
    return full


def _among(kernel: NDArray[np.float64], of: NDArray[np.int64], channels: int) -> NDArray[np.float64]:
    """Return a kernel for all channels of a source, of which it sees some."""
    check_room((len(kernel), channels, *kernel.shape[2:]), "the kernel of all channels")
    full = np.zeros((len(kernel), channels, *kernel.shape[2:]))
    not_zero = of != ZERO
    for channel, own in zip(of[not_zero], kernel[:, not_zero].swapaxes(0, 1), strict=True):
        full[:, channel] += own
    return full


def gemm(op: Operation) -> Value:
    """Return a dense layer."""
    op.refuse_unless("transA", 0)
    weight = op.weights(1, "the weight matrix")
    weight = weight if op.attributes.get("transB", 0) else weight.T
    bias = None
    if op.optional(2, "the bias") is not None:
        bias = op.weights(2, "the bias") * op.attributes.get("beta", 1.0)
        if bias.size not in (1, len(weight)) or (bias.ndim == 2 and len(bias) > 1):
            raise UserError(
                "the bias differs from image to image",
                value=bias.shape,
                expected=f"shape ({len(weight)},)",
                fix="add one bias for all images, as nn.Linear does",
            )
        bias = np.broadcast_to(bias.ravel(), len(weight))
    return _dense(op, weight * op.attributes.get("alpha", 1.0), bias)


def matmul(op: Operation) -> Value:
    """Return a dense layer without bias."""
    weight = op.weights(1, "the weight matrix")
    if weight.ndim != 2:
        raise UserError(
            "the weight matrix has not two axes", value=weight.shape, fix="use nn.Linear behind nn.Flatten"
        )
    return _dense(op, weight.T, None)


def _dense(op: Operation, weight: NDArray[np.float64], bias: NDArray[np.float64] | None) -> Value:
    value = op.value()
    if not value.shape or value.shape[-1] != prod(value.shape):
        raise UserError(
            f"{op.operator} works on each row of an activation",
            value=value.shape,
            expected="a vector for each image",
            fix="use torch.flatten(x, 1) before it",
        )
    if value.shape[-1] != weight.shape[1]:
        raise UserError(
            f"{value.shape[-1]} inputs reach a dense layer of {weight.shape[1]}",
            value=value.shape,
            fix="export it again",
        )
    flat = op.build.flat(value)
    if not value.is_plain:
        where, not_zero = value.positions.ravel(), value.positions.ravel() != ZERO
        full = np.zeros((flat.source_shape[0], len(weight)))
        np.add.at(full, where[not_zero], weight[:, not_zero].T)
        weight = full.T
    made = op.build.add(Dense(weight, bias), flat.source)
    return made.rearranged(made.positions.reshape(*value.shape[:-1], len(weight)))


def batch_normalisation(op: Operation) -> Value:
    """Return batch normalisation with the statistics of the training data."""
    fix = "export with model.eval()"
    op.refuse_unless("training_mode", 0, fix=fix)
    op.refuse_unless("spatial", 1)
    if op.n_outputs > 1:
        raise UserError(
            "batch normalisation in training mode",
            value=f"{op.n_outputs} outputs, the statistics of the batch among them",
            fix=fix,
        )
    value = op.value()
    names = ("the scale", "the shift", "the mean", "the variance")
    gamma, beta, mean, variance = (op.weights(k + 1, name) for k, name in enumerate(names))
    epsilon = op.attributes.get("epsilon", 1e-5)
    if value.is_plain and value.shape == value.source_shape and len(value.shape) == 3:
        return op.build.add(BatchNorm2d(gamma, beta, mean, variance, epsilon), value.source)
    if np.any(variance + epsilon <= 0):
        raise UserError(
            "variance + epsilon must be positive", value=float(variance.min()), fix="train it again"
        )
    weight = gamma / np.sqrt(variance + epsilon)
    along = [-1, *[1] * (len(value.shape) - 1)]
    return scaled(op, value, weight.reshape(along), (beta - mean * weight).reshape(along))
