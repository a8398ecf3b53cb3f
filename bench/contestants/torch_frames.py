"""Events for torch: sparse input spikes as dense images, one for each step."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from bioscnn.spikes import SpikeTrains

Shape = tuple[int, int, int]


def frame_by_frame(
    spikes: SpikeTrains, shape: Shape, channels_last: bool, dtype: torch.dtype = torch.float32
) -> Iterator[torch.Tensor]:
    """Yield for each step the images of all recordings, shape (recordings, channels, height, width)."""
    order = np.argsort(spikes.step, kind="stable")
    index = torch.from_numpy(_flat_index(spikes.trial(), spikes.neuron, shape, channels_last)[order])
    ends = np.cumsum(np.bincount(spikes.step, minlength=spikes.n_steps)).tolist()
    for begin, end in zip([0, *ends], ends, strict=False):
        yield _images(index[begin:end], spikes.n_trials, shape, channels_last, dtype)


def all_frames(spikes: SpikeTrains, shape: Shape, channels_last: bool, time_axis: int) -> torch.Tensor:
    """Return the images of all steps and recordings, of which the recordings change fastest or slowest.

    Parameters
    ----------
    time_axis : int
        0 if the recordings of a step follow each other, 1 if the steps of a recording do.
    """
    trial, step = spikes.trial(), spikes.step
    image = step * spikes.n_trials + trial if time_axis == 0 else trial * spikes.n_steps + step
    index = torch.from_numpy(_flat_index(image, spikes.neuron, shape, channels_last))
    return _images(index, spikes.n_steps * spikes.n_trials, shape, channels_last, torch.float32)


def _flat_index(
    image: NDArray[np.integer], neuron: NDArray[np.int32], shape: Shape, channels_last: bool
) -> NDArray[np.int64]:
    """Return where in memory a spike of a neuron of an image lies."""
    size = int(np.prod(shape))
    place = np.arange(size)
    if channels_last:
        channels, height, width = shape
        place = place.reshape(height, width, channels).transpose(2, 0, 1).ravel()
    return image * size + place[neuron]


def _images(
    index: torch.Tensor, n: int, shape: Shape, channels_last: bool, dtype: torch.dtype
) -> torch.Tensor:
    form = torch.channels_last if channels_last else torch.contiguous_format
    images = torch.empty((n, *shape), dtype=dtype, memory_format=form).zero_()
    flat = images.permute(0, 2, 3, 1) if channels_last else images
    flat.view(-1)[index] = 1
    return images
