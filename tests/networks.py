"""Networks and stimuli that several tests share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bioscnn.ann import AveragePool2d, BatchNorm2d, Conv2d, Dense, Flatten, LayerGraph, LIFRate, ReLU
from bioscnn.encoding import Currents, SpikeTrains, pixel_currents
from bioscnn.seeds import stream
from bioscnn.training.architectures import Architecture, Convolution

SHAPE = (2, 9, 8)


def every_layer(activation: LIFRate | ReLU | None = None, seed: int = 6) -> LayerGraph:
    """A small network with every layer type, whose every layer is lively on `images`."""
    rng = stream(seed, "network with every layer")
    rate = activation or LIFRate(tau_m=20e-3, t_ref=2e-3, amplitude=10e-3)

    def weights(*shape: int) -> np.ndarray:
        fan_in = np.prod(shape[1:])
        return rng.normal(2 / fan_in, 3 / np.sqrt(fan_in), shape).astype(np.float32)

    def bias(n: int) -> np.ndarray:
        return rng.normal(0.8, 0.4, n).astype(np.float32)

    norm = BatchNorm2d(*(rng.uniform(0.5, 1.5, 4).astype(np.float32) for _ in range(4)), epsilon=1e-3)
    layers = (
        Conv2d(weights(4, 1, 3, 2), bias(4), stride=(1, 2), padding=(1, 0, 1, 1), groups=2),
        norm,
        rate,
        AveragePool2d((2, 2), (2, 2), padding=(0, 1, 0, 0)),
        Conv2d(weights(6, 4, 2, 2), None),
        rate,
        Flatten(),
        Dense(weights(12, 18), bias(12)),
        rate,
        Dense(weights(5, 12), bias(5)),
    )
    return LayerGraph("every-layer", SHAPE, layers)


def images(n: int, seed: int = 7) -> np.ndarray:
    """Random images, shape (n, *SHAPE), float32 in [0, 1]."""
    return stream(seed, "images").random((n, *SHAPE)).astype(np.float32)


def currents(n: int, n_steps: int = 30, dt: float = 1e-3) -> Currents:
    """Pixel currents of `images`."""
    return pixel_currents(images(n), n_steps, dt)


def spikes(n: int, n_steps: int = 30, dt: float = 1e-3) -> SpikeTrains:
    """Random input spikes, none in the last step."""
    raster = stream(9, "input spikes").random((n, n_steps - 1, int(np.prod(SHAPE)))) < 0.15
    trial, step, neuron = np.nonzero(raster)
    return SpikeTrains.from_events(
        trial, step, neuron, n_trials=n, size=raster.shape[2], n_steps=n_steps, dt=dt
    )


def of_events(activation: LIFRate | ReLU | None = None) -> LayerGraph:
    """A small untrained network for recordings of 34 x 34 pixels, whose ten output neurons fire."""
    rate = activation or LIFRate(tau_m=20e-3, t_ref=2e-3, amplitude=10e-3)
    convolutions = (Convolution(4, stride=(3, 3)), Convolution(8, stride=(2, 2)))
    *layers, readout = Architecture((2, 34, 34), convolutions, 10, rate).initial("any", seed=1).layers
    lively = replace(readout, bias=np.ones(10, np.float32))
    return LayerGraph("of-events", (2, 34, 34), (*layers, lively))
