"""Functions of ``keras.ops`` in a functional model, such as ``x + y``, in the operators of ONNX."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann.keras.layer import KerasLayer
from bioscnn.ann.onnx.assembly import ANY_BATCH
from bioscnn.ann.onnx.values import Value
from bioscnn.errors import UserError

Argument = Value | NDArray[Any] | None


def _same(operator: str, **attributes: Any) -> Callable[..., Value]:
    """Return a function that applies an operator of ONNX to the arguments."""
    return lambda layer, *x: layer.apply(operator, *x, **attributes)


def _over(operator: str) -> Callable[..., Value]:
    """Return a function that applies an operator over the axes of the configuration."""

    def apply(layer: KerasLayer, x: Value) -> Value:
        axes = layer.config.get("axis")
        axes = list(range(1, len(x.shape) + 1)) if axes is None else [*np.atleast_1d(axes)]
        return layer.apply(operator, x, axes=axes, keepdims=int(layer.setting("keepdims", False, True)))

    return apply


def _concatenate(layer: KerasLayer, *x: Value) -> Value:
    return layer.apply("Concat", *x, axis=layer.config.get("axis", 0))


def _reshape(layer: KerasLayer, x: Value) -> Value:
    target = [ANY_BATCH if length is None else length for length in layer.config["newshape"]]
    return layer.apply("Reshape", x, np.array(target, np.int64))


def _transpose(layer: KerasLayer, x: Value) -> Value:
    return layer.apply("Transpose", x, perm=list(layer.config["axes"]))


OPERATIONS: Mapping[str, Callable[..., Value]] = {
    "Add": _same("Add"),
    "Subtract": _same("Sub"),
    "Multiply": _same("Mul"),
    "Divide": _same("Div"),
    "TrueDivide": _same("Div"),
    "Negative": _same("Neg"),
    "Maximum": _same("Max"),
    "Relu": _same("Relu"),
    "Relu6": _same("Clip", min=0.0, max=6.0),
    "Mean": _over("ReduceMean"),
    "Sum": _over("ReduceSum"),
    "Max": _over("ReduceMax"),
    "Concatenate": _concatenate,
    "Reshape": _reshape,
    "Transpose": _transpose,
}


def computed(layer: KerasLayer, arguments: Sequence[Argument]) -> Value:
    """Return the result of a function of ``keras.ops`` for its arguments.

    Raises
    ------
    UserError
        If it is not supported.
    """
    if layer.kind not in OPERATIONS:
        raise UserError(
            f"the function keras.ops {layer.kind} is not supported",
            expected="one of " + ", ".join(OPERATIONS),
            fix="write it with these, or with layers",
        )
    return OPERATIONS[layer.kind](layer, *arguments)
