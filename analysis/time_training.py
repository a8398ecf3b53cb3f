"""Spike times on test digits: `python -m analysis.time_training FILE.onnx ...` fills docs/training.md.

The files are networks that `bioscnn train mnist-small-time --seed 2 --out FOLDER` and the like have made.
Every network classifies the 10,000 test digits, emulated: values rounded to spike times, all spikes counted.
It needs torch.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from bioscnn.ann import read_card, read_model
from bioscnn.claims import made_now, publish
from bioscnn.datasets import ImageSet, load_dataset
from bioscnn.errors import UserError
from bioscnn.neurons import TimeCode
from bioscnn.report.document import Document
from bioscnn.statistics import proportion
from bioscnn.training.examples import ImageExamples, batches
from bioscnn.training.spike_times import TimesNetwork

DOCS = Path("docs")
COMMAND = "python -m analysis.time_training"


def main(files: list[Path]) -> None:
    """Classify the test digits, write the table, and fill the document."""
    document = Document(DOCS / "training.md", "times")
    digits = load_dataset("mnist", "test")
    rows, right = [], dict[str, list[NDArray[np.bool_]]]()
    for file in files:
        card = read_card(file)
        if card is None or card.get("stage") != "times":
            raise UserError("no network that was trained on spike times", file=file, key="stage")
        row, correct = classified(file, card, digits)
        rows.append(row)
        right.setdefault(row["network"], []).append(correct)
    table = pd.DataFrame(rows)
    (DOCS / "tables").mkdir(exist_ok=True)
    table.to_csv(DOCS / "tables" / "time-code-training.csv", index=False)
    made = made_now(COMMAND, "digits and training seeds", "bioscnn.training.train")
    publish(document, markdown(table, right, digits.sha256), made)


def classified(
    file: Path, card: dict[str, Any], digits: ImageSet
) -> tuple[dict[str, Any], NDArray[np.bool_]]:
    """Return the row of a network in the table, and which of the digits it takes for what they are."""
    keys, settings = card["code"], card["settings"]
    graph = read_model(file)
    network = TimesNetwork(graph, TimeCode(keys["tau_m"], keys["tau_s"], keys["dt"]))
    examples = ImageExamples(digits.images, digits.labels.astype(np.int64))
    correct, spikes = [], np.zeros(2)
    with torch.no_grad():
        for images, labels in batches(examples, torch.arange(len(examples))):
            run = network.run(images)
            correct.append((run.logits.argmax(1) == labels).numpy())
            spikes += np.array([float(run.spikes[0]), float(sum(run.spikes[1:]))]) / len(examples)
    right = np.concatenate(correct)
    test = proportion(right)
    return {
        "network": card["name"],
        "seed": settings["seed"],
        "epochs": settings["epochs"],
        "spike_penalty": settings["spike_penalty"],
        "validation_accuracy_percent": round(100 * card["spiking"]["accuracy"], 2),
        "test_accuracy_percent": round(100 * test.value, 2),
        "test_low_percent": round(100 * test.low, 2),
        "test_high_percent": round(100 * test.high, 2),
        "input_spikes": round(spikes[0], 1),
        "hidden_spikes": round(spikes[1], 1),
        "spikes": round(spikes.sum(), 1),
        "decision_ms": card["spiking"]["duration_ms"],
        "weights_sha256": graph.sha256(),
    }, right


def markdown(table: pd.DataFrame, right: dict[str, list[NDArray[np.bool_]]], sha256: str) -> str:
    """Return the means over seeds as Markdown.

    Parameters
    ----------
    table : DataFrame
        A row per network and seed.
    right : dict
        By network, whether each digit was classified rightly, for each seed.
    sha256 : str
        Hash of the test digits.
    """
    n = len(next(iter(right.values()))[0])
    lines = [
        f"Measured by `{COMMAND}` on the {n:,} test digits (SHA-256 `{sha256[:12]}`), in steps of 1 ms; one "
        "row per seed stands in [tables/time-code-training.csv](tables/time-code-training.csv). The 95 % "
        "intervals allow for trials and, where there are several, for training seeds. Settings were chosen "
        "on validation digits; the first seed ships.",
        "",
        "| network | seeds | validation, % | test, % | test, least and most (%) | spikes "
        "| spikes, least and most | of the input |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, rows in table.groupby("network", sort=False):
        seeds = np.array(right[str(name)])
        mean = proportion(seeds if len(seeds) > 1 else seeds[0])
        test, spikes = rows["test_accuracy_percent"], rows["spikes"]
        cells = [
            f"`{name}`",
            str(len(rows)),
            f"{rows['validation_accuracy_percent'].mean():.2f}",
            f"**{100 * mean.value:.2f}** [{100 * mean.low:.2f}, {100 * mean.high:.2f}]",
            f"{test.min():.2f}, {test.max():.2f}",
            f"**{spikes.mean():,.0f}**",
            f"{spikes.min():,.0f}, {spikes.max():,.0f}",
            f"{rows['input_spikes'].mean():,.0f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    try:
        main([Path(name) for name in sys.argv[1:]])
    except UserError as error:
        sys.exit(str(error))
