"""A network of the size of VGG-16 with random weights, in which every layer fires.

Like that of `bench.large`, it has the 13 convolutions of VGG-16, average pooling and a dense layer, on images
of 28 x 28. Layer by layer, a bias lets `ACTIVE` of the places of each channel exceed zero, on average over
images: with random weights alone, a channel of a deep layer is silent or active for all images alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.large import CHANNELS
from bioscnn.ann import AveragePool2d, Conv2d, Dense, Flatten, LayerGraph, ReLU
from bioscnn.seeds import stream

ACTIVE = 0.5
CLASSES = 10


def vgg(images: NDArray[np.float32]) -> LayerGraph:
    """Return the network for images like these, shape (n, 1, 28, 28)."""
    rng = stream(1, "bench.vgg")
    layers: list[Conv2d | Dense | ReLU | AveragePool2d | Flatten] = []
    signal = images
    for channels in (*CHANNELS, CHANNELS[-1]):
        if channels is None:
            layers.append(AveragePool2d((2, 2), (2, 2)))
            signal = layers[-1].forward(signal)
            continue
        # The last one sees one pixel: it is the dense layer.
        pad = 1 if sum(isinstance(layer, Conv2d) for layer in layers) < 13 else 0
        shape = channels, signal.shape[1], 1 + 2 * pad, 1 + 2 * pad
        weight = rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape).astype(np.float32)
        drive = Conv2d(weight, None, (1, 1), (pad,) * 4).forward(signal)
        level = np.quantile(drive, 1 - ACTIVE, axis=(0, 2, 3)).astype(np.float32)
        signal = np.maximum(drive - level[:, None, None], 0)
        # Signals of one size everywhere; the normalisation of the study makes rates of them.
        size = np.sqrt(np.mean(signal**2, axis=(0, 2, 3)))
        signal /= size[:, None, None]
        weight, bias = weight / size[:, None, None, None], -level / size
        layers += [Conv2d(weight, bias, (1, 1), (pad,) * 4), ReLU()]
    readout = rng.normal(0, np.sqrt(1 / signal.shape[1]), (CLASSES, signal.shape[1])).astype(np.float32)
    return LayerGraph("vgg-16-random", images.shape[1:], (*layers, Flatten(), Dense(readout)))
