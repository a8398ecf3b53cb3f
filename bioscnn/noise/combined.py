"""Several perturbations, one after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bioscnn.noise.perturbation import Perturbation
from bioscnn.spikes import SpikeTrains


@dataclass(frozen=True)
class Combined(Perturbation):
    """What the first one leaves is perturbed by the next.

    Parameters
    ----------
    parts : tuple of Perturbation
        In their order.
    """

    parts: tuple[Perturbation, ...]

    name = "combined"

    @property
    def keeps_counts(self) -> bool:
        """Whether all of them do."""
        return all(part.keeps_counts for part in self.parts)

    @property
    def label(self) -> str:
        """Their labels, as in "collapse + equalise 2"."""
        return " + ".join(part.label for part in self.parts)

    def apply(self, trains: SpikeTrains, rng: np.random.Generator) -> SpikeTrains:
        """Perturb by one after the other."""
        for part in self.parts:
            trains = part.apply(trains, rng)
        return trains
