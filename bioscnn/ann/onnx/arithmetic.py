"""Operators on numbers: constants become scalings, activations are added."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann.joins import Add
from bioscnn.ann.linear import Conv2d, Dense
from bioscnn.ann.onnx.operation import Operation, real
from bioscnn.ann.onnx.selection import in_order
from bioscnn.ann.onnx.values import ZERO, Value
from bioscnn.errors import UserError


def scaled(op: Operation, value: Value, weight: NDArray[np.float64], bias: NDArray[np.float64]) -> Value:
    """Return ``weight * value + bias``, of constants that broadcast to the activation."""
    if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
        raise UserError("a constant is not finite", expected="finite numbers", fix="export it again")
    weight, bias = (_without_batch(part, value) for part in (weight, bias))
    if np.any(bias[value.positions == ZERO]):
        raise UserError(
            "a constant is added to the padding", fix="add it before the image is padded, or as a bias behind"
        )
    factors, shifts = _spread(value, weight, 1.0), _spread(value, bias, 0.0)
    if len(value.source_shape) == 3:
        # One factor for each channel, or the image has to be a vector.
        if np.ptp(factors, axis=1).any():
            value = op.build.flat(value)
            return replace(value, source=op.build.scaled(value.source, factors.ravel(), shifts.ravel()))
        by_pixel = np.ptp(shifts, axis=1).any()
        shifts = shifts.reshape(value.source_shape) if by_pixel else shifts[:, 0]
    else:
        factors, shifts = factors.reshape(-1, 1), shifts.ravel()
    return replace(value, source=op.build.scaled(value.source, factors[:, 0], shifts))


def _without_batch(constant: NDArray[np.float64], value: Value) -> NDArray[np.float64]:
    """Return a constant in the shape of an activation."""
    rank = len(value.shape)
    try:
        if constant.ndim > rank:
            constant = constant.reshape(constant.shape[constant.ndim - rank :])
        return np.broadcast_to(constant, value.shape)
    except ValueError:
        raise UserError(
            "the constant does not fit the activation",
            value=constant.shape,
            expected=f"a shape that broadcasts to {value.shape}, the same for all images",
            fix="give one constant for each channel, shape (channels, 1, 1), or one number",
        ) from None


def spread(value: Value, constant: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Return a constant that broadcasts to an activation, in the shape of its source."""
    everywhere = _spread(value, _without_batch(np.asarray(constant, np.float64), value), 0.0)
    return everywhere.reshape(value.source_shape)


def _spread(value: Value, constant: NDArray[np.float64], default: float) -> NDArray[np.float64]:
    """Return a constant for every element of the source, shape (channels, pixels)."""
    not_zero = value.positions != ZERO
    everywhere = np.full(int(np.prod(value.source_shape)), default)
    everywhere[value.positions[not_zero]] = constant[not_zero]
    if not np.array_equal(everywhere[value.positions[not_zero]], constant[not_zero]):
        raise UserError(
            "copies of an activation are scaled differently",
            fix="scale it by a convolution, which copies too",
        )
    return everywhere.reshape(value.source_shape[0], -1)


def constant_of(op: Operation) -> tuple[Value, NDArray[np.float64], bool] | None:
    """Return the activation and the constant of two inputs, and whether the constant is the first."""
    first, second = op.inputs[:2]
    if isinstance(first, Value) and second is not None and not isinstance(second, Value):
        return first, real(second, "the constant"), False
    if isinstance(second, Value) and first is not None and not isinstance(first, Value):
        return second, real(first, "the constant"), True
    return None


def add(op: Operation) -> Value:
    """Return the sum of two activations, or of one and a constant."""
    operands = constant_of(op)
    if operands is None:
        return _sum(op, op.value(0), op.value(1))
    value, constant, _ = operands
    return _shifted(op, value, constant)


def sum_(op: Operation) -> Value:
    """Return the sum of any number of activations and constants."""
    values = [value for value in op.inputs if isinstance(value, Value)]
    total = values[0]
    for value in values[1:]:
        total = _sum(op, total, value)
    for constant in op.inputs:
        if constant is not None and not isinstance(constant, Value):
            total = _shifted(op, total, real(constant, "the constant"))
    return total


def subtract(op: Operation) -> Value:
    """Return the difference of two activations, or of one and a constant."""
    operands = constant_of(op)
    if operands is None:
        return _sum(op, op.value(0), _times(op, op.value(1), np.array(-1.0)))
    value, constant, first = operands
    return (
        _shifted(op, _times(op, value, np.array(-1.0)), constant) if first else _shifted(op, value, -constant)
    )


def multiply(op: Operation) -> Value:
    """Return an activation times a constant."""
    operands = constant_of(op)
    if operands is None:
        raise UserError(
            "two activations are multiplied",
            fix="leave out the gate (attention, squeeze-and-excitation, Swish): rates only add",
        )
    return _times(op, operands[0], operands[1])


def divide(op: Operation) -> Value:
    """Return an activation over a constant."""
    operands = constant_of(op)
    if operands is None or operands[2]:
        raise UserError("an activation is the divisor", fix="leave out the normalisation by activations")
    if not np.all(operands[1]):
        raise UserError("a division by zero", value=0.0, fix="train or export it again")
    return _times(op, operands[0], 1 / operands[1])


def negate(op: Operation) -> Value:
    """Return minus the activation."""
    return _times(op, op.value(), np.array(-1.0))


def _times(op: Operation, value: Value, factor: NDArray[np.float64]) -> Value:
    return scaled(op, value, factor, np.zeros(1))


def _shifted(op: Operation, value: Value, shift: NDArray[np.float64]) -> Value:
    """Add a constant; to a convolution or a dense layer as its bias."""
    before = op.build.node(value.source)
    if (
        before is not None
        and isinstance(before.layer, Conv2d | Dense)
        and not np.any(value.positions == ZERO)
    ):
        spread = _spread(value, _without_batch(shift, value), 0.0)
        if not np.ptp(spread, axis=1).any():
            own = 0.0 if before.layer.bias is None else before.layer.bias
            biased = op.build.add(replace(before.layer, bias=own + spread[:, 0]), *before.inputs)
            return replace(value, source=biased.source)
    return scaled(op, value, np.ones(1), shift)


def _sum(op: Operation, first: Value, second: Value) -> Value:
    if first.shape != second.shape:
        raise UserError(
            "activations of different shapes are added",
            value=(first.shape, second.shape),
            expected="equal shapes",
            fix="give them one shape: a 1 x 1 convolution changes the number of channels",
        )
    same = first.source_shape == second.source_shape and np.array_equal(first.positions, second.positions)
    if not same:
        first, second = in_order(first, op.build), in_order(second, op.build)
    joined = op.build.add(Add(), first.source, second.source)
    return joined.rearranged(first.positions)
