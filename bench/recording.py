"""What recording every spike costs a whole call of `simulate`: ``python -m bench.recording [--table FILE]``.

Processor time of Python and of the compiled program together, in one process each. Unlike that of
`bench.neurons`, it counts writing the input and reading the spikes.
"""

from __future__ import annotations

import numpy as np

from bench.networks import STUDY, data_folder
from bench.neurons import cases, columns, measure_into_table, simulation_time
from bench.roster import SIZES
from bioscnn.network import OUTPUT, READOUT
from bioscnn.simulation import Device, simulate
from bioscnn.studies.prepare import prepare
from bioscnn.studies.study import read_study


def measured(size: str, name: str, images: int, rounds: int) -> dict[str, str]:
    """Return the row of a network: LIF or IF neurons, small or large."""
    case = next(case for case in cases(size) if case.name == name)
    prepared = prepare(read_study(STUDY, [*case.changes, f"dataset.trials={images}"]), data_folder())
    network, stimulus = prepared.network, prepared.stimulus
    everything = [population.name for population in network.neurons]

    def seconds(record: list[str]) -> float:
        return simulation_time(
            lambda: simulate(network, stimulus, Device(jobs=1), record=record, potentials=[READOUT])
        )

    seconds(everything)  # compiles
    taken = np.array([[seconds(record) for record in ([OUTPUT], everything)] for _ in range(rounds)])
    median = 1e6 * np.median(taken, axis=0) / images
    return {
        "network": f"mnist-{size}",
        "neurons": name,
        "output alone (us per digit)": f"{median[0]:.0f}",
        "all spikes (us per digit)": f"{median[1]:.0f}",
        **columns("ratio", taken[:, 1] / taken[:, 0]),
    }


def rows(images: int, rounds: int) -> list[dict[str, str]]:
    """Return the row of each network."""
    return [measured(size, name, images, rounds) for size in SIZES for name in ("LIF", "IF")]


if __name__ == "__main__":
    measure_into_table("bench.recording", __doc__, rows, images=2000, rounds=5)
