"""Score networks that learned without labels, and write the tables of docs/stdp.md.

    bioscnn train mnist-stdp --set learning.neurons=100 --seed 1 --epochs 2 --out FOLDER/100-1   # and so on
    python -m analysis.learned FOLDER

Every network of the folder, and of folders in it, classifies the 5,000 validation digits and the 10,000
test digits, with one seed of input spikes. Answers are kept in ``FOLDER/results``. Nothing is chosen by test
digits.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.files import read_npz
from bioscnn.report.files import read_json
from bioscnn.simulation.simulate import Silent
from bioscnn.statistics import proportion
from bioscnn.stdp.run import run_learned
from bioscnn.stdp.study import read_learned_study

TABLES = Path("docs/tables")
SPLITS = {"validation": 5000, "test": 10000}


def answered(file: Path, split: str, results: Path) -> tuple[dict[str, Any], NDArray[np.bool_]]:
    """Return the summary of a run of a network on a split, and which images were right."""
    changes = [f"learning.network={file}", f"dataset.split={split}", f"dataset.trials={SPLITS[split]}"]
    study = read_learned_study("mnist-stdp", changes)
    assert study is not None
    done = run_learned(study, data=None, out=None, results=results, progress=Silent())
    arrays = read_npz(done.folder / "run.npz")
    assert arrays is not None
    return done.summary, arrays["chosen"] == arrays["label"]


def main(folder: Path) -> None:
    """Score all networks of a folder and write the tables."""
    rows, curves = [], []
    right: dict[tuple[int, int], list[NDArray[np.bool_]]] = {}
    for file in sorted(folder.rglob("*.npz")):
        if "results" in file.parts or file.name.endswith(".part.npz"):
            continue
        card = read_json(file.with_suffix(".json"), ("learning",), "train the network again")
        learning = card["learning"]
        row = {
            "neurons": learning["neurons"],
            "passes": learning["passes"],
            "training_seed": learning["seed"],
        }
        summary: dict[str, Any] = {}
        for split, n in SPLITS.items():
            summary, correct = answered(file, split, folder / "results")
            low, high = summary["accuracy"][1:]
            row |= {f"{split}_accuracy": summary["accuracy"][0], f"{split}_low": low, f"{split}_high": high,
                    f"{split}_digits": n}  # fmt: skip
        right.setdefault((row["neurons"], row["passes"]), []).append(correct)
        rows.append(row | {
            "labels_used": card["labels_used"],
            "images_seen": card["images_seen"],
            "presentations": card["presentations"],
            "spikes_per_image": summary["spikes_per_trial"],
            "input_spikes_per_image": summary["input_spikes_per_trial"],
            "synops_per_image": summary["synops_per_trial"],
            "first_spike_ms": summary["latency_ms"],
        })  # fmt: skip
        curves += [
            {"neurons": row["neurons"], "training_seed": row["training_seed"], "passes": row["passes"],
             "images_seen": int(seen), "accuracy": share}
            for seen, share in card["curve"]
        ]  # fmt: skip
        print(rows[-1], flush=True)
    pd.DataFrame(rows).to_csv(TABLES / "stdp-accuracy.csv", index=False, float_format="%.6g")
    pd.DataFrame(curves).to_csv(TABLES / "stdp-curve.csv", index=False, float_format="%.6g")
    means = []
    for (neurons, passes), of_seeds in sorted(right.items()):
        share = proportion(np.stack(of_seeds), seeds=("training seeds",))
        means.append({"neurons": neurons, "passes": passes, "training_seeds": len(of_seeds),
                      "test_accuracy": share.value, "low": share.low, "high": share.high})  # fmt: skip
    pd.DataFrame(means).to_csv(TABLES / "stdp-means.csv", index=False, float_format="%.6g")
    print(pd.DataFrame(means).to_string())


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except UserError as error:
        sys.exit(str(error))
