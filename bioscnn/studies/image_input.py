"""Images as the input of a study: each pixel is a constant current."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import LayerGraph
from bioscnn.datasets import ImageSet, load_dataset
from bioscnn.encoding import Currents, pixel_currents
from bioscnn.errors import UserError
from bioscnn.simulation import Progress
from bioscnn.studies.config import StudyConfig


@dataclass(frozen=True, eq=False)
class ImageInput:
    """Images, and the steps of their trials; see `bioscnn.studies.inputs.Input`."""

    examples: ImageSet
    n_steps: int
    dt: float  # s

    n_calibration = 500
    spikes = None
    frames = None
    simulated = False

    @classmethod
    def load(
        cls,
        config: StudyConfig,
        split: str,
        trials: int,
        data: Path | None,
        progress: Progress,
        *,
        download: bool = True,
    ) -> Self:
        """Load the first images of a split."""
        images = load_dataset(config.dataset.name, split, data=data, download=download)
        if trials > len(images):
            raise UserError(
                f"the {split} split of {config.dataset.name} has fewer images",
                key="dataset.trials",
                value=trials,
                expected=f"at most {len(images)}",
            )
        return cls(images.take(trials), config.simulation.n_steps, config.simulation.dt)

    def settled(self, config: StudyConfig) -> StudyConfig:
        """Return the study as it is: a split of images is the same from every source."""
        return config

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of an image."""
        return self.examples.images.shape[1:]

    @cached_property
    def stimulus(self) -> Currents:
        """One current a pixel."""
        return pixel_currents(self.intensities(), self.n_steps, self.dt)

    def intensities(self) -> NDArray[np.float32]:
        """Return the images as numbers in [0, 1]."""
        return self.examples.intensities()

    def ann_class(self, graph: LayerGraph) -> NDArray[np.int64]:
        """Return the class of the largest logit of each image."""
        return np.asarray(graph.forward(self.intensities()).argmax(axis=1))

    def pictures(self, chosen: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return images as they are."""
        return self.examples.images[chosen]

    def facts(self) -> dict[str, Any]:
        """Return nothing: the summary says all of images that there is to say."""
        return {}
