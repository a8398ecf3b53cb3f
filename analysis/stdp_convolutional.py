"""Convolutional STDP on test images: `python -m analysis.stdp_convolutional` fills docs/tables/.

Networks are trained by ``bioscnn train`` on other seeds, neurons and labels, and kept in
``results/models/stdp-convolutional``; what is there is not trained again. Settings were chosen on images of
training and validation. Shuffled: the weights onto each map of a trained network change places at random, and
the classifier is fitted anew. As many synapses stay strong, and labels are the same; the threshold of the
first layer is lowered until it fires as often on training images.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bioscnn.claims import made_now
from bioscnn.claims.record import write_table
from bioscnn.errors import UserError
from bioscnn.report.files import read_json
from bioscnn.seeds import stream
from bioscnn.simulation.simulate import Silent
from bioscnn.statistics import corrected, difference, proportion
from bioscnn.stdp.convolutional.classify import architecture
from bioscnn.stdp.convolutional.features import first_fields, tuning
from bioscnn.stdp.convolutional.network import n_spikes, respond
from bioscnn.stdp.convolutional.settings import Convolutional, ConvolutionalConfig
from bioscnn.stdp.convolutional.training import train_readout
from bioscnn.stdp.network import write_network
from bioscnn.stdp.run import network_of, train_learned
from bioscnn.stdp.study import LearnedStudy, read_learned_study
from bioscnn.studies.examples import load_images

STUDIES = {"mnist": "mnist-stdp-convolutional", "caltech": "caltech-stdp"}
SEEDS = (1, 2, 3)
FEW = 10_000  # labelled digits where networks are compared
LEAKY = {
    "mnist": ("learning.first.threshold=12", "learning.second.threshold=9"),
    "caltech": ("learning.first.threshold=8", "learning.second.threshold=11"),
}
"""Thresholds of leaky neurons, with which about as many spikes are fired."""

MODELS = Path("results/models/stdp-convolutional")
COMMAND = "python -m analysis.stdp_convolutional"
Kind = tuple[str, str, int | None, str]  # neuron, features, labelled images, jitter
CODE = ("bioscnn.stdp.convolutional.classify", "bioscnn.stdp.convolutional.training")
IMAGES = {"mnist": {"validation": 5000, "test": 10_000}, "caltech": {"validation": 150, "test": 200}}
UNITS = {
    "images": "1",
    "labelled images": "1",
    "operations": "synaptic operations per image",
    "selectivity": "1",
    "seed": "1",
}
UNITS |= dict.fromkeys(("retina", "first layer", "pooling"), "spikes per image")
JITTERS = ("4 ms", "30 ms")


def plan(dataset: str) -> list[tuple[str, str, int, int | None]]:
    """Return neuron, features, seed and number of labelled images of each network."""
    if dataset == "mnist":
        whole = [("if", "learned", seed, None) for seed in SEEDS]
        return [*whole, ("if", "learned", 1, FEW), ("if", "shuffled", 1, FEW), ("lif", "learned", 1, FEW)]
    kinds = [("if", "learned"), ("if", "shuffled"), ("lif", "learned")]
    return [(neuron, features, seed, None) for neuron, features in kinds for seed in SEEDS]


def study_of(
    dataset: str, neuron: str, features: str, seed: int, labels: int | None, threshold: float | None = None
) -> LearnedStudy:
    """Return the study of a network, with another threshold of the first layer if one is given."""
    name = f"{dataset}-{neuron}-{features}-{seed}" + (f"-{labels}" if labels else "")
    changes = [
        f"learning.seed={seed}",
        f"learning.network={MODELS / name}.npz",
        *(("learning.neuron.model=lif", *LEAKY[dataset]) if neuron == "lif" else ()),
        *((f"learning.first.threshold={threshold}",) if threshold else ()),
    ]
    study = read_learned_study(
        STUDIES[dataset], [*changes, *([f"learning.examples={labels}"] if labels else [])]
    )
    assert study is not None
    return study


def learning(study: LearnedStudy) -> Convolutional:
    """Return the table ``[learning]`` of a study."""
    assert isinstance(study.config, ConvolutionalConfig)
    return study.config.learning


def train(dataset: str, neuron: str, features: str, seed: int, labels: int | None) -> LearnedStudy:
    """Return the study of a network, which is trained if it is not there."""
    study = study_of(dataset, neuron, features, seed, labels)
    file = Path(study.config.learning.network)
    if features == "learned":
        if not file.exists():
            train_learned(study, None, None, Silent())
        return study
    if not file.exists():
        shuffle(study, train(dataset, neuron, "learned", seed, labels))
    card = read_json(file.with_suffix(".json"), ("learning",), "remove the network")
    return study_of(dataset, neuron, features, seed, labels, card["learning"]["first"]["threshold"])


def shuffle(study: LearnedStudy, whole: LearnedStudy) -> None:
    """Write the shuffled network of a trained one; its first layer fires as often, by its threshold."""
    keys = learning(study)
    images = load_images(study.config.dataset, "train", keys.examples, None)
    learned = network_of(whole, images)
    rng, weights = stream(keys.seed, "shuffled weights"), []
    for name in ("first", "second"):
        flat = learned.arrays[name].reshape(-1, learned.arrays[name].shape[-1])
        weights.append(rng.permuted(flat, axis=0).reshape(learned.arrays[name].shape))
    first, second = (values.astype(np.float32) for values in weights)
    network, some = architecture(keys), images.take(200).intensities()

    def spikes(threshold: float, of: NDArray[np.float32]) -> float:
        changed = replace(network, first=network.first.model_copy(update={"threshold": threshold}))
        return float(np.mean(np.concatenate([n_spikes(r.first) for r in respond(some, changed, of)])))

    n_learned = spikes(network.first.threshold, learned.arrays["first"].astype(np.float32))
    tried = np.arange(2, network.first.threshold + 0.25, 0.25).tolist()
    threshold = min(tried, key=lambda value: abs(spikes(value, first) - n_learned))
    table = keys.model_dump()
    table["first"]["threshold"] = threshold
    network = architecture(Convolutional.model_validate(table))
    readout = train_readout(network, (first, second), images, Silent())
    arrays = {"first": weights[0], "second": weights[1], "readout": readout.weights, "bias": readout.bias}
    file = Path(keys.network)
    write_network(file, arrays, dict(learned.card) | {"name": file.stem, "learning": table})


def score(
    dataset: str, network: tuple[str, str, int, int | None], split: str, sd: str = "none"
) -> tuple[dict[str, Any], NDArray[np.bool_]]:
    """Return what a network comes to on a split, and which images it has right; `sd` is that of a jitter."""
    study = train(dataset, *network)
    noisy = [] if sd == "none" else [f"noise.spike-jitter.sd={sd}"]
    base = [f"{key}={value}" for key, value in study.edits]
    jittered = read_learned_study(STUDIES[dataset], [*base, *noisy])
    assert jittered is not None
    images = load_images(study.config.dataset, split, IMAGES[dataset][split], None)
    learned = network_of(study, images)
    answers = study.rule.classify(jittered.config, learned, images, Silent())
    right = answers.chosen == images.labels
    fields = first_fields(architecture(learning(study)), learned.arrays["first"])
    neuron, features, seed, _ = network
    return {
        "dataset": dataset,
        "split": split,
        "images": len(images),
        "neuron": neuron,
        "features": features,
        "labelled images": learned.card["labels_used"],
        "seed": str(seed),
        "noise": sd,
        **accuracy(right),
        "retina": round(float(answers.spikes["input"].mean()), 1),
        "first layer": round(float(answers.spikes["first"].mean()), 1),
        "pooling": round(float(answers.spikes["pooled"].mean()), 1),
        "operations": round(answers.synops or 0),
        "selectivity": round(float(np.median(tuning(fields).selectivity)), 2),
        "data sha256": images.sha256[:8],
        "weights sha256": learned.sha256[:8],
    }, right


def accuracy(right: NDArray[np.bool_]) -> dict[str, float]:
    """Return the share of images that are right, with Wilson's interval; over seeds if there are several."""
    share = proportion(right)
    parts = {"": share.value, " low": share.low, " high": share.high}
    return {f"accuracy (%){part}": round(100 * value, 2) for part, value in parts.items()}


def main(dataset: str, split: str) -> None:
    """Train and score the networks of a data set; tables are written anew after each of them."""
    rows: list[dict[str, Any]] = []
    answers: dict[Kind, list[NDArray[np.bool_]]] = {}

    def add(row: dict[str, Any]) -> None:
        rows.append(row)
        print(row, flush=True)
        publish(f"stdp-convolutional-{dataset}", rows, f"{dataset} {split}", UNITS)

    for network in plan(dataset):
        neuron, features, _, labels = network
        row, right = score(dataset, network, split)
        add(row)
        of_kind = answers.setdefault((neuron, features, labels, "none"), [])
        of_kind.append(right)
        if len(of_kind) == len(SEEDS):
            of_seeds = pd.DataFrame(rows[-len(SEEDS) :])
            means = (
                of_seeds[["retina", "first layer", "pooling", "operations", "selectivity"]].mean().round(2)
            )
            add({**row, "seed": "all", **accuracy(np.stack(of_kind)), **means, "weights sha256": ""})
            if len(answers) == 1:
                for sd in JITTERS:
                    row, right = score(dataset, plan(dataset)[0], split, sd)
                    add(row)
                    answers[neuron, features, labels, sd] = [right]
    publish(
        f"stdp-convolutional-{dataset}-differences", differences(dataset, answers), f"{dataset} {split}",
        {"images": "1", "seeds": "1", "p, corrected": "1"},
    )  # fmt: skip


def differences(dataset: str, answers: dict[Kind, list[NDArray[np.bool_]]]) -> list[dict[str, Any]]:
    """Return the differences of networks that differ in one thing, as one family."""
    labels = FEW if dataset == "mnist" else None
    usual, moved = ("if", "learned", labels, "none"), ("if", "learned", None, JITTERS[-1])
    pairs: dict[str, tuple[Kind, Kind]] = {
        "shuffled weights less learned ones": (("if", "shuffled", labels, "none"), usual),
        "leaky neurons less those without a leak": (("lif", "learned", labels, "none"), usual),
        f"spikes of the retina moved by {JITTERS[-1]} less where they were": (
            moved, ("if", "learned", None, "none"),
        ),
    }  # fmt: skip
    family = {}
    for name, (first, second) in pairs.items():
        n = len(answers[first])
        family[name] = difference(np.stack(answers[first]), np.stack(answers[second][:n]))
    return [
        {
            "comparison": name,
            "images": estimate.trials,
            "seeds": estimate.seeds,
            "difference (points)": round(100 * estimate.value, 2),
            "difference (points) low": round(100 * (estimate.low_holm or 0), 2),
            "difference (points) high": round(100 * (estimate.high_holm or 0), 2),
            "p, corrected": float(f"{estimate.p_holm:.2g}"),
        }
        for name, estimate in corrected(family).items()
    ]


def publish(name: str, rows: list[dict[str, Any]], arguments: str, units: dict[str, str]) -> None:
    """Write a table of the docs, and what made it."""
    made = made_now(f"{COMMAND} {arguments}", "images, training seeds", *CODE)
    content = pd.DataFrame(rows).to_csv(index=False).encode()
    write_table(Path(f"docs/tables/{name}.csv"), content, replace(made, units=units))


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in STUDIES or sys.argv[2] not in IMAGES["mnist"]:
        sys.exit(f"usage: {COMMAND} {'|'.join(STUDIES)} validation|test")
    try:
        main(sys.argv[1], sys.argv[2])
    except UserError as error:
        sys.exit(str(error))
