"""What a recipe trains on: images, or the input spikes of recordings, with their labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets import EventSet, ImageSet, load_dataset, load_recordings
from bioscnn.encoding import event_spikes
from bioscnn.spikes import SpikeTrains
from bioscnn.training.recipes import Recipe
from bioscnn.training.settings import TrainingSettings

_VERSIONS = 8
"""With noise, of each image, where the noise has to pass a front end and so cannot be drawn afresh."""


@dataclass(frozen=True, eq=False)
class Shown:
    """Examples as `bioscnn.training.train.train` takes them.

    Parameters
    ----------
    stimulus : ndarray of float32, shape (n, channels, height, width), or SpikeTrains of n trials
        Images in [0, 1], or input spikes.
    examples : ImageSet or EventSet
        What they were made of, with labels, name and hash.
    noisy : ndarray of float32, shape (versions, n, channels, height, width), optional
        What a front end makes of the images with noise, if that is what trains.
    """

    stimulus: NDArray[np.float32] | SpikeTrains
    examples: ImageSet | EventSet
    noisy: NDArray[np.float32] | None = None


def load_shown(recipe: Recipe, split: str, data: Path | None) -> Shown:
    """Load the ``"train"`` or ``"validation"`` examples of a recipe; errors as of the data sets."""
    chosen, settings = recipe.recordings, recipe.settings
    n_steps = round(settings.duration / settings.dt)
    if chosen is None:
        images = load_dataset(recipe.dataset, split, data=data)
        intensities = images.intensities()
        if recipe.front_end is None:
            return Shown(intensities, images)
        noisy = _with_noise(intensities, settings) if split == "train" and settings.noise > 0 else ()
        encoded, *versions = (
            recipe.front_end.intensities(shown, n_steps, settings.dt) for shown in (intensities, *noisy)
        )
        return Shown(encoded, images, np.stack(versions) if versions else None)
    trials = chosen.trials if split == "train" else None
    recordings = load_recordings(recipe.dataset, split, source=chosen.source, trials=trials, data=data)
    if split == "validation":
        recordings = recordings.take(slice(chosen.validation_from, None))
    return Shown(event_spikes(recordings, n_steps, settings.dt, chosen.bin_size), recordings)


def _with_noise(images: NDArray[np.float32], settings: TrainingSettings) -> Iterator[NDArray[np.float32]]:
    """Yield the images with noise, each time another."""
    import torch

    from bioscnn.training.fit import generator
    from bioscnn.training.noise import image_noise

    noise = generator(settings.seed, "noise")
    for _ in range(_VERSIONS):
        yield image_noise(torch.from_numpy(images), 1.0, noise).numpy()
