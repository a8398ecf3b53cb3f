"""The training loop, in torch."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import conv2d, cross_entropy, linear

from bioscnn import seeds
from bioscnn.ann.architectures import Architecture
from bioscnn.ann.augmentation import augment
from bioscnn.ann.graph import LayerGraph
from bioscnn.ann.observed_rates import observed_rates
from bioscnn.ann.torch_rate import lif_rate
from bioscnn.ann.training_settings import TrainingSettings
from bioscnn.errors import UserError

_WARM_UP = 200  # batches


@dataclass(frozen=True)
class EpochRecord:
    """What an epoch came to."""

    epoch: int  # from 1
    loss: float  # mean over the batches
    validation_accuracy: float  # fraction


def fit(
    architecture: Architecture,
    images: NDArray[np.float32],
    labels: NDArray[np.int64],
    validation_accuracy: Callable[[LayerGraph], float],
    settings: TrainingSettings,
    progress: Callable[[int, int, list[EpochRecord]], None],
) -> tuple[LayerGraph, list[EpochRecord]]:
    """Train an architecture from random weights; see `bioscnn.ann.training.train`."""
    order, noise, shapes = (_generator(settings.seed, use) for use in ("order", "rate-noise", "augmentation"))
    weights, biases = _initial(architecture, _generator(settings.seed, "weights"))
    optimiser = torch.optim.AdamW([*weights, *biases], weight_decay=settings.weight_decay)
    all_images, all_labels = torch.from_numpy(images), torch.from_numpy(labels)
    n_batches = math.ceil(len(images) / settings.batch_size)
    n_steps = settings.epochs * n_batches
    records: list[EpochRecord] = []
    for epoch in range(settings.epochs):
        losses = []
        for index, batch in enumerate(
            torch.randperm(len(images), generator=order).split(settings.batch_size)
        ):
            step = epoch * n_batches + index
            for group in optimiser.param_groups:
                group["lr"] = settings.learning_rate * _schedule(step, n_steps)
            x = augment(all_images[batch], settings, shapes)
            logits = _forward(architecture, weights, biases, x, settings, noise)
            loss = cross_entropy(logits, all_labels[batch], label_smoothing=settings.label_smoothing)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            _hold_at_rheobase(biases)
            losses.append(loss.item())
            progress(step + 1, n_steps, records)
        if not np.isfinite(losses).all():
            raise UserError(
                f"the loss is no longer a number in epoch {epoch + 1}",
                key="learning_rate",
                value=settings.learning_rate,
                fix="use a smaller learning rate",
            )
        graph = architecture.graph(*([p.detach().numpy() for p in group] for group in (weights, biases)))
        records.append(EpochRecord(epoch + 1, float(np.mean(losses)), validation_accuracy(graph)))
        progress(n_batches * (epoch + 1), n_steps, records)
    return graph, records


def _hold_at_rheobase(biases: list[torch.Tensor]) -> None:
    """Keep every neuron silent without input; the read-out has no neurons.

    A bias beyond the rheobase makes a whole channel fire slowly wherever the image is blank. It serves the
    rates as a constant, and a simulation of 30 ms, which sees no or one spike of it, loses that constant.
    """
    with torch.no_grad():
        for bias in biases[:-1]:
            bias.clamp_(max=1.0)


def _schedule(step: int, n_steps: int) -> float:
    """Fraction of the highest learning rate: a linear rise, then half a cosine down to 0."""
    return min(1.0, (step + 1) / _WARM_UP) * (0.5 + 0.5 * math.cos(math.pi * step / n_steps))


def _generator(seed: int, use: str) -> torch.Generator:
    return torch.Generator().manual_seed(int(seeds.stream(seed, "training", use).integers(2**63)))


def _initial(
    architecture: Architecture, generator: torch.Generator
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Draw weights that spread the currents around the rheobase, where the bias puts silent neurons."""
    weights, biases = [], []
    for index, shape in enumerate(architecture.weight_shapes()):
        readout = index == len(architecture.convolutions)
        # He's rule; images are dimmer than rates, a read-out has no neurons behind it.
        gain = 1 / math.sqrt(2) if readout else 2.0 if index == 0 else 1.0
        deviation = gain * math.sqrt(2 / math.prod(shape[1:]))
        weight = deviation * torch.randn(shape, generator=generator)
        # Channels last makes torch's convolutions on a CPU about twice as fast.
        if not readout:
            weight = weight.to(memory_format=torch.channels_last)
        weights.append(weight.requires_grad_())
        biases.append(torch.full(shape[:1], 0.0 if readout else 1.0).requires_grad_())
    return weights, biases


def _forward(
    architecture: Architecture,
    weights: list[torch.Tensor],
    biases: list[torch.Tensor],
    x: torch.Tensor,
    settings: TrainingSettings,
    noise: torch.Generator,
) -> torch.Tensor:
    """Compute the logits, with the rates as a short simulation would show them."""
    x = x.to(memory_format=torch.channels_last)
    for convolution, weight, bias in zip(architecture.convolutions, weights, biases, strict=False):
        current = conv2d(x, weight, bias, stride=convolution.stride)
        x = lif_rate(current, architecture.neuron, settings.slope_width)
        x = observed_rates(x, architecture.neuron.amplitude, settings, noise)
    return linear(x.flatten(1), weights[-1], biases[-1])
