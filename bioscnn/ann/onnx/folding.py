"""What does not depend on the image is computed once, by ONNX's own reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from math import ceil, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann.onnx.refusals import RANDOM, WITHOUT_CHANCE
from bioscnn.ann.room import check_room
from bioscnn.errors import UserError

_DEQUANTISING = 19
_FOLDED = {
    "Abs", "Add", "And", "ArgMax", "ArgMin", "BatchNormalization", "Cast", "CastLike", "Ceil", "Clip",
    "Concat", "ConstantOfShape", "Cos", "CumSum", "DequantizeLinear", "Div", "Dropout", "Equal", "Erf",
    "Exp", "Expand", "EyeLike", "Flatten", "Floor", "Gather", "GatherElements", "GatherND", "Gemm",
    "Greater", "GreaterOrEqual", "Identity", "IsInf", "IsNaN", "LeakyRelu", "Less", "LessOrEqual", "Log",
    "MatMul", "Max", "Mean", "Min", "Mod", "Mul", "Neg", "NonZero", "Not", "Or", "Pad", "Pow",
    "QuantizeLinear", "Range", "Reciprocal", "ReduceL1", "ReduceL2", "ReduceMax", "ReduceMean",
    "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare", "Relu", "Reshape", "Round",
    "ScatterElements", "ScatterND", "Shape", "Sigmoid", "Sign", "Sin", "Size", "Slice", "Softmax",
    "Split", "Sqrt", "Squeeze", "Sub", "Sum", "Tanh", "Tile", "Transpose", "Trilu", "Unsqueeze", "Where",
    "Xor",
}  # fmt: skip
"""What exporters compute with constants. The reference opens images and runs patterns for others."""
_DRAWN = (*RANDOM, "Bernoulli", "Multinomial")
_SMALL = 1024
"""Constants of at most so many numbers may be shapes."""

_MOST_BYTES = 2**31
"""Of all constants that are computed from others; as many as a file may have."""
_MOST_NUMBERS = 2**33
"""Of all that are computed or multiplied, in some seconds; a network has some hundred million weights."""


class Folding:
    """The constants of one file, which together take a bounded time and memory to compute.

    Parameters
    ----------
    opsets : sequence of onnx.OperatorSetIdProto
        Versions of the operators in the file.
    """

    def __init__(self, opsets: Sequence[Any]) -> None:
        self.opsets = opsets
        self._n_bytes = self._n_numbers = 0

    def folded(self, node: Any, inputs: Sequence[NDArray[Any] | None]) -> list[NDArray[Any]]:
        """Return the outputs of an ONNX node whose inputs are all constants.

        Parameters
        ----------
        node : onnx.NodeProto
            A node without subgraphs.
        inputs : sequence of ndarray or None
            Its inputs; None where an optional one is left out.

        Raises
        ------
        UserError
            If the reference cannot compute the operator, its outputs are random, or the file computes more
            than a network needs or the memory of this machine holds.
        """
        model, feeds = _alone(node, inputs, self.opsets)
        self._add(0, _work(node, [np.asarray(value) for value in inputs if value is not None]))
        made = _run(model, feeds)
        self._add(sum(value.nbytes for value in made), sum(value.size for value in made))
        return made

    def _add(self, n_bytes: int, n_numbers: int) -> None:
        self._n_bytes += n_bytes
        self._n_numbers += n_numbers
        check_room([self._n_bytes], "all that is computed from constants", itemsize=1)
        if self._n_bytes > _MOST_BYTES or self._n_numbers > _MOST_NUMBERS:
            raise UserError(
                "constants whose computation is larger than any network's",
                value=f"{self._n_bytes:,} bytes, {self._n_numbers:,} numbers computed or multiplied",
                expected=f"at most {_MOST_BYTES:,} bytes, {_MOST_NUMBERS:,} numbers",
                fix="simplify the file first: python -m onnxsim network.onnx simpler.onnx",
            )


def _alone(
    node: Any, inputs: Sequence[NDArray[Any] | None], opsets: Sequence[Any]
) -> tuple[Any, dict[str, NDArray[Any]]]:
    """Return a network of one node and its inputs by name, if it is of a kind and size that is computed."""
    from onnx import helper

    if node.op_type in _DRAWN or (node.op_type == "Dropout" and len(inputs) > 2 and np.any(inputs[2])):
        raise UserError(
            f"{node.op_type} draws other numbers in each run",
            fix=WITHOUT_CHANCE,
        )
    if node.domain not in ("", "ai.onnx") or node.op_type not in _FOLDED:
        raise UserError(
            f"{node.op_type} of constants, which is not computed",
            expected="arithmetic, and what changes shapes",
            fix="simplify the file first: python -m onnxsim network.onnx simpler.onnx",
        )
    _check_growth(node.op_type, [np.asarray(value) for value in inputs if value is not None])
    feeds = {name: value for name, value in zip(node.input, inputs, strict=True) if value is not None}
    described = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
        for name, value in feeds.items()
    ]
    outputs = [helper.make_empty_tensor_value_info(name) for name in node.output if name]
    graph = helper.make_graph([node], "constant", described, outputs)
    if node.op_type == "DequantizeLinear":  # the reference begins with version 19, which takes the same
        opsets = [
            helper.make_opsetid("", max(_DEQUANTISING, entry.version)) for entry in opsets if not entry.domain
        ]
    model = helper.make_model(graph, opset_imports=opsets)
    _check_outputs(model, feeds)
    return model, feeds


def _run(model: Any, feeds: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
    """Return the outputs of a network, by ONNX's reference."""
    from onnx.reference import ReferenceEvaluator

    try:
        return [np.asarray(value) for value in ReferenceEvaluator(model).run(None, feeds)]
    except Exception as error:  # whatever an operator raises in the reference
        raise UserError(
            f"ONNX's reference cannot compute this constant: {(str(error) or repr(error)).splitlines()[0]}",
            fix="simplify the file first: python -m onnxsim network.onnx simpler.onnx",
        ) from None


def _work(node: Any, inputs: Sequence[NDArray[Any]]) -> int:
    """Return how many numbers an operator takes, and how many a product of matrices multiplies."""
    numbers = sum(value.size for value in inputs)
    with suppress(IndexError, ValueError):  # shapes that do not fit are for the reference
        if node.op_type == "MatMul":
            first, second = inputs[0].shape, inputs[1].shape
            each = prod(np.broadcast_shapes(first[:-2], second[:-2]))
            numbers += each * prod(first[-2:]) * (second[-1] if len(second) > 1 else 1)
        elif node.op_type == "Gemm":
            transposed = any(entry.name == "transB" and entry.i for entry in node.attribute)
            numbers += inputs[0].size * inputs[1].shape[0 if transposed else 1]
    return numbers


def _check_growth(operator: str, inputs: Sequence[NDArray[Any]]) -> None:
    """Refuse what would be made far larger than its inputs, of whatever type ONNX does not infer a shape."""
    shape: Sequence[int] = ()
    with suppress(TypeError, ValueError, IndexError, ZeroDivisionError, OverflowError):  # for the reference
        if operator == "Range":
            start, limit, delta = (float(value.item()) for value in inputs)
            shape = [ceil((limit - start) / delta)]
        elif operator == "Tile":
            shape = [inputs[0].size, *inputs[1].ravel()]
        elif operator in ("Expand", "ConstantOfShape"):
            shape = [*inputs[-1].ravel()]
        elif operator == "Pad":
            shape = [*(inputs[0].shape + np.abs(inputs[1].reshape(2, -1)).sum(axis=0))]
        shape = [abs(int(length)) for length in shape]
    check_room(shape, "a constant")


def _check_outputs(model: Any, feeds: Mapping[str, NDArray[Any]]) -> None:
    """Refuse constants that do not fit into memory, as far as ONNX can tell their shapes."""
    from onnx import numpy_helper, shape_inference

    small = [numpy_helper.from_array(v, name) for name, v in feeds.items() if v.size <= _SMALL]
    described = type(model)()
    described.CopyFrom(model)
    described.graph.initializer.extend(small)
    try:
        outputs = shape_inference.infer_shapes(described, data_prop=True).graph.output
    except Exception:  # what cannot be inferred is for the reference to judge
        return
    for output in outputs:
        shape = [dimension.dim_value for dimension in output.type.tensor_type.shape.dim]
        check_room(shape, "a constant")
