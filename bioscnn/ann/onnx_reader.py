"""Read an ONNX file as a layer graph."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bioscnn.ann.graph import LayerGraph
from bioscnn.ann.layers import Conv2d, Dense
from bioscnn.ann.onnx_file import attributes, constants, image_input, load_graph
from bioscnn.ann.onnx_nodes import OPERATORS, SOFTMAX, Layers, Node, refuse_operator
from bioscnn.errors import UserError


def read_onnx(path: str | Path) -> LayerGraph:
    """Read a trained network from an ONNX file.

    Read are chains from one image input (N, C, H, W) to one output of Conv, AveragePool, GlobalAveragePool,
    Gemm, MatMul, Add of a bias, Flatten, Reshape to (N, -1), BatchNormalization, Relu, bioscnn.LIFRate,
    Identity and Dropout. A Softmax or LogSoftmax at the end is dropped, because the largest stays the
    largest. Everything else is refused, naming the node; nothing is approximated.

    Parameters
    ----------
    path : path
        The file, of opset 7 or later.

    Returns
    -------
    LayerGraph
        Named as the graph in the file.

    Raises
    ------
    UserError
        If the file is missing, damaged or no ONNX file, or holds what is not supported.
    """
    path = Path(path)
    graph = load_graph(path)
    known = constants(path, graph)
    value, input_shape, batch = image_input(path, [v for v in graph.input if v.name not in known])
    layers: Layers = ()
    shape: tuple[int, ...] = input_shape
    softmax = ""
    for node in (node for node in graph.node if node.op_type != "Constant"):
        operator = f"{node.domain}.{node.op_type}" if node.domain not in ("", "ai.onnx") else node.op_type
        where = f"node {node.name or node.output[0]!r} ({operator})"
        with _located(path, where):
            _check_link(operator, [name for name in node.input if name and name not in known], value)
            if softmax and operator != "Identity":
                raise UserError(f"a Softmax before it: {softmax}", fix="leave Softmax to the loss")
            value = node.output[0]
            if operator in SOFTMAX:
                softmax = where
                continue
            inputs = [known.get(name) for name in node.input]
            link = Node(operator, attributes(node), tuple(inputs), shape, batch)
            n_before = len(layers)
            layers = OPERATORS[operator](link, layers)
            for layer in layers[n_before:]:
                shape = layer.output_shape(shape)
    outputs = [output.name for output in graph.output]
    if outputs != [value]:
        raise UserError("not one output at the end of the chain", file=path, value=outputs, expected=value)
    if not any(isinstance(layer, Conv2d | Dense) for layer in layers):
        raise UserError("a network without a convolution or dense layer", file=path)
    with _located(path, f"graph {graph.name!r}"):
        return LayerGraph(graph.name, input_shape, layers)


def _check_link(operator: str, activations: list[str], value: str) -> None:
    """Refuse an operator that is not read, or that is not the next link of the chain after `value`."""
    if operator not in OPERATORS and operator not in SOFTMAX:
        refuse_operator(operator)
    if activations != [value]:
        raise UserError(
            "the network is no chain: it branches here",
            value=activations,
            expected=f"one input that is no constant, {value!r}",
            fix="remove the branch, such as a skip connection",
        )


@contextmanager
def _located(path: Path, where: str) -> Iterator[None]:
    """Add the file and the node to what is refused."""
    try:
        yield
    except UserError as error:
        key = where if error.key is None else f"{where}, {error.key}"
        details: dict[str, Any] = {"value": error.value, "expected": error.expected, "fix": error.fix}
        raise UserError(error.problem, file=path, key=key, **details) from None
