"""Write a table of docs/own-data.md from runs on test images.

    python -m analysis.own_data fashion-mnist "rectifiers, spike times=RUN" "fine-tuned=RUN,RUN_OF_START" ...
    python -m analysis.own_data mnist "rectifiers, spike times=RUN" ...

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

TABLES = Path("docs") / "tables"
NETWORK = "network"
UNITS = {"trial": "1", "trained network": "%", "spiking network": "%", "ANN less SNN": "1",
         "spikes per image": "1", "decided after": "1"}  # fmt: skip


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


def main(dataset: str, named: dict[str, str]) -> None:
    """Replace the rows of these names, or add them."""
    path = TABLES / f"own-data-{dataset}.csv"
    table, beside = pd.DataFrame(index=pd.Index([], name=NETWORK)), None
    if path.exists():
        table, beside = pd.read_csv(path, dtype=str, index_col=NETWORK), path
    record = made_now("python -m analysis.own_data RUNS", "trials", CLASSIFY, beside=beside)
    transcribed = "" if beside is None else read_record(beside).transcribed
    record = replace(record, transcribed=transcribed, units=UNITS)
    rows = table.to_dict("index")
    for name, folders in named.items():
        run, *others = (RunFolder.read(Path(folder)) for folder in folders.split(","))
        rows[name] = row_of(run, *others or [run])
        data = f"{dataset} {run.config.dataset.split} {run.summary['n_trials']}"
        record = replace(record, data={data: run.summary["data_sha256"]})
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis(NETWORK)
    write_table(path, table.to_csv().encode(), record)
    print(table.to_string())


if __name__ == "__main__":
    try:
        main(sys.argv[1], dict(argument.split("=", 1) for argument in sys.argv[2:]))
    except UserError as error:
        sys.exit(str(error))
