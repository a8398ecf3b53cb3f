"""What a recipe trains on: images, or the input spikes of recordings, with their labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets import EventSet, ImageSet, load_dataset, load_recordings
from bioscnn.encoding import event_spikes
from bioscnn.spikes import SpikeTrains
from bioscnn.training.recipes import Recipe


@dataclass(frozen=True, eq=False)
class Shown:
    """Examples as `bioscnn.training.train.train` takes them.

    Parameters
    ----------
    stimulus : ndarray of float32, shape (n, channels, height, width), or SpikeTrains of n trials
        Images in [0, 1], or input spikes.
    examples : ImageSet or EventSet
        What they were made of, with labels, name and hash.
    """

    stimulus: NDArray[np.float32] | SpikeTrains
    examples: ImageSet | EventSet


def load_shown(recipe: Recipe, split: str, data: Path | None) -> Shown:
    """Load the ``"train"`` or ``"validation"`` examples of a recipe; errors as of the data sets."""
    chosen, settings = recipe.recordings, recipe.settings
    n_steps = round(settings.duration / settings.dt)
    if chosen is None:
        images = load_dataset(recipe.dataset, split, data=data)
        intensities = images.intensities()
        if recipe.front_end is not None:
            intensities = recipe.front_end.intensities(intensities, n_steps, settings.dt)
        return Shown(intensities, images)
    trials = chosen.trials if split == "train" else None
    recordings = load_recordings(recipe.dataset, split, source=chosen.source, trials=trials, data=data)
    if split == "validation":
        recordings = recordings.take(slice(chosen.validation_from, None))
    return Shown(event_spikes(recordings, n_steps, settings.dt, chosen.bin_size), recordings)
