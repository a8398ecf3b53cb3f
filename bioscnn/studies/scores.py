"""The numbers of a run: accuracies by readout, activity, latency, cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.metrics import (
    Proportion,
    accuracy,
    decision_latency,
    spikes_per_trial,
    synaptic_operations_per_trial,
)
from bioscnn.network import SpikingNetwork
from bioscnn.readout import READOUTS, decisions
from bioscnn.simulation import Recording


@dataclass
class Scores:
    """Decisions and spike counts, collected batch by batch."""

    _decided: dict[str, list[NDArray[np.int64]]] = field(
        default_factory=lambda: {rule: [] for rule in READOUTS}
    )
    _counts: list[Recording] = field(default_factory=list)

    def add(self, batch: Recording) -> None:
        """Take in a batch of trials."""
        for rule, parts in self._decided.items():
            parts.append(decisions(batch, rule))
        self._counts.append(batch.without_traces())

    def summary(self, network: SpikingNetwork, labels: NDArray[np.int64], rule: str) -> dict[str, Any]:
        """Return accuracies [value, low, high], spikes, synaptic operations, and latency by one rule."""
        recording = Recording.concatenate(self._counts)
        decided = {name: np.concatenate(parts) for name, parts in self._decided.items()}
        return {
            "accuracy": {name: as_triple(accuracy(d[:, -1], labels)) for name, d in decided.items()},
            "readout": rule,
            "spikes_per_trial": spikes_per_trial(recording),
            "synops_per_trial": synaptic_operations_per_trial(network, recording),
            "latency_ms": float(1e3 * np.median(decision_latency(decided[rule], recording.dt))),
        }


def as_triple(share: Proportion) -> list[float]:
    """Return value, low and high."""
    return [share.value, share.low, share.high]
