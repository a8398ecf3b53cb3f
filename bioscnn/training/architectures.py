"""Shapes of the networks that are trained here: convolutions of neurons, and a linear readout."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioscnn import seeds
from bioscnn.ann import Conv2d, Dense, Flatten, Layer, LayerGraph, LIFRate, ReLU


@dataclass(frozen=True)
class Convolution:
    """A convolution without padding, followed by the neurons."""

    channels: int
    kernel: tuple[int, int] = (3, 3)
    stride: tuple[int, int] = (1, 1)


@dataclass(frozen=True)
class Architecture:
    """Convolutions of neurons, and a linear readout.

    Parameters
    ----------
    input_shape : (int, int, int)
        Channels, height and width of an image.
    convolutions : tuple of Convolution
        The layers of neurons, from the image up.
    n_classes : int
        Outputs of the readout.
    neuron : LIFRate or ReLU
        The activation of every neuron. A LIF rate is exact (``gamma = 0``), so that the spiking network has
        nothing to make up for; training only smooths its slope.
    """

    input_shape: tuple[int, int, int]
    convolutions: tuple[Convolution, ...]
    n_classes: int
    neuron: LIFRate | ReLU

    def initial(self, name: str, seed: int) -> LayerGraph:
        """Return the network with random weights.

        They spread the currents of LIF neurons around the rheobase, where the bias puts silent neurons.

        Parameters
        ----------
        name : str
            What to call it.
        seed : int
            Seed of the weights.
        """
        rng = seeds.stream(seed, "training", "weights")
        fires = isinstance(self.neuron, LIFRate)
        layers: list[Layer] = []
        shape: tuple[int, ...] = self.input_shape
        for convolution in self.convolutions:
            # He's rule; images are dimmer than rates.
            gain = 2.0 if fires and not layers else 1.0
            weight = _normal(rng, gain, (convolution.channels, shape[0], *convolution.kernel))
            bias = np.full(convolution.channels, 1.0 if fires else 0.0, np.float32)
            layers += [Conv2d(weight, bias, convolution.stride), self.neuron]
            shape = layers[-2].output_shape(shape)
        # A readout has no neurons behind it.
        weight = _normal(rng, 1 / math.sqrt(2), (self.n_classes, math.prod(shape)))
        layers += [Flatten(), Dense(weight, np.zeros(self.n_classes, np.float32))]
        return LayerGraph(name, self.input_shape, tuple(layers))


def _normal(rng: np.random.Generator, gain: float, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Draw weights from a normal distribution as wide as the inputs are many."""
    return rng.normal(0.0, gain * math.sqrt(2 / math.prod(shape[1:])), shape).astype(np.float32)
