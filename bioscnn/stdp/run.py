"""One run of a learned network: images in, classes out, scores, the run's folder; and its training."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from bioscnn.datasets import ImageSet
from bioscnn.errors import UserError
from bioscnn.files import (
    made_folder,
    point_latest,
    read_npz,
    refuse_folder,
    refuse_unwritable,
    whole_folder,
    write_csv,
    write_json,
    write_npz,
)
from bioscnn.fingerprint import code_of_modules, environment_of_results, hash_of
from bioscnn.report import INDEX, write_index
from bioscnn.report.files import read_json
from bioscnn.report.formats import percent, percent_interval, plural
from bioscnn.report.render import write_page
from bioscnn.simulation import Progress
from bioscnn.statistics import proportion
from bioscnn.stdp.network import LearnedNetwork, hash_of_arrays, locate, read_network, write_network
from bioscnn.stdp.page import learned_page
from bioscnn.stdp.rule import Classified
from bioscnn.stdp.study import TABLE, LearnedStudy
from bioscnn.studies.disturbance import disturbed, noises_of
from bioscnn.studies.examples import load_images
from bioscnn.studies.guards import few_trials
from bioscnn.studies.naming import result_folder
from bioscnn.studies.provenance import code_version, environment
from bioscnn.studies.study import flat_tables

KIND = "learned"
"""Results go to ``results/learned/<study>/``."""

FILES = {"summary.json", "config.toml", "run.npz", "report.html", "confusion.csv", "curve.csv"}
OF_TRAINING = tuple(f"{TABLE}.{key}" for key in ("examples", "passes", "seed", "label_examples", "stdp."))
"""Keys that decide what is learned, and nothing once it is."""

MEASURED_BY = ("bioscnn.noise", "bioscnn.datasets.images")
"""Modules beside those of the rule that turn images into answers."""


@dataclass(frozen=True)
class LearnedRun:
    """A finished run.

    Parameters
    ----------
    folder : Path
        With ``run.npz``, ``config.toml``, ``summary.json``, tables and ``report.html``.
    summary : dict
        Contents of ``summary.json``.
    """

    folder: Path
    summary: dict[str, Any]


def run_learned(
    study: LearnedStudy, *, data: Path | None, out: Path | None, results: Path, progress: Progress
) -> LearnedRun:
    """Classify the images of a study with its network, and write the folder of the run, and the index.

    Answers that are there already, of the same study, network, images and code, are not computed again.

    Parameters
    ----------
    study : LearnedStudy
        What to run.
    data : Path or None
        Data folder.
    out : Path or None
        Folder to write; None for ``<results>/learned/<study>/<what was changed>-<hash>``.
    results : Path
        Folder of all results.
    progress : Progress
        Told what happens.

    Raises
    ------
    UserError
        If anything that the user gave does not fit; nothing is left behind then.
    """
    config, rule = study.config, study.rule
    refuse_folder(results / INDEX)
    clean, network = images_and_network(study, data, progress)
    seed = config.simulation.seed
    shown = replace(clean, images=disturbed(clean.images, noises_of(config, "images"), seed))
    code = hash_of(code_of_modules(*MEASURED_BY, *rule.measured_by), environment_of_results())[:16]
    key = hash_of(config.written(), network.sha256, network.card, clean.sha256, code)[:16]
    folder = out or result_folder(results / KIND / study.name, study.label, key)
    known = _known(folder, key)
    if known is None:
        refuse_unwritable(folder.parent)
        begun, seconds = datetime.now(UTC), perf_counter()
        classified = rule.classify(config, network, shown, progress)
        summary = _summary(study, network, clean, classified, begun) | {"key": key, "code": code}
        summary["seconds"] = perf_counter() - seconds
    else:
        summary, classified = known
    with whole_folder(folder, _is_run) as scratch:
        write_json(scratch / "summary.json", summary)
        (scratch / "config.toml").write_text(study.toml(), encoding="utf-8")
        write_npz(scratch / "run.npz", _arrays(classified) | {"label": clean.labels})
        matrix, true_class = confusion_matrix(classified, clean), "true_class"
        while true_class in clean.classes:  # which are the other columns
            true_class += "_"
        write_csv(scratch / "confusion.csv", [
            {true_class: name} | dict(zip(clean.classes, row.tolist(), strict=True))
            for name, row in zip(clean.classes, matrix, strict=True)
        ])  # fmt: skip
        curve = network.card.get("curve", [])
        write_csv(scratch / "curve.csv", [{"images_seen": n, "accuracy": share} for n, share in curve])
        progress.stage("reporting")
        sections = rule.sections(network, classified)
        write_page(learned_page(summary, network, matrix, sections), scratch)
    if out is None:
        point_latest(folder)
    if results.is_dir():
        write_index(results)
    return LearnedRun(folder, summary)


def images_and_network(
    study: LearnedStudy, data: Path | None, progress: Progress
) -> tuple[ImageSet, LearnedNetwork]:
    """Load the images of a study, without its noise, and its network; errors as of `network_of`."""
    progress.stage("loading")
    keys = study.config.dataset
    images = load_images(keys, keys.split, keys.trials, data)
    return images, network_of(study, images)


def network_of(study: LearnedStudy, shown: ImageSet) -> LearnedNetwork:
    """Read the network of a study, which has to fit its images; errors as of `read_network`.

    Keys of its training are refused as changes: they would change nothing.
    """
    learning = study.config.learning
    pixels = int(np.prod(shown.images.shape[1:]))
    network = read_network(learning.network, learning.rule, pixels, shown.classes)
    trained = (
        flat_tables({TABLE: network.card["learning"]})
        if isinstance(network.card.get("learning"), dict)
        else {}
    )
    for key, value in study.edits:
        if key.startswith(OF_TRAINING) and trained.get(key, value) != value:
            raise UserError(
                "a key of the training, which is over: the network was trained with another value",
                key=key, value=value, expected=None if trained[key] is None else str(trained[key]),
                fix="leave it out, or train the network with it: bioscnn train STUDY",
            )  # fmt: skip
    return network


def refuse_stage(key: str, stage: str | None) -> None:
    """Refuse a stage of training, such as spikes, if one was asked for by this key."""
    if stage is not None:
        problem = "a network that learns without labels has no stages of training"
        raise UserError(problem, key=key, value=stage, fix="leave it out")


def train_learned(
    study: LearnedStudy, data: Path | None, out: Path | None, progress: Progress
) -> tuple[Path, dict[str, Any]]:
    """Train the network of a study on images of the split ``train``, and return its file and its card.

    A training that was stopped goes on from its checkpoint, ``<network>.part.npz``, bit for bit.

    Parameters
    ----------
    study : LearnedStudy
        What is trained; its own images and noise play no part.
    data : Path or None
        Data folder.
    out : Path or None
        Folder of the network and its card; that of ``learning.network``, if it is a path, or
        ``results/models`` if left out.
    progress : Progress
        Told what happens.

    Raises
    ------
    UserError
        If images, classes or a checkpoint do not fit, or the folder cannot be written.
    """
    config, learning = study.config, study.config.learning
    named = Path(learning.network)
    if named.suffix:
        file = locate(named) if out is None else out / named.name
    else:
        file = (out or Path("results/models")) / f"{learning.network}.npz"
    progress.stage("loading")
    try:
        shown = load_images(config.dataset, "train", learning.examples, data)
    except UserError as error:
        raise error.but(key="learning.examples" if error.key == "dataset.trials" else error.key) from None
    checkpoint, begun = file.with_suffix(".part.npz"), perf_counter()
    with made_folder(file.parent):
        trained = study.rule.train(config, shown, checkpoint, progress)
    card = {
        "name": file.stem,
        "rule": learning.rule,
        "n_inputs": int(np.prod(shown.images.shape[1:])),
        "classes": list(shown.classes),
        "learning": config.model_dump()["learning"],
        "data": {"dataset": shown.name, "split": shown.split, "n": len(shown), "sha256": shown.sha256},
        **trained.facts,
        "seconds_of_last_command": round(perf_counter() - begun, 1),
        **code_version(),
        **environment(),
    }
    write_network(file, trained.arrays, card)
    checkpoint.unlink(missing_ok=True)
    return file, card | {"weights_sha256": hash_of_arrays(trained.arrays)}


def _is_run(folder: Path) -> bool:
    names = {path.name for path in folder.iterdir()}
    return "summary.json" in names and names <= FILES


def _known(folder: Path, key: str) -> tuple[dict[str, Any], Classified] | None:
    """Return summary and answers of the same run, if they are there and whole."""
    if not (folder / "summary.json").is_file():
        return None
    try:
        summary = read_json(folder / "summary.json", ("key",), "run the study again")
    except UserError:
        return None
    arrays = read_npz(folder / "run.npz")
    if summary["key"] != key or arrays is None or len(arrays.get("chosen", ())) != summary.get("n_trials"):
        return None
    parts: dict[str, dict[str, Any]] = {"spikes": {}, "more": {}}
    for name, values in arrays.items():
        kind, _, rest = name.partition("/")
        if kind in parts:
            parts[kind][rest] = values
    return summary, Classified(
        arrays["chosen"], parts["spikes"], arrays.get("latency_ms"), more=parts["more"]
    )


def _arrays(classified: Classified) -> dict[str, Any]:
    latency = {} if classified.latency_ms is None else {"latency_ms": classified.latency_ms}
    return {
        "chosen": classified.chosen,
        **latency,
        **{f"spikes/{name}": values for name, values in classified.spikes.items()},
        **{f"more/{name}": values for name, values in classified.more.items()},
    }


def confusion_matrix(classified: Classified, shown: ImageSet) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Count images by true and chosen class, shape (n_classes, n_classes)."""
    n = len(shown.classes)
    return np.bincount(shown.labels * n + classified.chosen, minlength=n * n).reshape(n, n)


def _summary(
    study: LearnedStudy, network: LearnedNetwork, shown: ImageSet, classified: Classified, begun: datetime
) -> dict[str, Any]:
    config, right = study.config, proportion(classified.chosen == shown.labels)
    share, spikes = [right.value, right.low, right.high], classified.spikes
    per_image = {name: float(counts.mean()) for name, counts in spikes.items()}
    own = sum(count for name, count in per_image.items() if name != "input")
    seen = network.card.get("images_seen")
    learned = [f"learned from {seen:,} images without labels"] if seen else []
    times = np.empty(0) if classified.latency_ms is None else classified.latency_ms
    answered = times[np.isfinite(times)]
    noise = [noise.label for noise in config.noise.values()]
    return {
        "experiment": KIND,
        "label": study.name,
        "study": study.name,
        "changed": dict(study.edits),
        "title": shown.name,
        "simulated": False,
        "verdict": [
            f"{percent(right.value)} {percent_interval(right.low, right.high)} of {len(shown):,} images of "
            f"the split {shown.split} are classified right{' with ' + ', '.join(noise) if noise else ''}."
        ],
        "entry": {
            "source": f"{shown.name}: {shown.source}",
            "n": plural(len(shown), "image"),
            "value": percent(right.value),
            "note": f"{percent_interval(right.low, right.high)} learned network {network.name}, "
            f"{config.learning.rule}",
            "more": [*learned, f"{own:,.0f} spikes per image"],
        },
        "dataset": shown.name,
        "split": shown.split,
        "source": shown.source,
        "n_trials": len(shown),
        "rule": config.learning.rule,
        "code_of_spikes": study.rule.code,
        "network": network.name,
        "accuracy": share,
        "spikes_per_trial": own,
        "spikes_by_population": per_image,
        "input_spikes_per_trial": per_image.get("input"),
        "synops_per_trial": classified.synops,
        "latency_ms": float(np.median(answered)) if len(answered) else None,
        "labels_used": network.card.get("labels_used"),
        "images_seen": seen,
        "noise": noise,
        "notes": [*classified.notes, *filter(None, [few_trials(len(shown))])],
        "device": config.simulation.device,
        "precision": config.simulation.precision,
        "seed": config.simulation.seed,
        "weights_sha256": network.sha256,
        "data_sha256": shown.sha256,
        "started": begun.isoformat(timespec="seconds"),
        **code_version(),
        **environment(),
    }
