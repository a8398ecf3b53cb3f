"""Small changes of shape that leave a digit what it is."""

from __future__ import annotations

import math

import torch
from torch.nn.functional import affine_grid, grid_sample

from bioscnn.ann.training_settings import TrainingSettings


def augment(images: torch.Tensor, settings: TrainingSettings, generator: torch.Generator) -> torch.Tensor:
    """Rotate, scale, shear and shift every image by amounts of its own, uniform within the settings.

    Parameters
    ----------
    images : tensor of float32, shape (n, channels, height, width)
        The images; pixels from outside are 0.
    settings : TrainingSettings
        The widths of the uniform distributions.
    generator : torch.Generator
        Draws the amounts.

    Returns
    -------
    tensor of float32, shape of `images`
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
    return grid_sample(images, grid, align_corners=False)
