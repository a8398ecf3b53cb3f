"""What an epoch came to: the points of the learning curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from bioscnn import seeds
from bioscnn.ann import LayerGraph
from bioscnn.training.examples import Examples, batches
from bioscnn.training.rates import activation, rate_logits
from bioscnn.training.settings import TrainingSettings
from bioscnn.training.torch_network import TorchNetwork
from bioscnn.training.twin import Clock, run_twin

_TRAINING_IMAGES = 5000


@dataclass(frozen=True)
class EpochRecord:
    """What an epoch came to.

    `loss` is what training made small: that of distorted images, with noise or in spikes. The other losses
    and accuracies are those of the rates on images as they are, the first 5,000 training images and the
    validation images; those of the spikes, of the twin at the end of a trial.
    """

    epoch: int  # from 1
    loss: float  # mean over the batches
    train_loss: float
    train_accuracy: float  # fraction
    validation_loss: float
    validation_accuracy: float  # fraction
    spiking_accuracy: float | None  # of the twin, on validation images, at the end; None without a twin
    spikes_per_image: float | None
    spiking_loss: float | None = None  # as of the accuracy


class Objective(Protocol):
    """What a stage makes small."""

    generators: dict[str, torch.Generator]
    clock: Clock  # of the twin that is measured after every epoch
    steps: int  # over which it wants input spikes to be counted
    spiking_images: int  # validation images that the twin classifies then

    @property
    def settings(self) -> TrainingSettings:
        """How it trains."""

    def network(self, graph: LayerGraph, training: Examples) -> TorchNetwork:
        """Return a network as this stage trains it."""

    def loss(self, network: TorchNetwork, stimulus: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the loss of a batch; targets are the wanted probabilities, shape (n, classes)."""

    def logits(self, network: TorchNetwork, stimulus: torch.Tensor) -> torch.Tensor:
        """Return the logits of examples without a simulation, shape (n, classes)."""

    def simulated(self, network: TorchNetwork, stimulus: torch.Tensor) -> tuple[torch.Tensor, float]:
        """Return the readout of a simulation at its end, shape (n, classes), and spikes per example."""

    def decides_after(self, graph: LayerGraph) -> float:
        """Return when the simulation is read, s."""

    def score(self, record: EpochRecord) -> float:
        """Return the validation accuracy, or what else chooses the best epoch: the largest."""


class RatesAndTwin:
    """What is measured of a network of rates: its logits, and its differentiable twin.

    Parameters
    ----------
    settings : TrainingSettings
        Trial, time step, synapse and readout of the twin.
    """

    def __init__(self, settings: TrainingSettings) -> None:
        self.clock = Clock(settings.duration, settings.dt, settings.tau_s)
        self._settings = settings

    def logits(self, network: TorchNetwork, stimulus: torch.Tensor) -> torch.Tensor:
        """Return the logits of the rates, shape (n, classes)."""
        return rate_logits(network, stimulus, activation, self.clock, self._settings)

    def simulated(self, network: TorchNetwork, stimulus: torch.Tensor) -> tuple[torch.Tensor, float]:
        """Return the evidence of the twin at the end, shape (n, classes), and spikes per example."""
        run = run_twin(network, stimulus, self.clock, self._settings.input_rate)
        return run.evidence(self._settings.readout)[-1], float(run.spikes_per_image())

    def decides_after(self, graph: LayerGraph) -> float:
        """Return the end of the trial, s."""
        return self.clock.duration


def measure(
    network: TorchNetwork,
    training: Examples,
    validation: Examples,
    objective: Objective,
    epoch: int,
    losses: list[float],
) -> EpochRecord:
    """Measure a network at the end of an epoch.

    Parameters
    ----------
    network : TorchNetwork
        As the epoch left it.
    training, validation : Examples
        What trained it, and what chooses the epoch.
    objective : Objective
        Its clock and readout are those of the twin, which classifies `spiking_images` of validation.
    epoch : int
        Which, from 1.
    losses : list of float
        Of its batches.
    """
    with torch.no_grad():
        first, whole = (torch.arange(len(part)) for part in (training, validation))
        train_loss, train_accuracy = _rates(network, training, first[:_TRAINING_IMAGES], objective)
        validation_loss, validation_accuracy = _rates(network, validation, whole, objective)
        spiking: tuple[float | None, float | None, float | None] = None, None, None
        if network.has_twin and objective.spiking_images:
            spiking = simulated_spikes(network, validation, objective)
    return EpochRecord(
        epoch,
        float(np.mean(losses)),
        train_loss,
        train_accuracy,
        validation_loss,
        validation_accuracy,
        *spiking,
    )


def drawn_rows(n: int, most: int) -> torch.Tensor:
    """Return so many of n rows, the same each time, in ascending order; all if there are no more.

    Drawn, since a data set may be sorted by class, or its classes may take turns.
    """
    drawn = seeds.stream(0, "training", "measured").permutation(n)[:most]
    return torch.from_numpy(np.sort(drawn))


def _rates(
    network: TorchNetwork, examples: Examples, rows: torch.Tensor, objective: Objective
) -> tuple[float, float]:
    """Return loss and accuracy of the rates."""
    frames = batches(examples, rows, objective.settings.frame_steps)
    parts = [objective.logits(network, x) for x, _ in frames]
    logits, labels = torch.cat(parts), examples.labels[rows]
    return float(cross_entropy(logits, labels)), _share_right(logits, labels)


def simulated_spikes(
    network: TorchNetwork, validation: Examples, objective: Objective
) -> tuple[float, float, float]:
    """Return accuracy at the end of the trial, spikes an example, and the loss, of `spiking_images`."""
    network, rows = network.folded(), drawn_rows(len(validation), objective.spiking_images)
    last, spikes = [], 0.0
    with torch.no_grad():
        for x, _ in batches(validation, rows):
            evidence, per_example = objective.simulated(network, x)
            last.append(evidence)
            spikes += per_example * len(evidence)
    evidence, labels = torch.cat(last), validation.labels[rows]
    loss = float(cross_entropy(evidence, labels))
    return _share_right(evidence, labels), spikes / len(labels), loss


def _share_right(evidence: torch.Tensor, labels: torch.Tensor) -> float:
    return float((evidence.argmax(1) == labels).double().mean())
