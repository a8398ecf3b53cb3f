"""Fine-tuning through rounded spike times: one spike says a value, and spikes have a price."""

from __future__ import annotations

import torch
from torch.nn.functional import cross_entropy

from bioscnn.ann import LayerGraph, MaxPool2d, ReLU
from bioscnn.errors import UserError
from bioscnn.training.examples import Examples, ImageExamples
from bioscnn.training.measure import EpochRecord, drawn_rows
from bioscnn.training.rates import activation
from bioscnn.training.settings import TimeSettings
from bioscnn.training.spike_times import TimesNetwork, measured_scales
from bioscnn.training.torch_network import TorchNetwork
from bioscnn.training.twin import Clock

_MEASURED = 1000
"""Training images on which the largest activations are measured."""


class TimeObjective:
    """Cross-entropy of what spike times say at the end of the last window, and a price on spikes.

    Parameters
    ----------
    settings : TimeSettings
        Code, scales to begin with, and the price.
    """

    spiking_images = 5000
    steps = 1

    def __init__(self, settings: TimeSettings) -> None:
        self.settings = settings
        self.code = settings.code
        self.clock = Clock(settings.duration, settings.dt, settings.tau_s)
        self.generators: dict[str, torch.Generator] = {}

    def network(self, graph: LayerGraph, training: Examples) -> TimesNetwork:
        """Return the network with scales that are measured on training images."""
        if not isinstance(training, ImageExamples):
            raise UserError("networks are trained on spike times with images", key="training.on")
        TimesNetwork(graph, self.code)  # refuses what has no scales
        some = training.batch(drawn_rows(len(training), _MEASURED))
        scales = measured_scales(graph, some, self.settings.percentile)
        scales = [self.settings.scale * scale for scale in scales]
        return TimesNetwork(graph, self.code, scales, self.settings.learn_scales)

    def loss(self, network: TorchNetwork, stimulus: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the loss of a batch; targets are the wanted probabilities, shape (n, classes)."""
        assert isinstance(network, TimesNetwork)
        run = network.run(stimulus)
        wrong = cross_entropy(run.logits, targets)
        return wrong + self.settings.spike_penalty / 1000 * run.hidden_spikes()

    def logits(self, network: TorchNetwork, stimulus: torch.Tensor) -> torch.Tensor:
        """Return the logits of the ReLU network, nothing rounded or clipped, shape (n, classes)."""
        return network.forward(stimulus, activation)

    def simulated(self, network: TorchNetwork, stimulus: torch.Tensor) -> tuple[torch.Tensor, float]:
        """Return the potentials of the readout at the end, shape (n, classes), and spikes per image."""
        assert isinstance(network, TimesNetwork)
        run = network.run(stimulus)
        return run.logits, float(run.spikes_per_image())

    def decides_after(self, graph: LayerGraph) -> float:
        """Return the end of the last window, s: there is one for the input and one per activation.

        Max pooling takes a step more; delays come on top.
        """
        windows = 1 + sum(isinstance(layer, ReLU) for layer in graph.layers)
        pooled = sum(isinstance(layer, MaxPool2d) for layer in graph.layers)
        return (windows * self.code.window_steps + pooled) * self.code.dt

    def score(self, record: EpochRecord) -> float:
        """Return the negative of the validation loss of the spikes, their price included.

        Accuracy alone would choose an early epoch, whose spikes are not yet few.
        """
        assert record.spikes_per_image is not None and record.spiking_loss is not None
        return -record.spiking_loss - self.settings.spike_penalty / 1000 * record.spikes_per_image
