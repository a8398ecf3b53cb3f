"""Operators that only rearrange: each does to the positions of an activation what it says."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from bioscnn.ann.onnx.operation import Operation
from bioscnn.ann.onnx.values import ZERO, Value
from bioscnn.ann.room import check_room
from bioscnn.errors import UserError

HALF = (10, 16)
"""ONNX's numbers of float16 and bfloat16, to which others are rounded."""
FLOATS = (1, 11, *HALF)
"""Those, float and double."""


def identity(op: Operation) -> Value:
    """Return the activation as it is."""
    return op.value()


def cast(op: Operation) -> Value:
    """Return the activation as it is, if it stays a real number."""
    if op.attributes.get("to") not in FLOATS:
        raise UserError("activations are rounded to whole numbers", fix="export the network without the Cast")
    return op.value()


def refuse_rounded(value: Value) -> None:
    """Refuse what a Cast rounds to half precision if nothing with weights of half precision follows."""
    if value.rounded:
        raise UserError(
            f"activations are rounded to half precision: {value.rounded}",
            expected="one precision for activations and weights",
            fix="export in float32",
        )


def dropout(op: Operation) -> Value:
    """Return the activation as it is, as dropout does outside training."""
    training = op.optional(2, "the training mode")
    if training is not None and training.any():
        raise UserError("dropout in training mode", fix="export with model.eval()")
    return op.value()


def reshape(op: Operation) -> Value:
    """Return the activation in another shape with the same batch."""
    value = op.value()
    target = [int(n) for n in np.ravel(op.setting("shape", 1))]
    before = (op.batch, *value.shape)
    if not op.attributes.get("allowzero", 0):
        target = [before[k] if n == 0 and k < len(before) else n for k, n in enumerate(target)]
    if target.count(-1) == 1:
        elements = prod(n for n in target if n != -1)
        # A batch of one, written into the file, is a batch all the same.
        whole = prod(value.shape) if target[0] == 1 else prod(before)
        target = [whole // elements if n == -1 and elements else n for n in target]
    rest = target[1:]
    if (
        not target
        or prod(rest) != prod(value.shape)
        or target[0] not in (op.batch, 1)
        or min(rest, default=1) < 1
    ):
        raise UserError(
            "the Reshape mixes the images of a batch",
            value=target,
            expected=f"the batch first, then {prod(value.shape)} elements of an image",
            fix="use torch.flatten(x, 1), or x.reshape(x.shape[0], ...)",
        )
    return _in_shape(op, value, rest)


def flatten(op: Operation) -> Value:
    """Return the activation as a vector."""
    value = op.value()
    axis = op.attributes.get("axis", 1)
    axis += 1 + len(value.shape) if axis < 0 else 0
    if prod((op.batch if axis == 0 else 1, *value.shape[: max(axis - 1, 0)])) > 1 or axis > len(value.shape):
        raise UserError(
            "the Flatten keeps something else than the batch",
            value=f"axis {axis} of {1 + len(value.shape)}",
            expected="axis 1",
            fix="use torch.flatten(x, 1)",
        )
    return _in_shape(op, value, [prod(value.shape)])


def _in_shape(op: Operation, value: Value, shape: list[int]) -> Value:
    """Return the activation in another shape; a whole image in its order becomes a vector by a layer."""
    if len(shape) == 1 and value.shape == value.source_shape and value.is_plain:
        value = op.build.flat(value)
    return value.rearranged(value.positions.reshape(shape))


def transpose(op: Operation) -> Value:
    """Return the activation with its axes in another order."""
    value = op.value()
    order = op.attributes.get("perm", list(range(value.positions.ndim, -1, -1)))
    if order[0] != 0:
        fix = (
            "leave the first axis, the batch, where it is in permute and transpose; nn.MultiheadAttention "
            "and recurrent layers move it themselves, and are not read: use a CNN"
        )
        raise UserError("the Transpose moves the batch", value=order, expected="the batch first", fix=fix)
    return value.rearranged(value.positions.transpose([axis - 1 for axis in order[1:]]))


def squeeze(op: Operation) -> Value:
    """Return the activation without some axes of length one."""
    value, axes = op.value(), op.axes()
    if axes is None:
        axes = [axis for axis, length in enumerate(value.shape) if length == 1]
    if any(value.shape[axis] != 1 for axis in axes):
        raise UserError("only an axis of length 1 can be squeezed", value=value.shape)
    return value.rearranged(value.positions.squeeze(tuple(axes)))


def unsqueeze(op: Operation) -> Value:
    """Return the activation with some more axes of length one."""
    value, axes = op.value(), np.atleast_1d(op.setting("axes", 1)).tolist()
    return value.rearranged(np.expand_dims(value.positions, tuple(op.axis(a, extra=len(axes)) for a in axes)))


def slice_(op: Operation) -> Value:
    """Return some equally spaced rows of some axes."""
    value = op.value()
    starts, ends = (np.ravel(op.setting(name, k + 1)).tolist() for k, name in enumerate(("starts", "ends")))
    axes = np.ravel(op.setting("axes", 3, list(range(len(starts))))).tolist()
    steps = np.ravel(op.setting("steps", 4, [1] * len(starts))).tolist()
    cut = [slice(None)] * value.positions.ndim
    rank = 1 + value.positions.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        if axis % rank == 0 and start == 0 and step == 1 and end >= op.batch:
            continue  # all images of the batch
        cut[op.axis(axis)] = slice(start, None if step < 0 and end < -(2**31) else end, step)
    return value.rearranged(value.positions[tuple(cut)])


def gather(op: Operation) -> Value:
    """Return some rows of an axis."""
    value, index = op.value(), op.constant(1, "the index")
    axis = op.axis(op.attributes.get("axis", 0))
    check_room((*value.shape[:axis], index.size, *value.shape[axis + 1 :]), "what is gathered")
    return value.rearranged(np.take(value.positions, index, axis=axis))


def split(op: Operation) -> list[Value]:
    """Return the parts of an activation along an axis."""
    value = op.value()
    axis = op.axis(op.attributes.get("axis", 0))
    sizes = op.setting("split", 1)
    if sizes is None:
        size = -(-value.shape[axis] // op.n_outputs)
        sizes = [min(size, value.shape[axis] - k * size) for k in range(op.n_outputs)]
    parts = np.split(value.positions, np.cumsum(sizes)[:-1], axis=axis)
    return [value.rearranged(part) for part in parts]


def expand(op: Operation) -> Value:
    """Return the activation, unless it is repeated."""
    value, target = op.value(), [int(n) for n in op.constant(1, "the shape")]
    shape = np.broadcast_shapes((op.batch, *value.shape), tuple(target))
    if shape != (op.batch, *value.shape):
        raise UserError("activations are repeated", value=target, expected=f"{value.shape} for each image")
    return value


def pad(op: Operation) -> Value:
    """Return the activation with zeros around it."""
    value = op.value()
    if op.attributes.get("mode", "constant") != "constant":
        raise UserError(
            "padding repeats pixels",
            value=op.attributes["mode"],
            expected="zeros",
            fix="use padding_mode='zeros', or pad the images before the network",
        )
    pads = np.ravel(op.setting("pads", 1)).astype(int).reshape(2, -1)
    axes = op.optional(3, "the axes")
    full = np.zeros((2, 1 + value.positions.ndim), int)
    full[:, range(full.shape[1]) if axes is None else axes] = pads
    filled = op.attributes.get("value", op.optional(2, "the value"))
    if full[:, 0].any():
        raise UserError("the Pad adds images to the batch", value=full.tolist())
    if full.any() and filled is not None and np.ravel(filled)[0] != 0:
        raise UserError(
            "padding with another number than zero",
            value=float(np.ravel(filled)[0]),
            expected="0",
            fix="pad with zeros; before max pooling, give the padding to the pooling layer itself",
        )
    cut = [n + max(a, 0) + max(b, 0) for n, a, b in zip(value.shape, *full[:, 1:], strict=True)]
    check_room(cut, "the padded activation")
    grown = np.pad(value.positions, np.maximum(full[:, 1:], 0).T, constant_values=ZERO)
    cut = [slice(max(-a, 0), n - max(-b, 0)) for (a, b), n in zip(full[:, 1:].T, grown.shape, strict=True)]
    return value.rearranged(grown[tuple(cut)])


def concat(op: Operation) -> Value:
    """Return activations one after the other; zeros among them stay zeros."""
    axis = op.axis(op.attributes["axis"])
    values = [value for value in op.inputs if value is not None]
    for value in values:
        if not isinstance(value, Value) and value.any():
            raise UserError("constants are appended to activations", fix="append zeros, or nothing")
    parts: list[Any] = [value for value in values if isinstance(value, Value)]
    joined = op.build.concatenated(parts, axis)
    if len(parts) == len(values):
        return joined
    position_parts = iter(
        np.split(joined.positions, np.cumsum([p.shape[axis] for p in parts])[:-1], axis=axis)
    )
    pieces = [next(position_parts) if isinstance(v, Value) else np.full(v.shape[1:], ZERO) for v in values]
    return joined.rearranged(np.concatenate(pieces, axis=axis))
