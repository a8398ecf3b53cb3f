"""Which normalisation is best for the IF networks of the peers, on validation images.

    python -m bench.normalisation

``bench/roster.py`` names one for both sizes: the fewest spikes within 0.1 points of the best of each. The
peers take as long for any number of spikes, bioscnn and Brian2 do not. Test images take no part in it.
"""

from __future__ import annotations

import tempfile
from itertools import product
from pathlib import Path

import numpy as np

from bench.measure import Worker
from bench.networks import SAME_MODEL, problem_of
from bench.problem import write_problem
from bench.roster import SIZES, entries

METHODS = ("rate-matched", "channel-wise")
PERCENTILES = (99.0, 99.9)
MAX_RATES = (350, 500, 750, 1000)


def main() -> None:
    """Print the accuracy and the spikes of every normalisation for both sizes."""
    for size, method, percentile, rate in product(SIZES, METHODS, PERCENTILES, MAX_RATES):
        loop = next(entry for entry in entries(size) if entry.simulator == "torch by hand")
        normalisation = (
            f"network.normalisation={method}",
            f"network.percentile={percentile}",
            f"network.max_rate={rate} Hz",
        )
        changes = (
            f"network.model=mnist-{size}-relu",
            *SAME_MODEL,
            *normalisation,
            "dataset.split=validation",
        )
        problem, _ = problem_of(changes, "mean-potential")
        with tempfile.TemporaryDirectory() as folder:
            write_problem(problem, Path(folder) / loop.problem)
            with Worker(loop, Path(folder), Path(folder), threads=1) as worker:
                how = 64, "channels-last"
                classes = worker.ask("classes", len(problem.labels), *how)["classes"]
                spikes = sum(worker.ask("spikes", 500, *how)["spikes"])
        right = np.mean(np.array(classes) == problem.labels)
        print(
            f"{size:6} {method:13} {percentile:5} {rate:5} Hz: {right:.4f}, {spikes:,.0f} spikes", flush=True
        )


if __name__ == "__main__":
    main()
