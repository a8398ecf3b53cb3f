"""What to do about operators that no layer stands for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

from bioscnn.errors import UserError

_RATE = "train with ReLU or LIFRate, which are rates of spiking neurons"
_QUANTISED = "export the network before it is quantised, or quantise its weights alone"
_RECURRENT = "use a network without recurrence, such as a CNN"
_ATTENTION = "use a CNN: attention multiplies activations with each other, which no synapse does"
_NORMALISATION = "use a CNN with batch normalisation, whose statistics are fixed after training"
_COMPARISON = "use ReLU or LeakyReLU: comparisons of activations are not read"
_MOVED = "write it as a convolution, or leave it out"
_REDUCED = "use the mean or the largest number over height and width"
RANDOM = ("RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike")
WITHOUT_CHANCE = "export with model.eval(), and leave random numbers out"
_FIXES = {
    **dict.fromkeys((
        "Elu", "Selu", "Celu", "Gelu", "Tanh", "HardSwish", "Softsign", "Swish", "Exp", "Softplus", "Mish",
        "Erf", "Sqrt", "Pow", "Log", "Reciprocal", "Sign", "Round", "Floor", "Ceil", "Sin", "Cos",
        "ThresholdedRelu",
    ), _RATE),
    **dict.fromkeys((
        "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear",
        "QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger",
    ), _QUANTISED),
    **dict.fromkeys(("LSTM", "GRU", "RNN", "Loop", "Scan"), _RECURRENT),
    **dict.fromkeys(("Attention", "MultiHeadAttention"), _ATTENTION),
    **dict.fromkeys((
        "LayerNormalization", "InstanceNormalization", "GroupNormalization", "LRN", "LpNormalization",
    ), _NORMALISATION),
    **dict.fromkeys((
        "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal", "Not", "Where",
    ), _COMPARISON),
    **dict.fromkeys((
        "DepthToSpace", "SpaceToDepth", "Tile", "ScatterND", "ScatterElements", "GatherND",
    ), _MOVED),
    **dict.fromkeys((
        "ReduceL1", "ReduceL2", "ReduceMin", "ReduceProd", "ReduceSumSquare", "GlobalLpPool",
    ), _REDUCED),
    **dict.fromkeys(RANDOM, WITHOUT_CHANCE),
    **dict.fromkeys(("Resize", "Upsample"), "give images of the size that the first convolution takes"),
    "Sigmoid": f"leave one at the end to the loss: the largest output stays the same; elsewhere {_RATE}",
    "Einsum": "use nn.Linear or nn.Conv2d, which are exported as Gemm and Conv",
    "TopK": "end the network with its last dense layer: the class is read from the logits",
    "Mean": "add the branches, and multiply by a constant",
    "If": "export the network without conditions that depend on the image",
    "LpPool": "train with average or max pooling",
    "ArgMax": "end the network with its last dense layer: the class is read from the logits",
    "ConvTranspose": "use a convolution: images only shrink on the way to a class",
}  # fmt: skip

_DOMAINS = {
    "com.microsoft": "give the file that was exported, before onnxruntime optimised or quantised it",
    "com.ms.internal.nhwc": "give the file that was exported, before onnxruntime optimised it",
    "ai.onnx.ml": "export a neural network, from torch or Keras: what scikit-learn exports is not read",
}
"""What to do about operators of others, by their domain."""

NEVER_READ = ("LSTM", "GRU", "RNN", "Attention", "MultiHeadAttention", "LayerNormalization")
"""Operators that name a kind of network: a file is refused for them, not for what prepares their input."""


def refuse_operator(operator: str) -> NoReturn:
    """Refuse an operator that is not read, with what to do instead."""
    domain = operator.rpartition(".")[0]
    unknown = _DOMAINS.get(domain, "write it with these, or open an issue with the file")
    raise UserError(
        f"the operator {operator} is not supported",
        expected="the operators of docs/your-network.md, What is read",
        fix=_FIXES.get(operator, unknown),
    )


_ATTENTION = (
    "attention multiplies activations with each other, which no synapse does; transformers are not read"
)
_GATE = "a gate, a Sigmoid that multiplies activations (as in squeeze-and-excitation), is not read"


def refused_products(nodes: Sequence[Any], image: str) -> Iterator[tuple[Any, UserError]]:
    """Yield nodes that multiply activations, those of attention before gates, and why they are not read.

    Parameters
    ----------
    nodes : sequence of NodeProto
        In the order in which they are computed.
    image : str
        Name of the input of the network.
    """
    activations, sources, gates = {image}, {}, []
    for node in nodes:
        inputs = [name for name in node.input if name in activations]
        if not inputs or node.op_type in ("Shape", "Size"):
            continue
        activations.update(node.output)
        sources.update(dict.fromkeys(node.output, node))
        if node.op_type in ("MatMul", "Gemm", "Einsum") and len(inputs) > 1:
            yield node, UserError(_ATTENTION, fix="use a CNN")
        elif node.op_type == "Mul" and len(inputs) == 2 and _is_gate(inputs, sources):
            gates.append(node)
    for node in gates:
        yield node, UserError(_GATE, fix="leave out the gate: rates only add")


def _is_gate(inputs: Sequence[str], sources: Mapping[str, Any]) -> bool:
    """Return whether one of two factors is a Sigmoid, but not that of the other: x * sigmoid(x) is Swish.

    Of Swish, what is refused of the Sigmoid says enough.
    """
    return any(
        name in sources
        and sources[name].op_type in ("Sigmoid", "HardSigmoid")
        and other not in sources[name].input
        for name, other in (inputs, inputs[::-1])
    )
