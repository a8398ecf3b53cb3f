"""Small changes of shape that leave a digit what it is."""

from __future__ import annotations

import math

import torch
from torch.nn.functional import affine_grid, grid_sample, interpolate

from bioscnn.training.settings import TrainingSettings

_POINTS = 4


def augment(images: torch.Tensor, settings: TrainingSettings, generator: torch.Generator) -> torch.Tensor:
    """Rotate, scale, shear, shift and warp every image by amounts of its own.

    The first four are uniform within the settings. The warp displaces a grid of 4 x 4 points by normal
    amounts and every pixel by what lies between them (cubic).

    Parameters
    ----------
    images : tensor of float32, shape (n, channels, height, width)
        The images; pixels from outside are 0.
    settings : TrainingSettings
        The widths of the distributions.
    generator : torch.Generator
        Draws the amounts.

    Returns
    -------
    tensor of float32, shape of `images`

    References
    ----------
    Simard, Steinkraus and Platt (2003), Best practices for convolutional neural networks, ICDAR (elastic
    distortions of digits).
    """
    n, _, height, width = images.shape
    draw = 2 * torch.rand(5, n, generator=generator) - 1
    angle = math.radians(settings.rotation) * draw[0]
    scale = 1 + settings.scaling * draw[1]
    shear = settings.shear * draw[2]
    # The coordinates of affine_grid run from -1 to 1 over the image.
    across, down = 2 * settings.shift / width * draw[3], 2 * settings.shift / height * draw[4]
    cosine, sine = torch.cos(angle) / scale, torch.sin(angle) / scale
    first, second = torch.stack([cosine, shear - sine, across], 1), torch.stack([sine, cosine, down], 1)
    grid = affine_grid(torch.stack([first, second], 1), list(images.shape), align_corners=False)
    if settings.warp > 0:
        points = torch.randn(n, 2, _POINTS, _POINTS, generator=generator)
        field = interpolate(points, (height, width), mode="bicubic", align_corners=True).permute(0, 2, 3, 1)
        grid = grid + field * (2 * settings.warp / torch.tensor([width, height]))
    return grid_sample(images, grid, align_corners=False)
