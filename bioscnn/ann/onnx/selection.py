"""An activation that picks from its source becomes a layer of its own, whose weights are 0 and 1."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann.linear import Conv2d, Dense
from bioscnn.ann.onnx.values import ZERO, Builder, Positions, Value
from bioscnn.ann.room import check_room
from bioscnn.ann.windows import windows
from bioscnn.errors import UserError


def in_order(value: Value, build: Builder, image: bool = False) -> Value:
    """Return the same activation as the plain output of a layer, added if it has to be.

    Parameters
    ----------
    value : Value
        The activation.
    build : Builder
        Takes the layer.
    image : bool
        Whether it has to stay an image, (channels, height, width), even of one pixel.

    Raises
    ------
    UserError
        If no convolution or dense layer makes it.
    """
    if value.is_plain and value.shape == value.source_shape:
        return value
    if not image and (value.positions.ndim == 1 or prod(value.shape) == value.shape[0]):
        flat, inputs = value.positions.ravel(), prod(value.source_shape)
        check_room((flat.size, inputs), "a dense layer that rearranges")
        picks = np.zeros((flat.size, inputs))
        not_zero = flat != ZERO
        picks[np.flatnonzero(not_zero), flat[not_zero]] = 1
        return build.add(Dense(picks), build.flat(value).source)
    layer = _picking(value)
    if layer is None:
        raise UserError(
            "activations are rearranged in a way that no layer does",
            value=f"{value.source_shape} to {value.shape}",
            fix="write the rearrangement as a convolution, or leave it out",
        )
    return build.add(layer, value.source)


def _picking(value: Value) -> Conv2d | None:
    """Return the convolution of one tap that picks an image from another; None if there is none."""
    positions = value.positions
    if positions.ndim != 3 or len(value.source_shape) != 3:
        return None
    channels, height, width = value.source_shape
    inside = positions != ZERO
    present = np.flatnonzero(inside.any(axis=(1, 2)))
    if len(present) == 0:
        return None
    channel, y, x = np.unravel_index(np.where(inside, positions, 0), value.source_shape)
    of = np.full(len(positions), ZERO)
    of[present] = [channel[k][inside[k]][0] for k in present]
    k = present[0]
    down = _tap(y[k], inside[k], 0, height)
    across = _tap(x[k], inside[k], 1, width)
    if down is None or across is None:
        return None
    (step_y, top, bottom, tap_y, tall), (step_x, left, right, tap_x, wide) = down, across
    depthwise = np.array_equal(of, np.arange(channels))
    check_room((len(of), 1 if depthwise else channels, tall, wide), "a kernel that rearranges")
    kernel = np.zeros((len(of), 1 if depthwise else channels, tall, wide))
    for out, source in enumerate(of):
        if source != ZERO:
            kernel[out, 0 if depthwise else source, tap_y, tap_x] = 1
    padding = (top, left, bottom, right)
    layer = Conv2d(kernel, None, (step_y, step_x), padding, channels if depthwise else 1)
    picked = _picked(layer, value.source_shape, of, (tap_y, tap_x))
    return layer if np.array_equal(picked, positions) else None


def _tap(
    at: NDArray[np.int64], inside: NDArray[np.bool_], axis: int, length: int
) -> tuple[int, int, int, int, int] | None:
    """Return stride, padding before and behind, tap and size of the window that reads these rows."""
    seen = np.flatnonzero(inside.any(axis=1 - axis))
    across = inside.argmax(axis=1 - axis)[seen]
    rows = at[seen, across] if axis == 0 else at[across, seen]
    step = int(rows[1] - rows[0]) if len(rows) > 1 else 1
    if step < 1:
        return None
    n_out, offset = inside.shape[axis], int(rows[0]) - int(seen[0]) * step
    before, tap = max(-offset, 0), max(offset, 0)
    size = max(tap + 1, length + before - (n_out - 1) * step)
    behind = max(0, (n_out - 1) * step + size - length - before)
    return step, before, behind, tap, size


def _picked(layer: Conv2d, shape: tuple[int, ...], of: Positions, tap: tuple[int, int]) -> Positions:
    """Return the positions that the convolution reads through its one tap."""
    _, height, width = shape
    grid = np.arange(height * width, dtype=np.float64).reshape(1, 1, height, width)
    seen = windows(grid, layer.kernel, layer.stride, layer.padding, fill=ZERO)[0, 0, :, :, tap[0], tap[1]]
    pixels = seen.astype(np.int64)
    moved = of[:, None, None] * height * width + pixels
    return np.where((of[:, None, None] == ZERO) | (pixels == ZERO), ZERO, moved)
