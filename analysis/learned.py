"""Score networks that learned without labels, and write the tables of docs/stdp.md.

    bioscnn train mnist-stdp --set learning.neurons=100 --seed 1 --epochs 2 --out FOLDER/100-1   # and so on
    python -m analysis.learned FOLDER

Every network of the folder, and of folders in it, classifies the 5,000 validation digits and the 10,000
test digits, with one seed of input spikes. Answers are kept in ``FOLDER/results``. Nothing is chosen by test
digits.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bioscnn.claims import made_now
from bioscnn.claims.record import with_interval, write_table
from bioscnn.errors import UserError
from bioscnn.files import read_npz
from bioscnn.report.files import read_json
from bioscnn.simulation.simulate import Silent
from bioscnn.statistics import proportion
from bioscnn.stdp.run import run_learned
from bioscnn.stdp.study import read_learned_study

TABLES = Path("docs/tables")
SPLITS = {"validation": 5000, "test": 10000}
READOUTS = ("votes", "likelihood")
CODE = ("bioscnn.stdp.competitive.classify", "bioscnn.statistics")


def answered(
    file: Path, learning: Mapping[str, Any], split: str, results: Path
) -> tuple[dict[str, Any], dict[str, NDArray[np.bool_]]]:
    """Return the summary of a run of a network on a split, and which images were right by each readout."""
    changes = [f"learning.network={file}", f"dataset.split={split}", f"dataset.trials={SPLITS[split]}"]
    changes += [f"learning.neurons={learning['neurons']}"]
    changes += [f"learning.parameters.{name}={value}" for name, value in learning["parameters"].items()]
    study = read_learned_study("mnist-stdp", changes)
    assert study is not None
    done = run_learned(study, data=None, out=None, results=results, progress=Silent())
    arrays = read_npz(done.folder / "run.npz")
    assert arrays is not None
    return done.summary, {name: arrays[f"more/chosen_{name}"] == arrays["label"] for name in READOUTS}


def main(folder: Path) -> None:
    """Score all networks of a folder and write the tables."""
    rows, curves = [], []
    right: dict[tuple[int, int, str], list[NDArray[np.bool_]]] = {}
    for file in sorted(folder.rglob("*.npz")):
        if "results" in file.parts or file.name.endswith(".part.npz"):
            continue
        card = read_json(file.with_suffix(".json"), ("learning",), "train the network again")
        named = {"neurons": "neurons", "passes": "passes", "training seed": "seed"}
        row = {name: card["learning"][key] for name, key in named.items()}
        of_row, summary = dict(row), {}
        for split in SPLITS:
            summary, correct = answered(file, card["learning"], split, folder / "results")
            for readout, answers in correct.items():
                share = proportion(answers)
                row |= with_interval(f"{split} by {readout} (%)", share.value, share.low, share.high)
        for readout, answers in correct.items():
            right.setdefault((row["neurons"], row["passes"], readout), []).append(answers)
        rows.append(row | {
            "labels": card["labels_used"],
            "images": card["images_seen"],
            "presentations": card["presentations"],
            "spikes (per image)": summary["spikes_per_trial"],
            "input spikes (per image)": summary["input_spikes_per_trial"],
            "synaptic operations (per image)": summary["synops_per_trial"],
            "first spike (ms)": summary["latency_ms"],
        })  # fmt: skip
        curves += [
            of_row | {"images seen": int(n), "accuracy (%)": 100 * share} for n, share in card["curve"]
        ]
        print(rows[-1], flush=True)
    means = []
    for (neurons, passes, readout), of_seeds in sorted(right.items()):
        share = proportion(np.stack(of_seeds), seeds=("training seeds",))
        means.append(
            {"neurons": neurons, "passes": passes, "readout": readout, "training seeds": len(of_seeds)}
            | with_interval("test accuracy (%)", share.value, share.low, share.high)
        )
    record = made_now("python -m analysis.learned FOLDER", "test digits, training seeds", *CODE)
    for name, table in (("accuracy", rows), ("curve", curves), ("means", means)):
        content = pd.DataFrame(table).to_csv(index=False, float_format="%.6g").encode()
        units = {key: "1" for key, value in table[0].items() if not (isinstance(value, str) or "(" in key)}
        write_table(TABLES / f"stdp-{name}.csv", content, replace(record, units=units))
    print(pd.DataFrame(means).to_string())


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except UserError as error:
        sys.exit(str(error))
