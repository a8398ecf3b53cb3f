"""Every trial against every other: what the distances between spike trains share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.spikes import SpikeTrains

Raster = NDArray[np.bool_]
"""Spikes of one neuron, shape (n_trials, n_steps)."""


def check_comparable(first: SpikeTrains, second: SpikeTrains) -> None:
    """Refuse to compare spike trains of different time step, duration or number of neurons.

    Raises
    ------
    UserError
        With what differs.
    """
    for key in ("dt", "n_steps", "size"):
        mine, theirs = getattr(first, key), getattr(second, key)
        if mine != theirs:
            raise UserError(
                "these spike trains cannot be compared", key=key, value=theirs, expected=f"{mine!r}"
            )


def rasters(trains: SpikeTrains) -> Iterator[Raster]:
    """Yield the spikes of one neuron after another."""
    order = np.argsort(trains.neuron, kind="stable")
    last = np.cumsum(np.bincount(trains.neuron, minlength=trains.size))[:-1]
    trial, step = trains.trial()[order], trains.step[order]
    for its_trial, its_step in zip(np.split(trial, last), np.split(step, last), strict=True):
        raster = np.zeros((trains.n_trials, trains.n_steps), dtype=bool)
        raster[its_trial, its_step] = True
        yield raster


def mean_over_neurons(
    trains: SpikeTrains,
    other: SpikeTrains | None,
    distance: Callable[[Raster, Raster], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Average the distances of single neurons.

    Parameters
    ----------
    trains, other : SpikeTrains
        Trials of the first against those of the second, or, if that is None, against each other.
    distance : callable
        Distances (n, m) between the trials of two rasters of one neuron; 0 between silent trains.

    Returns
    -------
    ndarray of float64, shape (n, m)

    Raises
    ------
    UserError
        If the two cannot be compared.
    """
    second = trains if other is None else other
    check_comparable(trains, second)
    total = np.zeros((trains.n_trials, second.n_trials))
    for mine, theirs in zip(rasters(trains), rasters(second), strict=True):
        if mine.any() or theirs.any():
            total += distance(mine, theirs)
    mean = total / max(trains.size, 1)
    return mean if other is not None else (mean + mean.T) / 2
