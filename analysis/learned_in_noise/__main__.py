"""Converted and learned networks, clean and in noise: tables of docs/stdp.md.

    python -m analysis.learned_in_noise            # about an hour of one idle core; needs torch
    python -m analysis.learned_in_noise --seeds 3  # fewer networks; what is trained and measured is kept

Results are kept in results/learned-in-noise; an interrupted command goes on where it was.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.learned_in_noise.contestants import BEYOND_IMAGES, CONTESTANTS, FEW, FULL, QUICK, Amount
from analysis.learned_in_noise.experiment import LearnedInNoise
from bioscnn.claims import made_now
from bioscnn.claims.record import write_table
from bioscnn.errors import UserError
from bioscnn.experiments.executors import Where
from bioscnn.experiments.run import Finished, run_experiment
from bioscnn.studies import read_study
from bioscnn.terminal import WorkProgress

DOCS = Path("docs/tables")
CODE = ("bioscnn.experiments.classify:CLASSIFY", "bioscnn.stdp.run", "bioscnn.experiments.retrained:TRAIN")


def main(amount: Amount, results: Path, docs: Path | None) -> None:
    """Measure what is not measured yet, and write the tables of the docs."""
    with WorkProgress() as progress:
        done = run_experiment(
            LearnedInNoise(read_study("mnist"), amount), where=Where(), data=None, results=results,
            progress=progress,
        )  # fmt: skip
    assert isinstance(done, Finished)
    print(*done.analysis.verdict, sep="\n")
    if docs is not None:
        write(done.analysis.tables, amount, done.summary, docs)


def write(tables: Any, amount: Amount, summary: Any, docs: Path) -> None:
    """Write the tables of the docs: accuracies with one row per noise, differences, costs."""
    command = ["python", "-m", "analysis.learned_in_noise"]
    for name in ("seeds", "trials", "looked_at"):
        value = getattr(amount, name)
        command += [f"--{name.replace('_', '-')}", str(value)] if value != getattr(Amount, name) else []
    command += ["--without", *amount.without] if amount.without else []
    record = made_now(shlex.join(command), "test digits, training seeds, noise seeds", *CODE)
    data = {f"mnist test {amount.shown}": summary["data_sha256"]}
    contents = {
        "stdp-noise-accuracy": (wide(pd.DataFrame(tables["accuracy"])), {"strength": "of its noise"}),
        "stdp-noise-differences": (differences(pd.DataFrame(tables["comparisons"])), {"p, corrected": "1"}),
        "stdp-noise-cost": (costs(pd.DataFrame(tables["cost"])), {"labels": "1", "digits": "1"}),
    }
    for name, (table, units) in contents.items():
        text = table.to_csv(index=False, float_format="%.6g")
        write_table(docs / f"{name}.csv", text.encode(), replace(record, units=units, data=data))


def wide(rows: pd.DataFrame) -> pd.DataFrame:
    """Return accuracies in percent, a row per noise and a column per network."""
    by_noise: dict[str, dict[str, Any]] = {}
    for row in rows.itertuples():
        cells = {"noise": row.noise, "strength": row.setting, "acts on": row.part}
        cells = by_noise.setdefault(row.noise, cells)
        cells |= interval(f"{row.network} (%)", row.accuracy, row.low, row.high)
    return pd.DataFrame(by_noise.values())


def differences(rows: pd.DataFrame) -> pd.DataFrame:
    """Return differences in points with their corrected intervals."""
    return pd.DataFrame(
        {
            "role": row.role,
            "comparison": f"{row.first} less {row.second}",
            "noise": row.noise,
            **interval("difference (points)", row.difference, row.low_holm, row.high_holm),
            "p, corrected": row.p_holm,
            "finding": row.finding,
        }
        for row in rows.itertuples()
    )


def costs(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what each network costs, with units."""
    shares = [interval("accuracy (%)", row.accuracy, row.low, row.high) for row in rows.itertuples()]
    shown = {
        "network": rows["network"],
        **pd.DataFrame(shares),
        "labels": rows["labels"],
        "digits": rows["digits"],
        "training (processor s)": rows["training_s"].round(1),
        "spikes (per digit)": rows["spikes"].round(1),
        "input spikes (per digit)": rows["input_spikes"].round(1),
        "synaptic operations (per digit)": rows["synops"].round(0),
        "decided (ms)": rows["decided_ms"].round(1),
        "trial (ms)": rows["trial_ms"].round(1),
    }
    return pd.DataFrame(shown)


def interval(name: str, value: float, low: float, high: float) -> dict[str, float]:
    """Return the columns of a share or a difference of shares in percent or points."""
    named = {name: value, f"{name} low": low, f"{name} high": high}
    return {key: round(100 * share, 3) for key, share in named.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m analysis.learned_in_noise", description=__doc__)
    parser.add_argument("--seeds", type=int, help="networks of each kind")
    parser.add_argument("--trials", type=int, help="test digits that are scored")
    parser.add_argument("--looked-at", type=int, help="test digits before them, which are not")
    parser.add_argument("--quick", action="store_true", help="a look: small trainings, no tables of the docs")
    names = [*CONTESTANTS, FEW, BEYOND_IMAGES]
    parser.add_argument("--without", nargs="+", choices=names, default=[], metavar="NAME",
                        help=f"leave out some of: {'; '.join(names)}")  # fmt: skip
    options = {key: value for key, value in vars(parser.parse_args()).items() if value is not None}
    quick, options["without"] = options.pop("quick"), tuple(options["without"])
    try:
        main(replace(QUICK if quick else FULL, **options), Path("results"), None if quick else DOCS)
    except UserError as error:
        sys.exit(str(error))
