"""SpikingJelly: `IFNode` or `LIFNode` with reset by subtraction, step by step or in its multi-step mode."""

from __future__ import annotations

import torch
from spikingjelly.activation_based import neuron

from bench.contestants.torch_network import TorchNetwork
from bench.problem import Problem


class SpikingJelly(TorchNetwork):
    """Neurons of SpikingJelly; ``layer-wise`` is its multi-step mode."""

    def make_neurons(self, words: list[str]) -> list[torch.nn.Module]:
        """Return the neurons behind each convolution."""
        mode = "m" if "layer-wise" in words else "s"
        keys = {"v_threshold": 1.0, "v_reset": None, "step_mode": mode}
        if self.leak == 1:
            return [neuron.IFNode(**keys).eval() for _ in self.convolutions]
        tau = 1 / (1 - self.leak)
        return [neuron.LIFNode(tau, decay_input=False, **keys).eval() for _ in self.convolutions]

    def rest(self) -> None:
        """Bring all neurons to rest."""
        for layer in self.neurons:
            layer.reset()

    def fire_all(self, number: int, current: torch.Tensor) -> torch.Tensor:
        """Advance the neurons of a layer by all steps."""
        return self.neurons[number](current)


def load(problem: Problem) -> SpikingJelly:
    """Return the network of a problem."""
    return SpikingJelly(problem)
