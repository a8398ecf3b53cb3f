"""Firing rates in torch, exact forwards and smooth backwards, and the logits of a network of rates."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn.functional import softplus

from bioscnn.ann import LIFRate, ReLU
from bioscnn.training.settings import TrainingSettings
from bioscnn.training.torch_network import TorchNetwork
from bioscnn.training.twin import Clock

Activate = Callable[[ReLU | LIFRate, torch.Tensor], torch.Tensor]


def rate_logits(
    network: TorchNetwork,
    stimulus: torch.Tensor,
    activate: Activate,
    clock: Clock,
    settings: TrainingSettings,
) -> torch.Tensor:
    """Return the logits of images, or the mean logits of the frames in which input spikes are counted.

    Parameters
    ----------
    network : TorchNetwork
        The network.
    stimulus : tensor, shape (n, channels, height, width) or (n_steps, n, channels, height, width)
        Images, or counts of input spikes, in steps or already in frames.
    activate : callable
        Computes the activations.
    clock : Clock
        Of the spikes.
    settings : TrainingSettings
        Rate of an intensity of 1, and duration of a frame.

    Returns
    -------
    tensor, shape (n, classes)
    """
    if stimulus.dim() == 4:
        return network.forward(stimulus, activate)
    frames = stimulus.unflatten(0, (round(clock.duration / settings.frame), -1)).sum(1)
    intensities = frames.flatten(0, 1) / (settings.frame * settings.input_rate)
    return network.forward(intensities, activate).unflatten(0, frames.shape[:2]).mean(0)


def activation(layer: ReLU | LIFRate, x: torch.Tensor, slope_width: float = 0.1) -> torch.Tensor:
    """Apply an activation; a LIF rate is exact and has the slope of a soft one (see `lif_rate`)."""
    return x.relu() if isinstance(layer, ReLU) else lif_rate(x, layer, slope_width)


def lif_rate(J: torch.Tensor, neuron: LIFRate, slope_width: float) -> torch.Tensor:
    """Firing rate of LIF neurons with the slope of the soft rate.

    The exact rate has an infinite slope at the rheobase and none below it, so nothing could be learnt from
    a silent neuron. The value is exact, as the spiking network will have it; the slope is that of
    `bioscnn.neurons.soft_lif_rate`.

    Parameters
    ----------
    J : tensor of float32
        Current in units of the rheobase.
    neuron : LIFRate
        Time constants and amplitude; its ``gamma`` is not used.
    slope_width : float
        The width gamma of the smoothing of the slope.

    Returns
    -------
    tensor of float32, shape of `J`
        ``amplitude`` times the rate.

    References
    ----------
    Hunsberger and Eliasmith (2016), arXiv:1611.05141 (the soft rate). Bengio, Leonard and Courville (2013),
    arXiv:1308.3432 (a slope other than that of the value).
    """
    with torch.no_grad():
        excess = J - 1
        rate = _rate(excess.clamp(min=1e-9), neuron).mul_(excess > 0)
        # exp(-15) keeps the soft excess a normal number; the slope beyond stays that at its edge.
        x = excess.div_(slope_width).clamp_(min=-15)
        above = softplus(x).mul_(slope_width)
        slope = torch.sigmoid_(x).div_(above).mul_(neuron.tau_m / neuron.amplitude)
        slope.mul_(_rate(above, neuron).square_()).div_(above.add_(1))
    return rate + slope * (J - J.detach())


def _rate(excess: torch.Tensor, neuron: LIFRate) -> torch.Tensor:
    """Return the rate of a current above the rheobase, in place where it can: this is the inner loop."""
    interval = excess.reciprocal().log1p_().mul_(neuron.tau_m).add_(neuron.t_ref)
    return interval.reciprocal_().mul_(neuron.amplitude)
