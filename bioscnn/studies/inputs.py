"""What a study shows to its network: one class a kind of data, and what all of them can do."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import LayerGraph
from bioscnn.datasets import EventSet, ImageSet
from bioscnn.encoding import SpikeTrains, Stimulus
from bioscnn.noise import Noise
from bioscnn.simulation import Progress
from bioscnn.studies.config import StudyConfig


class Input(Protocol):
    """Labelled examples, and how they reach the first neurons."""

    n_calibration: int
    """Examples that normalise a ReLU network."""

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
        """Load the first `trials` examples of a split.

        Parameters
        ----------
        config : StudyConfig
            Which data, and how they are encoded.
        split : str
            ``"train"``, ``"validation"`` or ``"test"``.
        trials : int or None
            How many; all if None.
        data : Path or None
            Data folder.
        progress : Progress
            Told about work that takes longer than reading.
        download : bool
            Whether files that are nowhere on this machine may be downloaded.

        Raises
        ------
        UserError
            If there are fewer examples, or they cannot be had.
        """

    def with_spike_noise(self, noises: tuple[Noise, ...], seed: int) -> Self:
        """Return the same examples, encoded once, with noise of the spikes that come in."""

    def settled(self, config: StudyConfig) -> StudyConfig:
        """Return the study with what ``"auto"`` has come to, so that more of the same can be loaded."""

    @property
    def examples(self) -> ImageSet | EventSet:
        """What is shown, with labels, classes and source."""

    @property
    def simulated(self) -> bool:
        """Whether no real camera recorded the examples; results then go to a folder of their own."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the input population, (channels, height, width)."""

    @property
    def spikes(self) -> SpikeTrains | None:
        """The spikes of the input population, one trial an example; None where currents flow in."""

    @property
    def stimulus(self) -> Stimulus:
        """What the simulation is given, one entry an example."""

    @property
    def frames(self) -> int | None:
        """Frames of an example that the trained network computes; None where it computes one image."""

    def intensities(self) -> NDArray[np.float32]:
        """Return all that the trained network is shown, shape (n_images or n_frames, *shape)."""

    def ann_input(self) -> tuple[object, ...]:
        """Return all that decides what the trained network is shown."""

    def ann_class(self, graph: LayerGraph) -> NDArray[np.int64]:
        """Return the class that the trained network gives each example, shape (n_examples,)."""

    def pictures(self, chosen: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return some of the examples as pictures for people, shape (n, channels, height, width)."""

    def facts(self) -> dict[str, Any]:
        """Return facts of this kind of data alone, for the summary."""
