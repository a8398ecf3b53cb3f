"""The networks that ship with bioscnn, before they are trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from bioscnn.ann.activations import LIFRate
from bioscnn.ann.geometry import Pair, window_grid
from bioscnn.ann.graph import Layer, LayerGraph
from bioscnn.ann.layers import Conv2d, Dense, Flatten, Shape
from bioscnn.errors import UserError


@dataclass(frozen=True)
class Convolution:
    """A convolution without padding, followed by the neurons."""

    channels: int
    kernel: Pair = (3, 3)
    stride: Pair = (1, 1)


@dataclass(frozen=True)
class Architecture:
    """Convolutions of spiking neurons, and a linear read-out.

    Parameters
    ----------
    name : str
        What the network is called.
    dataset : str
        The data set it classifies, a name for `bioscnn.datasets.load_dataset`.
    input_shape : (int, int, int)
        Channels, height and width of an image.
    convolutions : tuple of Convolution
        The layers of neurons, from the image up.
    n_classes : int
        Outputs of the read-out.
    neuron : LIFRate
        The rate of every neuron. It is exact (``gamma = 0``), so that the spiking network has nothing to
        make up for; training only smooths its slope.
    """

    name: str
    dataset: str
    input_shape: tuple[int, int, int]
    convolutions: tuple[Convolution, ...]
    n_classes: int
    neuron: LIFRate

    def weight_shapes(self) -> list[Shape]:
        """Return the shape of the weights of every convolution and of the read-out."""
        channels, *image = self.input_shape
        shapes: list[Shape] = []
        size = (image[0], image[1])
        for convolution in self.convolutions:
            shapes.append((convolution.channels, channels, *convolution.kernel))
            size = window_grid(size, convolution.kernel, convolution.stride, (0, 0, 0, 0))
            channels = convolution.channels
        return [*shapes, (self.n_classes, channels * size[0] * size[1])]

    def graph(self, weights: list[NDArray[Any]], biases: list[NDArray[Any]]) -> LayerGraph:
        """Return the network with these weights and biases, one array a layer, as in `weight_shapes`."""
        layers: list[Layer] = []
        for convolution, weight, bias in zip(self.convolutions, weights, biases, strict=False):
            layers += [Conv2d(weight, bias, convolution.stride), self.neuron]
        return LayerGraph(self.name, self.input_shape, (*layers, Flatten(), Dense(weights[-1], biases[-1])))


ARCHITECTURES = {
    architecture.name: architecture
    for architecture in (
        Architecture(
            name="mnist-small",
            dataset="mnist",
            input_shape=(1, 28, 28),
            convolutions=(
                Convolution(8),
                Convolution(16, stride=(2, 2)),
                Convolution(32, stride=(2, 2)),
            ),
            n_classes=10,
            neuron=LIFRate(tau_m=20e-3, t_ref=2e-3, amplitude=10e-3, gamma=0.0),
        ),
    )
}


def find_architecture(name: str) -> Architecture:
    """Return an architecture by its name.

    Raises
    ------
    UserError
        If there is none of this name.

    Examples
    --------
    >>> find_architecture("mnist-small").n_classes
    10
    """
    if name not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise UserError("no such architecture", key="network", value=name, expected=f"one of {known}")
    return ARCHITECTURES[name]
