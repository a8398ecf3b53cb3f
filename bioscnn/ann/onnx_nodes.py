"""What each ONNX operator means as layers; unsupported ones are refused by name.

A function here takes a node and the layers before it, and returns the layers with the node's own at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann.activations import LIFRate, ReLU
from bioscnn.ann.geometry import Padding, Pair
from bioscnn.ann.graph import Layer
from bioscnn.ann.layers import AveragePool2d, BatchNorm2d, Conv2d, Dense, Flatten, Shape
from bioscnn.errors import UserError

Layers = tuple[Layer, ...]


@dataclass(frozen=True)
class Node:
    """One ONNX node on the chain.

    Parameters
    ----------
    operator : str
        The operator, such as ``"Conv"``, or ``"bioscnn.LIFRate"``.
    attributes : mapping
        Plain Python values.
    inputs : tuple of ndarray or None
        The inputs that are constants; None for the activation, and where an optional one is left out.
    shape : tuple of int
        Shape of the activation that reaches the node, without the batch.
    batch : int or None
        The fixed size of the batch, if the file fixes it.
    """

    operator: str
    attributes: Mapping[str, Any]
    inputs: tuple[NDArray[Any] | None, ...]
    shape: Shape
    batch: int | None = None

    def constant(self, index: int, name: str) -> NDArray[Any]:
        """Return a constant that must be there."""
        value = self.optional(index)
        if value is None:
            raise UserError(f"{name} is no constant of the file")
        return value

    def optional(self, index: int) -> NDArray[Any] | None:
        """Return a constant, or None where it is left out."""
        return self.inputs[index] if index < len(self.inputs) else None

    def weights(self, index: int, name: str) -> NDArray[np.float32]:
        """Return constant weights, which must be of single precision or coarser."""
        value = self.constant(index, name)
        if value.dtype not in (np.float32, np.float16):
            raise UserError(
                f"{name} is of type {value.dtype}",
                expected="float32",
                fix="export the network in single precision",
            )
        return value.astype(np.float32)

    def image(self) -> Pair:
        """Return height and width of the image that reaches the node."""
        if len(self.shape) != 3:
            raise UserError(f"{self.operator} needs an image", value=self.shape, expected="(C, H, W)")
        return self.shape[1], self.shape[2]

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


def _geometry(node: Node, kernel: Pair) -> tuple[Pair, Padding]:
    """Return stride and padding, with ``auto_pad`` resolved on the image that reaches the node."""
    node.refuse_unless("dilations", [1, 1], fix="train with dilation 1")
    node.refuse_unless("ceil_mode", 0, fix="train with ceil_mode=False, or pad the image instead")
    node.refuse_unless("auto_pad", "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")
    stride: Pair = tuple(node.attributes.get("strides", (1, 1)))
    mode = node.attributes.get("auto_pad", "NOTSET")
    if mode == "NOTSET":
        return stride, tuple(node.attributes.get("pads", (0, 0, 0, 0)))
    if mode == "VALID":
        return stride, (0, 0, 0, 0)
    total = [
        max((-(-length // step) - 1) * step + width - length, 0)
        for length, step, width in zip(node.image(), stride, kernel, strict=True)
    ]
    half = [amount // 2 for amount in total]
    rest = [amount - amount // 2 for amount in total]
    first, last = (half, rest) if mode == "SAME_UPPER" else (rest, half)
    return stride, (first[0], first[1], last[0], last[1])


def _conv(node: Node, layers: Layers) -> Layers:
    weight = node.weights(1, "the kernel")
    if weight.ndim != 4:
        raise UserError(
            f"a convolution in {weight.ndim - 2} dimensions", value=weight.shape, expected="2 dimensions"
        )
    kernel: Pair = (weight.shape[2], weight.shape[3])
    node.refuse_unless("kernel_shape", list(kernel))
    stride, padding = _geometry(node, kernel)
    bias = None if node.optional(2) is None else node.weights(2, "the bias")
    return (*layers, Conv2d(weight, bias, stride, padding, node.attributes.get("group", 1)))


def _average_pool(node: Node, layers: Layers) -> Layers:
    kernel: Pair = tuple(node.attributes["kernel_shape"])
    if len(kernel) != 2:
        raise UserError(f"pooling in {len(kernel)} dimensions", value=kernel, expected="2 dimensions")
    stride, padding = _geometry(node, kernel)
    count = bool(node.attributes.get("count_include_pad", 0))
    return (*layers, AveragePool2d(kernel, stride, padding, count))


def _global_average_pool(node: Node, layers: Layers) -> Layers:
    return (*layers, AveragePool2d(node.image(), (1, 1)))


def _gemm(node: Node, layers: Layers) -> Layers:
    node.refuse_unless("transA", 0)
    weight = node.weights(1, "the weight matrix")
    weight = weight if node.attributes.get("transB", 0) else weight.T
    layer = Dense(weight * np.float32(node.attributes.get("alpha", 1.0)))
    if node.optional(2) is None:
        return (*layers, layer)
    bias = node.weights(2, "the bias") * np.float32(node.attributes.get("beta", 1.0))
    return _with_bias((*layers, layer), bias)


def _matmul(node: Node, layers: Layers) -> Layers:
    return (*layers, Dense(node.weights(1, "the weight matrix").T))


def _add(node: Node, layers: Layers) -> Layers:
    if not layers or not isinstance(layers[-1], Conv2d | Dense):
        raise UserError(
            "a constant is added where no convolution or dense layer precedes",
            fix="make it the bias of the layer before or after",
        )
    return _with_bias(layers, node.weights(1 if node.inputs[0] is None else 0, "the bias"))


def _with_bias(layers: Layers, bias: NDArray[np.float32]) -> Layers:
    """Add a constant, broadcast as ONNX does, to the bias of the last layer."""
    layer = layers[-1]
    assert isinstance(layer, Conv2d | Dense)
    n, ones = len(layer.weight), 2 if isinstance(layer, Conv2d) else 0
    try:
        broadcast = np.broadcast_to(bias, (1, n) + (1,) * ones).reshape(n)
    except ValueError:
        expected = "one number an output" if ones == 0 else "one number a channel"
        raise UserError(
            "the added constant is no bias of the layer before it", value=bias.shape, expected=expected
        ) from None
    return (*layers[:-1], replace(layer, bias=broadcast if layer.bias is None else layer.bias + broadcast))


def _flatten(node: Node, layers: Layers) -> Layers:
    node.refuse_unless("axis", 1, -len(node.shape))
    return (*layers, Flatten())


def _reshape(node: Node, layers: Layers) -> Layers:
    target = [int(length) for length in node.constant(1, "the shape").reshape(-1)]
    n = int(np.prod(node.shape))
    keeps_batch = len(target) == 2 and target in (
        [0, -1], [0, n], [-1, n], [1, -1], [1, n], [node.batch, -1], [node.batch, n],
    )  # fmt: skip
    if not keeps_batch or (node.attributes.get("allowzero", 0) and 0 in target):
        raise UserError(
            "this Reshape does not flatten an image to a vector",
            value=target,
            expected=f"[0, -1] or [-1, {n}]",
            fix="use torch.flatten(x, 1)",
        )
    return (*layers, Flatten())


def _batch_normalisation(node: Node, layers: Layers) -> Layers:
    node.refuse_unless("training_mode", 0, fix="export with model.eval()")
    node.refuse_unless("spatial", 1)
    return (
        *layers,
        BatchNorm2d(
            gamma=node.weights(1, "the scale"),
            beta=node.weights(2, "the shift"),
            mean=node.weights(3, "the mean"),
            variance=node.weights(4, "the variance"),
            epsilon=node.attributes.get("epsilon", 1e-5),
        ),
    )


def _relu(node: Node, layers: Layers) -> Layers:
    return (*layers, ReLU())


def _lif_rate(node: Node, layers: Layers) -> Layers:
    names = ["tau_m", "t_ref", "amplitude", *(["gamma"] if node.operator.endswith("LIFRate") else [])]
    if set(node.attributes) != set(names):
        expected = ", ".join(names)
        raise UserError("not the attributes of a LIF rate", value=list(node.attributes), expected=expected)
    return (*layers, LIFRate(**node.attributes))


def _identity(node: Node, layers: Layers) -> Layers:
    return layers


def _dropout(node: Node, layers: Layers) -> Layers:
    training = node.optional(2)
    if training is not None and training.any():
        raise UserError("dropout in training mode", fix="export with model.eval()")
    return layers


OPERATORS: dict[str, Callable[[Node, Layers], Layers]] = {
    "Conv": _conv,
    "AveragePool": _average_pool,
    "GlobalAveragePool": _global_average_pool,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "Add": _add,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "BatchNormalization": _batch_normalisation,
    "Relu": _relu,
    "bioscnn.LIFRate": _lif_rate,
    "bioscnn.LIFRateHard": _lif_rate,
    "Identity": _identity,
    "Dropout": _dropout,
}
SOFTMAX = ("Softmax", "LogSoftmax")

_RATE = "train with ReLU or LIFRate, which are rates of spiking neurons"
_POOL = "train with average pooling (torch.nn.AvgPool2d) or with strided convolutions"
_INPUT = "apply it to the images before the network, or fold it into the weights of the first layer"
_FIXES = {
    "MaxPool": _POOL,
    "GlobalMaxPool": _POOL,
    "LpPool": _POOL,
    **dict.fromkeys(
        ("LeakyRelu", "PRelu", "Elu", "Selu", "Celu", "Gelu", "Sigmoid", "Tanh", "HardSwish", "Clip"), _RATE
    ),
    "Transpose": "export with channels first, input (N, C, H, W) (tf2onnx: --inputs-as-nchw)",
    "Concat": "remove the branch: only chains of layers are read",
    **dict.fromkeys(("Sub", "Mul", "Div"), _INPUT),
    **dict.fromkeys(("Shape", "Gather", "Squeeze", "Unsqueeze"), "use torch.flatten(x, 1) in the network"),
}


def refuse_operator(operator: str) -> NoReturn:
    """Refuse an operator that is not read, with what to do instead."""
    known = ", ".join((*OPERATORS, *SOFTMAX))
    raise UserError(
        f"the operator {operator} is not supported", expected=f"one of {known}", fix=_FIXES.get(operator)
    )
