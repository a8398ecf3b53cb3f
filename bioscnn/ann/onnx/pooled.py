"""Operators that pool: windows, whole images, and means or maxima over axes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from bioscnn.ann.onnx.arithmetic import scaled
from bioscnn.ann.onnx.operation import Operation
from bioscnn.ann.onnx.rectified import by_term
from bioscnn.ann.onnx.values import ZERO, Value, Window
from bioscnn.ann.onnx.weighted import TWO_DIMENSIONS, geometry, image_window, plain_image
from bioscnn.ann.pooling import AveragePool2d, MaxPool2d
from bioscnn.ann.windows import Padding, Pair, window_grid
from bioscnn.errors import UserError


def pool(op: Operation) -> Value:
    """Return average or max pooling."""
    kernel: Pair = tuple(op.attributes["kernel_shape"])
    if len(kernel) != 2:
        raise UserError(
            f"pooling in {len(kernel)} dimensions",
            value=kernel,
            expected="2 dimensions",
            fix=TWO_DIMENSIONS,
        )
    op.refuse_unless("dilations", [1, 1], fix="pool without dilation")
    value = op.value()
    if op.operator == "MaxPool":
        parts = by_term(op, value, lambda term: pool(replace(op, inputs=(term,))))
        if parts is not None:
            return parts
    value, window = image_window(op, value)
    if op.operator == "MaxPool" and any(window.padding):
        beyond = any(zeros >= length for zeros, length in zip(window.padding, kernel * 2, strict=True))
        if beyond or not op.build.never_negative(value.source):
            value, window = plain_image(op, value)
    stride, padding = geometry(op, value.shape, kernel)
    extra = _ceiling(value.shape, kernel, stride, padding) if op.attributes.get("ceil_mode", 0) else (0, 0)
    around: Padding = tuple(a + b for a, b in zip(padding, window.padding, strict=True))  # type: ignore[assignment]
    around = (*around[:2], around[2] + extra[0], around[3] + extra[1])
    if op.operator == "MaxPool":
        # Zeros around what is never negative are never the largest alone.
        return _pooled(op, value, window, MaxPool2d(kernel, stride, around))
    counted = bool(op.attributes.get("count_include_pad", 0))
    if any(window.padding):
        if any(padding) and not counted:
            raise UserError(
                "a mean over padded pixels that counts one padding and not the other",
                fix="use count_include_pad=True",
            )
        counted = True
    if any(extra) and counted:
        raise UserError(
            "ceil_mode adds windows that reach past the padding", value=1, fix="pool with ceil_mode=False"
        )
    return _pooled(op, value, window, AveragePool2d(kernel, stride, around, counted))


def _ceiling(shape: tuple[int, ...], kernel: Pair, stride: Pair, padding: Padding) -> tuple[int, int]:
    """Return the rows and columns that ``ceil_mode`` adds below and on the right, so as to need no more."""
    added = []
    for axis in (0, 1):
        length, before, behind = shape[1 + axis], padding[axis], padding[2 + axis]
        rest = length + before + behind - kernel[axis]
        n = -(-rest // stride[axis]) + 1
        if (n - 1) * stride[axis] >= length + before:  # a window that begins behind the image
            n -= 1
        added.append(max(0, (n - 1) * stride[axis] - rest))
    return added[0], added[1]


def _pooled(op: Operation, value: Value, window: Window, layer: AveragePool2d | MaxPool2d) -> Value:
    """Append a pooling layer, and return the channels of it that are wanted."""
    made = op.build.add(layer, value.source)
    pixels = prod(made.shape[1:])
    own = window.channels[:, None, None] * pixels + np.arange(pixels).reshape(made.shape[1:])
    return made.rearranged(np.where(window.channels[:, None, None] == ZERO, ZERO, own))


def global_pool(op: Operation) -> Value:
    """Return the mean or the largest number of each channel."""
    value = op.value()
    return _over(op, value, list(range(1, len(value.shape))), keep=True)


def reduce(op: Operation) -> Value:
    """Return the mean, the sum or the largest number over the rows or columns of images, or both."""
    value, axes = op.value(), op.axes()
    if not axes:
        if not op.attributes.get("noop_with_empty_axes", 0):
            raise UserError(f"{op.operator} over the whole batch", fix="name the axes: x.mean((2, 3))")
        return value
    return _over(op, value, axes, keep=bool(op.attributes.get("keepdims", 1)))


def _over(op: Operation, value: Value, axes: list[int], keep: bool) -> Value:
    """Pool over axes of an activation that are rows or columns of its source."""
    if "Max" in op.operator:
        parts = by_term(op, value, lambda term: _over(op, term, axes, keep))
        if parts is not None:
            return parts
    kept_axes = [axis for axis in range(len(value.shape)) if axis not in axes]
    rows = value.positions.transpose(kept_axes + axes).reshape(*(value.shape[k] for k in kept_axes), -1)
    window = _window_of(rows, value)
    if window is None and (image := _as_image(op, value, axes)) is not None:
        return _over(op, image, axes, keep)
    if window is None:
        raise UserError(
            f"{op.operator} over axes that are not rows and columns of an image",
            value=[axis + 1 for axis in axes],
            expected="height, width, or both",
            fix="write it as a 1 x 1 convolution if it is over channels; if it is part of a layer "
            "normalisation, use batch normalisation",
        )
    kernel, positions = window
    largest = "Max" in op.operator
    layer = MaxPool2d(kernel, (1, 1)) if largest else AveragePool2d(kernel, (1, 1))
    made = op.build.add(layer, value.source)
    if keep:
        positions = np.expand_dims(positions, tuple(sorted(axes)))
    made = made.rearranged(positions)
    if op.operator == "ReduceSum":
        return scaled(op, made, np.array(float(prod(kernel))), np.zeros(1))
    return made


def _as_image(op: Operation, value: Value, axes: list[int]) -> Value | None:
    """Return the same activation, a cropped or padded image, with an image of its own as its source.

    None if it has one, if no axis is left for the channels, the first or the last, or if no layer makes it.
    """
    channels = next((axis for axis in (0, 2) if axis not in axes), None)
    if len(value.shape) != 3 or channels is None:
        return None
    first = value.rearranged(np.moveaxis(value.positions, channels, 0))
    if first.is_plain and first.shape == first.source_shape:
        return None
    with suppress(UserError):
        image, _ = plain_image(op, first)
        return image.rearranged(np.moveaxis(image.positions, 0, channels))
    return None


def _window_of(rows: Any, value: Value) -> tuple[Pair, Any] | None:
    """Return the window whose places are the rows of positions, and the positions of the results."""
    if len(value.source_shape) != 3 or np.any(rows == ZERO):
        return None
    _, height, width = value.source_shape
    for kernel in ((height, width), (height, 1), (1, width)):
        if rows.shape[-1] != prod(kernel):
            continue
        grid = window_grid((height, width), kernel, (1, 1), (0, 0, 0, 0))
        first = rows.min(axis=-1, keepdims=True)
        channel, y, x = np.unravel_index(first[..., 0], value.source_shape)
        offsets = (np.arange(kernel[0])[:, None] * width + np.arange(kernel[1])).ravel()
        if np.array_equal(np.sort(rows, axis=-1), first + offsets):
            return kernel, (channel * grid[0] + y) * grid[1] + x
    return None
