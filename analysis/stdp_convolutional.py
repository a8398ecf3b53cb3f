"""Convolutional STDP on test images: `python -m analysis.stdp_convolutional` fills docs/tables/.

Networks are trained by ``bioscnn train`` on other seeds, neurons and labels, and kept in
``results/models/stdp-convolutional``; what is there is not trained again. Settings were chosen on images of
training and validation. Shuffled: the weights onto each map of a trained network change places at random, and
the classifier is fitted anew: the number of strong synapses, thresholds and labels stay as they were.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bioscnn.claims import made_now
from bioscnn.claims.record import write_table
from bioscnn.errors import UserError
from bioscnn.seeds import stream
from bioscnn.simulation.simulate import Silent
from bioscnn.stdp.convolutional.features import first_fields, tuning
from bioscnn.stdp.convolutional.rule import architecture
from bioscnn.stdp.convolutional.training import train_readout
from bioscnn.stdp.network import read_network, write_network
from bioscnn.stdp.run import run_learned, train_learned
from bioscnn.stdp.study import LearnedStudy, read_learned_study
from bioscnn.studies.examples import load_images

STUDIES = {"mnist": "mnist-stdp-convolutional", "caltech": "caltech-stdp"}
SEEDS = (1, 2, 3)
FEW = 10_000  # labelled digits where networks are compared
LEAKY = ("learning.neuron.model=lif", "learning.first.threshold=9", "learning.second.threshold=8")
MODELS = Path("results/models/stdp-convolutional")
COMMAND = "python -m analysis.stdp_convolutional"
JITTERS = ("1 ms", "4 ms", "30 ms")


def plan(dataset: str) -> list[tuple[str, str, int, int | None]]:
    """Return neuron, features, seed and number of labelled images of each network."""
    if dataset == "mnist":
        whole = [("if", "learned", seed, None) for seed in SEEDS]
        return [*whole, ("if", "learned", 1, FEW), ("if", "shuffled", 1, FEW), ("lif", "learned", 1, FEW)]
    kinds = [("if", "learned"), ("if", "shuffled"), ("lif", "learned")]
    return [(neuron, features, seed, None) for neuron, features in kinds for seed in SEEDS]


def study_of(dataset: str, neuron: str, features: str, seed: int, labels: int | None) -> LearnedStudy:
    """Return the study of a network."""
    name = f"{dataset}-{neuron}-{features}-{seed}" + (f"-{labels}" if labels else "")
    changes = [
        f"learning.seed={seed}",
        f"learning.network={MODELS / name}.npz",
        *(LEAKY if neuron == "lif" else ()),
    ]
    study = read_learned_study(
        STUDIES[dataset], [*changes, *([f"learning.examples={labels}"] if labels else [])]
    )
    assert study is not None
    return study


def train(dataset: str, neuron: str, features: str, seed: int, labels: int | None) -> LearnedStudy:
    """Return the study of a network, which is trained if it is not there."""
    study = study_of(dataset, neuron, features, seed, labels)
    file = Path(study.config.learning.network)
    if file.exists():
        return study
    if features == "learned":
        train_learned(study, None, None, Silent())
        return study
    keys = study.config.learning
    shown = load_images(study.config.dataset, "train", keys.examples, None)
    whole = train(dataset, neuron, "learned", seed, labels)
    learned = read_network(
        whole.config.learning.network, "convolutional", shown.images[0].size, shown.classes
    )
    rng, weights = stream(seed, "shuffled weights"), []
    for name in ("first", "second"):
        flat = learned.arrays[name].reshape(-1, learned.arrays[name].shape[-1])
        weights.append(rng.permuted(flat, axis=0).reshape(learned.arrays[name].shape))
    network = architecture(keys)
    readout = train_readout(network, tuple(w.astype(np.float32) for w in weights), shown, Silent())
    arrays = {"first": weights[0], "second": weights[1], "readout": readout.weights, "bias": readout.bias}
    write_network(file, arrays, dict(learned.card) | {"name": file.stem, "shuffled": True})
    return study


def row(dataset: str, network: tuple[str, str, int, int | None], split: str, *noise: str) -> dict[str, Any]:
    """Return what a network comes to on a split."""
    study = train(dataset, *network)
    of = {"validation": {"mnist": 5000, "caltech": 150}, "test": {"mnist": 10_000, "caltech": 200}}[split][
        dataset
    ]
    base = [f"{key}={value}" for key, value in study.edits]
    shown = read_learned_study(
        STUDIES[dataset], [*base, f"dataset.split={split}", f"dataset.trials={of}", *noise]
    )
    assert shown is not None
    summary = run_learned(shown, data=None, out=None, results=Path("results"), progress=Silent()).summary
    neuron, features, seed, _ = network
    learned = read_network(
        study.config.learning.network, "convolutional", _pixels(dataset), tuple(_classes(dataset))
    )
    fields = first_fields(architecture(study.config.learning), learned.arrays["first"])
    share, low, high = (round(100 * value, 2) for value in summary["accuracy"])
    spikes = summary["spikes_by_population"]
    return {
        "dataset": dataset,
        "neuron": neuron,
        "features": features,
        "labelled images": summary["labels_used"],
        "seed": seed,
        "noise": ", ".join(noise) or "none",
        "split": split,
        "images": summary["n_trials"],
        "accuracy (%)": share,
        "low (%)": low,
        "high (%)": high,
        "spikes of the retina": round(spikes["input"], 1),
        "spikes of the first layer": round(spikes["first"], 1),
        "spikes of pooling": round(spikes["pooled"], 1),
        "synaptic operations": round(summary["synops_per_trial"]),
        "orientation selectivity": round(float(np.median(tuning(fields).selectivity)), 3),
        "data sha256": summary["data_sha256"],
        "weights sha256": summary["weights_sha256"],
    }


def _pixels(dataset: str) -> int:
    return {"mnist": 784, "caltech": 4800}[dataset]


def _classes(dataset: str) -> list[str]:
    return list(map(str, range(10))) if dataset == "mnist" else ["motorbike", "airplane"]


def main(dataset: str, split: str) -> None:
    """Train and score the networks of a data set, and write the table; rows appear as they are done."""
    rows = []
    for network in plan(dataset):
        rows.append(row(dataset, network, split))
        print(rows[-1], flush=True)
    first = plan(dataset)[0]
    for sd in JITTERS:
        rows.append(row(dataset, first, split, f"noise.spike-jitter.sd={sd}"))
        print(rows[-1], flush=True)
    name = f"stdp-convolutional-{dataset}"
    content = pd.DataFrame(rows).to_csv(index=False).encode()
    made = made_now(
        f"{COMMAND} {dataset} {split}", "images and training seeds", "bioscnn.stdp.convolutional.rule"
    )
    write_table(Path("docs/tables") / f"{name}.csv", content, made)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in STUDIES or sys.argv[2] not in ("validation", "test"):
        sys.exit(f"usage: {COMMAND} {'|'.join(STUDIES)} validation|test")
    try:
        main(sys.argv[1], sys.argv[2])
    except UserError as error:
        sys.exit(str(error))
