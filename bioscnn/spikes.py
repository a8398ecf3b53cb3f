"""Sparse spike trains of one population over many trials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pandas import DataFrame


def check_clock(n_steps: int, dt: float) -> None:
    """Refuse trials without steps, or steps without a duration."""
    if not (isinstance(n_steps, int | np.integer) and n_steps >= 1 and 0 < dt < np.inf):
        raise ValueError(f"no trial has {n_steps} steps of {dt} s")


@dataclass(frozen=True, eq=False)
class SpikeTrains:
    """Spikes of one population over many trials, as integers.

    Times are whole steps within the trial, so that "the same spikes" is integer equality. The spikes of
    trial ``k`` are ``slice(trial_start[k], trial_start[k + 1])``, ordered by step, then by neuron.

    Parameters
    ----------
    neuron : ndarray of int32, shape (n_spikes,)
        The neuron that fired, 0 to ``size - 1``.
    step : ndarray of int32, shape (n_spikes,)
        The step within the trial, 0 to ``n_steps - 1``.
    trial_start : ndarray of int64, shape (n_trials + 1,)
        Index of each trial's first spike, and the number of spikes at the end.
    size : int
        Number of neurons.
    n_steps : int
        Steps of a trial.
    dt : float
        Duration of a step in seconds.

    Raises
    ------
    ValueError
        If lengths disagree, an index is no whole number or out of range, spikes are out of order or doubled,
        or there is no such clock.
    """

    neuron: NDArray[np.int32]
    step: NDArray[np.int32]
    trial_start: NDArray[np.int64]
    size: int
    n_steps: int
    dt: float

    def __post_init__(self) -> None:
        for name, dtype in (("neuron", np.int32), ("step", np.int32), ("trial_start", np.int64)):
            given = np.asarray(getattr(self, name))
            whole = np.ascontiguousarray(given, dtype)
            if given.dtype != dtype and not np.array_equal(whole, given):
                raise ValueError(f"{name} must be whole numbers of {8 * whole.itemsize} bits")
            object.__setattr__(self, name, whole)
        check_clock(self.n_steps, self.dt)
        start, n_spikes = self.trial_start, len(self.neuron)
        if len(self.step) != n_spikes:
            raise ValueError(f"neuron has {n_spikes} entries, step {len(self.step)}")
        if len(start) == 0 or start[0] != 0 or start[-1] != n_spikes or np.any(np.diff(start) < 0):
            raise ValueError(f"trial_start must rise from 0 to the {n_spikes} spikes")
        if n_spikes == 0:
            return
        if self.neuron.min() < 0 or self.neuron.max() >= self.size:
            raise ValueError(f"neuron indices must lie in 0..{self.size - 1}")
        if self.step.min() < 0 or self.step.max() >= self.n_steps:
            raise ValueError(f"steps must lie in 0..{self.n_steps - 1}")
        later = np.diff(self.step)
        unordered = (later < 0) | ((later == 0) & (np.diff(self.neuron) <= 0))
        # The first spike of a trial may come in an earlier step than the last one of the trial before.
        firsts = np.unique(start[(start > 0) & (start < n_spikes)])
        unordered[firsts - 1] = False
        if unordered.any():
            raise ValueError("spikes must be ordered by trial, step and neuron, each at most once")

    @classmethod
    def in_order(
        cls,
        neuron: NDArray[np.int32],
        step: NDArray[np.int32],
        trial_start: NDArray[np.int64],
        size: int,
        n_steps: int,
        dt: float,
    ) -> Self:
        """Return spike trains of arrays that are known to be in order; nothing is checked."""
        trains = cls.__new__(cls)
        for name, value in zip(
            cls.__match_args__, (neuron, step, trial_start, size, n_steps, dt), strict=True
        ):
            object.__setattr__(trains, name, value)
        return trains

    @classmethod
    def from_events(
        cls,
        trial: NDArray[np.integer],
        step: NDArray[np.integer],
        neuron: NDArray[np.integer],
        *,
        n_trials: int,
        size: int,
        n_steps: int,
        dt: float,
    ) -> Self:
        """Sort events (one triple a spike, in any order) into spike trains."""
        order = np.lexsort((neuron, step, trial))
        trial_start = np.searchsorted(np.asarray(trial)[order], np.arange(n_trials + 1))
        return cls(np.asarray(neuron)[order], np.asarray(step)[order], trial_start, size, n_steps, dt)

    @classmethod
    def concatenate(cls, parts: list[Self]) -> Self:
        """Join the trials of several spike trains of one population, in order."""
        first = parts[0]
        if any((p.size, p.n_steps, p.dt) != (first.size, first.n_steps, first.dt) for p in parts):
            raise ValueError("spike trains of different size, n_steps or dt cannot be joined")
        lengths = np.concatenate([np.diff(p.trial_start) for p in parts])
        return cls.in_order(
            np.concatenate([p.neuron for p in parts]),
            np.concatenate([p.step for p in parts]),
            np.concatenate([[0], np.cumsum(lengths)]),
            first.size,
            first.n_steps,
            first.dt,
        )

    @property
    def n_trials(self) -> int:
        """Number of trials."""
        return len(self.trial_start) - 1

    @property
    def n_spikes(self) -> int:
        """Number of spikes in all trials together."""
        return len(self.neuron)

    def trial(self) -> NDArray[np.int64]:
        """Return the trial of each spike, shape (n_spikes,)."""
        return np.repeat(np.arange(self.n_trials), np.diff(self.trial_start))

    def __getitem__(self, trials: slice) -> Self:
        """Return a run of consecutive trials."""
        first, last, stride = trials.indices(self.n_trials)
        if stride != 1:
            raise ValueError("only runs of consecutive trials can be taken")
        last = max(first, last)
        spikes = slice(int(self.trial_start[first]), int(self.trial_start[last]))
        start = self.trial_start[first : last + 1] - self.trial_start[first]
        return self.in_order(self.neuron[spikes], self.step[spikes], start, self.size, self.n_steps, self.dt)

    def take(self, trials: NDArray[np.integer]) -> Self:
        """Return some of the trials, in the order in which they are named."""
        return self.concatenate([self[k : k + 1] for k in np.asarray(trials).tolist()])

    def of_neurons(self, neurons: NDArray[np.integer]) -> Self:
        """Return some of the neurons, each named once, numbered in the order in which they are named."""
        place = np.full(self.size, -1)
        place[neurons] = np.arange(len(neurons))
        if np.count_nonzero(place >= 0) < len(neurons):
            raise ValueError("a neuron is named twice")
        of_named = place[self.neuron] >= 0
        return self.from_events(
            self.trial()[of_named],
            self.step[of_named],
            place[self.neuron[of_named]],
            n_trials=self.n_trials,
            size=len(neurons),
            n_steps=self.n_steps,
            dt=self.dt,
        )

    def from_step(self, first: int) -> Self:
        """Return the spikes from a step of each trial on, as if the trials began there."""
        late = self.step >= first
        return self.from_events(
            self.trial()[late],
            self.step[late] - first,
            self.neuron[late],
            n_trials=self.n_trials,
            size=self.size,
            n_steps=self.n_steps - first,
            dt=self.dt,
        )

    def counts(self) -> NDArray[np.int64]:
        """Return the number of spikes of each neuron in each trial, shape (n_trials, size)."""
        index = self.trial() * self.size + self.neuron
        return np.bincount(index, minlength=self.n_trials * self.size).reshape(self.n_trials, self.size)

    def sum_by_trial(self, of_neuron: NDArray[np.int64]) -> NDArray[np.int64]:
        """Sum a number that each neuron has, shape (size,), over the spikes of each trial: (n_trials,)."""
        so_far = np.cumsum(of_neuron[self.neuron], dtype=np.int64)
        return np.diff(np.concatenate([[0], so_far])[self.trial_start])

    def first_step(self) -> NDArray[np.int64]:
        """Return each neuron's first spike, shape (n_trials, size); ``n_steps`` where it stays silent."""
        first = np.full(self.n_trials * self.size, self.n_steps, dtype=np.int64)
        # Backwards, since the last of several values for one place stays.
        first[(self.trial() * self.size + self.neuron)[::-1]] = self.step[::-1]
        return first.reshape(self.n_trials, self.size)

    def table(self) -> DataFrame:
        """Return one row per spike: ``trial``, ``neuron``, ``step`` and ``time_ms``.

        Times are those of Brian2's monitors within the trial: a spike of step ``k`` is at ``k*dt``.
        """
        from pandas import DataFrame

        time_ms = np.round(self.step * (1e3 * self.dt), 9)  # without digits that no time step means
        return DataFrame(
            {"trial": self.trial(), "neuron": self.neuron, "step": self.step, "time_ms": time_ms}
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SpikeTrains):
            return NotImplemented
        names = ("neuron", "step", "trial_start")
        same = all(np.array_equal(getattr(self, name), getattr(other, name)) for name in names)
        return same and (self.size, self.n_steps, self.dt) == (other.size, other.n_steps, other.dt)
