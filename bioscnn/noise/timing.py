"""Perturbations that take time out of spike trains and keep the number of spikes.

They follow the surrogates of `elephant.spike_train_surrogates`, which makes one train a call: 0.3 to 0.5 s of
one core for 1,000 trains of two spikes, 600 to 1,300 times as long as here.

References
----------
Grün (2009), Data-driven significance estimation for precise spike correlation, Journal of Neurophysiology
101:1126. Louis, Gerstein, Grün and Diesmann (2010), Surrogate spike train generation through dithering in
operational time, Frontiers in Computational Neuroscience 4:127.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from bioscnn.errors import UserError
from bioscnn.noise.perturbation import Perturbation
from bioscnn.noise.placement import (
    Integers,
    at_places,
    choose,
    moved_apart,
    rank_in_train,
    sorted_places,
    spiking_steps,
    split,
    trains_of,
)
from bioscnn.quantities import format_quantity, parse_quantity
from bioscnn.spikes import SpikeTrains


@dataclass(frozen=True)
class _Displacement(Perturbation):
    """Spikes move by random times.

    Parameters
    ----------
    sigma : float
        Standard deviation, s.
    """

    sigma: float

    keeps_counts = True

    def __post_init__(self) -> None:
        if not 0 <= self.sigma < np.inf:
            raise UserError(
                "the standard deviation must be a time, 0 or more", key=f"{self.name}.sigma", value=self.sigma
            )

    @property
    def severity(self) -> float:
        """The standard deviation, s."""
        return self.sigma

    @property
    def setting(self) -> str:
        """The standard deviation."""
        return format_quantity(self.sigma, "time")

    @classmethod
    def from_setting(cls, text: str) -> Self:
        """Read the standard deviation."""
        return cls(parse_quantity(text, "time"))

    def _draw(self, n: int, trains: SpikeTrains, rng: np.random.Generator) -> Integers:
        """Draw displacements in whole steps."""
        duration = trains.n_steps * trains.dt
        if self.sigma > duration * (1 + 1e-9):
            raise UserError(
                f"the standard deviation is longer than the trial of {format_quantity(duration, 'time')}",
                key=f"{self.name}.sigma",
                value=format_quantity(self.sigma, "time"),
                fix="for spikes at any time, write redistribute",
            )
        return np.rint(rng.normal(0, self.sigma / trains.dt, n)).astype(np.int64)


@dataclass(frozen=True)
class Jitter(_Displacement):
    """Each spike moves by a time of its own.

    .. math:: t \\leftarrow t + \\mathcal{N}(0, \\sigma^2)

    Displacements are rounded to whole steps, which adds dt²/12 to their variance if sigma is a step or more.
    The ends of the trial reflect. Spikes of a neuron that would share a step are moved apart to free ones, by
    at most one step less than the neuron has spikes in the trial. A sigma of 0 moves nothing.

    Parameters
    ----------
    sigma : float
        Standard deviation, s; at most the duration of the trials.
    """

    name = "jitter"

    def apply(self, trains: SpikeTrains, rng: np.random.Generator) -> SpikeTrains:
        """Move each spike."""
        steps = spiking_steps(trains)
        step = trains.step + self._draw(trains.n_spikes, trains, rng)
        # A trial and its mirror image, again and again.
        step %= 2 * steps
        step = np.minimum(step, 2 * steps - 1 - step)
        return at_places(moved_apart(trains_of(trains), step, steps), trains)


@dataclass(frozen=True)
class Shift(_Displacement):
    """All spikes of a neuron in a trial move by the same time, drawn for each neuron and trial.

    Intervals within a train stay, those between neurons do not. What leaves the trial at one end comes in at
    the other. Displacements are rounded to whole steps.

    Parameters
    ----------
    sigma : float
        Standard deviation, s; at most the duration of the trials.

    References
    ----------
    Yu, Sun and Goodman (2025), Beyond rate coding: surrogate gradients enable spike timing learning in
    spiking neural networks, arXiv:2507.16043v1, where it is the jitter per neuron.
    """

    name = "shift"

    def apply(self, trains: SpikeTrains, rng: np.random.Generator) -> SpikeTrains:
        """Move each train."""
        steps = spiking_steps(trains)
        train = trains_of(trains)
        step = trains.step + self._draw(trains.n_trials * trains.size, trains, rng)[train]
        return at_places(train * steps + step % steps, trains)


@dataclass(frozen=True)
class ShuffleIntervals(Perturbation):
    """The intervals between the spikes of each neuron in a trial come in random order.

    The first spike stays where it is, and so does the last. `elephant.spike_train_surrogates.shuffle_isis`
    counts the time before the first spike as one more interval; there, the first spike moves.
    """

    name = "shuffle-intervals"
    keeps_counts = True

    def apply(self, trains: SpikeTrains, rng: np.random.Generator) -> SpikeTrains:
        """Shuffle the intervals of each train."""
        steps = spiking_steps(trains)
        places = sorted_places(trains, steps)
        train = places // steps
        advance = np.diff(places, prepend=0)
        within = np.diff(train, prepend=-1) == 0
        order = np.argsort(train[within] + rng.random(np.count_nonzero(within)))
        advance[within] = advance[within][order]
        return at_places(np.cumsum(advance), trains)


@dataclass(frozen=True)
class Redistribute(Perturbation):
    """Every spike gets a random step of its trial; all sets of different steps are equally likely."""

    name = "redistribute"
    keeps_counts = True

    def apply(self, trains: SpikeTrains, rng: np.random.Generator) -> SpikeTrains:
        """Put each spike anywhere."""
        steps = spiking_steps(trains)
        counts = trains.counts().ravel()
        return at_places(choose(counts, np.full(len(counts), steps), steps, rng), trains)


@dataclass(frozen=True)
class Reverse(Perturbation):
    """Time runs backwards: step k becomes step n_steps - 2 - k.

    Twice it is the identity.

    References
    ----------
    Yu, Sun and Goodman (2025), arXiv:2507.16043v1.
    """

    name = "reverse"
    keeps_counts = True

    def apply(self, trains: SpikeTrains, rng: np.random.Generator) -> SpikeTrains:
        """Reverse each trial."""
        steps = spiking_steps(trains)
        return at_places(trains_of(trains) * steps + (steps - 1 - trains.step), trains)


@dataclass(frozen=True)
class Collapse(Perturbation):
    """The spikes of each neuron come at equal intervals, at times that follow from their number alone.

    The k-th of n spikes, from 0, comes at ``(k + 1/2) T / n``, T the time in which neurons spike. There is no
    chance in it, and nothing left of the spikes but their counts.
    """

    name = "collapse"
    keeps_counts = True

    def apply(self, trains: SpikeTrains, rng: np.random.Generator) -> SpikeTrains:
        """Space the spikes of each train evenly."""
        steps = spiking_steps(trains)
        train, _ = split(sorted_places(trains, steps), steps)
        rank, count = rank_in_train(train)
        return at_places(train * steps + (2 * rank + 1) * steps // (2 * count), trains)
