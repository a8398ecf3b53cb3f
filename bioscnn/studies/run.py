"""One run of a study: simulate, score, write the run's folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import read_card
from bioscnn.datasets import ImageSet
from bioscnn.files import point_latest, whole_folder
from bioscnn.metrics import accuracy
from bioscnn.network import OUTPUT, READOUT
from bioscnn.report import write_report
from bioscnn.simulation import Progress, simulate, simulate_batches
from bioscnn.simulation.storage import RunFile
from bioscnn.studies.prepare import Prepared, prepare, rounding_of
from bioscnn.studies.provenance import code_version, describe_network, environment
from bioscnn.studies.scores import Scores, as_triple
from bioscnn.studies.study import Study

MOST_EXAMPLES = 10


@dataclass(frozen=True)
class Run:
    """A finished run.

    Parameters
    ----------
    folder : Path
        With ``run.h5``, ``config.toml``, ``provenance.json``, ``summary.json`` and ``report.html``.
    summary : dict
        Contents of ``summary.json``.
    report_seconds : float
        Time that the report took; the summary, which the report shows, cannot know it.
    """

    folder: Path
    summary: dict[str, Any]
    report_seconds: float


def run_study(study: Study, *, data: Path | None, out: Path | None, results: Path, progress: Progress) -> Run:
    """Run a study and write its folder.

    Parameters
    ----------
    study : Study
        What to run.
    data : Path or None
        Data folder; None for ``BIOSCNN_DATA``, downloads, or the embedded data.
    out : Path or None
        Folder to write; None for ``<results>/<study>/<hash>``, to which ``latest`` then points.
    results : Path
        Folder of all results.
    progress : Progress
        Told what happens.

    Raises
    ------
    UserError
        If anything the user gave does not fit, or a folder cannot be written; nothing is left behind then.
    """
    watch = _Watch(progress)
    watch.stage("loading")
    prepared = prepare(study, data)
    folder = out or results / study.name / prepared.key
    with whole_folder(folder, mark="summary.json") as scratch:
        scores = _simulate(scratch / "run.h5", prepared, watch)
        _write_json(scratch / "provenance.json", _provenance(prepared, watch.started))
        (scratch / "config.toml").write_text(study.toml(), encoding="utf-8")
        summary = _summary(prepared, scores, watch)
        _write_json(scratch / "summary.json", summary)
        watch.stage("reporting")
        write_report(scratch)
    if out is None:
        point_latest(folder)
    return Run(folder, summary, watch.seconds("reporting"))


def _simulate(path: Path, prepared: Prepared, watch: _Watch) -> Scores:
    """Simulate all trials into a file, then a few again with everything recorded."""
    config, network, images = prepared.study.config, prepared.network, prepared.images
    device = prepared.device
    shapes = {population.name: population.shape for population in network.neurons}
    asked = list(shapes) if config.readout.record == "all" else config.readout.record
    record, scores = {OUTPUT, READOUT, *asked}, Scores(network)
    with RunFile(path, shapes) as file:
        for batch in simulate_batches(network, prepared.stimulus, device, record=record, progress=watch):
            file.append(batch)
            scores.add(batch)
        watch.stage("recording examples")
        file.describe_trials(label=images.labels, index=images.index, ann_class=prepared.ann_class)
        chosen = _one_of_each_class(images.labels)
        examples = simulate(network, prepared.stimulus.take(chosen), device, record=set(shapes))
        file.add_examples(examples, chosen, images.images[chosen])
    return scores


def _one_of_each_class(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first trial of each class, at most `MOST_EXAMPLES`."""
    return np.sort(np.unique(labels, return_index=True)[1])[:MOST_EXAMPLES].astype(np.int64)


def _summary(prepared: Prepared, scores: Scores, watch: _Watch) -> dict[str, Any]:
    config, images = prepared.study.config, prepared.images
    return {
        "dataset": config.dataset.name,
        "source": images.source,
        "n_trials": len(images),
        "ann_accuracy": as_triple(accuracy(prepared.ann_class, images.labels)),
        **scores.summary(prepared.graph, images.labels, config.readout.rule),
        "duration_ms": 1e3 * config.simulation.duration,
        "dt_ms": 1e3 * config.simulation.dt,
        "device": config.simulation.device,
        "seconds": {
            "build": watch.seconds("compiling"),
            "simulate": watch.seconds("simulating"),
            "total": watch.seconds(),
        },
        "weights_sha256": prepared.graph.sha256(),
        "data_sha256": images.sha256,
    }


def _provenance(prepared: Prepared, started: datetime) -> dict[str, Any]:
    config, images = prepared.study.config, prepared.images
    return {
        "started": started.isoformat(timespec="seconds"),
        "seed": config.simulation.seed,
        **code_version(),
        **environment(),
        "data": _images(images),
        "network": {
            "model": config.network.model,
            "weights_sha256": prepared.graph.sha256(),
            "card": read_card(config.network.model),
            "calibration": _images(prepared.calibration),
        },
        **describe_network(prepared.network, prepared.device),
        "rounded": rounding_of(config),
        "program": prepared.program.key() if prepared.program else "interpreted",
    }


def _images(images: ImageSet | None) -> dict[str, Any] | None:
    if images is None:
        return None
    names = ("split", "source", "sha256", "classes")
    return {"dataset": images.name, "n": len(images), **{name: getattr(images, name) for name in names}}


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


class _Watch:
    """Progress that also takes the time of each stage."""

    def __init__(self, progress: Progress) -> None:
        self.started = datetime.now(UTC)
        self._progress, self._begun = progress, [("", perf_counter())]

    def stage(self, what: str) -> None:
        self._begun.append((what, perf_counter()))
        self._progress.stage(what)

    def trial(self) -> None:
        self._progress.trial()

    def seconds(self, what: str | None = None) -> float:
        """Return how long a stage has taken, or all of them together."""
        ends = [*self._begun[1:], ("", perf_counter())]
        stages = zip(self._begun, ends, strict=True)
        return sum(end - begin for (name, begin), (_, end) in stages if what in (None, name))
