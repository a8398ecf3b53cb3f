"""The numbers of a run: accuracies by readout, activity, latency, cost."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import LayerGraph
from bioscnn.metrics import (
    CLOCK,
    Energy,
    decision_latency,
    energy_estimate,
    informed_steps,
    spikes_per_trial,
    synaptic_operations_per_trial,
)
from bioscnn.network import SpikingNetwork
from bioscnn.nir import NIRModel
from bioscnn.readout import READOUTS, decisions, final_decisions
from bioscnn.simulation import Recording
from bioscnn.spikes import SpikeTrains
from bioscnn.statistics import Estimate, proportion

_MOST_PARTS = 50
"""Batches whose counts by neuron are kept one by one, before they are added."""


@dataclass
class Scores:
    """Decisions and spike counts, collected batch by batch: a byte per step of a trial, and few more.

    Parameters
    ----------
    network : SpikingNetwork
        What was simulated.
    rule : str
        The readout whose decisions are kept after every step, and of the others after the last.
    input_spikes : SpikeTrains, optional
        What came in, if it was spikes.
    """

    network: SpikingNetwork
    rule: str
    input_spikes: SpikeTrains | None = None
    _decided: list[NDArray[np.integer]] = field(default_factory=list)
    _chosen: dict[str, list[NDArray[np.integer]]] = field(
        default_factory=lambda: {rule: [] for rule in READOUTS}
    )
    _informed: list[NDArray[np.int64]] = field(default_factory=list)
    _counts: list[Recording] = field(default_factory=list)

    def add(self, batch: Recording) -> None:
        """Take in a batch of trials."""
        small = np.min_scalar_type(batch.potentials().shape[2])
        self._decided.append(decisions(batch, self.rule).astype(small))
        for rule, parts in self._chosen.items():
            final = self._decided[-1][:, -1] if rule == self.rule else final_decisions(batch, rule)
            parts.append(final.astype(small))
        self._informed.append(informed_steps(self.network, batch))
        self._counts.append(batch.without_traces())
        if len(self._counts) == _MOST_PARTS:
            self._counts = [Recording.concatenate(self._counts)]

    def decided(self) -> NDArray[np.integer]:
        """Return the class that the rule chooses after each step, shape (n_trials, n_steps)."""
        return np.concatenate(self._decided)

    def chosen(self, rule: str) -> NDArray[np.int64]:
        """Return the class that a rule chooses in the end, shape (n_trials,)."""
        return np.concatenate(self._chosen[rule], dtype=np.int64)

    def informed(self) -> NDArray[np.int64]:
        """Return the first step with evidence of each trial, shape (n_trials,)."""
        return np.concatenate(self._informed)

    def fires(self, name: str) -> bool:
        """Whether a population has fired at all."""
        return any(batch[name].counts_by_trial.any() for batch in self._counts)

    def spikes_by_trial(self, name: str) -> NDArray[np.int64]:
        """Return how many spikes a population has fired in each trial, shape (n_trials,)."""
        return np.concatenate([batch[name].counts_by_trial for batch in self._counts])

    def activity(self) -> dict[str, float]:
        """Return spikes, synaptic operations and neuron updates per trial."""
        recording = Recording.concatenate(self._counts)
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
        decided, informed = self.decided(), self.informed()
        latency = decision_latency(decided, self._counts[0].dt, informed)
        decides = bool((informed < decided.shape[1]).any())
        activity = self.activity()
        energy = {}
        if isinstance(graph, LayerGraph):
            first, neurons = self._counts[0], sum(p.size for p in self.network.neurons)
            spent = activity["synops_per_trial"], neurons, first.n_steps * first.dt
            energy = {"energy": as_energy(energy_estimate(graph, *spent, frames))}
        return {
            "accuracy": {name: as_triple(proportion(self.chosen(name) == labels)) for name in READOUTS},
            "readout": self.rule,
            **activity,
            **energy,
            "latency_ms": float(1e3 * np.median(latency)) if decides else None,
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
