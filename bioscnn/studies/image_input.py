"""Images as the input of a study: a front end turns them into currents or spikes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import LayerGraph
from bioscnn.datasets import ImageSet
from bioscnn.encoding import Currents, FrontEnd, SpikeTrains, Stimulus
from bioscnn.neurons import LIF
from bioscnn.noise import Noise
from bioscnn.seeds import stream
from bioscnn.simulation import Progress
from bioscnn.studies.config import StudyConfig
from bioscnn.studies.disturbance import disturbed, noises_of
from bioscnn.studies.examples import load_images


@dataclass(frozen=True, eq=False)
class ImageInput:
    """Images, how they are encoded, and their trials; see `bioscnn.studies.inputs.Input`."""

    examples: ImageSet
    front_end: FrontEnd
    n_steps: int
    dt: float  # s
    seed: int
    noises: tuple[Noise, ...] = ()  # of the input spikes
    gain: float = 1.0  # of the currents; the trained network does not see it

    n_calibration = 500
    simulated = False

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
        """Load the first images of a split."""
        return cls.of(load_images(config.dataset, split, trials, data, download=download), config)

    @classmethod
    def of(cls, images: ImageSet, config: StudyConfig) -> Self:
        """Return images, with the noise of a study, as the input of its trials."""
        keys = config.simulation
        images = replace(images, images=disturbed(images.images, noises_of(config, "images"), keys.seed))
        noises = noises_of(config, "spikes")
        gain = config.encoding.gain
        return cls(images, front_end_of(config), keys.n_steps, keys.dt, keys.seed, noises, gain)

    def with_spike_noise(self, noises: tuple[Noise, ...], seed: int) -> Self:
        """Return the same images, encoded once, with noise of their spikes."""
        noisy = replace(self, noises=noises, seed=seed)
        vars(noisy)["encoded"] = self.encoded
        return noisy

    def settled(self, config: StudyConfig) -> StudyConfig:
        """Return the study as it is: a split of images is the same from every source."""
        return config

    @property
    def shape(self) -> tuple[int, int, int]:
        """Cells, or one channel of pixels; height and width."""
        return self.front_end.shape(self.examples.images.shape)

    @cached_property
    def encoded(self) -> Stimulus:
        """What the front end makes of the images."""
        rng = stream(self.seed, "encoding")
        stimulus = self.front_end.stimulus(self.examples.intensities(), self.n_steps, self.dt, rng)
        return stimulus.scaled(self.gain) if isinstance(stimulus, Currents) else stimulus

    @cached_property
    def stimulus(self) -> Stimulus:
        """That, with the noise of input spikes."""
        return disturbed(self.encoded, self.noises, self.seed)

    @property
    def spikes(self) -> SpikeTrains | None:
        """The stimulus, if it is spikes."""
        return self.stimulus if isinstance(self.stimulus, SpikeTrains) else None

    @property
    def frames(self) -> int | None:
        """One where spikes come in: how often each input fires is all that the trained network is shown."""
        return 1 if self.front_end.sends_spikes else None

    def intensities(self) -> NDArray[np.float32]:
        """Return the input of the trained network, as the front end shows it."""
        if self.front_end.counts_spikes and isinstance(self.encoded, SpikeTrains):
            return self.front_end.counted(self.encoded, self.shape)
        return self.front_end.intensities(self.examples.intensities(), self.n_steps, self.dt)

    def ann_input(self) -> tuple[object, ...]:
        """Return the values that decide the input of the trained network."""
        return (self.intensities(),)

    def ann_class(self, graph: LayerGraph) -> NDArray[np.int64]:
        """Return the class of the largest logit of each image."""
        return np.asarray(graph.forward(self.intensities()).argmax(axis=1))

    def pictures(self, chosen: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return images as they are."""
        return self.examples.take(chosen).pictures()

    def facts(self) -> dict[str, Any]:
        """Return how many input spikes a trial has, if the stimulus is spikes."""
        return (
            {}
            if self.spikes is None
            else {"input_spikes_per_trial": self.spikes.n_spikes / len(self.examples)}
        )


def front_end_of(config: StudyConfig) -> FrontEnd:
    """Return the front end of the ``[encoding]`` table, its layer with the neuron of the ``[neuron]`` one."""
    keys, neuron = config.encoding, config.neuron
    return FrontEnd(
        keys.kind,
        keys.retina,
        keys.keep,
        keys.full_current,
        keys.input_rate,
        LIF(tau_m=neuron.tau_m, t_ref=neuron.t_ref, V_th=neuron.V_th, R_m=neuron.R_m),
        config.synapse.tau_s,
        keys.gain_control,
        tuple(keys.full_response[name] for name in keys.retina) if keys.full_response else (),
    )
