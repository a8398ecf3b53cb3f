"""Read an ONNX file as a layer graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann.graph import INPUT, LayerGraph
from bioscnn.ann.linear import Conv2d, Dense, Flatten
from bioscnn.ann.onnx.file import ImageInput, attributes, constants, image_input, load_model
from bioscnn.ann.onnx.folding import folded
from bioscnn.ann.onnx.operation import Operation
from bioscnn.ann.onnx.operators import OPERATORS, REARRANGING, SOFTMAX
from bioscnn.ann.onnx.refusals import refuse_operator
from bioscnn.ann.onnx.selection import in_order
from bioscnn.ann.onnx.values import Builder, Value
from bioscnn.errors import UserError

ANY_BATCH = 7919
"""Size that stands for a batch of any size while shapes are computed: a prime, which no image has."""

Known = dict[str, Value | NDArray[Any]]


def read_onnx(path: str | Path) -> LayerGraph:
    """Read a trained network from an ONNX file.

    What does not depend on the image is computed; transposes, reshapes, slices, padding and concatenations
    are followed element by element; arithmetic with constants becomes scalings. What remains has to be layers
    that `bioscnn.ann` knows. A Softmax or LogSoftmax over the classes at the end is dropped, because the
    largest stays the largest. Everything else is refused, naming the node; nothing is approximated.

    Parameters
    ----------
    path : path
        The file, of opset 7 or later.

    Returns
    -------
    LayerGraph
        Named as the graph in the file. Images are (channels, height, width), however the file has them.

    Raises
    ------
    UserError
        If the file is missing, damaged or no ONNX file, or holds what is not supported.
    """
    path = Path(path)
    model = load_model(path)
    graph = model.graph
    fixed = constants(path, graph)
    taken = image_input(path, [v for v in graph.input if v.name not in fixed])
    if model.producer_name == "bioscnn":
        taken = [image for image in taken if image.is_plain]
    refusals = []
    for image in taken:
        try:
            return _read(path, model, fixed, image)
        except UserError as error:
            refusals.append(error)
    raise refusals[0]


def _read(path: Path, model: Any, fixed: Mapping[str, NDArray[Any]], image: ImageInput) -> LayerGraph:
    """Read a network that takes images in one order of their axes; errors as of `read_onnx`."""
    graph, shape, build = model.graph, image.shape, Builder(image.shape)
    known: Known = {**fixed, image.name: Value(INPUT, shape, image.positions)}
    for node in graph.node:
        if node.op_type != "Constant":
            with _located(path, node):
                outputs = _outputs(node, known, build, image.batch or ANY_BATCH, model.opset_import)
                known.update(zip(node.output, outputs, strict=False))
    named = [output.name for output in graph.output]
    if len(named) != 1:
        fix = "export the logits alone"
        raise UserError(f"{len(named)} outputs", file=path, value=named, expected="one", fix=fix)
    value = known[named[0]]
    if not isinstance(value, Value):
        raise UserError("the output does not depend on the image", file=path, key=named[0])
    if not any(isinstance(node.layer, Conv2d | Dense) for node in build.needed(value.source)):
        raise UserError("a network without a convolution or dense layer", file=path)
    with _located(path, None, f"output {named[0]!r}"):
        nodes = build.needed(_logits(value, build))
    with _located(path, None, f"graph {graph.name!r}"):
        return LayerGraph(graph.name, shape, nodes)


def _outputs(node: Any, known: Known, build: Builder, batch: int, opsets: Any) -> list[Value | NDArray[Any]]:
    """Return the outputs of a node: constants, or activations whose layers have been appended."""
    operator = f"{node.domain}.{node.op_type}" if node.domain not in ("", "ai.onnx") else node.op_type
    inputs = tuple(known[name] if name else None for name in node.input)
    values = [value for value in inputs if isinstance(value, Value)]
    if operator in ("Shape", "Size") and values:
        shape = np.array([batch, *values[0].shape], np.int64)
        if operator == "Size":
            return [np.array(shape.prod())]
        given = attributes(node)
        return [shape[given.get("start", 0) : given.get("end", None)]]
    if not values:
        subgraph = any(attribute.HasField("g") for attribute in node.attribute)
        if subgraph or not node.input:
            refuse_operator(operator, (*OPERATORS, *SOFTMAX))
        return [*folded(node, [v for v in inputs if not isinstance(v, Value)], opsets)]
    opset = next(entry.version for entry in opsets if entry.domain in ("", "ai.onnx"))
    named = sum(bool(name) for name in node.output)
    op = Operation(operator, attributes(node), inputs, named, batch, opset, build)
    softmax = next((value.softmax for value in values if value.softmax), "")
    if softmax and operator not in REARRANGING:
        raise UserError(f"a Softmax before it: {softmax}", fix="leave Softmax to the loss")
    if operator in SOFTMAX:
        return [replace(_before_softmax(op), softmax=_where(node))]
    if operator not in OPERATORS:
        refuse_operator(operator, (*OPERATORS, *SOFTMAX))
    read = OPERATORS[operator](op)
    return [replace(v, softmax=softmax) for v in (read if isinstance(read, list) else [read])]


def _before_softmax(op: Operation) -> Value:
    """Return what a softmax over the classes is applied to, whose largest element is the same."""
    value = op.value()
    axis = op.axis(op.attributes.get("axis", -1 if op.opset >= 13 else 1))
    if value.shape[axis] != prod(value.shape):
        raise UserError(
            "the softmax is not over the classes", value=f"axis {axis + 1} of {(op.batch, *value.shape)}"
        )
    return value


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


def _where(node: Any) -> str:
    operator = f"{node.domain}.{node.op_type}" if node.domain not in ("", "ai.onnx") else node.op_type
    return f"node {node.name or node.output[0]!r} ({operator})"


@contextmanager
def _located(path: Path, node: Any, where: str = "") -> Iterator[None]:
    """Add the file and the node to what is refused."""
    where = where or _where(node)
    try:
        yield
    except UserError as error:
        key = where if error.key is None else f"{where}, {error.key}"
        details: dict[str, Any] = {"value": error.value, "expected": error.expected, "fix": error.fix}
        raise UserError(error.problem, file=path, key=key, **details) from None
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        problem = f"the node cannot be read: {str(error) or repr(error)}"
        raise UserError(problem, file=path, key=where, fix="check the file with onnx.checker") from None
