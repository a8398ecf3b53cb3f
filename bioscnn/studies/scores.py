"""The numbers of a run: accuracies by readout, activity, latency, cost."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import LayerGraph
from bioscnn.large_arrays import large_array
from bioscnn.metrics import (
    CLOCK,
    Energy,
    decision_latency,
    energy_estimate,
    informed_steps,
    spikes_per_trial,
    synaptic_operations_per_trial,
)
from bioscnn.network import READOUT, SpikingNetwork
from bioscnn.nir import NIRModel
from bioscnn.readout import READOUTS, decisions, final_decisions
from bioscnn.simulation import PopulationRecording, Recording
from bioscnn.spikes import SpikeTrains
from bioscnn.statistics import Estimate, proportion


class Scores:
    """Decisions and spike counts, collected batch by batch: a byte per step of a trial, and few more.

    What grows with the number of trials need not fit into memory (`bioscnn.large_arrays`).

    Parameters
    ----------
    network : SpikingNetwork
        What was simulated.
    rule : str
        The readout whose decisions are kept after every step, and of the others after the last.
    n_trials : int
        How many trials the batches have together.
    input_spikes : SpikeTrains, optional
        What came in, if it was spikes.
    """

    def __init__(
        self, network: SpikingNetwork, rule: str, n_trials: int, input_spikes: SpikeTrains | None = None
    ) -> None:
        self.network, self.rule, self.input_spikes = network, rule, input_spikes
        self._n_trials, self._done = n_trials, 0
        small = np.min_scalar_type(network[READOUT].size)
        self._chosen = {name: large_array((n_trials,), small) for name in READOUTS}
        self._informed = large_array((n_trials,), np.uint32)
        self._latency = large_array((n_trials,), np.float64)
        names = [population.name for population in network.neurons]
        self._by_trial = {name: large_array((n_trials,), np.uint32) for name in names}
        self._by_neuron = {name: np.zeros(network[name].size, np.int64) for name in names}

    def add(self, batch: Recording) -> None:
        """Take in a batch of trials."""
        if not self._done:
            self._n_steps, self._dt = batch.n_steps, batch.dt
            small = self._chosen[self.rule].dtype
            self._decided = large_array((self._n_trials, batch.n_steps), small)
        trials, decided = slice(self._done, self._done + batch.n_trials), decisions(batch, self.rule)
        informed = informed_steps(self.network, batch)
        self._decided[trials], self._informed[trials] = decided, informed
        self._latency[trials] = decision_latency(decided, batch.dt, informed)
        for rule, chosen in self._chosen.items():
            chosen[trials] = decided[:, -1] if rule == self.rule else final_decisions(batch, rule)
        for name, counts in self._by_trial.items():
            counts[trials] = batch[name].counts_by_trial
            self._by_neuron[name] += batch[name].counts_by_neuron
        self._done = trials.stop

    def decided(self) -> NDArray[np.integer]:
        """Return the class that the rule chooses after each step, shape (n_trials, n_steps)."""
        return self._decided

    def chosen(self, rule: str) -> NDArray[np.int64]:
        """Return the class that a rule chooses in the end, shape (n_trials,)."""
        return self._chosen[rule].astype(np.int64)

    def informed(self) -> NDArray[np.int64]:
        """Return the first step with evidence of each trial, shape (n_trials,)."""
        return self._informed.astype(np.int64)

    def fires(self, name: str) -> bool:
        """Whether a population has fired at all."""
        return bool(self._by_neuron[name].any())

    def spikes_by_trial(self, name: str) -> NDArray[np.int64]:
        """Return how many spikes a population has fired in each trial, shape (n_trials,)."""
        return self._by_trial[name].astype(np.int64)

    def activity(self) -> dict[str, float]:
        """Return spikes, synaptic operations and neuron updates per trial."""
        counts = {
            name: PopulationRecording(by_trial, self._by_neuron[name])
            for name, by_trial in self._by_trial.items()
        }
        recording = Recording(counts, self._n_steps, self._dt)
        return {
            "spikes_per_trial": spikes_per_trial(recording),
            "synops_per_trial": synaptic_operations_per_trial(self.network, recording, self.input_spikes),
            "updates_per_trial": recording.n_steps * sum(p.size for p in self.network.neurons),
        }

    def summary(
        self, graph: LayerGraph | NIRModel, labels: NDArray[np.int64], frames: int | None = None
    ) -> dict[str, Any]:
        """Return accuracies [value, low, high], activity, energy, and latency by the rule.

        The energy is compared with that of the trained network, which a NIR graph does not have. The latency
        is None if no trial comes to a decision.
        """
        decides = bool((self._informed < self._n_steps).any())
        activity = self.activity()
        energy = {}
        if isinstance(graph, LayerGraph):
            neurons = sum(population.size for population in self.network.neurons)
            spent = activity["synops_per_trial"], neurons, self._n_steps * self._dt
            energy = {"energy": as_energy(energy_estimate(graph, *spent, frames))}
        return {
            "accuracy": {name: as_triple(proportion(self.chosen(name) == labels)) for name in READOUTS},
            "readout": self.rule,
            **activity,
            **energy,
            "latency_ms": float(1e3 * np.median(self._latency)) if decides else None,
        }


def as_energy(energy: Energy) -> dict[str, float]:
    """Return an energy estimate for JSON: FLOP per example, and the ratios."""
    return {
        **{f"{name}_flop": value for name, value in asdict(energy).items()},
        "clock_ms": 1e3 * CLOCK,
        "ann_to_events": energy.ratio_of_events,
        "ann_to_spiking": energy.ratio,
        "ann_to_spiking_with_stimulus": energy.ratio_with_stimulus,
    }


def as_triple(share: Estimate) -> list[float]:
    """Return value, low and high."""
    return [share.value, share.low, share.high]
