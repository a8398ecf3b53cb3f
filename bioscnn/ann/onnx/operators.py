"""Which function reads which operator."""

from __future__ import annotations

from collections.abc import Callable

from bioscnn.ann.onnx import arithmetic, pooled, rearranging, rectified, weighted
from bioscnn.ann.onnx.operation import Operation
from bioscnn.ann.onnx.values import Value

REARRANGING: dict[str, Callable[[Operation], Value | list[Value]]] = {
    "Identity": rearranging.identity,
    "Cast": rearranging.cast,
    "Dropout": rearranging.dropout,
    "Reshape": rearranging.reshape,
    "Flatten": rearranging.flatten,
    "Transpose": rearranging.transpose,
    "Squeeze": rearranging.squeeze,
    "Unsqueeze": rearranging.unsqueeze,
    "Slice": rearranging.slice_,
    "Gather": rearranging.gather,
    "Split": rearranging.split,
    "Expand": rearranging.expand,
    "Pad": rearranging.pad,
    "Concat": rearranging.concat,
}
OPERATORS: dict[str, Callable[[Operation], Value | list[Value]]] = {
    **REARRANGING,
    "Conv": weighted.conv,
    "Gemm": weighted.gemm,
    "MatMul": weighted.matmul,
    "BatchNormalization": weighted.batch_normalisation,
    "AveragePool": pooled.pool,
    "MaxPool": pooled.pool,
    "GlobalAveragePool": pooled.global_pool,
    "GlobalMaxPool": pooled.global_pool,
    "ReduceMean": pooled.reduce,
    "ReduceSum": pooled.reduce,
    "ReduceMax": pooled.reduce,
    "Add": arithmetic.add,
    "Sum": arithmetic.sum_,
    "Sub": arithmetic.subtract,
    "Mul": arithmetic.multiply,
    "Div": arithmetic.divide,
    "Neg": arithmetic.negate,
    "Relu": rectified.relu,
    "Clip": rectified.clip,
    "Max": rectified.largest,
    "Min": rectified.smallest,
    "LeakyRelu": rectified.leaky,
    "PRelu": rectified.leaky,
    "Abs": rectified.absolute,
    "HardSigmoid": rectified.hard_sigmoid,
    "bioscnn.LIFRate": rectified.lif_rate,
    "bioscnn.LIFRateHard": rectified.lif_rate,
}
SOFTMAX = ("Softmax", "LogSoftmax")
MIXING = ("Concat", "Pad")
"""Rearranging operators that put numbers beside others, whose order a softmax that was dropped changes."""
