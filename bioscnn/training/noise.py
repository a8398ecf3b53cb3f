"""Noise that a network is shown in training: of images, and of the frames of recordings."""

from __future__ import annotations

import torch

# A strength is uniform from 0 to these; `bioscnn.noise` has them at severity 4 of images, 2 of recordings.
GAUSSIAN_SD = 0.26  # of the full intensity
SALT_AND_PEPPER_SHARE = 0.17  # of the pixels
OCCLUDED_SHARE = 0.25  # of the area
BACKGROUND_RATE = 5.0  # Hz a pixel, over all polarities
HOT_SHARE = 0.01  # of the pixels
HOT_RATE = 100.0  # Hz, of a hot pixel; the same at every strength


def image_noise(images: torch.Tensor, share: float, generator: torch.Generator) -> torch.Tensor:
    """Add noise to some images, to each a kind and a strength of its own.

    A network that was trained so has seen three kinds, and no other: Gaussian noise (standard deviation
    uniform from 0 to 0.26), salt and pepper (of a share of the pixels from 0 to 0.17), and occlusion (a black
    square at a random place within the image, of a share of its area from 0 to 0.25).

    Parameters
    ----------
    images : tensor of float32, shape (n, channels, height, width)
        Intensities in [0, 1]; left as they are.
    share : float
        Probability that an image gets noise, 0 to 1.
    generator : torch.Generator
        Draws which, what, how strong, and the noise.

    Returns
    -------
    tensor of float32, shape and order in memory of `images`
        Intensities in [0, 1].

    References
    ----------
    Mu and Gilmer (2019), arXiv:1906.02337 (severities of Gaussian noise and salt and pepper). DeVries and
    Taylor (2017), Improved regularization of convolutional neural networks with cutout, arXiv:1708.04552
    (occlusion in training).
    """
    noisy, kind, strength = _drawn(len(images), share, 3, generator)
    out = images.clone()
    for number, add in enumerate((_gaussian, _salt_and_pepper, _occlusion)):
        rows = torch.nonzero(noisy & (kind == number)).squeeze(1)
        out[rows] = add(images[rows], strength[rows], generator)
    return out


def event_noise(
    counts: torch.Tensor, duration: float, share: float, generator: torch.Generator
) -> torch.Tensor:
    """Add events to some recordings, to each of a kind and at a strength of its own.

    Background activity (every pixel, at a rate uniform from 0 to 5 Hz) and hot pixels (a share of the pixels
    from 0 to 0.01, at 100 Hz). Both are Poisson processes whose polarities are drawn evenly. A network that
    was trained so has seen these two kinds, beside the loss of events of `TrainingSettings.event_loss`.

    Parameters
    ----------
    counts : tensor of float32, shape (bins, n, polarities, height, width)
        Events of n recordings; left as they are.
    duration : float
        Of a bin, s.
    share : float
        Probability that a recording gets noise, 0 to 1.
    generator : torch.Generator
        Draws which, what, how strong, and the events.

    Returns
    -------
    tensor of float32, shape and order in memory of `counts`

    References
    ----------
    Hu, Liu and Delbruck (2021), v2e: from video frames to realistic DVS events, CVPRW (5 Hz: shot noise of a
    noisy sensor).
    """
    n, polarities, height, width = counts.shape[1:]
    noisy, kind, strength = _drawn(n, share, 2, generator)
    rows = torch.nonzero(noisy).squeeze(1)
    strength = strength[rows, None, None]
    hot = torch.rand(len(rows), height, width, generator=generator) < HOT_SHARE * strength
    rate = torch.where(kind[rows, None, None] == 0, BACKGROUND_RATE * strength, HOT_RATE * hot)
    expected = (rate * (duration / polarities)).expand(len(counts), polarities, -1, -1, -1)
    out = counts.clone()
    out[:, rows] += torch.poisson(expected.contiguous(), generator=generator).transpose(1, 2)
    return out


def _drawn(
    n: int, share: float, kinds: int, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Draw for each example whether it gets noise, of which kind, and how strong from 0 to 1."""
    noisy = torch.rand(n, generator=generator) < share
    kind = torch.randint(kinds, (n,), generator=generator)
    return noisy, kind, torch.rand(n, generator=generator)


def _gaussian(images: torch.Tensor, strength: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    added = torch.randn(images.shape, generator=generator) * GAUSSIAN_SD
    return (images + added * strength[:, None, None, None]).clamp(0, 1)


def _salt_and_pepper(
    images: torch.Tensor, strength: torch.Tensor, generator: torch.Generator
) -> torch.Tensor:
    drawn = torch.rand(images.shape, generator=generator)
    half = SALT_AND_PEPPER_SHARE / 2 * strength[:, None, None, None]
    return images.masked_fill(drawn < half, 0).masked_fill(drawn >= 1 - half, 1)


def _occlusion(images: torch.Tensor, strength: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    n, _, *size = images.shape
    side = (OCCLUDED_SHARE * strength * size[0] * size[1]).sqrt().round()
    inside = []
    for extent in size:
        first = (torch.rand(n, generator=generator) * (extent - side + 1)).floor()[:, None]
        place = torch.arange(extent)
        inside.append((place >= first) & (place < first + side[:, None]))
    return images.masked_fill((inside[0][:, :, None] & inside[1][:, None, :])[:, None], 0)
