"""Trained networks and digits as numbers that a page can hold."""

from __future__ import annotations

import base64
from itertools import groupby, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import LayerGraph, LIFRate, MaxPool2d
from bioscnn.conversion import simplified
from bioscnn.conversion.stages import Stage, stages
from bioscnn.datasets import ImageSet
from bioscnn.errors import UserError
from bioscnn.network import Convolution, Dense

Packed = dict[str, Any]


def packed_network(graph: LayerGraph) -> Packed:
    """Return a trained network as JSON, layer by layer, its numbers in base64.

    Parameters
    ----------
    graph : LayerGraph
        A chain of convolutions without padding and dense layers, each but the last with an activation.

    Returns
    -------
    dict
        Name, hash of the weights, shape of the input, and of each layer its population's name and shape, its
        weights and biases as they were trained, without unit, and the amplitude of its rates in seconds
        (activation per Hz; None without).

    Raises
    ------
    UserError
        If the network has another layer.
    """
    cut = stages(simplified(graph))
    names = ["input", *(stage.name for stage in cut)]
    layers = [_layer(stage, before) for (before, _), stage in zip(pairwise(names), cut, strict=True)]
    return {
        "model": graph.name,
        "sha256": graph.sha256(),
        "input": list(graph.input_shape),
        "layers": layers,
    }


def _layer(stage: Stage, before: str) -> Packed:
    """Return a layer that hears one population, whose name is given."""
    reached, biases = stage.connectivities(), stage.bias.reshape(stage.post_shape[0], -1)
    stride = 0
    weight: NDArray[np.float64] | None = None
    match reached.get(before):
        case Convolution(stride=(down, right), padding=(0, 0, 0, 0), groups=1) as convolution if (
            down == right
        ):
            stride, weight = down, convolution.kernel
        case Dense() as all_to_all:
            weight = all_to_all.weight
    pools = isinstance(stage.layer, MaxPool2d)
    if weight is None or len(reached) > 1 or pools or np.ptp(biases, axis=1).any():
        raise UserError(
            "the page knows chains of convolutions without padding, and of dense layers",
            key=stage.name,
            value=", ".join(
                f"{type(connectivity).__name__} of {name}" for name, connectivity in reached.items()
            ),
        )
    activation = stage.activation
    return {
        "name": stage.name,
        "shape": list(stage.post_shape),
        "stride": stride,
        "amplitude": activation.amplitude if isinstance(activation, LIFRate) else None,
        "weight": _numbers(weight),
        "bias": _numbers(biases[:, 0]),
    }


def _numbers(values: NDArray[np.float64]) -> Packed:
    """Return an array as JSON: in single precision where that is exact, in double precision otherwise."""
    single = values.astype(np.float32)
    exact = single if np.array_equal(single, values) else values
    little = np.ascontiguousarray(exact, exact.dtype.newbyteorder("<"))
    return {"shape": list(values.shape), "type": exact.dtype.name, "base64": _base64(little.tobytes())}


def packed_digits(digits: ImageSet) -> Packed:
    """Return images of 28 x 28 pixels and their labels as JSON.

    Black pixels are most of a digit: of each row of them there is a zero and how many there are, up to 255.

    Examples
    --------
    >>> image = np.zeros((1, 1, 28, 28), np.uint8)
    >>> image[0, 0, 0, 2] = 9
    >>> digits = ImageSet(image, np.array([7]), tuple("0123456789"), "mnist", "validation", "made up")
    >>> list(base64.b64decode(packed_digits(digits)["base64"]))
    [0, 2, 9, 0, 255, 0, 255, 0, 255, 0, 16]
    """
    coded = bytearray()
    for black, run in groupby(digits.images.ravel().tolist(), key=lambda pixel: pixel == 0):
        pixels = list(run)
        if not black:
            coded += bytes(pixels)
            continue
        for first in range(0, len(pixels), 255):
            coded += bytes([0, min(255, len(pixels) - first)])
    return {
        "split": digits.split,
        "sha256": digits.sha256,
        "labels": digits.labels.tolist(),
        "base64": _base64(bytes(coded)),
    }


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
