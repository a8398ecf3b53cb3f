"""What a short simulation shows of a firing rate, in torch."""

from __future__ import annotations

import torch

from bioscnn.training.settings import RateSettings


def observed_rates(
    x: torch.Tensor, amplitude: float, settings: RateSettings, noise: torch.Generator
) -> torch.Tensor:
    """Make rates those of spikes counted in a short window, with Gaussian noise; the silent stay silent.

    A neuron that starts from rest shows ``floor(T r)`` spikes of a rate r within a time T: half a spike is
    missing on average, and a slow neuron shows none. So every rate loses a uniform part of one spike a
    window, ``u/T``. The ``1/T``, drawn for each image and layer, is uniform from 0 (the full rate) to
    that of `shortest_window`, so the network works on full rates as well.

    Parameters
    ----------
    x : tensor of float32, shape (n, channels, height, width) or (n, units)
        Rates times `amplitude`.
    amplitude : float
        Output of a neuron that fires at 1 Hz, in seconds.
    settings : RateSettings
        The deviation of the noise and the window.
    noise : torch.Generator
        Draws both.

    Returns
    -------
    tensor of float32, shape of `x`
        Never negative.

    References
    ----------
    Hunsberger and Eliasmith (2016), arXiv:1611.05141 (the Gaussian noise). Rueckauer, Lungu, Hu, Pfeiffer
    and Liu (2017), Frontiers in Neuroscience 11:682 (the missing part of a spike).
    """
    # Drawn in the order in which memory holds the rates, channels last.
    n, channels, *size = x.shape
    in_memory = (n, *size, channels)
    change = torch.randn(in_memory, generator=noise).movedim(-1, 1).mul_(settings.rate_noise)
    if settings.shortest_window > 0:
        lost = torch.rand(in_memory, generator=noise).movedim(-1, 1)
        window = torch.rand(n, *[1] * (x.dim() - 1), generator=noise) / settings.shortest_window
        change -= lost.mul_(window)
    return (x + change.mul_(amplitude).mul_(x.detach() > 0)).clamp(min=0)
