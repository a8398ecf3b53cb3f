"""Tables of docs/retina.md that need no training: `python -m analysis.gain_control`, some minutes.

Shipped networks at low contrast, as they are and with each image stretched to the full range, without
training them again: ``docs/tables/retina-contrast.csv``. The shipped networks of photographs on all test
photographs and on those without a near-duplicate among training and validation photographs:
``docs/tables/caltech-near-duplicates.csv``. What the first spikes of ganglion cells tell of the first hundred
test images: ``docs/tables/retina-order.csv``. The photographs must be there (``bioscnn data fetch caltech``).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bioscnn import decisions, load_dataset, prepare, simulate
from bioscnn.claims import made_now, write_table
from bioscnn.datasets.duplicates import near_duplicates
from bioscnn.experiments.retina.order import order_rows
from bioscnn.noise import Contrast
from bioscnn.statistics import difference, proportion

HERE = Path(__file__).parents[1]
TABLES = HERE / "docs" / "tables"
TRIALS = {"mnist": 1000, "caltech": 200}
SEVERITIES = (0, 3, 5)
UNITS = {
    "psnr": "dB",
    "ssim": "1",
    **dict.fromkeys(("accuracy", "low", "high", "share_for_80_percent"), "share"),
    **dict.fromkeys(("explained", "explained_without_correction"), "share"),
}
"""Units of the columns that docs/retina.md shows."""

PIXELS, STRETCHED, RETINA = "pixels", "pixels with gain control", "retina"
NETWORKS: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {
    "mnist": {PIXELS: ("mnist", {}), RETINA: ("mnist-foveal", {})},
    "caltech": {
        PIXELS: ("caltech", {"network.model": "caltech-pixels", "encoding.retina": []}),
        RETINA: ("caltech", {}),
    },
}


def correct(study: str, changes: dict[str, Any], trials: int) -> NDArray[np.bool_]:
    """Return which test images a spiking network classifies rightly, by the study's readout."""
    changes = {"dataset.split": "test", "dataset.trials": trials, "simulation.jobs": 1, **changes}
    case = prepare(HERE / "sims" / f"{study}.toml", changes)
    recording = simulate(case.network, case.stimulus, device=case.device, potentials={"readout"})
    chosen = decisions(recording, case.study.config.readout.rule)[:, -1]
    return np.asarray(chosen == case.examples.labels)


def contrast_rows(dataset: str) -> list[dict[str, Any]]:
    """Return one row per network and contrast: accuracy, and its difference from plain pixels."""
    rows = []
    for severity in SEVERITIES:
        noise = {"noise.contrast.severity": severity}
        answers = {}
        for name, (study, changes) in NETWORKS[dataset].items():
            answers[name] = correct(study, {**changes, **noise}, TRIALS[dataset])
            if name == PIXELS:
                adapted = {**changes, **noise, "encoding.gain_control": "image"}
                answers[STRETCHED] = correct(study, adapted, TRIALS[dataset])
        for name, right in answers.items():
            share, less = proportion(right), difference(right, answers[STRETCHED])
            rows.append(
                {
                    "dataset": dataset,
                    "front_end": name,
                    "severity": severity,
                    "contrast": (1.0, *Contrast.LEVELS)[severity],
                    "n": len(right),
                    "accuracy": share.value,
                    "low": share.low,
                    "high": share.high,
                    "less_stretched": less.value,
                    "less_stretched_low": less.low,
                    "less_stretched_high": less.high,
                    "less_stretched_p": less.p,
                }
            )
    return rows


def duplicate_rows() -> list[dict[str, Any]]:
    """Return the accuracy of two shipped networks of photographs, on all and without near-duplicates."""
    train, validation, test = (load_dataset("caltech", split) for split in ("train", "validation", "test"))
    duplicates = {
        part: near_duplicates(test.images, images.images)
        for part, images in (("training", train), ("validation", validation))
    }
    new = ~np.any(list(duplicates.values()), axis=0)
    rows = []
    for name, (study, changes) in NETWORKS["caltech"].items():
        right = correct(study, changes, TRIALS["caltech"])
        for photographs, which in (("all", np.ones_like(new)), ("without near-duplicates", new)):
            share = proportion(right[which])
            rows.append(
                {
                    "front_end": name,
                    "photographs": photographs,
                    "n": int(which.sum()),
                    "correct": int(right[which].sum()),
                    "accuracy": share.value,
                    "low": share.low,
                    "high": share.high,
                    **{
                        f"duplicates_in_{part}": int((near & which).sum())
                        for part, near in duplicates.items()
                    },
                }
            )
    return rows


def first_spikes() -> list[dict[str, Any]]:
    """Return one row per data set and share of the spikes: what images read back from these explain."""
    rows = []
    for dataset in NETWORKS:
        shares, needed = order_rows(load_dataset(dataset, "test"))
        rows += [{"dataset": dataset, **row, "share_for_80_percent": needed} for row in shares]
    return rows


def main() -> None:
    """Write the tables, and what made them."""
    simulated = ("bioscnn.conversion", "bioscnn.simulation", "bioscnn.readout")
    tables = {
        "retina-contrast": ([row for dataset in NETWORKS for row in contrast_rows(dataset)], simulated),
        "caltech-near-duplicates": (duplicate_rows(), (*simulated, "bioscnn.datasets.duplicates")),
        "retina-order": (first_spikes(), ("bioscnn.experiments.retina.order",)),
    }
    for name, (rows, modules) in tables.items():
        table = pd.DataFrame(rows)
        print(table.to_string())
        units = {column: unit for column, unit in UNITS.items() if column in table}
        record = made_now("python -m analysis.gain_control", "test images", *modules)
        content = table.to_csv(index=False, float_format="%.6g", lineterminator="\n").encode()
        write_table(TABLES / f"{name}.csv", content, replace(record, units=units))


if __name__ == "__main__":
    main()
