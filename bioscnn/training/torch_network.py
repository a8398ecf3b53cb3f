"""A trained network in torch: its weights as parameters, its linear layers as functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch.nn.functional import avg_pool2d, conv2d, linear, pad

from bioscnn.ann import (
    AveragePool2d,
    Conv2d,
    Dense,
    Flatten,
    Layer,
    LayerGraph,
    LIFRate,
    MaxPool2d,
    ReLU,
    Scale,
)
from bioscnn.conversion import simplified
from bioscnn.errors import UserError


class TorchNetwork:
    """The weights of a layer graph as torch parameters.

    Parameters
    ----------
    graph : LayerGraph
        The network; batch normalisation is folded into the weights.
    dtype : torch.dtype
        Of the parameters.

    Attributes
    ----------
    graph : LayerGraph
        The simplified network, with the weights it began with.
    """

    def __init__(self, graph: LayerGraph, dtype: torch.dtype = torch.float32) -> None:
        self.graph = simplified(graph)
        if not self.graph.is_chain or any(isinstance(la, MaxPool2d | Scale) for la in self.graph.layers):
            raise UserError(
                "only a chain of convolutions, dense layers and average pooling is trained here",
                key=graph.name,
                fix="train it where it comes from, and give the trained network",
            )
        self._parameters: dict[tuple[int, str], torch.Tensor] = {}
        for index, layer in enumerate(self.graph.layers):
            if isinstance(layer, Conv2d | Dense):
                for name in ("weight", "bias"):
                    array = getattr(layer, name)
                    if array is not None:
                        self._parameters[index, name] = _parameter(array, dtype)

    @property
    def parameters(self) -> list[torch.Tensor]:
        """Weights and biases, from the first layer to the last."""
        return list(self._parameters.values())

    @property
    def has_neurons(self) -> bool:
        """Whether every activation is the rate of a LIF neuron."""
        return not any(isinstance(layer, ReLU) for layer in self.graph.layers)

    def forward(
        self, images: torch.Tensor, activate: Callable[[ReLU | LIFRate, torch.Tensor], torch.Tensor]
    ) -> torch.Tensor:
        """Return the logits of images, with activations as `activate` computes them."""
        x = images
        for index, layer in enumerate(self.graph.layers):
            x = activate(layer, x) if isinstance(layer, ReLU | LIFRate) else self.linear(index, x)
        return x

    def biases_of_neurons(self) -> list[torch.Tensor]:
        """Return the biases of all layers but the readout."""
        return [tensor for (_, name), tensor in self._parameters.items() if name == "bias"][:-1]

    def linear(self, index: int, x: torch.Tensor, bias: bool = True) -> torch.Tensor:
        """Apply layer `index` to x, shape (n, *its input shape), with or without its bias."""
        layer = self.graph.layers[index]
        weight = self._parameters.get((index, "weight"))
        offset = self._parameters.get((index, "bias")) if bias else None
        if isinstance(layer, Conv2d):
            assert weight is not None
            return conv2d(_padded(x, layer), weight, offset, stride=layer.stride, groups=layer.groups)
        if isinstance(layer, Dense):
            assert weight is not None
            return linear(x, weight, offset)
        if isinstance(layer, AveragePool2d):
            pooled = avg_pool2d(_padded(x, layer), layer.kernel, layer.stride)
            if any(layer.padding) and not layer.count_include_pad:
                inside = torch.ones_like(x[:1, :1])
                pooled = pooled / avg_pool2d(_padded(inside, layer), layer.kernel, layer.stride)
            return pooled
        assert isinstance(layer, Flatten)
        return x.flatten(1)

    def to_graph(self) -> LayerGraph:
        """Return the network with the present weights."""
        layers: list[Layer] = list(self.graph.layers)
        for (index, name), tensor in self._parameters.items():
            array = tensor.detach().numpy().astype(np.float32)
            layers[index] = replace(layers[index], **{name: array})
        return self.graph.with_layers(layers)

    def set_parameters(self, arrays: list[np.ndarray]) -> None:
        """Set all weights and biases, in the order of `parameters`."""
        with torch.no_grad():
            for tensor, array in zip(self.parameters, arrays, strict=True):
                tensor.copy_(torch.from_numpy(array))


def _parameter(array: np.ndarray, dtype: torch.dtype) -> torch.Tensor:
    tensor = torch.tensor(array, dtype=dtype)
    # Channels last makes torch's convolutions on a CPU about twice as fast.
    if tensor.dim() == 4:
        tensor = tensor.to(memory_format=torch.channels_last)
    return tensor.requires_grad_()


def _padded(x: torch.Tensor, layer: Conv2d | AveragePool2d) -> torch.Tensor:
    top, left, bottom, right = layer.padding
    return pad(x, (left, right, top, bottom)) if any(layer.padding) else x
