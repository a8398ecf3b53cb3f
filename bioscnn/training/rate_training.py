"""The first stage: training on firing rates, as a short simulation shows them."""

from __future__ import annotations

import torch
from torch.nn.functional import cross_entropy

from bioscnn.ann import LayerGraph, LIFRate, ReLU
from bioscnn.training.examples import Examples
from bioscnn.training.fit import generator
from bioscnn.training.measure import EpochRecord, RatesAndTwin
from bioscnn.training.observed_rates import observed_rates
from bioscnn.training.rates import activation, rate_logits
from bioscnn.training.settings import RateSettings
from bioscnn.training.torch_network import TorchNetwork


class RateObjective(RatesAndTwin):
    """Cross-entropy of rates with noise, and a price on spikes.

    A spiking network read after 30 ms sees few spikes: a neuron at 30 Hz may not have fired at all. So the
    rates lose up to one spike of the window and carry noise; otherwise the network comes to rely on slow
    neurons that the simulation never sees. The rates of a ReLU network are its activations, without noise.

    Parameters
    ----------
    settings : RateSettings
        Noise, window, slope, and the price.

    References
    ----------
    Hunsberger and Eliasmith (2016), Training spiking deep networks for neuromorphic hardware,
    arXiv:1611.05141: LIF rates as activations, Gaussian noise of 10 or 20 Hz on them.
    """

    def __init__(self, settings: RateSettings) -> None:
        super().__init__(settings)
        self.settings = settings
        self.spiking_images = settings.spiking_images
        self.steps = settings.frame_steps
        self.generators = {"rate-noise": generator(settings.seed, "rate-noise")}

    def network(self, graph: LayerGraph, training: Examples) -> TorchNetwork:
        """Return the network in torch; its batch normalisation is trained."""
        return TorchNetwork(graph, keeps_batch_norm=True)

    def loss(self, network: TorchNetwork, stimulus: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the loss of a batch; targets are the wanted probabilities, shape (n, classes)."""
        expected: list[torch.Tensor] = []  # spikes per image, by population

        def observed(layer: ReLU | LIFRate, x: torch.Tensor) -> torch.Tensor:
            if isinstance(layer, ReLU):
                return activation(layer, x)
            rate = activation(layer, x.float(), self.settings.slope_width)
            if self.settings.spike_penalty > 0:
                expected.append(rate.sum() * (self.clock.duration / layer.amplitude / len(x)))
            return observed_rates(rate, layer.amplitude, self.settings, self.generators["rate-noise"])

        with torch.autocast("cpu", torch.bfloat16, enabled=self.settings.precision == "bfloat16"):
            logits = rate_logits(network, stimulus, observed, self.clock, self.settings)
        wrong = cross_entropy(logits.float(), targets)
        return wrong + self.settings.spike_penalty / 1000 * sum(expected)

    def score(self, record: EpochRecord) -> float:
        """Return the validation accuracy of the rates."""
        return record.validation_accuracy
