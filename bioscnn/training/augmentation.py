"""Small changes of shape that leave a digit what it is."""

from __future__ import annotations

import math

import torch
from torch.nn.functional import affine_grid, grid_sample, interpolate

from bioscnn.training.settings import TrainingSettings

DISTORTIONS = ("rotation", "shift", "scaling", "shear", "mirror")
"""Settings of the affine changes; where all are 0, examples stay where they are."""

_POINTS = 4


def augment(images: torch.Tensor, settings: TrainingSettings, generator: torch.Generator) -> torch.Tensor:
    """Rotate, scale, shear, shift, mirror and warp every image by amounts of its own.

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
    affine = draw_affine(n, (height, width), settings, generator)
    grid = affine_grid(affine, list(images.shape), align_corners=False)
    if settings.warp > 0:
        points = torch.randn(n, 2, _POINTS, _POINTS, generator=generator)
        field = interpolate(points, (height, width), mode="bicubic", align_corners=True).permute(0, 2, 3, 1)
        grid = grid + field * (2 * settings.warp / torch.tensor([width, height]))
    return grid_sample(images, grid, align_corners=False)


def draw_affine(
    n: int, size: tuple[int, int], settings: TrainingSettings, generator: torch.Generator
) -> torch.Tensor:
    """Draw affine changes, as maps from where a pixel goes to where it comes from.

    Parameters
    ----------
    n : int
        How many.
    size : (int, int)
        Height and width of the images, pixels.
    settings : TrainingSettings
        The widths of the uniform distributions.
    generator : torch.Generator
        Draws the amounts.

    Returns
    -------
    tensor of float32, shape (n, 2, 3)
        In coordinates that run from -1 to 1 over the image, across and down.
    """
    height, width = size
    draw = 2 * torch.rand(5, n, generator=generator) - 1
    angle = math.radians(settings.rotation) * draw[0]
    scale = 1 + settings.scaling * draw[1]
    shear = settings.shear * draw[2]
    across, down = 2 * settings.shift / width * draw[3], 2 * settings.shift / height * draw[4]
    cosine, sine = torch.cos(angle) / scale, torch.sin(angle) / scale
    # Pixels are turned and sheared, and a coordinate means more of them along the longer side.
    first = torch.stack([cosine, (shear - sine) * (height / width), across], 1)
    second = torch.stack([sine * (width / height), cosine, down], 1)
    affine = torch.stack([first, second], 1)
    if settings.mirror > 0:
        mirrored = torch.rand(n, generator=generator) < settings.mirror
        affine[mirrored, :, 0] *= -1
    return affine


def move_events(
    place: torch.Tensor, affine: torch.Tensor, size: tuple[int, int]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Move events as an affine map moves the pixels of an image, to the nearest pixel.

    Parameters
    ----------
    place : tensor of int64, shape (n, 3)
        Channel, row and column.
    affine : tensor of float32, shape (n, 2, 3)
        The map of each event, as `draw_affine` returns it.
    size : (int, int)
        Height and width, pixels.

    Returns
    -------
    moved : tensor of int64, shape (n, 3)
        Channel, row and column.
    inside : tensor of bool, shape (n,)
        Whether the event is still on the sensor.
    """
    height, width = size
    extent = torch.tensor([width, height])
    seen = (2 * place[:, [2, 1]] + 1) / extent - 1
    # The map says where a pixel comes from; events are carried to where it goes.
    goes = torch.linalg.solve(affine[:, :, :2], seen - affine[:, :, 2])
    column, row = torch.round(((goes + 1) * extent - 1) / 2).long().T
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    return torch.stack([place[:, 0], row, column], 1), inside
