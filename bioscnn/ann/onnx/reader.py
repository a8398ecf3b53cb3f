"""Read an ONNX file as a layer graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann.graph import INPUT, LayerGraph
from bioscnn.ann.onnx.assembly import ANY_BATCH, applied, assembled, located
from bioscnn.ann.onnx.batch import OfBatch, computed, measured, usable
from bioscnn.ann.onnx.file import ImageInput, attributes, constants, image_input, load_model, parsed_model
from bioscnn.ann.onnx.folding import Folding
from bioscnn.ann.onnx.operation import Operation
from bioscnn.ann.onnx.operators import REARRANGING
from bioscnn.ann.onnx.rearranging import FLOATS, HALF, refuse_rounded
from bioscnn.ann.onnx.refusals import NEVER_READ, refuse_operator, refused_products
from bioscnn.ann.onnx.values import Builder, Value
from bioscnn.errors import UserError

Result = Value | NDArray[Any] | OfBatch
Known = dict[str, Result]


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
    return _network(Path(path), load_model(Path(path)))


def read_onnx_bytes(content: bytes, name: str) -> LayerGraph:
    """Read a trained network from what an ONNX file would hold; `name` is what errors call it.

    Raises
    ------
    UserError
        As of `read_onnx`.
    """
    return _network(name, parsed_model(content, name))


def _network(path: Path | str, model: Any) -> LayerGraph:
    """Return the network of a checked ``onnx.ModelProto``; errors as of `read_onnx`."""
    graph = model.graph
    fixed = constants(path, graph)
    inputs = [value for value in graph.input if value.name not in fixed]
    taken = image_input(path, inputs)
    if model.producer_name == "bioscnn":
        taken = [image for image in taken if image.is_plain] or taken
    refusals = []
    for image in taken:
        try:
            return _read(path, model, fixed, image)
        except UserError as error:
            refusals.append(error)
    for node, refused in refused_products(graph.node, taken[0].name):
        raise refused.but(file=path, key=_where(node))
    for node in graph.node:
        if node.op_type in NEVER_READ:
            with located(path, _where(node)):
                refuse_operator(node.op_type)
    raise refusals[0]


def _read(path: Path | str, model: Any, fixed: Mapping[str, NDArray[Any]], image: ImageInput) -> LayerGraph:
    """Read a network that takes images in one order of their axes; errors as of `read_onnx`."""
    graph, shape, build = model.graph, image.shape, Builder(image.shape)
    kind = next(value for value in graph.input if value.name == image.name).type.tensor_type.elem_type
    taken = Value(INPUT, shape, image.positions, whole=kind not in FLOATS)
    values: Known = {**fixed, image.name: taken}
    _run(path, graph, values, build, image.batch, Folding(model.opset_import))
    named = [output.name for output in graph.output]
    if len(named) != 1:
        fix = "export the logits alone"
        raise UserError(f"{len(named)} outputs", file=path, value=named, expected="one", fix=fix)
    with located(path, f"output {named[0]!r}"):
        value = _known(values, named[0])
    if not isinstance(value, Value):
        fix = "export the network from its input on"
        raise UserError("the output does not depend on the image", file=path, key=named[0], fix=fix)
    with located(path, f"output {named[0]!r}"):
        refuse_rounded(value)
    return assembled(path, graph.name, value, build, named[0])


def _run(
    path: Path | str, graph: Any, values: Known, build: Builder, batch: int | None, folding: Folding
) -> None:
    """Add what each node of a graph gives to what is known; nodes that no output needs are left out.

    An If whose condition is known is the branch that it takes: torch writes one for a `squeeze`.
    """
    for node in _needed(graph):
        if node.op_type == "Constant":
            continue
        with located(path, _where(node)):
            if node.op_type == "If" and isinstance(condition := values.get(node.input[0]), np.ndarray):
                branch = attributes(node)["then_branch" if condition.all() else "else_branch"]
                inside = {**values, **constants(path, branch)}
                _run(path, branch, inside, build, batch, folding)
                outputs = [_known(inside, output.name) for output in branch.output]
            else:
                outputs = _outputs(node, values, build, batch, folding)
        values.update(zip(node.output, outputs, strict=False))


def _needed(graph: Any) -> list[Any]:
    """Return the nodes that an output of a graph depends on, in their order."""
    names, nodes = {output.name for output in graph.output}, []
    for node in reversed(graph.node):
        if names & {*node.output}:
            nodes.append(node)
            names |= {*node.input, *_named_inside(node)}
    return nodes[::-1]


def _named_inside(node: Any) -> Iterator[str]:
    """Yield all names that the branches of a node use, those of the graph around it among them."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield from (output.name for output in attribute.g.output)
            for inner in attribute.g.node:
                yield from inner.input
                yield from _named_inside(inner)


def _outputs(node: Any, results: Known, build: Builder, batch: int | None, folding: Folding) -> list[Result]:
    """Return the outputs of a node: constants, or activations whose layers have been appended."""
    operator = f"{node.domain}.{node.op_type}" if node.domain not in ("", "ai.onnx") else node.op_type
    taken = [_known(results, name) if name else None for name in node.input]
    values = [value for value in taken if isinstance(value, Value)]
    if operator in ("Shape", "Size") and values:
        return [measured(operator, attributes(node), values[0].shape, batch)]
    if not values:
        subgraph = any(attribute.HasField("g") for attribute in node.attribute)
        if subgraph or not node.input:
            refuse_operator(operator)
        constants = [v for v in taken if not isinstance(v, Value)]
        return [*computed(node, attributes(node), constants, partial(folding.folded, node))]
    rank = 1 + len(values[0].shape)
    inputs = tuple(
        v if isinstance(v, Value) else usable(v, operator, index, rank) for index, v in enumerate(taken)
    )
    opset = next(entry.version for entry in folding.opsets if entry.domain in ("", "ai.onnx"))
    named = sum(bool(name) for name in node.output)
    op = Operation(operator, attributes(node), inputs, named, batch or ANY_BATCH, opset, build)
    whole = any(value.whole for value in values)
    # With constants that have decimals, the file has left a Cast out.
    with_decimals = any(isinstance(v, np.ndarray) and v.dtype.kind == "f" for v in inputs)
    if whole and operator not in REARRANGING and not with_decimals:
        raise UserError(
            f"{operator} of an image of whole numbers, which ONNX rounds down",
            expected="numbers with decimals",
            fix="begin forward with x = x.float()",
        )
    whole = whole and operator in REARRANGING and operator != "Cast"
    rounded = _rounded(op, values, _where(node))
    return [replace(value, whole=whole, rounded=rounded) for value in applied(op, _where(node))]


def _rounded(op: Operation, values: Sequence[Value], where: str) -> str:
    """Return the Cast that rounds the outputs of an operator, but not the weights, to half precision."""
    if any(isinstance(v, np.ndarray) and v.dtype.name in ("float16", "bfloat16") for v in op.inputs):
        return ""  # a network in half precision, which is read with its weights
    rounded = next((value for value in values if value.rounded), values[0])
    if op.operator == "Cast" and op.attributes["to"] in HALF:
        return rounded.rounded or where
    if op.operator == "Cast":
        refuse_rounded(rounded)
    return rounded.rounded


def _known(values: Known, name: str) -> Result:
    """Return what has been computed under a name: of a Dropout its mask has not, of a MaxPool its places."""
    if name not in values:
        raise UserError(
            f"{name!r} is not read: only the first output of a layer is",
            fix="export what a layer computes, not the mask of a Dropout or the indices of a MaxPool",
        )
    return values[name]


def _where(node: Any) -> str:
    operator = f"{node.domain}.{node.op_type}" if node.domain not in ("", "ai.onnx") else node.op_type
    if not node.name and node.input:
        return f"the {operator} behind {node.input[0]!r}"
    return f"node {node.name or node.output[0]!r} ({operator})"
