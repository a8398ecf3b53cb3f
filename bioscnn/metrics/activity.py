"""How much a network does and how soon it knows: spikes, synaptic operations, latency."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioscnn.network import SpikingNetwork
from bioscnn.simulation.recording import Recording


def spikes_per_trial(recording: Recording) -> float:
    """Mean number of spikes of all populations in a trial, those of the source not counted."""
    return float(sum(population.counts_by_trial.mean() for population in recording.populations.values()))


def synaptic_operations_per_trial(network: SpikingNetwork, recording: Recording) -> float:
    """Mean number of synaptic events (SynOps) in a trial: each spike counts once for each of its synapses.

    Input spikes are not counted, since the recording does not hold them; input currents make none.

    References
    ----------
    Yik et al. (2025), The NeuroBench framework, Nature Communications 16:1545.
    """
    events = sum(
        float(recording[p.pre].counts_by_neuron @ p.connectivity.fan_out())
        for p in network.projections
        if p.synapse is not None and p.pre in recording.populations
    )
    return events / recording.n_trials


def decision_latency(decided: NDArray[np.int64], dt: float) -> NDArray[np.float64]:
    """Time from which the decision stays what it is at the end.

    Parameters
    ----------
    decided : ndarray of int64, shape (n_trials, n_steps)
        Class chosen after each step, from `bioscnn.readout.decisions`.
    dt : float
        Duration of a step, s.

    Returns
    -------
    ndarray of float64, shape (n_trials,)
        Seconds from the onset of the stimulus.

    Examples
    --------
    >>> decision_latency(np.array([[7, 1, 3, 3], [3, 3, 3, 3]]), dt=1e-3)
    array([0.003, 0.001])
    """
    wrong = decided != decided[:, -1:]
    n_steps = decided.shape[1]
    last_wrong = np.where(wrong.any(axis=1), n_steps - 1 - wrong[:, ::-1].argmax(axis=1), -1)
    return (last_wrong + 2) * dt
