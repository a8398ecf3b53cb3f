"""Spikes and synaptic operations per trial."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioscnn.network import SpikingNetwork
from bioscnn.simulation.recording import Recording
from bioscnn.spikes import SpikeTrains


def spikes_per_trial(recording: Recording) -> float:
    """Mean number of spikes of all populations in a trial, those of the source not counted."""
    return float(sum(population.counts_by_trial.mean() for population in recording.populations.values()))


def synaptic_operations_per_trial(
    network: SpikingNetwork, recording: Recording, input_spikes: SpikeTrains | None = None
) -> float:
    """Mean number of synaptic events (SynOps) in a trial: each spike counts once for each of its synapses.

    Parameters
    ----------
    network : SpikingNetwork
        What was simulated.
    recording : Recording
        Its spikes.
    input_spikes : SpikeTrains, optional
        What came in, which the recording does not hold. Input currents make no synaptic events.

    References
    ----------
    Yik et al. (2025), The NeuroBench framework, Nature Communications 16:1545.
    """
    counts = {name: population.counts_by_neuron for name, population in recording.populations.items()}
    if input_spikes is not None:
        counts[network.source.name] = np.bincount(input_spikes.neuron, minlength=input_spikes.size)
    events = sum(float(counts[p.pre] @ p.connectivity.fan_out()) for p in network.pathways if p.pre in counts)
    return events / recording.n_trials


def synaptic_operations_by_trial(
    network: SpikingNetwork, recording: Recording, input_spikes: SpikeTrains | None = None
) -> NDArray[np.int64]:
    """Count the synaptic events (SynOps) of every trial; see `synaptic_operations_per_trial`, their mean.

    Parameters
    ----------
    network : SpikingNetwork
        What was simulated.
    recording : Recording
        With the synaptic events, or every spike, of every population that has synapses.
    input_spikes : SpikeTrains, optional
        What came in.

    Returns
    -------
    ndarray of int64, shape (n_trials,)
    """
    events = np.zeros(recording.n_trials, np.int64)
    counted = {name: population.events_by_trial for name, population in recording.populations.items()}
    trains = {name: population.spikes for name, population in recording.populations.items()}
    trains[network.source.name] = input_spikes
    for name in (population.name for population in network.populations):
        if (of_trials := counted.get(name)) is not None:
            events += of_trials
        elif (spikes := trains.get(name)) is not None:
            events += spikes.sum_by_trial(network.fan_out(name))
        elif network.fan_out(name).any():
            raise ValueError(f"neither synaptic events nor spikes of {name!r} were recorded")
    return events
