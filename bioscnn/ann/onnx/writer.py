"""Write a layer graph as an ONNX file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import bioscnn
from bioscnn.ann.activations import LIFRate, ReLU
from bioscnn.ann.graph import INPUT, Layer, LayerGraph, require_graph
from bioscnn.ann.joins import Add, Concat
from bioscnn.ann.linear import Conv2d, Dense, Flatten
from bioscnn.ann.onnx.lif_functions import DOMAIN, HARD, OPSET, SOFT
from bioscnn.ann.pooling import AveragePool2d, MaxPool2d
from bioscnn.ann.scaling import BatchNorm2d, Scale
from bioscnn.files import write_atomically

# IR version 8 is the first that carries functions.
_IR_VERSION = 8


def write_onnx(graph: LayerGraph, path: str | Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write a network as an ONNX file that any ONNX runtime computes.

    Layers become standard operators of opset 17. A `LIFRate` becomes a call of a function of the domain
    ``bioscnn`` whose body, standard operators, travels in the file. The file appears whole or not at all.

    Parameters
    ----------
    graph : LayerGraph
        The network. `bioscnn.ann.read_onnx` returns an equal one.
    path : path
        The file to write; an existing one is replaced.
    metadata : mapping of str to str, optional
        Goes into the file's metadata properties.

    Raises
    ------
    UserError
        If the file cannot be written.
    """
    require_graph(graph)
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes, weights, values = [], [], {INPUT: "image"}
    for index, (node, shape) in enumerate(zip(graph.nodes, graph.shapes, strict=True)):
        inputs, steps = [values[name] for name in node.inputs], _operators(node.layer, len(shape))
        for step, (operator, arrays, attributes) in enumerate(steps):
            ends = step == len(steps) - 1
            name = f"layer{index}" if ends else f"layer{index}.{operator}"
            result = ("logits" if node is graph.nodes[-1] else f"value{index}") if ends else name
            named = {f"layer{index}.{key}": array for key, array in arrays.items()}
            weights += [numpy_helper.from_array(array, key) for key, array in named.items()]
            domain = DOMAIN if isinstance(node.layer, LIFRate) else ""
            nodes.append(
                helper.make_node(operator, [*inputs, *named], [result], name, domain=domain, **attributes)
            )
            inputs = [result]
        values[node.name] = inputs[0]
    model = helper.make_model(
        helper.make_graph(
            nodes,
            graph.name,
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", *graph.input_shape])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", graph.n_classes])],
            weights,
        ),
        producer_name="bioscnn",
        producer_version=bioscnn.__version__,
        ir_version=_IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, 1)],
        functions=[
            onnx.parser.parse_function(text)
            for text, operator in ((SOFT, "LIFRate"), (HARD, "LIFRateHard"))
            if any(node.op_type == operator for node in nodes)
        ],
    )
    helper.set_model_props(model, dict(metadata or {}))
    write_atomically(path, model.SerializeToString())


def _operators(layer: Layer, rank: int) -> list[tuple[str, dict[str, np.ndarray], dict[str, Any]]]:
    """Return the operators of a layer in a row, each with its weights in order, and its attributes."""
    match layer:
        case Conv2d():
            attributes = {
                "kernel_shape": layer.kernel,
                "strides": layer.stride,
                "pads": layer.padding,
                "group": layer.groups,
            }
            return [("Conv", _weights(layer), attributes)]
        case AveragePool2d() | MaxPool2d():
            attributes = {"kernel_shape": layer.kernel, "strides": layer.stride, "pads": layer.padding}
            if isinstance(layer, MaxPool2d):
                return [("MaxPool", {}, attributes)]
            return [("AveragePool", {}, attributes | {"count_include_pad": int(layer.count_include_pad)})]
        case Dense():
            return [("Gemm", _weights(layer), {"transB": 1})]
        case Flatten():
            return [("Flatten", {}, {"axis": 1})]
        case BatchNorm2d():
            arrays = {name: getattr(layer, name) for name in ("gamma", "beta", "mean", "variance")}
            return [("BatchNormalization", arrays, {"epsilon": layer.epsilon})]
        case Scale():
            along = [-1, *[1] * (rank - 1)]
            bias = layer.bias if layer.bias.ndim == rank else layer.bias.reshape(along)
            return [("Mul", {"weight": layer.weight.reshape(along)}, {}), ("Add", {"bias": bias}, {})]
        case Add():
            return [("Sum", {}, {})]
        case Concat():
            return [("Concat", {}, {"axis": 1})]
        case ReLU():
            return [("Relu", {}, {})]
    rate = {"tau_m": layer.tau_m, "t_ref": layer.t_ref, "amplitude": layer.amplitude}
    if layer.gamma == 0:
        return [("LIFRateHard", {}, rate)]
    return [("LIFRate", {}, rate | {"gamma": layer.gamma})]


def _weights(layer: Conv2d | Dense) -> dict[str, np.ndarray]:
    bias = {} if layer.bias is None else {"bias": layer.bias}
    return {"weight": layer.weight, **bias}
