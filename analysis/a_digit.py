"""The picture of README.md: ``python -m analysis.a_digit`` writes docs/figures/a-digit.png.

The first embedded digit that is a 3, in the network and the trial of sims/mnist.toml.
"""

from pathlib import Path

import numpy as np

import bioscnn
from bioscnn import metrics, plots

FIGURE = Path("docs/figures/a-digit.png")
DIGIT = 3


def main() -> None:
    """Simulate the digit and draw it."""
    prepared = bioscnn.prepare("mnist", {"dataset.trials": 100})
    first = int(np.argmax(prepared.examples.labels == DIGIT))
    trial = slice(first, first + 1)
    network, device = prepared.network, prepared.device
    recording = bioscnn.simulate(network, prepared.stimulus[trial], device=device)
    decided, informed = (
        bioscnn.decisions(recording, "peak-potential"),
        metrics.informed_steps(network, recording),
    )
    figure = plots.trial(
        {
            population.name: recording[population.name].spikes
            for population in network.neurons
            if population.name in recording.populations and recording[population.name].spikes is not None
        },
        recording["readout"].potentials[0],
        prepared.examples.images[first],
        prepared.examples.classes,
        label=DIGIT,
        chosen=int(decided[0, -1]),
        decided=float(metrics.decision_latency(decided, recording.dt, informed)[0]),
    )
    print(plots.save(figure, FIGURE))


if __name__ == "__main__":
    main()
