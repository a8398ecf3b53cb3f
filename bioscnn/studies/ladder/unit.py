"""One rung: every trial is simulated, and what each came to is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.metrics import decision_latency, synaptic_operations_by_trial
from bioscnn.network import OUTPUT, READOUT, SpikingNetwork
from bioscnn.neurons import LeadingCount
from bioscnn.neurons.synapse import lasts
from bioscnn.readout import decisions
from bioscnn.simulation import Progress, simulate_batches
from bioscnn.spikes import SpikeTrains
from bioscnn.studies.prepare import Prepared
from bioscnn.studies.scores import informed_steps

Found = dict[str, NDArray[Any]]
"""What a rung comes to, an entry a trial.

``chosen``: class, int16. ``latency_ms``: when the decision is informed and final, float64. ``spikes`` of all
populations and ``synops``, int64.
"""


def run_unit(prepared: Prepared, progress: Progress) -> Found:
    """Simulate the trials of a rung.

    Raises
    ------
    UserError
        If the device fails.
    """
    rule, network, stimulus = prepared.study.config.readout.rule, prepared.network, prepared.stimulus
    parts: list[Found] = []
    first = 0
    for batch in simulate_batches(
        network,
        stimulus,
        prepared.device,
        record=[population.name for population in network.neurons if population.spikes],
        potentials={READOUT},
        progress=progress,
    ):
        shown = stimulus[first : first + batch.n_trials]
        spikes = shown if isinstance(shown, SpikeTrains) else None
        decided = decisions(batch, rule)
        parts.append(
            {
                "chosen": decided[:, -1].astype(np.int16),
                "latency_ms": 1e3 * decision_latency(decided, batch.dt, informed_steps(network, batch)),
                "spikes": np.sum([part.counts_by_trial for part in batch.populations.values()], axis=0),
                "synops": synaptic_operations_by_trial(network, batch, spikes),
            }
        )
        first += batch.n_trials
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def state_of(network: SpikingNetwork, dt: float) -> list[str]:
    """Return the variables that one neuron carries from a time step to the next, as its equations name them.

    A synaptic current that is gone within a step is none. Nor are the times that a neuron is held refractory
    and that spikes travel along an axon: nothing integrates them.
    """
    neuron, synapse = network[OUTPUT].neuron, network.synapse_onto(OUTPUT)
    assert neuron is not None and not isinstance(synapse, LeadingCount)
    return [*neuron.state, *(synapse.state if lasts(synapse.tau_s, dt) else ())]
