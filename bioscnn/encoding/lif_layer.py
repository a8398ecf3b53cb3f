"""A layer of neurons that turn constant currents into spikes, without simulating it."""

from __future__ import annotations

import numpy as np

from bioscnn.encoding.currents import Currents
from bioscnn.errors import UserError
from bioscnn.neurons import LIF, lif_first_spike
from bioscnn.spikes import SpikeTrains

_RASTER = 2**25  # neurons times steps of the trials that are taken together


def lif_layer(currents: Currents, neuron: LIF) -> SpikeTrains:
    """Return the spikes of one neuron a channel under its constant current.

    The neuron crosses its threshold first at ``t_1 = -tau_m ln(1 - V_th/(R_m I))``, then every
    ``t_ref + t_1``. A spike falls into the step of its crossing, and comes one step and the refractory period
    after the one before at the soonest; nothing spikes in the last step of a trial. So do simulated LIF
    neurons with the reset rule ``"exact"``, spike for spike in double precision, unless a crossing falls on
    the border of two steps as exactly as numbers are rounded.

    Parameters
    ----------
    currents : Currents
        One a neuron and trial.
    neuron : LIF
        What all neurons are; a refractory period that is no whole number of steps becomes the nearest one.

    Returns
    -------
    SpikeTrains

    Raises
    ------
    UserError
        If the neuron has another reset rule.

    References
    ----------
    Gerstner, Kistler, Naud and Paninski (2014), Neuronal Dynamics, section 1.3.

    Examples
    --------
    >>> lif_layer(Currents(np.full((1, 1), 0.4e-9, np.float32), 60, 1e-3), LIF()).step
    array([13, 29, 45], dtype=int32)
    """
    if neuron.reset != "exact":
        raise UserError(
            "a LIF layer has its spikes in closed form, which there is for the exact reset alone",
            key="neuron.reset",
            value=neuron.reset,
            expected="exact",
        )
    batch = max(1, _RASTER // (currents.n_steps * max(1, currents.size)))
    starts = range(0, currents.n_trials, batch) or [0]
    return SpikeTrains.concatenate([_spikes(currents[first : first + batch], neuron) for first in starts])


def _spikes(currents: Currents, neuron: LIF) -> SpikeTrains:
    """Mark the spikes in a raster, because to read one is quicker than to sort spikes."""
    n_trials, n_steps, dt, size = currents.n_trials, currents.n_steps, currents.dt, currents.size
    refractory = round(neuron.in_whole_steps(dt).t_ref / dt)
    first = lif_first_spike(currents.values.ravel() / np.float64(neuron.rheobase), neuron.tau_m) / dt
    train = np.flatnonzero(first < n_steps - 1)
    first, place = first[train], train // size * (n_steps * size) + train % size
    raster = np.zeros(n_trials * n_steps * size, bool)
    for k in range(n_steps):
        step = np.maximum((k + 1) * first + k * refractory, k * (1 + refractory)).astype(np.int64)
        fires = step < n_steps - 1
        first, place = first[fires], place[fires]
        raster[place + step[fires] * size] = True
    moment, index = np.divmod(np.flatnonzero(raster), size)
    start = np.searchsorted(moment, n_steps * np.arange(n_trials + 1))
    return SpikeTrains(index, moment % n_steps, start, size, n_steps, dt)
