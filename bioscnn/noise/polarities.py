"""A perturbation of the input spikes of an event camera: which polarity an event has is forgotten."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bioscnn.errors import UserError
from bioscnn.noise.perturbation import Perturbation
from bioscnn.noise.placement import at_places, spiking_steps
from bioscnn.spikes import SpikeTrains


@dataclass(frozen=True)
class MergePolarities(Perturbation):
    """All events of a pixel are spikes of its neuron of polarity 0; those of one step are one spike.

    The first half of the neurons are those of polarity 0, as `bioscnn.encoding.event_spikes` makes them. It
    is no perturbation of other spike trains, and so none that a label names.
    """

    name = "merge-polarities"
    keeps_counts = False

    def apply(self, trains: SpikeTrains, rng: np.random.Generator) -> SpikeTrains:
        """Move the spikes of polarity 1 to the neurons of polarity 0."""
        if trains.size % 2:
            raise UserError("no neurons of two polarities", value=f"{trains.size} neurons", expected="even")
        steps = spiking_steps(trains)
        train = trains.trial() * trains.size + trains.neuron % (trains.size // 2)
        return at_places(np.unique(train * steps + trains.step), trains)
