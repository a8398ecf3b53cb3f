"""snnTorch: `Leaky`, reset by subtraction; it has no mode for all steps at once."""

from __future__ import annotations

import snntorch
import torch

from bench.contestants.torch_network import TorchNetwork
from bench.problem import Problem


class SnnTorch(TorchNetwork):
    """Neurons of snnTorch, step by step."""

    def make_neurons(self, words: list[str]) -> list[torch.nn.Module]:
        """Return the neurons behind each convolution."""
        # It resets in the next step, when the potential has leaked: with a leak it fires a little less.
        # With reset_delay=False (1.0.0) it loses spikes where more than a threshold is left after a reset.
        return [
            snntorch.Leaky(beta=self.leak, threshold=1.0, reset_mechanism="subtract", init_hidden=True).eval()
            for _ in self.convolutions
        ]

    def rest(self) -> None:
        """Bring all neurons to rest."""
        for layer in self.neurons:
            layer.reset_mem()

    def fire_all(self, number: int, current: torch.Tensor) -> torch.Tensor:
        """Advance the neurons of a layer by all steps."""
        return torch.stack([self.fire(number, part) for part in current])


def load(problem: Problem) -> SnnTorch:
    """Return the network of a problem."""
    return SnnTorch(problem)
