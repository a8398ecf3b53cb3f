"""A trained network in torch: its weights as parameters, its linear layers as functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch.nn.functional import avg_pool2d, batch_norm, conv2d, linear, max_pool2d, pad

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
    Scale,
)
from bioscnn.conversion import simplified
from bioscnn.errors import UserError


class TorchNetwork:
    """The weights of a layer graph as torch parameters.

    Parameters
    ----------
    graph : LayerGraph
        The network.
    dtype : torch.dtype
        Of the parameters.
    keeps_batch_norm : bool
        Whether batch normalisation stays, to be trained; otherwise it is folded into the weights.

    Attributes
    ----------
    graph : LayerGraph
        The network, with the weights it began with.
    training : bool
        Whether batch normalisation uses the statistics of the batch, and learns those of all.
    """

    def __init__(
        self, graph: LayerGraph, dtype: torch.dtype = torch.float32, *, keeps_batch_norm: bool = False
    ) -> None:
        self.graph = graph if keeps_batch_norm else simplified(graph)
        self.training = False
        if not self.graph.is_chain or any(isinstance(layer, Scale) for layer in self.graph.layers):
            raise UserError(
                "only a chain of convolutions, dense layers and pooling is trained here",
                key=graph.name,
                fix="train it where it comes from, and give the trained network",
            )
        self._parameters: dict[tuple[int, str], torch.Tensor] = {}
        self._statistics: dict[tuple[int, str], torch.Tensor] = {}
        for index, layer in enumerate(self.graph.layers):
            for name in _PARAMETERS.get(type(layer), ()):
                array = getattr(layer, name)
                if array is not None:
                    self._parameters[index, name] = _parameter(array, dtype)
            if isinstance(layer, BatchNorm2d):
                for name in ("mean", "variance"):
                    self._statistics[index, name] = torch.tensor(getattr(layer, name), dtype=dtype)

    @property
    def parameters(self) -> list[torch.Tensor]:
        """What is learnt by its gradient, from the first layer to the last."""
        return list(self._parameters.values())

    @property
    def state(self) -> list[torch.Tensor]:
        """All that training changes: the parameters, and the statistics of batch normalisation."""
        return [*self._parameters.values(), *self._statistics.values()]

    @property
    def fires(self) -> bool:
        """Whether every activation is the rate of a LIF neuron."""
        return not any(isinstance(layer, ReLU) for layer in self.graph.layers)

    @property
    def has_twin(self) -> bool:
        """Whether `bioscnn.training.twin` can simulate it."""
        return self.fires and not any(isinstance(layer, MaxPool2d) for layer in self.graph.layers)

    def parameter(self, index: int, name: str) -> torch.Tensor | None:
        """Return a parameter of layer `index` as the layer applies it; None if it has none of this name."""
        return self._parameters.get((index, name))

    def folded(self) -> TorchNetwork:
        """Return the network with its present weights, without batch normalisation."""
        return TorchNetwork(self.to_graph()) if self._statistics else self

    def forward(
        self, images: torch.Tensor, activate: Callable[[ReLU | LIFRate, torch.Tensor], torch.Tensor]
    ) -> torch.Tensor:
        """Return the logits of images, with activations as `activate` computes them."""
        x = images
        for index, layer in enumerate(self.graph.layers):
            x = activate(layer, x) if isinstance(layer, ReLU | LIFRate) else self.linear(index, x)
        return x

    def hold_at_rheobase(self) -> None:
        """Keep every neuron silent without input, in place; the readout has no neurons.

        A bias beyond the rheobase makes a whole channel fire slowly wherever the image is blank. It serves
        the rates as a constant; a simulation of 30 ms sees no or one spike of it, and loses that constant.
        """
        last = len(self.graph.layers) - 1
        with torch.no_grad():
            for (index, name), tensor in self._parameters.items():
                if name == "bias" and index < last:
                    tensor.clamp_(max=1.0)
                elif name == "beta":
                    layer = self.graph.layers[index]
                    assert isinstance(layer, BatchNorm2d)
                    sd = (self._statistics[index, "variance"] + layer.epsilon).sqrt()
                    blank = -self._parameters[index, "gamma"] * self._statistics[index, "mean"] / sd
                    tensor.copy_(torch.minimum(tensor, 1 - blank))

    def linear(self, index: int, x: torch.Tensor, bias: bool = True) -> torch.Tensor:
        """Apply layer `index` to x, shape (n, *its input shape), with or without its bias."""
        layer = self.graph.layers[index]
        weight = self.parameter(index, "gamma" if isinstance(layer, BatchNorm2d) else "weight")
        offset = self.parameter(index, "bias") if bias else None
        if isinstance(layer, Conv2d):
            assert weight is not None
            return conv2d(_padded(x, layer), weight, offset, stride=layer.stride, groups=layer.groups)
        if isinstance(layer, Dense):
            assert weight is not None
            return linear(x, weight, offset)
        if isinstance(layer, BatchNorm2d):
            mean, variance = (self._statistics[index, name] for name in ("mean", "variance"))
            beta = self._parameters[index, "beta"]
            # One value per channel, as in a last batch of one example, has no variance of its own.
            of_batch = self.training and x.numel() > x.shape[1]
            return batch_norm(x, mean, variance, weight, beta, of_batch, _MOMENTUM, layer.epsilon)
        if isinstance(layer, MaxPool2d):
            top, left, bottom, right = layer.padding
            filled = pad(x, (left, right, top, bottom), value=-torch.inf) if any(layer.padding) else x
            return max_pool2d(filled, layer.kernel, layer.stride)
        if isinstance(layer, AveragePool2d):
            pooled = avg_pool2d(_padded(x, layer), layer.kernel, layer.stride)
            if any(layer.padding) and not layer.count_include_pad:
                inside = torch.ones_like(x[:1, :1])
                pooled = pooled / avg_pool2d(_padded(inside, layer), layer.kernel, layer.stride)
            return pooled
        assert isinstance(layer, Flatten)
        return x.flatten(1)

    def to_graph(self) -> LayerGraph:
        """Return the network with the present weights, batch normalisation folded into them."""
        layers: list[Layer] = list(self.graph.layers)
        applied = {key: self.parameter(*key) for key in self._parameters} | self._statistics
        for (index, name), tensor in applied.items():
            assert tensor is not None
            array = tensor.detach().numpy().astype(np.float32)
            layers[index] = replace(layers[index], **{name: array})
        graph = self.graph.with_layers(layers)
        return simplified(graph) if self._statistics else graph

    def set_state(self, arrays: list[np.ndarray]) -> None:
        """Set all that training changes, in the order of `state`."""
        with torch.no_grad():
            for tensor, array in zip(self.state, arrays, strict=True):
                tensor.copy_(torch.from_numpy(array))

    def copy_state(self) -> list[np.ndarray]:
        """Return a copy of all that training changes, as `set_state` takes it."""
        return [tensor.detach().numpy().copy() for tensor in self.state]


_PARAMETERS: dict[type, tuple[str, ...]] = {
    Conv2d: ("weight", "bias"),
    Dense: ("weight", "bias"),
    BatchNorm2d: ("gamma", "beta"),
}
_MOMENTUM = 0.1
"""Share of a batch in the running statistics."""


def _parameter(array: np.ndarray, dtype: torch.dtype) -> torch.Tensor:
    tensor = torch.tensor(array, dtype=dtype)
    # Channels last makes torch's convolutions on a CPU about twice as fast.
    if tensor.dim() == 4:
        tensor = tensor.to(memory_format=torch.channels_last)
    return tensor.requires_grad_()


def _padded(x: torch.Tensor, layer: Conv2d | AveragePool2d) -> torch.Tensor:
    top, left, bottom, right = layer.padding
    return pad(x, (left, right, top, bottom)) if any(layer.padding) else x
