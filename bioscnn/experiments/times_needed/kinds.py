"""What is destroyed in recordings, who learns from what is left, and how much is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bioscnn.noise import Collapse, MergePolarities, Perturbation, Redistribute, ShuffleSegments

ORIGINAL = "original"

KINDS: dict[str, Perturbation | None] = {
    ORIGINAL: None,
    "collapsed": Collapse(),
    "shuffled within pixels": Redistribute(),
    "saccades reordered": ShuffleSegments(),
    "polarities merged": MergePolarities(),
}
"""What a network is trained on, and tested on: recordings as they are, and with something destroyed."""

DESCRIBED = {
    ORIGINAL: "The recordings as they are.",
    "collapsed": "Each pixel's spikes stand at equal intervals: times are a function of counts.",
    "shuffled within pixels": "Each spike moves to a random moment of the recording; counts are kept.",
    "saccades reordered": "The three saccades are played in an order drawn for each recording.",
    "polarities merged": "Events of both polarities are spikes of the same neuron; times are kept.",
}

SPIKING = "spiking network"
FRAMES = "CNN of frames"
COUNTS = "CNN of counts"

NETWORKS = {
    SPIKING: "LIF neurons, simulated; trained on rates, then on spikes of its own.",
    FRAMES: "The network after training on rates, without spikes: its logits are averaged over frames.",
    COUNTS: "The same architecture and training on rates, shown one frame: the whole recording. It is blind "
    "to times.",
}

ARCHITECTURE = "12c5s2 24c3s2 48c3s2"

DISTORTIONS = ("rotation", "shift", "scaling", "shear")
"""Left away: a recording that was distorted would be destroyed in another way."""


@dataclass(frozen=True)
class Amount:
    """How much is trained; the same for every kind of recording.

    Parameters
    ----------
    seeds : int
        Networks of each kind: each has its own initial weights, order of examples and destruction.
    examples, epochs : int
        Simulated training recordings and passes through them, on rates.
    spike_examples, spike_epochs : int
        The first so many of them, and passes, on spikes.
    choosing : int
        Further training recordings, which choose the epoch.
    """

    seeds: int
    examples: int
    epochs: int
    spike_examples: int
    spike_epochs: int
    choosing: int = 100

    def training(self) -> dict[str, Any]:
        """Return the table ``[training]`` of a study that trains so."""
        return {
            "layers": ARCHITECTURE,
            "epochs": self.epochs,
            "batch_size": 16,
            "learning_rate": 0.01,
            **dict.fromkeys(DISTORTIONS, 0.0),
            "spiking_images": 0,
            "spikes": {
                "epochs": self.spike_epochs,
                "batch_size": 16,
                "learning_rate": 0.002,
                "rate_weight": 0.0,
                "decide_from": "100 ms",
            },
        }


FULL = {
    "nmnist": Amount(seeds=5, examples=3000, epochs=3, spike_examples=192, spike_epochs=1),
    "ncaltech101": Amount(seeds=5, examples=960, epochs=6, spike_examples=192, spike_epochs=1),
}
QUICK = {
    name: Amount(seeds=2, examples=64, epochs=1, spike_examples=32, spike_epochs=1, choosing=20)
    for name in FULL
}
