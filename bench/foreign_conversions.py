"""What becomes of the five networks of `bench.foreign_networks`, trained and exported by it.

    python -m bench.foreign_conversions [--split test] [--trials 10000] [NAME ...]

runs each at ``simulation.duration = "auto"``, once as a study file has it and once as docs/your-network.md
advises, and prints the accuracies of both networks with their intervals, and the paired difference. What is
advised was chosen on the validation digits; the test digits were scored once.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from bench.foreign_networks import FOLDER, NETWORKS
from bench.networks import STUDY, data_folder
from bioscnn.readout import decisions
from bioscnn.report.folder import read_run
from bioscnn.simulation.simulate import Silent
from bioscnn.statistics import Estimate, difference, proportion
from bioscnn.studies.run import run_study
from bioscnn.studies.settling import read_settled_study

SETTINGS = {
    "default": (),
    "advised": ("network.percentile=99", "simulation.start=spread", "readout.rule=spike-count"),
}


def row_of(name: str, setting: str, split: str, trials: int, jobs: int) -> str:
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
    spiking = decisions(run.data.recording, study.config.readout.rule)[:, -1] == run.data.label
    trained = run.data.ann_class == run.data.label
    cells = [
        name, setting, percent(proportion(trained)), percent(proportion(spiking)),
        percent(difference(trained, spiking)),
        f"{1e3 * chosen.duration:.0f} ms" + " (not settled)" * (not chosen.settled),
        study.config.readout.rule, f"{run.summary['spikes_per_trial']:,.0f}",
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def percent(estimate: Estimate) -> str:
    """Return an estimate in percent with its interval."""
    value, low, high = (100 * number for number in (estimate.value, estimate.low, estimate.high))
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"


def main() -> None:
    """Print the table, and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(NETWORKS))
    parser.add_argument("--split", default="validation", choices=("validation", "test"))
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--settings", nargs="*", default=list(SETTINGS), choices=list(SETTINGS))
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    lines = [
        f"{given.trials:,} {given.split} digits; percent, with 95 % intervals",
        "| network | setting | ANN | SNN | ANN less SNN | duration | readout | spikes per image |",
        "|---|---|---|---|---|---|---|---|",
    ]
    print("\n".join(lines), flush=True)
    for name in given.names:
        for setting in given.settings:
            lines.append(row_of(name, setting, given.split, given.trials, given.jobs))
            print(lines[-1], flush=True)
    Path(FOLDER / f"{given.split}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
