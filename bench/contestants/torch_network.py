"""What the torch libraries share: convolutions, batches, the readout; the neurons are the library's."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import torch
from numpy.typing import NDArray

from bench.problem import Problem


class TorchNetwork(ABC):
    """Convolutions with the neurons of a library between them, one batch after another.

    A variant is a list of words: ``channels-last``; ``layer-wise``, where each layer computes all time steps
    before the next layer begins; and those of the library.
    """

    time_axis = 0

    def __init__(self, problem: Problem) -> None:
        *layers, last = problem.layers
        self.n_steps = problem.n_steps
        self.convolutions = []
        for layer in layers:
            channels_out, channels_in, *kernel = layer.weight.shape
            convolution = torch.nn.Conv2d(channels_in, channels_out, tuple(kernel), layer.stride)
            convolution.load_state_dict(
                {"weight": torch.from_numpy(layer.weight), "bias": torch.from_numpy(layer.bias)}
            )
            self.convolutions.append(convolution.eval())
        self.readout = torch.nn.Linear(*reversed(last.weight.shape))
        self.readout.load_state_dict(
            {
                "weight": torch.from_numpy(last.weight),
                "bias": problem.n_steps * torch.from_numpy(last.bias),
            }
        )
        self.variant: str | None = None

    @abstractmethod
    def make_neurons(self, words: list[str]) -> list[torch.nn.Module]:
        """Return the neurons behind each convolution."""

    @abstractmethod
    def rest(self) -> None:
        """Bring all neurons to rest, before every batch."""

    def fire(self, number: int, current: torch.Tensor) -> torch.Tensor:
        """Advance the neurons of a layer by a step, and return their spikes, of the shape of the current."""
        return self.neurons[number](current)

    @abstractmethod
    def fire_all(self, number: int, current: torch.Tensor) -> torch.Tensor:
        """Advance the neurons of a layer by all steps, which lie along `time_axis`, 0 or 1, of five."""

    def classify(self, images: NDArray[np.float32], batch: int, variant: str) -> NDArray[np.int64]:
        """Return the class of each image, shape (n,)."""
        return self.run(images, batch, variant, None)

    def spikes(self, images: NDArray[np.float32], batch: int, variant: str) -> float:
        """Return the spikes of all convolutions for an image."""
        totals: list[float] = []
        self.run(images, batch, variant, totals)
        return sum(totals) / len(images)

    @torch.inference_mode()
    def run(
        self, images: NDArray[np.float32], batch: int, variant: str, totals: list[float] | None
    ) -> NDArray[np.int64]:
        """Return the class of each image; add up the spikes where a list is given."""
        words = variant.split()
        form = torch.channels_last if "channels-last" in words else torch.contiguous_format
        if variant != self.variant:
            self.neurons, self.variant = self.make_neurons(words), variant
            for convolution in self.convolutions:
                convolution.to(memory_format=form)
        count = self.layer_by_layer if "layer-wise" in words else self.step_by_step
        classes = []
        for part in torch.from_numpy(images).split(batch):
            self.rest()
            # The constant input of the first layer is computed once. The readout is linear: what it sums up
            # over time is its output for the spike counts.
            counts = count(self.convolutions[0](part.contiguous(memory_format=form)), totals)
            classes.append(self.readout(counts.flatten(1)).argmax(1))
        return torch.cat(classes).numpy()

    def step_by_step(self, first: torch.Tensor, totals: list[float] | None) -> torch.Tensor:
        """Return the spike count of each neuron of the last convolution; every step passes all layers."""
        counts: torch.Tensor | float = 0.0
        for _ in range(self.n_steps):
            spikes = self.fire(0, first)
            _add(totals, spikes)
            for number in range(1, len(self.convolutions)):
                spikes = self.fire(number, self.convolutions[number](spikes))
                _add(totals, spikes)
            counts += spikes
        assert isinstance(counts, torch.Tensor)
        return counts

    def layer_by_layer(self, first: torch.Tensor, totals: list[float] | None) -> torch.Tensor:
        """Return the spike count of each neuron of the last convolution; every layer passes all steps."""
        shape = list(first.shape)
        shape.insert(self.time_axis, self.n_steps)
        spikes = self.fire_all(0, first.unsqueeze(self.time_axis).expand(shape))
        _add(totals, spikes)
        for number in range(1, len(self.convolutions)):
            current = self.convolutions[number](spikes.flatten(0, 1)).unflatten(0, spikes.shape[:2])
            spikes = self.fire_all(number, current)
            _add(totals, spikes)
        return spikes.sum(self.time_axis)


def _add(totals: list[float] | None, spikes: torch.Tensor) -> None:
    if totals is not None:
        totals.append(float(spikes.sum()))
