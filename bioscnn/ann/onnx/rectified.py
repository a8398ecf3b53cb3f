"""Activations made of straight lines: a rectifier, or a sum of rectifiers that is exactly the same.

``min(max(x, 0), 6) = relu(x) - relu(x - 6)``, and a leak is ``relu(x) - a relu(-x)``: two populations of
spiking neurons, whose synapses have weights of opposite signs wherever they go.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann.activations import LIFRate, ReLU
from bioscnn.ann.joins import Add
from bioscnn.ann.onnx.arithmetic import constant_of, scaled, spread
from bioscnn.ann.onnx.operation import Operation
from bioscnn.ann.onnx.values import ZERO, Terms, Value
from bioscnn.ann.pooling import MaxPool2d
from bioscnn.ann.scaling import BatchNorm2d, Scale
from bioscnn.errors import UserError

_LARGEST = float(np.finfo(np.float32).max)
Numbers = float | NDArray[np.float64]


def relu(op: Operation) -> Value:
    """Return the rectified activation."""
    value = op.first_activation()
    return replace(value, source=op.build.add(ReLU(), value.source).source)


def clip(op: Operation) -> Value:
    """Return the activation between two limits, of which one may be missing."""
    low, high = (op.setting(name, k + 1) for k, name in enumerate(("min", "max")))
    low = -np.inf if low is None else float(np.ravel(low)[0])
    high = np.inf if high is None else float(np.ravel(high)[0])
    return _between(op, op.value(), low, high)


def _between(op: Operation, value: Value, low: float, high: float) -> Value:
    if not low < high:
        raise UserError(
            "the limits leave nothing",
            value=(low, high),
            expected="the first below the second",
            fix="train with ReLU, or with the limits in order",
        )
    if low <= -_LARGEST and high >= _LARGEST:
        return value
    if low <= -_LARGEST:
        return _sum_of_rectifiers(op, value, [(-1.0, -1.0, high)], high)
    above = [(1.0, 1.0, -low)]
    return _sum_of_rectifiers(op, value, above + ([] if high >= _LARGEST else [(-1.0, 1.0, -high)]), low)


def largest(op: Operation) -> Value:
    """Return the larger of an activation and a number."""
    return _limited(op, lambda value, limit: _between(op, value, limit, np.inf))


def smallest(op: Operation) -> Value:
    """Return the smaller of an activation and a number."""
    return _limited(op, lambda value, limit: _between(op, value, -np.inf, limit))


def _limited(op: Operation, limited: Callable[[Value, float], Value]) -> Value:
    operands = constant_of(op) if len(op.inputs) == 2 else None
    if operands is None or np.ptp(operands[1]):
        raise UserError(
            f"{op.operator} of an activation and something else than a number",
            expected=f"{op.operator}(x, 0)",
            fix="use ReLU, or MaxPool",
        )
    return limited(operands[0], float(operands[1].flat[0]))


def leaky(op: Operation) -> Value:
    """Return the activation, of what is negative a share."""
    value = op.value()
    slope: Any = (
        op.attributes.get("alpha", 0.01) if op.operator == "LeakyRelu" else op.weights(1, "the slope")
    )
    return _sum_of_rectifiers(op, value, [(1.0, 1.0, 0.0), (-spread(value, slope), -1.0, 0.0)], 0.0)


def absolute(op: Operation) -> Value:
    """Return the size of the activation."""
    return _sum_of_rectifiers(op, op.value(), [(1.0, 1.0, 0.0), (1.0, -1.0, 0.0)], 0.0)


def hard_sigmoid(op: Operation) -> Value:
    """Return a straight line between zero and one."""
    alpha, beta = (np.array(op.attributes.get(key, k)) for key, k in (("alpha", 0.2), ("beta", 0.5)))
    return _between(op, scaled(op, op.value(), alpha, beta), 0.0, 1.0)


def _sum_of_rectifiers(
    op: Operation, value: Value, terms: Sequence[tuple[Numbers, float, float]], offset: float
) -> Value:
    """Return ``offset + sum of gain * relu(slope * x + shift)``.

    Parameters
    ----------
    op : Operation
        The operator.
    value : Value
        x.
    terms : list of (gain, slope, shift)
        A gain may differ from element to element of the source.
    offset : float
        Added.
    """
    at_zero = offset + sum(gain * max(shift, 0.0) for gain, _, shift in terms)
    if np.any(at_zero) and np.any(value.positions == ZERO):
        raise UserError("what pads an image does not stay zero", fix="pad behind the activation")
    terms = [term for term in terms if np.any(term[0])]
    source = value.plain_source()
    rectifiers: list[Value] = []
    for _, slope, shift in terms:
        # Each rectifier has max pooling of its own before it, with which it can change places.
        own = replace(source, source=_pooled_again(op, value.source)) if rectifiers else source
        if slope != 1 or shift != 0:
            own = scaled(op, own, np.array(slope), np.array(shift))
        rectifiers.append(replace(own, source=op.build.add(ReLU(), own.source).source))
    rises = all(slope > 0 for _, slope, _ in terms)
    total = _combined(op, Terms(tuple(rectifiers), tuple(gain for gain, _, _ in terms), offset), rises)
    return replace(value, source=total.source, source_shape=total.source_shape)


def _pooled_again(op: Operation, name: str) -> str:
    """Return another node that computes what one does which max pooling comes before; else the same."""
    node = op.build.node(name)
    if node is None or not isinstance(node.layer, MaxPool2d | Scale | BatchNorm2d):
        return name
    before = node.inputs[0] if isinstance(node.layer, MaxPool2d) else _pooled_again(op, node.inputs[0])
    again = isinstance(node.layer, MaxPool2d) or before != node.inputs[0]
    return op.build.add(node.layer, before).source if again else name


def _combined(op: Operation, terms: Terms, rises: bool) -> Value:
    """Return the sum of terms; its parts are remembered if all rise with their input."""
    summed = [
        value if np.all(np.equal(gain, 1)) else scaled(op, value, np.asarray(gain), np.zeros(1))
        for value, gain in zip(terms.values, terms.gains, strict=True)
    ]
    total = summed[0]
    if len(summed) > 1:
        shapes = {value.source_shape for value in summed}
        summed = [op.build.flat(value) for value in summed] if len(shapes) > 1 else summed
        total = op.build.add(Add(), *(value.source for value in summed)).rearranged(summed[0].positions)
    if terms.offset:
        total = scaled(op, total, np.ones(1), np.array(terms.offset))
    if rises and len(terms.values) > 1:
        op.build.terms[total.source] = terms
    return total


def by_term(op: Operation, value: Value, pooled: Callable[[Value], Value]) -> Value | None:
    """Return the maxima of a sum of rectifiers: the sum of their maxima, since all rise with one input.

    Parameters
    ----------
    op : Operation
        The operator.
    value : Value
        What is pooled.
    pooled : callable
        Pools one rectifier.

    Returns
    -------
    Value or None
        None if the activation is no such sum, or if padding may be the largest.
    """
    terms = op.build.terms.get(value.source)
    if terms is None or (terms.offset < 0 and np.any(value.positions == ZERO)):
        return None
    made = [pooled(replace(value, source=term.source)) for term in terms.values]
    positions = made[0].positions
    total = _combined(op, replace(terms, values=tuple(part.plain_source() for part in made)), rises=True)
    return total.rearranged(positions)


def lif_rate(op: Operation) -> Value:
    """Return the firing rate of LIF neurons."""
    names = ["tau_m", "t_ref", "amplitude", *(["gamma"] if op.operator.endswith("LIFRate") else [])]
    if set(op.attributes) != set(names):
        expected = ", ".join(names)
        raise UserError("not the attributes of a LIF rate", value=list(op.attributes), expected=expected)
    value = op.value()
    return replace(value, source=op.build.add(LIFRate(**op.attributes), value.source).source)
