"""A network in its simplest equal form: batch normalisation folded, images flattened last."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import BatchNorm2d, Conv2d, Dense, Flatten, Layer, LayerGraph, LIFRate, ReLU


def simplified(graph: LayerGraph) -> LayerGraph:
    """Return an equal network without batch normalisation, and with activations before flattening.

    Behind a convolution or a dense layer, batch normalisation scales the weights and moves the bias;
    elsewhere it becomes a 1 x 1 convolution, each channel for itself.

    References
    ----------
    Rueckauer et al. (2017), Conversion of continuous-valued deep networks to efficient event-driven networks
    for image classification, Frontiers in Neuroscience 11:682.
    """
    layers: list[Layer] = []
    for layer in graph.layers:
        if isinstance(layer, ReLU | LIFRate) and layers and isinstance(layers[-1], Flatten):
            layers.insert(-1, layer)
            continue
        if not isinstance(layer, BatchNorm2d):
            layers.append(layer)
            continue
        scale = layer.gamma / np.sqrt(layer.variance + layer.epsilon)
        shift = layer.beta - layer.mean * scale
        if layers and isinstance(layers[-1], Conv2d | Dense):
            layers[-1] = _scaled(layers[-1], scale, shift)
        else:
            layers.append(Conv2d(scale.reshape(-1, 1, 1, 1), shift, groups=len(scale)))
    return replace(graph, layers=tuple(layers))


def _scaled(layer: Conv2d | Dense, scale: NDArray[np.float32], shift: NDArray[np.float32]) -> Conv2d | Dense:
    bias = shift if layer.bias is None else layer.bias * scale + shift
    return replace(layer, weight=layer.weight * scale.reshape(-1, *[1] * (layer.weight.ndim - 1)), bias=bias)
