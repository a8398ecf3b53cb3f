"""Write a layer graph as an ONNX file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import bioscnn
from bioscnn.ann.activations import LIFRate, ReLU
from bioscnn.ann.graph import Layer, LayerGraph
from bioscnn.ann.layers import AveragePool2d, BatchNorm2d, Conv2d, Dense, Flatten
from bioscnn.ann.lif_functions import DOMAIN, HARD, OPSET, SOFT
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
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes, weights, value = [], [], "image"
    for index, layer in enumerate(graph.layers):
        result = "logits" if index == len(graph.layers) - 1 else f"value{index}"
        operator, arrays, attributes = _operator(layer)
        names = [f"layer{index}.{name}" for name in arrays]
        weights += [numpy_helper.from_array(a, n) for a, n in zip(arrays.values(), names, strict=True)]
        domain = DOMAIN if isinstance(layer, LIFRate) else ""
        nodes.append(
            helper.make_node(
                operator, [value, *names], [result], f"layer{index}", domain=domain, **attributes
            )
        )
        value = result
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


def _operator(layer: Layer) -> tuple[str, dict[str, np.ndarray], dict[str, Any]]:
    """Return the operator of a layer, its weights in the operator's order, and its attributes."""
    match layer:
        case Conv2d():
            attributes = {
                "kernel_shape": layer.kernel,
                "strides": layer.stride,
                "pads": layer.padding,
                "group": layer.groups,
            }
            return "Conv", _weights(layer), attributes
        case AveragePool2d():
            attributes = {
                "kernel_shape": layer.kernel,
                "strides": layer.stride,
                "pads": layer.padding,
                "count_include_pad": int(layer.count_include_pad),
            }
            return "AveragePool", {}, attributes
        case Dense():
            return "Gemm", _weights(layer), {"transB": 1}
        case Flatten():
            return "Flatten", {}, {"axis": 1}
        case BatchNorm2d():
            arrays = {name: getattr(layer, name) for name in ("gamma", "beta", "mean", "variance")}
            return "BatchNormalization", arrays, {"epsilon": layer.epsilon}
        case ReLU():
            return "Relu", {}, {}
        case LIFRate():
            attributes = {"tau_m": layer.tau_m, "t_ref": layer.t_ref, "amplitude": layer.amplitude}
            if layer.gamma == 0:
                return "LIFRateHard", {}, attributes
            return "LIFRate", {}, attributes | {"gamma": layer.gamma}


def _weights(layer: Conv2d | Dense) -> dict[str, np.ndarray]:
    bias = {} if layer.bias is None else {"bias": layer.bias}
    return {"weight": layer.weight, **bias}
