"""Operators become layers one by one, and the last value the logits: what the doors of all formats share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

from bioscnn.ann.graph import LayerGraph
from bioscnn.ann.linear import Conv2d, Dense, Flatten
from bioscnn.ann.onnx.operation import Operation
from bioscnn.ann.onnx.operators import MIXING, OPERATORS, REARRANGING, SOFTMAX
from bioscnn.ann.onnx.refusals import refuse_operator
from bioscnn.ann.onnx.selection import in_order
from bioscnn.ann.onnx.values import Builder, Value
from bioscnn.errors import UserError

ANY_BATCH = 7919
"""Size that stands for a batch of any size while shapes are computed: a prime, which no image has."""
NEWEST_OPSET = 17
"""Version of the operators that the doors of other formats speak."""

_DAMAGE = (
    LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RuntimeError, OSError, StopIteration,
)  # fmt: skip
"""What NumPy, h5py and onnx raise where a file tells them nonsense."""


def applied(op: Operation, where: str) -> list[Value]:
    """Return the outputs of an operator, whose layers have been appended.

    Parameters
    ----------
    op : Operation
        The operator and its inputs, of which one depends on the image at least.
    where : str
        What the operator is called in the file.

    Raises
    ------
    UserError
        If it is not supported.
    """
    softmax = next((value.softmax for value in op.inputs if isinstance(value, Value) and value.softmax), "")
    if softmax and op.operator not in REARRANGING:
        raise UserError(f"a Softmax before it: {softmax}", fix="leave Softmax to the loss")
    if softmax and op.operator in MIXING:
        raise UserError(
            f"other numbers beside those of a Softmax: {softmax}",
            fix="end the network with the logits, and leave Softmax to the loss",
        )
    if op.operator in SOFTMAX:
        return [replace(_before_softmax(op), softmax=where)]
    if op.operator not in OPERATORS:
        refuse_operator(op.operator)
    read = OPERATORS[op.operator](op)
    return [replace(v, softmax=softmax) for v in (read if isinstance(read, list) else [read])]


def _before_softmax(op: Operation) -> Value:
    """Return what a softmax over the classes is applied to, whose largest element is the same."""
    value = op.value()
    axis = op.axis(op.attributes.get("axis", -1 if op.opset >= 13 else 1))
    if value.shape[axis] != prod(value.shape):
        raise UserError(
            "the softmax is not over the classes",
            value=f"axis {axis + 1} of {(op.batch, *value.shape)}",
            fix="leave Softmax to the loss",
        )
    return value


def assembled(path: Path | str, name: str, value: Value, build: Builder, output: str) -> LayerGraph:
    """Return the network that computes a value, its one number per class.

    Parameters
    ----------
    path : path or str
        The file, or what errors call the network.
    name : str
        Name of the network.
    value : Value
        The output.
    build : Builder
        The layers.
    output : str
        Name of the output.

    Raises
    ------
    UserError
        If the value is no vector, or no layer has weights.
    """
    if not any(isinstance(node.layer, Conv2d | Dense) for node in build.needed(value.source)):
        fix = "end the network with a dense layer, as nn.Linear"
        raise UserError("a network without a convolution or dense layer", file=path, fix=fix)
    with located(path, f"output {output!r}"):
        nodes = build.needed(_logits(value, build))
    with located(path, f"graph {name!r}"):
        return LayerGraph(name, build.input_shape, nodes)


def _logits(value: Value, build: Builder) -> str:
    """Return the name of the node that computes one number per class."""
    if max(value.shape, default=1) != prod(value.shape):
        raise UserError(
            "the output is not one number per class",
            value=value.shape,
            fix="end the network with global average pooling, or with Flatten and Linear",
        )
    value = value.rearranged(value.positions.ravel())
    if value.is_plain:
        return value.source if len(value.source_shape) == 1 else build.add(Flatten(), value.source).source
    return in_order(value, build).source


@contextmanager
def located(path: Path | str, where: str) -> Iterator[None]:
    """Add the file and the place in it to what is refused."""
    try:
        yield
    except UserError as error:
        key = where if error.key is None else f"{where}, {error.key}"
        details: dict[str, Any] = {"value": error.value, "expected": error.expected, "fix": error.fix}
        raise UserError(error.problem, file=path, key=key, **details) from None
    except MemoryError:
        raise UserError("larger than the memory of this machine", file=path, key=where) from None
    except _DAMAGE as error:
        problem = f"cannot be read: {str(error) or repr(error)}"
        raise UserError(problem, file=path, key=where, fix="export it again") from None
