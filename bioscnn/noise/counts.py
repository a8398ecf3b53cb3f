"""Perturbations that change how many spikes there are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

import numpy as np

from bioscnn.errors import UserError
from bioscnn.noise.perturbation import Perturbation, whole_number
from bioscnn.noise.placement import at_places, choose, nth_free, only, sorted_places, spiking_steps, split
from bioscnn.spikes import SpikeTrains


@dataclass(frozen=True)
class Delete(Perturbation):
    """Each spike is lost with the same probability, whatever becomes of the others.

    Parameters
    ----------
    fraction : float
        The probability, 0 to 1.
    """

    fraction: float

    name = "delete"
    keeps_counts = False

    def __post_init__(self) -> None:
        if not 0 <= self.fraction <= 1:
            raise UserError(
                "not a fraction", key="delete.fraction", value=self.fraction, expected="0 % to 100 %"
            )

    @property
    def severity(self) -> float:
        """The probability."""
        return self.fraction

    @property
    def setting(self) -> str:
        """The probability in percent."""
        return f"{100 * self.fraction:g} %"

    @classmethod
    def from_setting(cls, text: str) -> Self:
        """Read the probability in percent."""
        percent = re.fullmatch(r"(\d+\.?\d*|\.\d+)\s*%", text)
        if percent is None:
            raise UserError("not a fraction", value=text, expected='a percentage, such as "30 %"')
        # The percent joins the exponent, so that "30 %" is exactly the float 0.3.
        return cls(float(f"{percent[1]}e-2"))

    def apply(self, trains: SpikeTrains, rng: np.random.Generator) -> SpikeTrains:
        """Lose spikes."""
        return only(rng.random(trains.n_spikes) >= self.fraction, trains)


@dataclass(frozen=True)
class FirstSpike(Perturbation):
    """Only the first spike of each neuron in a trial is left.

    References
    ----------
    Thorpe, Delorme and Van Rullen (2001), Spike-based strategies for rapid processing, Neural Networks
    14:715, where the order of first spikes carries the image.
    """

    name = "first-spike"
    keeps_counts = False

    def apply(self, trains: SpikeTrains, rng: np.random.Generator) -> SpikeTrains:
        """Keep the first spike of each train."""
        return only(trains.step == trains.first_step()[trains.trial(), trains.neuron], trains)


@dataclass(frozen=True)
class Equalise(Perturbation):
    """Every neuron has the same number of spikes in every trial, so that a count carries nothing.

    Of a neuron with too many, random ones are deleted; one with too few gets more in random free steps.

    Parameters
    ----------
    count : int
        Spikes of each neuron in a trial, 1 or more.

    References
    ----------
    Yu, Sun and Goodman (2025), arXiv:2507.16043v1, who take the counts out of recordings of spoken words.
    """

    count: int

    name = "equalise"
    keeps_counts = False

    def __post_init__(self) -> None:
        if self.count < 1:
            raise UserError("too few spikes", key="equalise.count", value=self.count, expected="1 or more")

    @property
    def setting(self) -> str:
        """The number of spikes."""
        return str(self.count)

    @classmethod
    def from_setting(cls, text: str) -> Self:
        """Read the number of spikes."""
        return cls(whole_number(text, "2"))

    def apply(self, trains: SpikeTrains, rng: np.random.Generator) -> SpikeTrains:
        """Delete and add spikes."""
        steps = spiking_steps(trains)
        if self.count > steps:
            raise UserError(
                "more spikes than steps in which a neuron spikes",
                key="equalise.count",
                value=self.count,
                expected=f"1 to {steps}",
            )
        counts = trains.counts().ravel()
        left = np.minimum(counts, self.count)
        train, rank = split(choose(left, counts, steps, rng), steps)
        left_places = sorted_places(trains, steps)[(np.cumsum(counts) - counts)[train] + rank]
        added = nth_free(left_places, choose(self.count - left, steps - left, steps, rng), steps)
        return at_places(np.concatenate([left_places, added]), trains)
