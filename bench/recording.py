"""What recording every spike costs a whole call of `simulate`: ``python -m bench.recording [--table FILE]``.

Processor time of Python and of the compiled program together, in one process each. Unlike that of
`bench.neurons`, it counts writing the input and reading the spikes.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from time import process_time

import numpy as np

from bench.networks import STUDY, data_folder
from bench.neurons import cases, columns, programs_time, write_rows
from bench.roster import SIZES
from bioscnn.network import OUTPUT, READOUT
from bioscnn.simulation import Device, simulate
from bioscnn.studies.prepare import prepare
from bioscnn.studies.study import read_study


def measured(size: str, name: str, images: int, rounds: int) -> dict[str, str]:
    """Return the row of a network: LIF or IF neurons, small or large."""
    case = next(case for case in cases(size) if case.name == name)
    prepared = prepare(read_study(STUDY, [*case.changes, f"dataset.trials={images}"]), data_folder())
    everything = [population.name for population in prepared.network.neurons]

    def seconds(record: list[str]) -> float:
        before = process_time() + programs_time()
        simulate(prepared.network, prepared.stimulus, Device(jobs=1), record=record, potentials=[READOUT])
        return process_time() + programs_time() - before

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


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.recording", description=__doc__)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--table", type=Path, help="CSV file to write")
    options = parser.parse_args()
    rows = [measured(size, name, options.images, options.rounds) for size in SIZES for name in ("LIF", "IF")]
    command = f"python -m bench.recording --images {options.images} --rounds {options.rounds}"
    write_rows(rows, options.table, command, options.rounds)


if __name__ == "__main__":
    main()
