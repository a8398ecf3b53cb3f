"""Spike trains as neo objects, for analyses by elephant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from bioscnn.errors import UserError
from bioscnn.extras import how_to_install
from bioscnn.spikes import SpikeTrains

if TYPE_CHECKING:
    from neo import SpikeTrain


def to_neo(trains: SpikeTrains, trial: int, neurons: Iterable[int] | None = None) -> list[SpikeTrain]:
    """Return the spikes of one trial as neo spike trains, one per neuron.

    A spike of step ``k`` lies at the end of its step, ``(k + 1) dt``; a trial begins at 0 ms. Half-open bins,
    as elephant's, whose edges lie between steps therefore count it in the bin that begins there.

    Parameters
    ----------
    trains : SpikeTrains
        Spikes of one population.
    trial : int
        Which trial, 0 to ``n_trials - 1``.
    neurons : iterable of int, optional
        Which neurons, in this order; all by default.

    Returns
    -------
    list of neo.SpikeTrain
        Times in ms.

    Raises
    ------
    UserError
        If neo is not installed.
    IndexError
        If there is no such trial or neuron.

    Examples
    --------
    >>> trains = SpikeTrains(np.zeros(2), np.array([1, 4]), np.array([0, 2]), size=2, n_steps=10, dt=1e-3)
    >>> to_neo(trains, 0)[0].times
    array([2., 5.]) * ms
    """
    try:
        from neo import SpikeTrain
    except ModuleNotFoundError:
        raise UserError("neo objects need neo", fix=how_to_install("export")) from None
    if not 0 <= trial < trains.n_trials:
        raise IndexError(f"trial {trial} of {trains.n_trials}")
    of_trial = trains[trial : trial + 1]
    order = np.argsort(of_trial.neuron, kind="stable")
    last = np.cumsum(np.bincount(of_trial.neuron, minlength=trains.size))
    times = np.split((of_trial.step[order] + 1) * (trains.dt * 1e3), last)
    stop = trains.n_steps * (trains.dt * 1e3)
    chosen = range(trains.size) if neurons is None else neurons
    return [SpikeTrain(times[neuron], units="ms", t_stop=stop) for neuron in chosen]
