"""Where spikes are put, so that a neuron has at most one a step and none in the last step of a trial.

A *train* is one neuron in one trial, numbered ``trial * size + neuron``. The *place* of a spike is the
integer ``train * steps + step``, where `steps` counts the steps in which neurons spike: all of a trial but
the last. Sorted places are ordered by train, then by time; integers sort several times faster than columns.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.spikes import SpikeTrains

Integers = NDArray[np.int64]


def spiking_steps(trains: SpikeTrains) -> int:
    """Return in how many steps of a trial neurons spike.

    Raises
    ------
    UserError
        If there are spikes in the last step, where the simulators allow none.
    """
    steps = trains.n_steps - 1
    if (trains.step == steps).any():
        raise UserError(
            "spikes in the last step of a trial cannot be moved: nothing spikes there",
            value=steps,
            expected=f"steps 0 to {steps - 1}",
            fix="make the trial one step longer",
        )
    return steps


def trains_of(trains: SpikeTrains) -> Integers:
    """Return the train of each spike, shape (n_spikes,)."""
    return trains.trial() * trains.size + trains.neuron


def sorted_places(trains: SpikeTrains, steps: int) -> Integers:
    """Return the place of each spike, ordered by train, then by time."""
    return _sorted(trains_of(trains) * steps + trains.step)


def split(places: Integers, steps: int) -> tuple[Integers, Integers]:
    """Return train and step of each place."""
    train = places // steps
    return train, places - train * steps  # numpy's divmod takes ten times as long


def at_places(places: Integers, like: SpikeTrains) -> SpikeTrains:
    """Return spikes at these places, in any order and all different, as spike trains like others."""
    train, step = split(places, like.n_steps - 1)
    trial, neuron = split(train, like.size)
    moment, neuron = split(_sorted((trial * like.n_steps + step) * like.size + neuron), like.size)
    trial, step = split(moment, like.n_steps)
    start = np.searchsorted(trial, np.arange(like.n_trials + 1))
    return SpikeTrains(
        neuron.astype(np.int32), step.astype(np.int32), start, like.size, like.n_steps, like.dt
    )


def only(remaining: NDArray[np.bool_], trains: SpikeTrains) -> SpikeTrains:
    """Return the spikes that are kept, shape (n_spikes,), and no others."""
    before = np.concatenate([[0], np.cumsum(remaining)])
    return SpikeTrains(
        trains.neuron[remaining],
        trains.step[remaining],
        before[trains.trial_start],
        trains.size,
        trains.n_steps,
        trains.dt,
    )


def rank_in_train(train: Integers) -> tuple[Integers, Integers]:
    """Return which spike of its train each one is, from 0, and how many the train has; trains in order.

    Examples
    --------
    >>> rank, count = rank_in_train(np.array([3, 3, 3, 7]))
    >>> rank.tolist(), count.tolist()
    ([0, 1, 2, 0], [3, 3, 3, 1])
    """
    first = np.flatnonzero(np.diff(train, prepend=-1))
    lengths = np.diff(first, append=len(train))
    return np.arange(len(train)) - np.repeat(first, lengths), np.repeat(lengths, lengths)


def moved_apart(train: Integers, step: Integers, steps: int) -> Integers:
    """Return the places of spikes that may want the same step, each in a step of its own.

    In the order of time, a spike that finds its step taken moves to the next free one; where the trial ends,
    spikes are pushed back. None of a train of n spikes moves by more than n - 1 steps.

    Parameters
    ----------
    train, step : ndarray of int64, shape (n_spikes,)
        Where the spikes would be; steps 0 to ``steps - 1``, no more than `steps` spikes in a train.
    steps : int
        In how many steps neurons spike.

    Returns
    -------
    ndarray of int64, shape (n_spikes,)
        Places, sorted.

    Examples
    --------
    >>> moved_apart(np.array([0, 0, 0, 0]), np.array([2, 2, 9, 9]), 10).tolist()
    [2, 3, 8, 9]
    """
    train, step = split(_sorted(train * steps + step), steps)
    rank, count = rank_in_train(train)
    # Less its rank, the step of a spike may not fall within a train; the offset keeps trains apart.
    offset = 2 * steps * train
    earliest = np.maximum.accumulate(step - rank + offset) - offset + rank
    places: Integers = train * steps + np.minimum(earliest, steps - count + rank)
    return places


def choose(number: Integers, among: Integers, steps: int, rng: np.random.Generator) -> Integers:
    """Choose different steps for every train, each combination of them with the same probability.

    Parameters
    ----------
    number : ndarray of int64, shape (n_trains,)
        How many to choose in each train.
    among : ndarray of int64, shape (n_trains,)
        From so many, 0 to ``among - 1``; at least `number`, at most `steps`.
    steps : int
        In how many steps neurons spike.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of int64, shape (number.sum(),)
        Places, sorted.
    """
    # Of more than half it is quicker to choose which ones to leave out.
    most = 2 * number > among
    drawn = _draw(np.where(most, among - number, number), among, steps, rng)
    if not most.any():
        return drawn
    left_out = most[drawn // steps]
    train = np.repeat(np.arange(len(number)), np.where(most, number, 0))
    others = nth_free(drawn[left_out], train * steps + rank_in_train(train)[0], steps)
    return _sorted(np.concatenate([drawn[~left_out], others]))


def nth_free(taken: Integers, nth: Integers, steps: int) -> Integers:
    """Return the places of the n-th free steps of trains.

    Parameters
    ----------
    taken : ndarray of int64, shape (n_taken,)
        Places, sorted and all different.
    nth : ndarray of int64, shape (n_wanted,)
        ``train * steps + n``: the free steps of a train are counted from 0.
    steps : int
        In how many steps neurons spike.

    Returns
    -------
    ndarray of int64, shape (n_wanted,)

    Examples
    --------
    >>> nth_free(np.array([0, 1, 4]), np.array([0, 1, 2]), 10).tolist()
    [2, 3, 5]
    """
    rank, _ = rank_in_train(taken // steps)
    # Before the k-th taken step of a train there are as many free ones as the step's number less k.
    before = np.searchsorted(taken - rank, nth, side="right")
    of_earlier_trains = np.searchsorted(taken, nth // steps * steps)
    places: Integers = nth + before - of_earlier_trains
    return places


def _draw(number: Integers, among: Integers, steps: int, rng: np.random.Generator) -> Integers:
    """Draw for every train until it has enough different steps, which prefers none of them."""
    complete, places, missing = [], np.empty(0, np.int64), number
    while missing.any():
        train = np.repeat(np.arange(len(number)), missing)
        places = np.concatenate([places, train * steps + rng.integers(among[train])])
        places = _sorted(places)
        places = places[np.diff(places, prepend=-1) > 0]
        train = places // steps
        missing = np.where(missing > 0, number - np.bincount(train, minlength=len(number)), 0)
        wanting = missing[train] > 0
        complete.append(places[~wanting])
        places = places[wanting]
    return _sorted(np.concatenate([np.empty(0, np.int64), *complete]))


def _sorted(values: Integers) -> Integers:
    """Sort integers from 0 on, in half the bytes and half the time where they fit."""
    small = len(values) > 0 and values.max() <= np.iinfo(np.int32).max
    return np.sort(values.astype(np.int32) if small else values).astype(np.int64)
