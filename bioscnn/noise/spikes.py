"""Noise of the spikes that come in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bioscnn.noise.noise import Noise
from bioscnn.noise.timing import Jitter
from bioscnn.spikes import SpikeTrains


@dataclass(frozen=True)
class SpikeJitter(Noise):
    """Each spike of the input moves by a time of its own, see `bioscnn.noise.Jitter`.

    The trained network is shown the spikes where they were: it has no time.

    Parameters
    ----------
    sd : float
        Standard deviation, s; displacements are rounded to whole steps.
    """

    sd: float

    name = "spike-jitter"
    acts_on = "spikes"
    dimension = "time"
    LEVELS = (0.5e-3, 1e-3, 2e-3, 4e-3, 8e-3)

    def apply(self, thing: SpikeTrains, rng: np.random.Generator) -> SpikeTrains:
        """Return spike trains of the same neurons, trials and counts.

        Raises
        ------
        UserError
            If the standard deviation is longer than the trials.
        """
        return thing if self.changes_nothing else Jitter(self.sd).apply(thing, rng)
