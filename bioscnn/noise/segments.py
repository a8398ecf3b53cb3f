"""Perturbations of the segments of a trial, such as the three saccades of N-MNIST and N-Caltech101."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from bioscnn.errors import UserError
from bioscnn.noise.perturbation import Perturbation, whole_number
from bioscnn.noise.placement import Integers, at_places, only, spiking_steps, trains_of
from bioscnn.quantities import format_quantity, parse_quantity
from bioscnn.spikes import SpikeTrains

SACCADE_ENDS = (105e-3, 210e-3)
"""Where the first two of the three saccades of N-MNIST and N-Caltech101 end, s (Orchard et al. 2015)."""


@dataclass(frozen=True)
class Reorder(Perturbation):
    """The segments of a trial are played in another order, each at its own length.

    Parameters
    ----------
    order : tuple of int
        Which segment is played first, second, ..., counted from 1.
    ends : tuple of float
        Where all segments but the last end, s.
    """

    order: tuple[int, ...]
    ends: tuple[float, ...] = SACCADE_ENDS

    name = "reorder"
    keeps_counts = True

    def __post_init__(self) -> None:
        segments = range(1, len(self.ends) + 2)
        if sorted(self.order) != list(segments):
            raise UserError(
                "not an order of the segments",
                key="reorder.order",
                value="-".join(map(str, self.order)),
                expected=f"each of {', '.join(map(str, segments))} once",
            )

    @property
    def setting(self) -> str:
        """The order, and the ends where they are not those of the saccades."""
        return "-".join(map(str, self.order)) + _at(self.ends)

    @classmethod
    def from_setting(cls, text: str) -> Reorder:
        """Read the order, and the ends if they are there."""
        order, ends = _read(text)
        return cls(tuple(whole_number(segment, "2-3-1") for segment in order.split("-")), ends)

    def apply(self, trains: SpikeTrains, rng: np.random.Generator) -> SpikeTrains:
        """Play the segments of each trial in the other order."""
        return _played(np.array([self.order]) - 1, self.ends, trains)


@dataclass(frozen=True)
class ShuffleSegments(Perturbation):
    """The segments of each trial are played in an order of its own, all orders equally likely.

    Parameters
    ----------
    ends : tuple of float
        Where all segments but the last end, s.
    """

    ends: tuple[float, ...] = SACCADE_ENDS

    name = "shuffle-segments"
    keeps_counts = True

    @property
    def setting(self) -> str:
        """The ends where they are not those of the saccades."""
        return _at(self.ends).lstrip()

    @classmethod
    def from_setting(cls, text: str) -> ShuffleSegments:
        """Read the ends if they are there."""
        what, ends = _read(f" {text}" if text else "")
        if what:
            raise UserError("no ends of segments", value=text, expected='such as "at 100 ms and 200 ms"')
        return cls(ends)

    def apply(self, trains: SpikeTrains, rng: np.random.Generator) -> SpikeTrains:
        """Play the segments of each trial in an order of its own."""
        order = rng.random((trains.n_trials, len(self.ends) + 1)).argsort(axis=1)
        return _played(order, self.ends, trains)


@dataclass(frozen=True)
class RemoveSegment(Perturbation):
    """No neuron spikes in one segment of the trial.

    Parameters
    ----------
    which : int
        The segment, counted from 1.
    ends : tuple of float
        Where all segments but the last end, s.
    """

    which: int
    ends: tuple[float, ...] = SACCADE_ENDS

    name = "remove-segment"
    keeps_counts = False

    def __post_init__(self) -> None:
        if not 1 <= self.which <= len(self.ends) + 1:
            raise UserError(
                "no such segment",
                key="remove-segment.which",
                value=self.which,
                expected=f"1 to {len(self.ends) + 1}",
            )

    @property
    def setting(self) -> str:
        """Which one, and the ends where they are not those of the saccades."""
        return f"{self.which}{_at(self.ends)}"

    @classmethod
    def from_setting(cls, text: str) -> RemoveSegment:
        """Read which one, and the ends if they are there."""
        which, ends = _read(text)
        return cls(whole_number(which, "2"), ends)

    def apply(self, trains: SpikeTrains, rng: np.random.Generator) -> SpikeTrains:
        """Remove the spikes of the segment."""
        return only(_segment(_borders(self.ends, trains), trains) != self.which - 1, trains)


def _at(ends: tuple[float, ...]) -> str:
    if ends == SACCADE_ENDS:
        return ""
    return " at " + " and ".join(format_quantity(end, "time") for end in ends)


def _read(text: str) -> tuple[str, tuple[float, ...]]:
    """Return the text before "at", and the ends."""
    what, at, ends = text.partition(" at ")
    if not at:
        return what, SACCADE_ENDS
    return what, tuple(parse_quantity(end, "time") for end in re.split(r"\band\b", ends))


def _played(order: Integers, ends: tuple[float, ...], trains: SpikeTrains) -> SpikeTrains:
    """Return trials whose segments, from 0, are played in an order, shape (1 or n_trials, n_segments)."""
    steps, border = spiking_steps(trains), _borders(ends, trains)
    lengths = np.diff(border)[order]
    begin = np.empty_like(lengths)
    np.put_along_axis(begin, order, np.cumsum(lengths, axis=1) - lengths, axis=1)
    moved = np.broadcast_to(begin - border[:-1], (trains.n_trials, len(border) - 1))
    step = trains.step + moved[trains.trial(), _segment(border, trains)]
    return at_places(trains_of(trains) * steps + step, trains)


def _borders(ends: tuple[float, ...], trains: SpikeTrains) -> Integers:
    """Return the first step of each segment, and the step after the last in which neurons spike."""
    exact = np.array(ends) / trains.dt
    border = np.array([0, *np.rint(exact).astype(np.int64), trains.n_steps - 1])
    if np.abs(exact - border[1:-1]).max(initial=0) > 1e-6:
        problem = f"a segment does not end with a step of {format_quantity(trains.dt, 'time')}"
    elif np.any(np.diff(border) <= 0):
        duration = format_quantity(trains.n_steps * trains.dt, "time")
        problem = f"segments must end one after the other within the trial of {duration}"
    else:
        return border
    raise UserError(problem, key="ends", value=", ".join(format_quantity(end, "time") for end in ends))


def _segment(border: Integers, trains: SpikeTrains) -> Integers:
    """Return the segment of each spike, from 0."""
    return np.searchsorted(border[1:-1], trains.step, side="right")
