"""The second stage: fine-tuning on spikes, through the differentiable twin."""

from __future__ import annotations

import torch
from torch.nn.functional import cross_entropy

from bioscnn.ann import LayerGraph
from bioscnn.training.examples import Examples
from bioscnn.training.measure import EpochRecord, RatesAndTwin
from bioscnn.training.rates import activation, rate_logits
from bioscnn.training.settings import SpikeSettings
from bioscnn.training.torch_network import TorchNetwork
from bioscnn.training.twin import run_twin


class SpikeObjective(RatesAndTwin):
    """Cross-entropy of the readout potentials over a trial, and a price on spikes.

    The network has to be right at every step from `SpikeSettings.decide_from` on, so it learns to be right
    early. The loss of the rates is added with a weight, so that it also stays right in the long run.

    Parameters
    ----------
    settings : SpikeSettings
        Trial, window of decision, weight of the rates, and the price.
    """

    spiking_images = 5000
    steps = 1

    def __init__(self, settings: SpikeSettings) -> None:
        super().__init__(settings)
        self.settings = settings
        self.generators: dict[str, torch.Generator] = {}

    def network(self, graph: LayerGraph, training: Examples) -> TorchNetwork:
        """Return the network in torch; statistics of a batch of rates are none of its spikes, and folded."""
        return TorchNetwork(graph)

    def loss(self, network: TorchNetwork, stimulus: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the loss of a batch; targets are the wanted probabilities, shape (n, classes)."""
        run = run_twin(network, stimulus, self.clock, self.settings.input_rate)
        evidence = run.evidence(self.settings.readout)
        decisions = evidence[round(self.settings.decide_from / self.settings.dt) :]
        wrong = cross_entropy(decisions.flatten(0, 1), targets.repeat(len(decisions), 1))
        if self.settings.rate_weight > 0:
            logits = rate_logits(network, stimulus, activation, self.clock, self.settings)
            wrong = wrong + self.settings.rate_weight * cross_entropy(logits, targets)
        return wrong + self.settings.spike_penalty / 1000 * run.spikes_per_image()

    def score(self, record: EpochRecord) -> float:
        """Return the validation accuracy of the spikes."""
        assert record.spiking_accuracy is not None
        return record.spiking_accuracy
