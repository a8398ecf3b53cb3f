"""sinabs: `IAFSqueeze` or `LIFSqueeze`, which take all steps at once; one spike a step at most."""

from __future__ import annotations

import math

import sinabs.layers
import torch
from sinabs.activation import MembraneSubtract, SingleSpike

from bench.contestants.torch_network import TorchNetwork
from bench.problem import Problem


class Sinabs(TorchNetwork):
    """Neurons of sinabs, whose first axis is images times steps."""

    time_axis = 1

    def make_neurons(self, words: list[str]) -> list[torch.nn.Module]:
        """Return the neurons behind each convolution."""
        steps = self.n_steps if "layer-wise" in words else 1
        keys = {"num_timesteps": steps, "spike_fn": SingleSpike, "reset_fn": MembraneSubtract()}
        if self.leak == 1:
            return [sinabs.layers.IAFSqueeze(**keys).eval() for _ in self.convolutions]
        keys |= {"tau_mem": -1 / math.log(self.leak), "norm_input": False}
        return [sinabs.layers.LIFSqueeze(**keys).eval() for _ in self.convolutions]

    def rest(self) -> None:
        """Bring all neurons to rest."""
        for layer in self.neurons:
            layer.reset_states()

    def fire_all(self, number: int, current: torch.Tensor) -> torch.Tensor:
        """Advance the neurons of a layer by all steps."""
        return self.neurons[number](current.flatten(0, 1)).unflatten(0, current.shape[:2])


def load(problem: Problem) -> Sinabs:
    """Return the network of a problem."""
    return Sinabs(problem)
