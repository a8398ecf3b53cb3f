"""Networks before they are trained: random weights of some shape."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioscnn import seeds
from bioscnn.ann import (
    AveragePool2d,
    BatchNorm2d,
    Conv2d,
    Dense,
    Flatten,
    Layer,
    LayerGraph,
    LIFRate,
    MaxPool2d,
    ReLU,
)
from bioscnn.ann.windows import window_grid
from bioscnn.errors import UserError
from bioscnn.training.layers import (
    MOST_NEURONS,
    MOST_WEIGHTS,
    Convolution,
    Hidden,
    Pooling,
    Specification,
    layers_text,
)


@dataclass(frozen=True)
class Architecture:
    """Layers of neurons, and a linear readout.

    Parameters
    ----------
    input_shape : tuple of int
        Channels, height and width of an image.
    layers : tuple of Convolution, Pooling or Hidden
        From the image up.
    n_classes : int
        Outputs of the readout.
    neuron : LIFRate or ReLU
        The activation of every neuron. A LIF rate is exact (``gamma = 0``), so that the spiking network has
        nothing to make up for; training only smooths its slope.
    """

    input_shape: tuple[int, ...]
    layers: tuple[Specification, ...]
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

        Raises
        ------
        UserError
            If a layer does not fit on what comes before it, or the network would fill the memory.
        """
        self._require_size()
        rng = seeds.stream(seed, "training", "weights")
        fires = isinstance(self.neuron, LIFRate)
        at_rest = 1.0 if fires else 0.0
        layers: list[Layer] = []
        shape: tuple[int, ...] = self.input_shape

        def add(layer: Layer) -> None:
            nonlocal shape
            layers.append(layer)
            shape = layer.output_shape(shape)

        for specification in self.layers:
            # He's rule; images are dimmer than rates.
            gain = 2.0 if fires and self.neuron not in layers else 1.0
            if isinstance(specification, Convolution):
                n = specification.channels
                weight = _normal(rng, gain, (n, shape[0], *specification.kernel))
                bias = None if specification.batch_norm else np.full(n, at_rest, np.float32)
                add(Conv2d(weight, bias, specification.stride, (specification.padding,) * 4))
                if specification.batch_norm:
                    ones, zero = np.ones(n, np.float32), np.zeros(n, np.float32)
                    add(BatchNorm2d(ones, ones * at_rest, zero, ones))
                add(self.neuron)
            elif isinstance(specification, Pooling):
                kernel = (specification.kernel,) * 2
                add((AveragePool2d if specification.kind == "average" else MaxPool2d)(kernel, kernel))
            else:
                if len(shape) > 1:
                    add(Flatten())
                weight = _normal(rng, gain, (specification.units, math.prod(shape)))
                add(Dense(weight, np.full(specification.units, at_rest, np.float32)))
                add(self.neuron)
        if len(shape) > 1:
            add(Flatten())
        # A readout has no neurons behind it.
        weight = _normal(rng, 1 / math.sqrt(2), (self.n_classes, math.prod(shape)))
        add(Dense(weight, np.zeros(self.n_classes, np.float32)))
        return LayerGraph(name, self.input_shape, tuple(layers))

    def _require_size(self) -> None:
        """Refuse a network that is too large, before anything of its size is made."""
        shape, weights, neurons = self.input_shape, 0, 0
        for layer in (*self.layers, Hidden(self.n_classes)):
            if isinstance(layer, Hidden):
                weights += layer.units * math.prod(shape)
                shape = (layer.units,)
            else:
                if isinstance(layer, Convolution):
                    channels, padding, stride = layer.channels, layer.padding, layer.stride
                    kernel = layer.kernel
                    weights += channels * shape[0] * math.prod(kernel)
                else:
                    channels, padding, kernel = shape[0], 0, (layer.kernel,) * 2
                    stride = kernel
                try:
                    grid = window_grid((shape[1], shape[2]), kernel, stride, (padding,) * 4)
                except UserError as error:
                    raise error.but(key="training.layers", value=layers_text(self.layers)) from None
                shape = (channels, *grid)
            neurons += math.prod(shape)
            if weights > MOST_WEIGHTS or neurons > MOST_NEURONS:
                raise UserError(
                    f"these layers are too large for images of {self.input_shape}",
                    key="training.layers",
                    value=layers_text(self.layers),
                    expected=f"at most {MOST_WEIGHTS:,} weights and {MOST_NEURONS:,} neurons",
                )


def _normal(rng: np.random.Generator, gain: float, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Draw weights from a normal distribution as wide as the inputs are many."""
    return rng.normal(0.0, gain * math.sqrt(2 / math.prod(shape[1:])), shape).astype(np.float32)
