"""Where two runs of the same trials part, and whether rounding alone can have parted them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioscnn.spikes import SpikeTrains


def differing_spikes(one: SpikeTrains, other: SpikeTrains) -> NDArray[np.int64]:
    """Return the spikes that only one of two recordings of a population has.

    Parameters
    ----------
    one, other : SpikeTrains
        Of the same neurons, steps and trials.

    Returns
    -------
    ndarray of int64, shape (n, 4)
        Trial, step, neuron, and whose spike it is: 0 for `one`, 1 for `other`; in this order.

    Examples
    --------
    >>> one = SpikeTrains([0, 1], [3, 5], [0, 2], size=2, n_steps=10, dt=1e-3)
    >>> other = SpikeTrains([0, 1], [3, 6], [0, 2], size=2, n_steps=10, dt=1e-3)
    >>> differing_spikes(one, other).tolist()
    [[0, 5, 1, 0], [0, 6, 1, 1]]
    """
    a, b = _keys(one), _keys(other)
    if np.array_equal(a, b):
        return np.empty((0, 4), np.int64)
    only = [np.setdiff1d(a, b, assume_unique=True), np.setdiff1d(b, a, assume_unique=True)]
    key, owner = np.concatenate(only), np.repeat([0, 1], [len(keys) for keys in only])
    order = np.argsort(key)
    trial_and_step, neuron = np.divmod(key[order], one.size)
    trial, step = np.divmod(trial_and_step, one.n_steps)
    return np.stack([trial, step, neuron, owner[order]], axis=1)


def _keys(spikes: SpikeTrains) -> NDArray[np.int64]:
    """One number for each spike, in order."""
    keys = (spikes.trial() * spikes.n_steps + spikes.step) * spikes.size + spikes.neuron
    return np.asarray(keys, np.int64)


def first_of_each_trial(differing: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return the first spike of each trial that only one of two runs has.

    First is the earliest step; within a step the population nearest to the input, then the lowest neuron.
    Trials begin at rest, so each is a case of its own.

    Parameters
    ----------
    differing : sequence of ndarray
        From `differing_spikes`, for each population from the input on.

    Returns
    -------
    ndarray of int64, shape (n_trials_that_differ, 5)
        Trial, step, population (position in `differing`), neuron, and whose spike it is: 0 or 1.
    """
    rows = np.concatenate([np.insert(part, 2, place, axis=1) for place, part in enumerate(differing)])
    rows = rows[np.lexsort((rows[:, 3], rows[:, 2], rows[:, 1], rows[:, 0]))]
    first: NDArray[np.int64] = rows[np.unique(rows[:, 0], return_index=True)[1]]
    return first


@dataclass(frozen=True)
class Divergence:
    """The first spike of a trial that only one of two runs has.

    Parameters
    ----------
    trial, step, neuron : int
        Where it is.
    population : str
        Whose neuron it is.
    fired_in : int
        Which run has it: 0 or 1.
    potentials : tuple of float, or None
        Of this neuron in the two runs at the end of the step, after the reset of the one that fired, V; None
        where they were not recorded.
    before : tuple of float, or None
        The same one step earlier, where both were below threshold, V.
    threshold : float or None
        That the neuron had to reach, V; None where it is not known.
    tolerance : float or None
        What rounding may come to, V; see `rounding_tolerance`.
    """

    trial: int
    step: int
    population: str
    neuron: int
    fired_in: int
    potentials: tuple[float, float] | None = None
    before: tuple[float, float] | None = None
    threshold: float | None = None
    tolerance: float | None = None

    @property
    def apart(self) -> float | None:
        """How far apart the two potentials were one step before, V."""
        return None if self.before is None else abs(self.before[0] - self.before[1])

    @property
    def missed_by(self) -> float | None:
        """How far below threshold the neuron stayed in the run in which it did not fire, V."""
        if self.potentials is None or self.threshold is None:
            return None
        return self.threshold - self.potentials[1 - self.fired_in]

    @property
    def decided_by(self) -> float | None:
        """What decided between spike and none, V: the larger of `apart` and `missed_by`."""
        if self.apart is None or self.missed_by is None:
            return None
        return max(self.apart, abs(self.missed_by))

    @property
    def by_rounding(self) -> bool | None:
        """Whether rounding can have decided between spike and none; None where it cannot be told."""
        if self.decided_by is None or self.tolerance is None:
            return None
        return self.decided_by <= self.tolerance


def rounding_tolerance(
    traces: NDArray[np.float32], step: int, threshold: float, precisions: Sequence[str]
) -> float:
    """Return how far rounding may have moved a potential by a step of a trial, V.

    One rounding unit of the coarser precision for each step so far, of the largest potential on the way, and
    one of float32, in which potentials are stored. Rounding errors of successive steps add up at most
    linearly [1]_; here the leak makes them decay as well.

    Parameters
    ----------
    traces : ndarray of float32, shape (2, n_steps)
        Potential of the neuron in the two runs, V.
    step : int
        The step in question.
    threshold : float
        V.
    precisions : sequence of str
        In which the runs computed: ``"float32"`` or ``"float64"``.

    References
    ----------
    .. [1] Higham NJ (2002) Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM, chapter 4.
    """
    coarser = max(float(np.finfo(precision).eps) for precision in precisions)
    largest = max(threshold, float(np.abs(traces[:, : step + 1]).max()))
    return largest * ((step + 1) * coarser + float(np.finfo(np.float32).eps))
