"""A layer of neurons that turn constant currents into spikes, without simulating it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioscnn.encoding.currents import Currents
from bioscnn.errors import UserError
from bioscnn.neurons import LIF, in_whole_steps, lif_first_spike
from bioscnn.spikes import SpikeTrains


def lif_layer(currents: Currents, neuron: LIF) -> SpikeTrains:
    """Return the spikes of one neuron a channel under its constant current.

    The neuron crosses its threshold first at ``t_1 = -tau_m ln(1 - V_th/(R_m I))``, then every
    ``t_ref + t_1``. A crossing is a spike of the step in which it falls, the n-th later than the one before
    by at least the refractory period and one step; nothing spikes in the last step of a trial. A simulated
    LIF neuron with the reset rule ``"exact"`` does the same.

    Parameters
    ----------
    currents : Currents
        One a neuron and trial.
    neuron : LIF
        The neurons; a refractory period that is no whole number of steps becomes the nearest one.

    Returns
    -------
    SpikeTrains

    Raises
    ------
    UserError
        If the neuron has another reset rule.

    Examples
    --------
    >>> spikes = lif_layer(Currents(np.full((1, 1), 0.4e-9, np.float32), 60, 1e-3), LIF())
    >>> spikes.step
    array([13, 29, 45], dtype=int32)
    """
    if neuron.reset != "exact":
        raise UserError(
            "the times of spikes are known in closed form for the exact reset alone",
            key="neuron.reset",
            value=neuron.reset,
            expected="exact",
        )
    n_steps, dt = currents.n_steps, currents.dt
    t_ref = in_whole_steps(neuron, dt).parameters["t_ref"]
    refractory = round(t_ref / dt)
    first = lif_first_spike(currents.values.astype(np.float64) / neuron.rheobase, neuron.tau_m)
    trial, index = np.nonzero(first < (n_steps - 1) * dt)
    crossing = first[trial, index]
    events: list[tuple[NDArray[np.int64], ...]] = []
    for k in range(n_steps):
        # Within the first step every neuron is charged anew: it fires as often as it may.
        step = np.maximum((crossing * (k + 1) + t_ref * k) // dt, k * (refractory + 1)).astype(np.int64)
        fires = step < n_steps - 1
        if not fires.any():
            break
        trial, index, crossing = trial[fires], index[fires], crossing[fires]
        events.append((trial, step[fires], index))
    trial, step, index = (
        np.concatenate([np.empty(0, np.int64), *(event[k] for event in events)]) for k in range(3)
    )
    return SpikeTrains.from_events(
        trial, step, index, n_trials=currents.n_trials, size=currents.size, n_steps=n_steps, dt=dt
    )
