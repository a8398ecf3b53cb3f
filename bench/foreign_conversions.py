"""What becomes of the five networks of `bench.foreign_networks`, trained and exported by it.

    python -m bench.foreign_conversions [--split test] [--trials 10000] [--table CSV] [NAME ...]

runs each at ``simulation.duration = "auto"``, once as a study file has it and once as docs/your-network.md
advises, and prints the accuracies of both networks with their intervals, and the paired difference. What is
advised was chosen on the validation digits; nothing was chosen by the test digits.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

from bench.foreign_networks import FOLDER
from bench.networks import STUDY, data_folder
from bioscnn.claims import made_now
from bioscnn.claims.record import with_interval, write_table
from bioscnn.readout import final_decisions
from bioscnn.report.folder import read_run
from bioscnn.simulation.simulate import Silent
from bioscnn.statistics import Estimate, difference, proportion
from bioscnn.studies.run import run_study
from bioscnn.studies.settling import read_settled_study

SETTINGS = {
    "default": (),
    "advised": ("network.percentile=99", "simulation.start=spread", "readout.rule=spike-count"),
}


WHOLE = {
    "vgg": "vgg: 4 convolutions, max pooling",
    "resnet-8": "ResNet-8",
    "twelve-layers": "12 layers in a row",
    "all-convolutional": "all-convolutional, global average",
    "depthwise": "depthwise-separable, global average",
}
"""The networks by their names in the docs, in the order of the table."""


def row_of(name: str, setting: str, split: str, trials: int, jobs: int) -> dict[str, object]:
    """Run a network and return its row of the table."""
    changes = (
        f"network.model={(FOLDER / name).resolve()}.onnx",
        f"dataset.split={split}", f"dataset.trials={trials}",
        "simulation.duration=auto", f"simulation.jobs={jobs}", *SETTINGS[setting],
    )  # fmt: skip
    study, chosen = read_settled_study(STUDY, changes, data_folder(), Silent())
    assert chosen is not None
    folder = (FOLDER / f"{name}-{setting}-{split}").resolve()
    run_study(study, data=data_folder(), out=folder, results=FOLDER, progress=Silent(), chosen=chosen)
    run = read_run(folder, with_ledger=False)
    spiking = final_decisions(run.data.recording, study.config.readout.rule) == run.data.label
    trained = run.data.ann_class == run.data.label
    return {
        "network": WHOLE[name],
        "setting": setting,
        **columns("ANN (%)", proportion(trained)),
        **columns("spiking (%)", proportion(spiking)),
        **columns("ANN less spiking (points)", difference(trained, spiking)),
        "duration (ms)": round(1e3 * chosen.duration),
        "settled": chosen.settled,
        "readout": study.config.readout.rule,
        "spikes (per image)": round(run.summary["spikes_per_trial"]),
    }


def columns(name: str, estimate: Estimate) -> dict[str, float]:
    """Return the columns of an estimate, in percent."""
    return with_interval(name, estimate.value, estimate.low, estimate.high)


def main() -> None:
    """Print the table, row by row, and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(WHOLE))
    parser.add_argument("--split", default="validation", choices=("validation", "test"))
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--settings", nargs="*", default=list(SETTINGS), choices=list(SETTINGS))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--table", type=Path, help="CSV file; by default nothing is written")
    given = parser.parse_args()
    rows = []
    for name in given.names:
        for setting in given.settings:
            rows.append(row_of(name, setting, given.split, given.trials, given.jobs))
            print(rows[-1], flush=True)
    if given.table is not None:
        command = f"python -m bench.foreign_conversions {' '.join(sys.argv[1:])}"
        record = made_now(command, "trials", "bioscnn.conversion", "bioscnn.simulation", "bioscnn.readout")
        write_table(given.table, pd.DataFrame(rows).to_csv(index=False).encode(), record)


if __name__ == "__main__":
    main()
