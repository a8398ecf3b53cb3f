"""What one neuron tells of the class: by its count, by the time of its first spike, by both."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.metrics import count_response, joint_response, latency_response, mutual_information
from bioscnn.seeds import stream
from bioscnn.spikes import SpikeTrains


def information_rows(
    layer: str, spikes: SpikeTrains, labels: NDArray[np.int64], seed: int
) -> list[dict[str, Any]]:
    """Return the mutual information between the class and each response, averaged over neurons.

    The interval is that of the mean over neurons, mean and 1.96 standard errors: neurons are many and alike,
    trials are the same for all of them.
    """
    count, latency = count_response(spikes), latency_response(spikes)
    rows = []
    for name, response in (
        ("count", count), ("latency", latency), ("both", joint_response(count, latency)),
    ):  # fmt: skip
        found = mutual_information(response, labels, rng=stream(seed, "information", layer, name))
        half = 1.96 * float(found.bits.std()) / np.sqrt(len(found.bits))
        mean = float(found.bits.mean())
        rows.append(
            {
                "layer": layer,
                "response": name,
                "bits": mean,
                "low": mean - half,
                "high": mean + half,
                "shuffled": float(found.shuffled.mean()),
                "neurons": len(found.bits),
            }
        )
    return rows
