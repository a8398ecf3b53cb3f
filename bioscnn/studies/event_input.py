"""Recordings of event cameras as the input of a study: each event is a spike, which enters by a synapse."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import LayerGraph
from bioscnn.datasets import EventSet
from bioscnn.encoding import SpikeTrains, event_frames, event_spikes, input_shape
from bioscnn.noise import SACCADE_ENDS, Noise
from bioscnn.simulation import Progress
from bioscnn.studies.config import StudyConfig
from bioscnn.studies.disturbance import disturbed, noises_of
from bioscnn.studies.examples import load_events

AT_ONCE = 100
"""Recordings of which the frames are held in memory at a time."""


@dataclass(frozen=True, eq=False)
class EventInput:
    """Recordings, and how their events become spikes; see `bioscnn.studies.inputs.Input`."""

    examples: EventSet
    n_steps: int
    dt: float  # s
    bin_size: int  # pixels
    frame_steps: int
    input_rate: float  # Hz
    noises: tuple[Noise, ...] = ()  # of the input spikes
    seed: int = 1
    saccade_ends: tuple[float, ...] = SACCADE_ENDS  # s; none where nobody says that the camera moved

    n_calibration = 100

    @classmethod
    def load(
        cls,
        config: StudyConfig,
        split: str,
        trials: int | None,
        data: Path | None,
        progress: Progress,
        *,
        download: bool = True,
    ) -> Self:
        """Load the first recordings of a split, or simulate them where the study allows it."""
        return cls.of(load_events(config.dataset, split, trials, data, progress, download=download), config)

    @classmethod
    def of(cls, recordings: EventSet, config: StudyConfig) -> Self:
        """Return recordings, with the noise of a study, as the input of its trials."""
        simulation, encoding = config.simulation, config.encoding
        recordings = disturbed(recordings, noises_of(config, "events"), simulation.seed)
        frame_steps = round(encoding.frame / simulation.dt)
        return cls(
            recordings,
            simulation.n_steps,
            simulation.dt,
            encoding.bin_size,
            frame_steps,
            encoding.input_rate,
            noises_of(config, "spikes"),
            simulation.seed,
            SACCADE_ENDS if config.dataset.own is None else (),
        )

    def with_spike_noise(self, noises: tuple[Noise, ...], seed: int) -> Self:
        """Return the same recordings, encoded once, with noise of their spikes."""
        noisy = replace(self, noises=noises, seed=seed)
        vars(noisy)["encoded"] = self.encoded
        return noisy

    def settled(self, config: StudyConfig) -> StudyConfig:
        """Return the study with the camera that recorded these: real and simulated never mix."""
        dataset = config.dataset.model_copy(update={"recordings": "simulated" if self.simulated else "real"})
        return config.model_copy(update={"dataset": dataset})

    @property
    def simulated(self) -> bool:
        """Whether a simulated camera recorded them."""
        return self.examples.simulated

    @property
    def shape(self) -> tuple[int, int, int]:
        """Polarities, rows and columns of the input population."""
        return input_shape(self.examples.sensor_size, self.bin_size)

    @cached_property
    def encoded(self) -> SpikeTrains:
        """One spike an event."""
        return event_spikes(self.examples, self.n_steps, self.dt, self.bin_size)

    @cached_property
    def spikes(self) -> SpikeTrains:
        """Those, with the noise of input spikes."""
        return disturbed(self.encoded, self.noises, self.seed)

    @property
    def stimulus(self) -> SpikeTrains:
        """The spikes."""
        return self.spikes

    @property
    def frames(self) -> int:
        """Frames of a recording."""
        return self.n_steps // self.frame_steps

    def _frames(self, trials: slice) -> NDArray[np.float32]:
        return event_frames(self.encoded[trials], self.shape, self.frame_steps, self.input_rate)

    def intensities(self) -> NDArray[np.float32]:
        """Return the frames of all recordings."""
        return self._frames(slice(None)).reshape(-1, *self.shape)

    def ann_input(self) -> tuple[object, ...]:
        """Return the values that decide the frames of the trained network."""
        spikes = self.encoded
        events = spikes.neuron, spikes.step, spikes.trial_start
        return *events, self.n_steps, self.shape, self.frame_steps, self.input_rate

    def ann_class(self, graph: LayerGraph) -> NDArray[np.int64]:
        """Return the class of the largest logit of each recording, logits averaged over its frames."""
        classes = []
        for first in range(0, len(self.examples), AT_ONCE):
            frames = self._frames(slice(first, first + AT_ONCE))
            logits = graph.forward(frames.reshape(-1, *self.shape))
            classes.append(logits.reshape(*frames.shape[:2], -1).mean(axis=1).argmax(axis=1))
        return np.concatenate(classes)

    def pictures(self, chosen: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return where events fell: light where polarity 1 prevailed, dark where 0 did, grey elsewhere.

        Of saccades the first: over all three, which end where they began, the polarities of an edge cancel.
        """
        spikes = self.spikes.take(chosen)
        end = round(self.saccade_ends[0] / self.dt) if self.saccade_ends else self.n_steps
        early = spikes.step < end
        index = spikes.trial()[early] * spikes.size + spikes.neuron[early]
        counts = np.bincount(index, minlength=len(chosen) * spikes.size).reshape(-1, *self.shape)
        balance = (counts[:, 1] - counts[:, 0])[:, None]
        # A pixel that fires all the time must not set the scale.
        largest = np.percentile(np.abs(balance), 99.5, axis=(1, 2, 3), keepdims=True)
        grey = 128 + 127 * np.clip(balance / np.maximum(largest, 1), -1, 1)
        return np.asarray(np.rint(grey), np.uint8)

    def facts(self) -> dict[str, Any]:
        """Return facts about recordings: whether simulated, events and spikes per trial, saccades."""
        n = len(self.examples)
        return {
            "simulated": self.simulated,
            "events_per_trial": sum(map(len, self.examples)) / n,
            "input_spikes_per_trial": self.spikes.n_spikes / n,
            "frames_per_trial": self.frames,
            "saccade_ends_ms": [1e3 * end for end in self.saccade_ends if end < self.n_steps * self.dt],
        }
