"""What the torch libraries share: convolutions, batches, the readout; the neurons are the library's."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from itertools import repeat

import numpy as np
import torch
from numpy.typing import NDArray

from bench.contestants.torch_contestant import TorchContestant
from bench.contestants.torch_frames import all_frames, frame_by_frame
from bench.problem import Layer, Problem, Stimulus, count
from bioscnn.spikes import SpikeTrains


class TorchNetwork(TorchContestant):
    """Convolutions with the neurons of a library between them, one batch after another.

    A variant is a list of words: ``channels-last``; ``layer-wise``, where each layer computes all time steps
    before the next layer begins; and those of the library.
    """

    time_axis = 0

    def __init__(self, problem: Problem) -> None:
        *layers, last = problem.layers
        self.n_steps, self.shape, self.leak = problem.n_steps, problem.shape, problem.leak
        self.convolutions = [_convolution(layer) for layer in layers]
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
        """Return the neurons behind each convolution, which keep `leak` of their potential in a step."""

    @abstractmethod
    def rest(self) -> None:
        """Bring all neurons to rest, before every batch."""

    def fire(self, number: int, current: torch.Tensor) -> torch.Tensor:
        """Advance the neurons of a layer by a step, and return their spikes, of the shape of the current."""
        return self.neurons[number](current)

    @abstractmethod
    def fire_all(self, number: int, current: torch.Tensor) -> torch.Tensor:
        """Advance the neurons of a layer by all steps, which lie along `time_axis`, 0 or 1, of five."""

    @torch.inference_mode()
    def run(
        self, stimulus: Stimulus, batch: int, variant: str, totals: list[float] | None
    ) -> NDArray[np.int64]:
        """Return the class of each example; add up the spikes of each layer where a list is given."""
        words = variant.split()
        form = torch.channels_last if "channels-last" in words else torch.contiguous_format
        if variant != self.variant:
            self.neurons, self.variant = self.make_neurons(words), variant
            for convolution in self.convolutions:
                convolution.to(memory_format=form)
        counts_of = self.layer_by_layer if "layer-wise" in words else self.step_by_step
        classes = []
        for at in range(0, count(stimulus), batch):
            self.rest()
            # The readout is linear: what it sums up over time is its output for the spike counts.
            counts = counts_of(stimulus[at : at + batch], form, totals)
            classes.append(self.readout(counts.flatten(1)).argmax(1))
        return torch.cat(classes).numpy()

    def step_by_step(
        self, part: Stimulus, form: torch.memory_format, totals: list[float] | None
    ) -> torch.Tensor:
        """Return the spike count of each neuron of the last convolution; every step passes all layers."""
        counts: torch.Tensor | float = 0.0
        for current in self.currents(part, form):
            spikes = self.fire(0, current)
            _add(totals, 0, spikes)
            for number in range(1, len(self.convolutions)):
                spikes = self.fire(number, self.convolutions[number](spikes))
                _add(totals, number, spikes)
            counts += spikes
        assert isinstance(counts, torch.Tensor)
        return counts

    def currents(self, part: Stimulus, form: torch.memory_format) -> Iterator[torch.Tensor]:
        """Return what the first layer adds to its neurons in each step; for images it is computed once."""
        first = self.convolutions[0]
        if isinstance(part, SpikeTrains):
            frames = frame_by_frame(part, self.shape, form == torch.channels_last)
            return (first(frame) for frame in frames)
        return repeat(first(torch.from_numpy(part).contiguous(memory_format=form)), self.n_steps)

    def layer_by_layer(
        self, part: Stimulus, form: torch.memory_format, totals: list[float] | None
    ) -> torch.Tensor:
        """Return the spike count of each neuron of the last convolution; every layer passes all steps."""
        both = [count(part)]
        both.insert(self.time_axis, self.n_steps)
        if isinstance(part, SpikeTrains):
            frames = all_frames(part, self.shape, form == torch.channels_last, self.time_axis)
            current = self.convolutions[0](frames).unflatten(0, both)
        else:
            constant = next(self.currents(part, form)).unsqueeze(self.time_axis)
            current = constant.expand(*both, *constant.shape[2:])
        spikes = self.fire_all(0, current)
        _add(totals, 0, spikes)
        for number in range(1, len(self.convolutions)):
            current = self.convolutions[number](spikes.flatten(0, 1)).unflatten(0, both)
            spikes = self.fire_all(number, current)
            _add(totals, number, spikes)
        return spikes.sum(self.time_axis)


def _convolution(layer: Layer) -> torch.nn.Module:
    """Return the convolution of a layer, behind its pooling if there is one."""
    channels_out, channels_in, *kernel = layer.weight.shape
    convolution = torch.nn.Conv2d(channels_in, channels_out, tuple(kernel), layer.stride, layer.padding)
    convolution.load_state_dict(
        {"weight": torch.from_numpy(layer.weight), "bias": torch.from_numpy(layer.bias)}
    )
    if layer.pool == 1:
        return convolution.eval()
    return torch.nn.Sequential(torch.nn.AvgPool2d(layer.pool), convolution).eval()


def _add(totals: list[float] | None, number: int, spikes: torch.Tensor) -> None:
    if totals is not None:
        totals[number] += float(spikes.sum())
