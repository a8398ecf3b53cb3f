"""What a training shows: images, or the spikes of recordings, in batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from bioscnn.spikes import SpikeTrains
from bioscnn.training.augmentation import DISTORTIONS, augment, draw_affine, move_events
from bioscnn.training.noise import event_noise, image_noise
from bioscnn.training.settings import TrainingSettings


class Examples(Protocol):
    """Examples with their classes, that come in batches."""

    labels: torch.Tensor
    content: tuple[torch.Tensor, ...]  # all that the examples are made of
    at_once: int  # examples in a batch without gradients

    def __len__(self) -> int:
        """Return the number of examples."""

    def batch(self, rows: torch.Tensor, steps: int = 1) -> torch.Tensor:
        """Return examples as they are; spikes are counted over so many steps."""

    def augmented(
        self, rows: torch.Tensor, settings: TrainingSettings, generator: torch.Generator, steps: int = 1
    ) -> torch.Tensor:
        """Return examples, each distorted in its own way; spikes are counted over so many steps."""

    def with_noise(
        self, batch: torch.Tensor, settings: TrainingSettings, generator: torch.Generator, steps: int = 1
    ) -> torch.Tensor:
        """Return a batch of which some examples have noise of a kind and a strength of their own."""


class ImageExamples:
    """Images; a batch has the shape (n, channels, height, width).

    Parameters
    ----------
    images : ndarray of float32 or uint8, shape (n, channels, height, width)
        Intensities from 0 to 1, or pixels from 0 to 255, which become intensities batch by batch.
    labels : ndarray of int64, shape (n,)
        Classes.
    noisy : ndarray of float32, shape (versions, n, channels, height, width), optional
        The images with noise, where that has to be added before they are encoded; otherwise it is drawn
        afresh for each batch.
    """

    at_once = 50  # the twin of a large network needs some 20 MB for each

    def __init__(
        self, images: NDArray[Any], labels: NDArray[np.int64], noisy: NDArray[np.float32] | None = None
    ) -> None:
        self.images, self.labels = torch.from_numpy(images), torch.from_numpy(labels)
        self.noisy = None if noisy is None else torch.from_numpy(noisy)
        self.content = self.images, self.labels, *(() if self.noisy is None else (self.noisy,))

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, rows: torch.Tensor, steps: int = 1) -> torch.Tensor:
        """Return images as they are."""
        return self._intensities(rows).to(memory_format=torch.channels_last)

    def augmented(
        self, rows: torch.Tensor, settings: TrainingSettings, generator: torch.Generator, steps: int = 1
    ) -> torch.Tensor:
        """Return images, each rotated, scaled, sheared, shifted and warped in its own way."""
        images = self._intensities(rows)
        if self.noisy is not None and settings.noise > 0:
            noisy = torch.rand(len(rows), generator=generator) < settings.noise
            version = torch.randint(len(self.noisy), (len(rows),), generator=generator)
            images = torch.where(noisy[:, None, None, None], self.noisy[version, rows], images)
        return augment(images, settings, generator).to(memory_format=torch.channels_last)

    def with_noise(
        self, batch: torch.Tensor, settings: TrainingSettings, generator: torch.Generator, steps: int = 1
    ) -> torch.Tensor:
        """Return images of which some have noise; those that were encoded with it already have theirs."""
        return batch if self.noisy is not None else image_noise(batch, settings.noise, generator)

    def _intensities(self, rows: torch.Tensor) -> torch.Tensor:
        images = self.images[rows]
        return images / 255 if images.dtype == torch.uint8 else images


class SpikeExamples:
    """Input spikes; a batch has the shape (n_steps, n, channels, height, width) and holds spike counts.

    Parameters
    ----------
    spikes : SpikeTrains
        One trial an example.
    labels : ndarray of int64, shape (n,)
        Classes.
    shape : (int, int, int)
        Channels, height and width of the input population.
    """

    at_once = 20

    def __init__(self, spikes: SpikeTrains, labels: NDArray[np.int64], shape: tuple[int, int, int]) -> None:
        self.labels, self.shape, self.n_steps = torch.from_numpy(labels), shape, spikes.n_steps
        self._start = torch.from_numpy(spikes.trial_start)
        self._step, self._neuron = torch.from_numpy(spikes.step), torch.from_numpy(spikes.neuron)
        self.content = self._start, self._step, self._neuron, self.labels

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, rows: torch.Tensor, steps: int = 1) -> torch.Tensor:
        """Return recordings as they are."""
        trial, at = self._spikes_of(rows)
        place = self._place(self._neuron[at].long())
        return self._counts(len(rows), self._step[at].long(), trial, place, steps)

    def augmented(
        self, rows: torch.Tensor, settings: TrainingSettings, generator: torch.Generator, steps: int = 1
    ) -> torch.Tensor:
        """Return recordings with every event moved as a pixel of an image would be, and some events lost."""
        if not any(getattr(settings, name) for name in (*DISTORTIONS, "event_loss")):
            return self.batch(rows, steps)
        trial, at = self._spikes_of(rows)
        step, place = self._step[at].long(), self._place(self._neuron[at].long())
        affine = draw_affine(len(rows), self.shape[1:], settings, generator)
        moved, inside = move_events(place, affine[trial], self.shape[1:])
        lost = settings.event_loss * torch.rand(len(rows), generator=generator)
        remaining = inside & (torch.rand(len(trial), generator=generator) >= lost[trial])
        return self._counts(len(rows), step[remaining], trial[remaining], moved[remaining], steps)

    def with_noise(
        self, batch: torch.Tensor, settings: TrainingSettings, generator: torch.Generator, steps: int = 1
    ) -> torch.Tensor:
        """Return recordings of which some have background activity or hot pixels."""
        noisy = event_noise(batch, steps * settings.dt, settings.noise, generator)
        return noisy.clamp(max=1) if steps == 1 else noisy  # a neuron spikes at most once a step

    def _spikes_of(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the trial of the batch and the position of every spike of these examples."""
        first, lengths = self._start[rows], self._start[rows + 1] - self._start[rows]
        trial = torch.arange(len(rows)).repeat_interleave(lengths)
        before = lengths.cumsum(0) - lengths
        return trial, torch.arange(len(trial)) + (first - before)[trial]

    def _place(self, neuron: torch.Tensor) -> torch.Tensor:
        """Return channel, row and column of neurons, shape (n_spikes, 3)."""
        _, height, width = self.shape
        return torch.stack([neuron // (height * width), neuron // width % height, neuron % width], 1)

    def _counts(
        self, n: int, step: torch.Tensor, trial: torch.Tensor, place: torch.Tensor, steps: int
    ) -> torch.Tensor:
        # Channels last in memory, which torch's convolutions on a CPU like best.
        channels, height, width = self.shape
        channel, row, column = place.T
        at = (((step // steps * n + trial) * height + row) * width + column) * channels + channel
        counts = torch.zeros(self.n_steps // steps, n, height, width, channels)
        if steps == 1:  # moved events may meet, and a neuron spikes at most once a step
            counts.view(-1)[at] = 1
        else:
            counts.view(-1).index_add_(0, at, torch.ones(len(at)))
        return counts.permute(0, 1, 4, 2, 3)


def batches(
    examples: Examples, rows: torch.Tensor, steps: int = 1
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield examples as they are and their classes, some at once."""
    for part in rows.split(examples.at_once):
        yield examples.batch(part, steps), examples.labels[part]
