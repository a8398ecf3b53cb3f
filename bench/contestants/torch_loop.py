"""No library: a batched loop over time in torch, written by hand."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import conv2d

from bench.problem import Problem

torch._inductor.config.freezing = True  # what is compiled may pack the weights as it likes


class TorchLoop:
    """Convolutions of IF neurons and a linear readout, one batch after another.

    A variant is a list of words: ``compiled``, ``channels-last``, and ``bfloat16``, where the weights have
    8 significant bits and the potentials keep their 24.
    """

    def __init__(self, problem: Problem) -> None:
        *self.convolutions, self.readout = problem.layers
        self.n_steps = problem.n_steps
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
        self.prepare(batch, variant)
        weight, bias = torch.from_numpy(self.readout.weight), torch.from_numpy(self.readout.bias)
        classes = []
        for part in torch.from_numpy(images).split(batch):
            counts = self.count(part.contiguous(memory_format=self.form), totals)
            # The readout is linear: what it sums up over time is its output for the spike counts.
            classes.append((counts.flatten(1) @ weight.T + self.n_steps * bias).argmax(1))
        return torch.cat(classes).numpy()

    def count(self, images: torch.Tensor, totals: list[float] | None) -> torch.Tensor:
        """Return the number of spikes of each neuron of the last convolution."""
        # The constant input of the first layer is computed once, in full precision.
        first = conv2d(
            images,
            *(torch.from_numpy(part) for part in (self.convolutions[0].weight, self.convolutions[0].bias)),
        )
        potentials, spikes = [torch.zeros_like(first)], [torch.zeros_like(first, dtype=self.dtype)]
        for number in range(1, len(self.kernels)):
            spikes.append(torch.zeros_like(self.convolve(number, spikes[-1])))
            potentials.append(torch.zeros_like(spikes[-1], dtype=torch.float32))
        counts = torch.zeros_like(potentials[-1])
        for _ in range(self.n_steps):
            self.advance(first, potentials, spikes)
            counts += spikes[-1]
            if totals is not None:
                totals += [float(layer.sum(dtype=torch.float32)) for layer in spikes]
        return counts

    def convolve(self, number: int, spikes: torch.Tensor) -> torch.Tensor:
        """Return what a convolution adds to the potentials of its neurons."""
        return conv2d(spikes, self.kernels[number], self.biases[number], self.convolutions[number].stride)

    def step(self, current: torch.Tensor, potentials: list[torch.Tensor], spikes: list[torch.Tensor]) -> None:
        """Advance all layers by one step, in place: integrate, fire above 1, subtract 1."""
        for number, (potential, spike) in enumerate(zip(potentials, spikes, strict=True)):
            potential += current if number == 0 else self.convolve(number, spikes[number - 1])
            if torch.compiler.is_compiling():
                spike.copy_(potential >= 1.0)
            else:
                torch.ge(potential, 1.0, out=spike)  # one pass less, which the compiler does not know
            potential -= spike


def load(problem: Problem) -> TorchLoop:
    """Return the network of a problem."""
    return TorchLoop(problem)
