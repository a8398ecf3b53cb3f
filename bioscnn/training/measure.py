"""What an epoch came to: the points of the learning curves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from bioscnn.training.rates import activation
from bioscnn.training.torch_network import TorchNetwork
from bioscnn.training.twin import Clock, run_twin

Labelled = tuple[torch.Tensor, torch.Tensor]  # images of shape (n, channels, height, width), classes

_TRAINING_IMAGES = 5000
_AT_ONCE = 50  # images; the twin of a large network needs some 20 MB for each


@dataclass(frozen=True)
class EpochRecord:
    """What an epoch came to.

    `loss` is what training made small: that of distorted images, with noise or in spikes. The other losses
    and accuracies are those of the rates on images as they are, the first 5,000 training images and the
    validation images.
    """

    epoch: int  # from 1
    loss: float  # mean over the batches
    train_loss: float
    train_accuracy: float  # fraction
    validation_loss: float
    validation_accuracy: float  # fraction
    spiking_accuracy: float | None  # of the twin, on validation images, by its last potential; None for ReLU
    spikes_per_image: float | None


def measure(
    network: TorchNetwork,
    training: Labelled,
    validation: Labelled,
    clock: Clock,
    spiking_images: int,
    epoch: int,
    losses: list[float],
) -> EpochRecord:
    """Measure a network at the end of an epoch.

    Parameters
    ----------
    network : TorchNetwork
        As the epoch left it.
    training, validation : (tensor, tensor)
        Images and classes.
    clock : Clock
        Of the twin.
    spiking_images : int
        Validation images, evenly spread, that the twin classifies.
    epoch : int
        Which, from 1.
    losses : list of float
        Of its batches.
    """
    with torch.no_grad():
        train_loss, train_accuracy = _rates(
            network, (training[0][:_TRAINING_IMAGES], training[1][:_TRAINING_IMAGES])
        )
        validation_loss, validation_accuracy = _rates(network, validation)
        spiking: tuple[float | None, float | None] = None, None
        if network.has_neurons:
            few = evenly_spread(len(validation[0]), spiking_images)
            spiking = _twin(network, (validation[0][few], validation[1][few]), clock)
    return EpochRecord(
        epoch,
        float(np.mean(losses)),
        train_loss,
        train_accuracy,
        validation_loss,
        validation_accuracy,
        *spiking,
    )


def evenly_spread(n: int, wanted: int) -> slice:
    """Return every k-th of n images, about as many as wanted: a data set may be sorted by class."""
    return slice(0, n, max(1, n // wanted))


def _rates(network: TorchNetwork, part: Labelled) -> tuple[float, float]:
    """Return loss and accuracy of the rates."""
    logits = torch.cat([network.forward(x, activation) for x, _ in _batches(part)])
    return float(cross_entropy(logits, part[1])), _share_right(logits, part[1])


def _twin(network: TorchNetwork, part: Labelled, clock: Clock) -> tuple[float, float]:
    """Return accuracy by the last potential, and spikes an image."""
    last, spikes = [], 0.0
    for x, _ in _batches(part):
        run = run_twin(network, x, clock)
        last.append(run.potentials[-1])
        spikes += float(run.spikes_per_image()) * len(x)
    return _share_right(torch.cat(last), part[1]), spikes / len(part[0])


def _share_right(evidence: torch.Tensor, labels: torch.Tensor) -> float:
    return float((evidence.argmax(1) == labels).double().mean())


def _batches(part: Labelled) -> Iterator[Labelled]:
    for x, y in zip(part[0].split(_AT_ONCE), part[1].split(_AT_ONCE), strict=True):
        yield x.to(memory_format=torch.channels_last), y
