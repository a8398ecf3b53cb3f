"""Write the table of Fashion-MNIST in docs/own-data.md from runs on its test images.

    python -m analysis.own_data "rectifiers, spike times=RUN" "fine-tuned=RUN,RUN_OF_START" ...

Each run becomes the row of its name; rows of other names stay as they are. A network that was fine-tuned is
compared with the one that it began with, the trained network of the run behind the comma.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd

from bioscnn.claims import made_now, write_table
from bioscnn.claims.record import read_record
from bioscnn.claims.take import CLASSIFY
from bioscnn.errors import UserError
from bioscnn.statistics import Estimate, difference, proportion
from bioscnn.studies.paired import TrialResults
from bioscnn.studies.run_folder import RunFolder

TABLE = Path("docs/tables/own-data-fashion-mnist.csv")
NETWORK = "network"


def row_of(run: RunFolder, start: RunFolder) -> dict[str, str]:
    """Return the cells of a run: accuracies in percent, their difference in points, spikes, times in ms."""
    if run.summary["data_sha256"] != start.summary["data_sha256"]:
        raise UserError("the runs are of other images", file=start.folder)
    with run.stored:
        of_trials = TrialResults.of(run)
    with start.stored:
        ann_right = start.stored.trials("ann_class") == start.stored.trials("label")
    estimates = {
        "trained network": proportion(ann_right),
        "spiking network": proportion(of_trials.correct),
        "ANN less SNN": difference(ann_right, of_trials.correct),
    }
    return {
        "trial": f"{run.summary['duration_ms']:.0f}",
        **{key: cell for name, estimate in estimates.items() for key, cell in _cells(name, estimate).items()},
        "spikes per image": f"{of_trials.spikes.mean():.0f}",
        "decided after": f"{run.summary['latency_ms']:.0f}",
    }


def _cells(name: str, share: Estimate) -> dict[str, str]:
    ends = {name: share.value, f"{name} low": share.low, f"{name} high": share.high}
    return {key: f"{100 * value:.2f}" for key, value in ends.items()}


def main(named: dict[str, str]) -> None:
    """Replace the rows of these names, or add them."""
    table = pd.read_csv(TABLE, dtype=str, index_col=NETWORK)
    before = read_record(TABLE)
    made = made_now("python -m analysis.own_data RUNS", "trials", CLASSIFY, beside=TABLE)
    record = replace(made, transcribed=before.transcribed, units=before.units)
    for name, folders in named.items():
        run, *others = (RunFolder.read(Path(folder)) for folder in folders.split(","))
        table.loc[name] = row_of(run, *others or [run])
        data = f"fashion-mnist {run.config.dataset.split} {run.summary['n_trials']}"
        record = replace(record, data={data: run.summary["data_sha256"]})
    write_table(TABLE, table.to_csv().encode(), record)
    print(table.to_string())


if __name__ == "__main__":
    try:
        main(dict(argument.split("=", 1) for argument in sys.argv[1:]))
    except UserError as error:
        sys.exit(str(error))
