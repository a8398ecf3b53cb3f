"""Write the tables of Fashion-MNIST in docs/own-data.md from runs on its test images.

    python -m analysis.own_data "rectifiers, spike times=RUN" "fine-tuned=RUN,RUN_OF_START" ...
    python -m analysis.own_data "t_ref 0 less t_ref 2 ms=RUN,OTHER_RUN" ...

Each run becomes the row of its name; rows of other names stay as they are. A network that was fine-tuned is
compared with the one that it began with, the trained network of the run behind the comma. A name with
``less`` becomes a row of the table of differences: the spiking networks of two runs, image by image.
"""

from __future__ import annotations

import shlex
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
DIFFERENCES = Path("docs/tables/own-data-fashion-mnist-differences.csv")
NETWORK, DIFFERENCE = "network", "difference"
UNITS = {
    "trial": "ms",
    "trained network": "%",
    "spiking network": "%",
    "ANN less SNN": "points",
    "spikes per image": "1",
    "decided after": "ms",
    "points": "points",
    "spikes": "1",
}


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


def difference_of(run: RunFolder, other: RunFolder) -> dict[str, str]:
    """Return the cells of a difference, of the first run less the second, on the same images."""
    if run.summary["data_sha256"] != other.summary["data_sha256"]:
        raise UserError("the runs are of other images", file=other.folder)
    with run.stored, other.stored:
        first, second = TrialResults.of(run), TrialResults.of(other)
    return {
        **_cells("points", difference(first.correct, second.correct)),
        "spikes": f"{first.spikes.mean() - second.spikes.mean():.0f}",
    }


def main(named: dict[str, str]) -> None:
    """Replace the rows of these names in both tables, or add them."""
    for path, index in ((TABLE, NETWORK), (DIFFERENCES, DIFFERENCE)):
        rows = {name: of for name, of in named.items() if (" less " in name) == (path == DIFFERENCES)}
        if rows:
            _replace_rows(path, index, rows)


def _replace_rows(path: Path, index: str, named: dict[str, str]) -> None:
    before = read_record(path) if path.exists() else None
    rows = {} if before is None else pd.read_csv(path, dtype=str, index_col=index).to_dict("index")
    weights = dict(before.weights) if before else {}
    data = dict[str, str]()
    for name, folders in named.items():
        runs = [RunFolder.read(Path(folder)) for folder in folders.split(",")]
        rows[name] = row_of(runs[0], runs[-1]) if path == TABLE else difference_of(*runs)
        for run in runs:
            made_of = run.provenance["network"]
            weights[Path(made_of["model"]).stem] = str(made_of["weights_sha256"])
            shown = f"fashion-mnist {run.config.dataset.split} {run.summary['n_trials']}"
            data[shown] = run.summary["data_sha256"]
    table = pd.DataFrame.from_dict(rows, orient="index")
    keeps = before is not None and set(rows) > set(named)
    command = f"python -m analysis.own_data {' '.join(shlex.quote(f'{name}=RUN') for name in named)}"
    record = made_now(command, "trials", CLASSIFY, beside=path if keeps else None)
    units = {name: unit for name, unit in UNITS.items() if name in table.columns}
    record = replace(record, transcribed=before.transcribed if before else "", units=units)
    record = replace(record, data=data, weights=weights)
    write_table(path, table.rename_axis(index).to_csv().encode(), record)
    print(table.to_string())


if __name__ == "__main__":
    try:
        main(dict(argument.split("=", 1) for argument in sys.argv[1:]))
    except UserError as error:
        sys.exit(str(error))
