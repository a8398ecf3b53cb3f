"""No library: a batched loop over time in torch, written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import avg_pool2d, conv2d

from bench.contestants.torch_contestant import TorchContestant
from bench.contestants.torch_frames import frame_by_frame
from bench.problem import Problem, Stimulus, count
from bioscnn.spikes import SpikeTrains

torch._inductor.config.freezing = True  # what is compiled may pack the weights as it likes


class TorchLoop(TorchContestant):
    """Convolutions of IF or LIF neurons and a linear readout, one batch after another.

    A variant is a list of words: ``compiled``, ``channels-last``, and ``bfloat16``, where the weights have
    8 significant bits and the potentials keep their 24.
    """

    def __init__(self, problem: Problem) -> None:
        *self.convolutions, self.readout = problem.layers
        self.n_steps, self.shape, self.leak = problem.n_steps, problem.shape, problem.leak
        self.events = isinstance(problem.examples, SpikeTrains)
        self.prepared: tuple[int, str] | None = None

    def prepare(self, batch: int, variant: str) -> None:
        """Bring the weights into the form that a variant needs, at its first call."""
        if self.prepared == (batch, variant):
            return
        self.prepared, words = (batch, variant), variant.split()
        torch.compiler.reset()
        self.form = torch.channels_last if "channels-last" in words else torch.contiguous_format
        self.dtype = torch.bfloat16 if "bfloat16" in words else torch.float32
        self.kernels = [
            torch.from_numpy(layer.weight).to(self.dtype, memory_format=self.form)
            for layer in self.convolutions
        ]
        self.biases = [torch.from_numpy(layer.bias).to(self.dtype) for layer in self.convolutions]
        self.advance = (
            torch.compile(self.step, dynamic=False, fullgraph=True) if "compiled" in words else self.step
        )

    @torch.inference_mode()
    def run(
        self, stimulus: Stimulus, batch: int, variant: str, totals: list[float] | None
    ) -> NDArray[np.int64]:
        """Return the class of each example; add up the spikes of each layer where a list is given."""
        self.prepare(batch, variant)
        weight, bias = torch.from_numpy(self.readout.weight), torch.from_numpy(self.readout.bias)
        classes = []
        for at in range(0, count(stimulus), batch):
            counts = self.counts_of(stimulus[at : at + batch], totals)
            # The readout is linear: what it sums up over time is its output for the spike counts.
            classes.append((counts.flatten(1) @ weight.T + self.n_steps * bias).argmax(1))
        return torch.cat(classes).numpy()

    def signals(self, part: Stimulus) -> Iterator[torch.Tensor]:
        """Return what comes in at each step: spikes, or the constant currents of images.

        Those are computed once, in full precision.
        """
        if isinstance(part, SpikeTrains):
            return frame_by_frame(part, self.shape, self.form == torch.channels_last, self.dtype)
        first, images = self.convolutions[0], torch.from_numpy(part).contiguous(memory_format=self.form)
        weight, bias = (torch.from_numpy(values) for values in (first.weight, first.bias))
        return repeat(conv2d(images, weight, bias, first.stride, first.padding), self.n_steps)

    def counts_of(self, part: Stimulus, totals: list[float] | None) -> torch.Tensor:
        """Return the number of spikes of each neuron of the last convolution."""
        potentials: list[torch.Tensor] = []
        for signal in self.signals(part):
            if not potentials:
                current = self.current(0, signal)
                spikes = [torch.zeros_like(current, dtype=self.dtype)]
                for number in range(1, len(self.kernels)):
                    spikes.append(torch.zeros_like(self.convolve(number, spikes[-1])))
                potentials = [torch.zeros_like(spike, dtype=torch.float32) for spike in spikes]
                counts = torch.zeros_like(potentials[-1])
            self.advance(signal, potentials, spikes)
            counts += spikes[-1]
            if totals is not None:
                for number, layer in enumerate(spikes):
                    totals[number] += float(layer.sum(dtype=torch.float32))
        return counts

    def convolve(self, number: int, spikes: torch.Tensor) -> torch.Tensor:
        """Return what a convolution adds to the potentials of its neurons."""
        layer = self.convolutions[number]
        if layer.pool > 1:
            spikes = avg_pool2d(spikes, layer.pool)
        return conv2d(spikes, self.kernels[number], self.biases[number], layer.stride, layer.padding)

    def current(self, number: int, spikes: torch.Tensor) -> torch.Tensor:
        """Return what comes into a layer: of images, the first layer is given its currents."""
        return self.convolve(number, spikes) if number > 0 or self.events else spikes

    def step(self, signal: torch.Tensor, potentials: list[torch.Tensor], spikes: list[torch.Tensor]) -> None:
        """Advance all layers by one step, in place: leak, integrate, fire above 1, subtract 1."""
        for number, (potential, spike) in enumerate(zip(potentials, spikes, strict=True)):
            if self.leak < 1:
                potential *= self.leak
            potential += self.current(number, signal if number == 0 else spikes[number - 1])
            if torch.compiler.is_compiling():
                spike.copy_(potential >= 1.0)
            else:
                torch.ge(potential, 1.0, out=spike)  # one pass less, which the compiler does not know
            potential -= spike


def load(problem: Problem) -> TorchLoop:
    """Return the network of a problem."""
    return TorchLoop(problem)
