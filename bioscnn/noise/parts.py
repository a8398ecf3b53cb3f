"""The part of a study that a kind of noise acts on: images, events, spikes, synapses, neurons or axons."""

from __future__ import annotations

PARTS = {
    "weight-noise": "synapses", "transmission-failure": "synapses", "quantisation": "synapses",
    "threshold-mismatch": "neurons", "time-constant-mismatch": "neurons", "membrane-noise": "neurons",
    "membrane-noise-xi": "neurons",
    "dead-neurons": "neurons", "stuck-neurons": "neurons",
    "spike-loss": "axons", "axonal-delay": "axons",
}  # fmt: skip
"""The part of the network that a noise acts on."""


def part_of(noise: str, acts_on: str) -> str:
    """Return the part that a noise acts on; of a noise of the network, the part of the network."""
    return PARTS.get(noise, acts_on) if acts_on == "network" else acts_on
