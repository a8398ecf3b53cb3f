"""One operator of an ONNX file, with its inputs: activations and constants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann.onnx.values import Builder, Value
from bioscnn.errors import UserError


@dataclass(frozen=True, eq=False)
class Operation:
    """One node of the file that depends on the image.

    Parameters
    ----------
    operator : str
        The operator, such as ``"Conv"``, or ``"bioscnn.LIFRate"``.
    attributes : mapping
        Plain Python values.
    inputs : tuple of Value, ndarray or None
        Activations and constants; None where an optional one is left out.
    n_outputs : int
        How many outputs are named.
    batch : int
        Size of the batch that the shapes in the file are told for.
    opset : int
        Version of the operators.
    build : Builder
        Takes the layers.
    """

    operator: str
    attributes: Mapping[str, Any]
    inputs: tuple[Value | NDArray[Any] | None, ...]
    n_outputs: int
    batch: int
    opset: int
    build: Builder

    def value(self, index: int = 0) -> Value:
        """Return an input that must be an activation."""
        value = self.inputs[index] if index < len(self.inputs) else None
        if not isinstance(value, Value):
            raise UserError(
                f"input {index + 1} of {self.operator} does not depend on the image",
                fix="leave out what computes with constants alone, or simplify: python -m onnxsim",
            )
        return value

    def constant(self, index: int, name: str) -> NDArray[Any]:
        """Return an input that must be a constant."""
        value = self.optional(index, name)
        if value is None:
            raise UserError(f"{name} is missing", fix="export it again")
        return value

    def optional(self, index: int, name: str) -> NDArray[Any] | None:
        """Return a constant, or None where it is left out."""
        value = self.inputs[index] if index < len(self.inputs) else None
        if isinstance(value, Value):
            raise UserError(
                f"{name} depends on the image", fix="only weights that are fixed after training can be read"
            )
        return value

    def weights(self, index: int, name: str) -> NDArray[np.float64]:
        """Return constant weights."""
        return real(self.constant(index, name), name)

    def setting(self, name: str, index: int, default: Any = None) -> Any:
        """Return what older opsets hold as an attribute and newer ones as a constant input."""
        if name in self.attributes:
            return self.attributes[name]
        value = self.optional(index, name)
        return default if value is None else value.tolist()

    def axes(self, default: list[int] | None = None, index: int = 1) -> list[int] | None:
        """Return the axes that the operator acts on, counted without the batch, which it must leave alone."""
        axes = self.setting("axes", index, default)
        return None if axes is None else [self.axis(axis) for axis in np.atleast_1d(axes)]

    def axis(self, axis: int, extra: int = 0) -> int:
        """Return an axis of the first activation counted without the batch."""
        rank = 1 + self.first_activation().positions.ndim + extra
        if not -rank <= axis < rank or axis % rank == 0:
            raise UserError(
                f"{self.operator} acts across the images of a batch",
                value=f"axis {axis} of {rank}",
                expected="one of the axes behind the first",
                fix="leave the first axis, the batch, as it is",
            )
        return int(axis) % rank - 1

    def first_activation(self) -> Value:
        """Return the first input that is an activation."""
        return next(value for value in self.inputs if isinstance(value, Value))

    def refuse_unless(self, attribute: str, *accepted: Any, fix: str | None = None) -> None:
        """Refuse an attribute that is there with a value not accepted."""
        value = self.attributes.get(attribute, accepted[0])
        if value not in accepted:
            raise UserError(
                f"{attribute} = {value} is not supported",
                value=value,
                expected=f"{attribute} = {accepted[0]}",
                fix=fix,
            )


def real(value: NDArray[Any], name: str) -> NDArray[np.float64]:
    """Return constant numbers in double precision.

    Raises
    ------
    UserError
        If they are no real numbers.
    """
    if value.dtype.kind not in "fiu" and not value.dtype.name.startswith(("bfloat", "float")):
        fix = "export it with weights of float32"
        raise UserError(f"{name} is of type {value.dtype}", expected="real numbers", fix=fix)
    with np.errstate(invalid="ignore"):  # of signalling NaN, which is refused with all that is not finite
        return value.astype(np.float64)
