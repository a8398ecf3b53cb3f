"""Numbers that a file computes from the size of the batch, which is any: how they depend on it is followed.

A shape holds the size of the batch N beside lengths of the image. What comes of it is computed for one N, and
each number is known to be ``c * N**degree``. Whatever is anything else is unknown, and no layer may use it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann.onnx.assembly import ANY_BATCH
from bioscnn.errors import UserError

_MOVING = {
    "Cast", "Concat", "Flatten", "Gather", "Identity", "Reshape", "Slice", "Split", "Squeeze", "Transpose",
    "Unsqueeze", "Where",
}  # fmt: skip
"""Operators whose outputs are numbers of their inputs."""
_ONE_BY_ONE = {"Add", "Concat", "Div", "Mul", "Sub", "Sum"}
"""Operators that take a constant of the same rank image by image."""
_EXACT = (6, 7)
"""ONNX's whole numbers that a size of a batch fits into: int32 and int64."""
_LONGEST = 64
"""Numbers of a shape; of more, products are not followed."""

Fold = Callable[[Sequence[NDArray[Any] | None]], list[NDArray[Any]]]


@dataclass(frozen=True, eq=False)
class OfBatch:
    """A constant that depends on the size of the batch.

    Parameters
    ----------
    values : ndarray or None
        As they are for a batch of `ANY_BATCH`, or of one where the first axis is the batch; None if unknown.
    degrees : ndarray of int or None
        Each value is a constant whole number times ``N**degree``. None if the first axis is the batch.
    """

    values: NDArray[Any] | None = None
    degrees: NDArray[np.int64] | None = None


def measured(
    operator: str, attributes: Mapping[str, Any], shape: Sequence[int], batch: int | None
) -> NDArray[Any] | OfBatch:
    """Return the Shape or the Size of an activation.

    Parameters
    ----------
    operator : str
        Which of both.
    attributes : mapping
        Of the node: from where to where of the shape.
    shape : sequence of int
        Of the activation, without the batch.
    batch : int or None
        Size of the batch if the file fixes it.
    """
    lengths = np.array([batch or ANY_BATCH, *shape], np.int64)
    degrees = np.array([batch is None, *np.zeros(len(shape))], int)
    if operator == "Size":
        return _told(np.array(lengths.prod()), np.array(degrees.sum()))
    part = slice(attributes.get("start", 0), attributes.get("end"))
    return _told(lengths[part], degrees[part])


def computed(
    node: Any, attributes: Mapping[str, Any], inputs: Sequence[NDArray[Any] | OfBatch | None], fold: Fold
) -> list[NDArray[Any] | OfBatch]:
    """Return the outputs of an operator on constants, of which some may depend on the size of the batch.

    Parameters
    ----------
    node : onnx.NodeProto
        The operator.
    attributes : mapping
        Of the node.
    inputs : sequence of ndarray, OfBatch or None
        Its inputs.
    fold : callable
        Computes the outputs of the node for other inputs.
    """
    if not any(isinstance(value, OfBatch) for value in inputs):
        return [*fold([value for value in inputs if not isinstance(value, OfBatch)])]
    unknown: list[NDArray[Any] | OfBatch] = [OfBatch()] * len(node.output)
    known = [
        OfBatch(v, np.zeros(v.shape, int)) if v is not None and not isinstance(v, OfBatch) else v
        for v in inputs
    ]
    if any(v is not None and (v.values is None or v.degrees is None) for v in known):
        return unknown
    values = [None if v is None else v.values for v in known]
    degrees = [np.zeros(0, int) if v is None or v.degrees is None else v.degrees for v in known]
    depends = [bool(d.any()) for d in degrees]
    operator = node.op_type
    if operator in ("Shape", "Size"):
        return [*fold(values)]
    if operator in ("ConstantOfShape", "Expand") and not any(depends[:-1]):
        return _for_each_image(values, degrees[-1], fold) or unknown
    if operator == "Equal" and _same_for_all(values, degrees):
        return [*fold(values)]
    if any(v is not None and v.dtype.kind != "i" for v, own in zip(values, depends, strict=True) if own):
        return unknown
    if operator in _MOVING:
        data = {"Concat": range(len(inputs)), "Where": (1, 2)}.get(operator, (0,))
        to = attributes.get("to", _EXACT[0])
        if to not in _EXACT or any(own for k, own in enumerate(depends) if k not in data):
            return unknown
        moved = [
            d.astype(v.dtype) if k in data and v is not None else v
            for k, (v, d) in enumerate(zip(values, degrees, strict=True))
        ]
        made = fold(values)
        if operator == "Cast":
            return [_told(made[0], degrees[0])] if np.all(made[0] == values[0]) else unknown
        return [_told(v, d.astype(int)) for v, d in zip(made, fold(moved), strict=True)]
    if operator == "ReduceProd" and not any(depends[1:]):
        made, degree = fold(values), degrees[0].sum()
        factors = [int(v) for v in np.ravel(values[0])] if values[0] is not None else []
        if made[0].size == 1 and prod(factors) == int(made[0].item()):
            return [_told(made[0], np.full(made[0].shape, degree))]
    if operator in ("Mul", "Div") and len(values) == 2 and values[0] is not None and values[1] is not None:
        return _product(operator, values[0], values[1], degrees[0], degrees[1], fold) or unknown
    return unknown


def _told(values: NDArray[Any], degrees: NDArray[np.int64]) -> NDArray[Any] | OfBatch:
    """Return a constant, with how it depends on the batch if it does."""
    return OfBatch(values, degrees) if degrees.any() else values


def _for_each_image(
    values: Sequence[NDArray[Any] | None], degrees: NDArray[np.int64], fold: Fold
) -> list[NDArray[Any] | OfBatch]:
    """Return the same numbers for each image, whose shape is the last input; empty if they are not that."""
    *data, shape = values
    filled = [v.shape for v in data if v is not None]
    if shape is None or not _is_batch_first(shape, degrees) or any(len(s) > len(shape) for s in filled):
        return []
    if any(len(s) == len(shape) and s[0] != 1 for s in filled):
        return []
    one = np.concatenate([np.ones(1, shape.dtype), shape[1:]])
    return [OfBatch(v) for v in fold([*data, one])]


def _is_batch_first(shape: NDArray[Any], degrees: NDArray[np.int64]) -> bool:
    """Return whether a shape is the size of the batch, and behind it lengths that do not depend on it."""
    return bool(shape.ndim == 1 and shape[0] == ANY_BATCH and degrees[0] == 1 and not degrees[1:].any())


def _same_for_all(values: Sequence[NDArray[Any] | None], degrees: Sequence[NDArray[np.int64]]) -> bool:
    """Return whether what depends on the batch, which is positive, is compared with what is not."""
    first, second = values
    if first is None or second is None or first.dtype.kind != "i":
        return False
    apart = ((degrees[0] > 0) & (first > 0) & (second <= 0)) | (
        (degrees[1] > 0) & (second > 0) & (first <= 0)
    )
    return bool(np.all(apart | ((degrees[0] == 0) & (degrees[1] == 0))))


def _product(
    operator: str,
    first: NDArray[Any],
    second: NDArray[Any],
    degree: NDArray[np.int64],
    other: NDArray[np.int64],
    fold: Fold,
) -> list[NDArray[Any] | OfBatch]:
    """Return products or quotients of whole numbers; empty if they are not constants times a power of N."""
    if first.dtype.kind != "i" or (operator == "Div" and np.any(second <= 0)):
        return []
    (made,) = fold([first, second])
    if made.size > _LONGEST:
        return []
    pairs = np.broadcast(first, second, degree, other, made)
    for a, b, d, e, result in pairs:
        a, b, d, e, result = (int(number) for number in (a, b, d, e, result))
        if operator == "Mul":
            if a * b != result:
                return []
        elif d < e or a < 0 or (d > e and (a // ANY_BATCH**d) % (b // ANY_BATCH**e)):
            return []
    return [_told(made, np.asarray(degree + other if operator == "Mul" else degree - other))]


def usable(value: NDArray[Any] | OfBatch | None, operator: str, index: int, rank: int) -> NDArray[Any] | None:
    """Return a constant that an operator on activations takes, which means the same whatever the batch.

    Parameters
    ----------
    value : ndarray, OfBatch or None
        The constant.
    operator : str
        The operator.
    index : int
        Which of its inputs the constant is.
    rank : int
        Number of axes of the activation, with the batch.

    Raises
    ------
    UserError
        If the operator would compute with the size of the batch.
    """
    if not isinstance(value, OfBatch):
        return value
    if value.values is not None:
        if value.degrees is None:
            fits = operator in _ONE_BY_ONE and value.values.ndim == rank
        else:
            fits = (
                operator in ("Reshape", "Expand")
                and index == 1
                and _is_batch_first(value.values, value.degrees)
            )
            fits = fits and (operator == "Reshape" or value.values.size == rank)
        if fits:
            return value.values
    raise UserError(
        f"{operator} computes with the size of the batch, which is any",
        expected="the size of the batch as the first length of a shape, or not at all",
        fix="leave out what computes with x.shape[0], or export with a batch of a fixed size",
    )
