"""One run of a study: simulate, score, write the run's folder."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import read_card
from bioscnn.conversion import fired_by_rounding
from bioscnn.datasets import EventSet, ImageSet
from bioscnn.errors import UserError
from bioscnn.files import point_latest, refuse_folder, whole_folder, write_json
from bioscnn.fingerprint import hash_of
from bioscnn.forks import loaded_copy
from bioscnn.network import READOUT
from bioscnn.readout import output_names
from bioscnn.report import INDEX, load_for_pages, renew_report, write_index, write_report
from bioscnn.report.folder import read_facts
from bioscnn.result_versions import in_format
from bioscnn.simulation import Progress, simulate_batches
from bioscnn.simulation.storage import RunFile
from bioscnn.statistics import Estimate, proportion
from bioscnn.studies.explainable import is_explainable
from bioscnn.studies.guards import (
    Finding,
    at_chance,
    few_trials,
    findings_of_data,
    findings_of_simulation,
    labels_shifted,
    simulate_again,
)
from bioscnn.studies.identity import code_of_runs, inputs_of_case
from bioscnn.studies.naming import result_folder
from bioscnn.studies.nir_study import saturation_hint
from bioscnn.studies.plan import MOST_EXAMPLES
from bioscnn.studies.prepare import Prepared, prepare, rounding_of
from bioscnn.studies.preprocessing import preprocessing_hints
from bioscnn.studies.provenance import code_version, describe_network, environment
from bioscnn.studies.scores import Scores, as_triple
from bioscnn.studies.settling import (
    ChosenDuration,
    conversion_hint,
    readout_hint,
    restlessness,
    settling_hint,
    silence_hint,
)
from bioscnn.studies.study import Study

BACKGROUND = 0.05
"""Share of a population that rounding may make fire on a blank image before a run says so."""

SUMMARY = "summary.json"

FILES = {SUMMARY, "provenance.json", "config.toml", "run.h5", "report.html"}
ADDED = {"ledger.json", "ledger.csv", "run.npz", "run.nix", "run.nwb", "csv"}
"""What a run writes into its folder, and what `explain` and `export` add."""


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
    known_since : str
        When these results were simulated, ISO 8601, if they were there already; else empty.
    """

    folder: Path
    summary: dict[str, Any]
    report_seconds: float
    known_since: str = ""


def run_study(
    study: Study,
    *,
    data: Path | None,
    out: Path | None,
    results: Path,
    progress: Progress,
    chosen: ChosenDuration | None = None,
) -> Run:
    """Run a study and write its folder, and the index of all results.

    Results that are there already, of the same study, inputs and code, are not simulated again: their report
    is written anew if what makes it has changed. To simulate again, give another folder.

    Parameters
    ----------
    study : Study
        What to run.
    data : Path or None
        Data folder; None for ``BIOSCNN_DATA``, downloads, or the embedded data.
    out : Path or None
        Folder to write; None for ``<results>/<study>/<what was changed>-<hash>``, to which ``latest`` then
        points. Runs on simulated recordings go to ``<results>/<study>-simulated/``. The hash is that of the
        study, its inputs and the code that simulates them.
    results : Path
        Folder of all results.
    progress : Progress
        Told what happens.
    chosen : ChosenDuration, optional
        How the duration was found, if it was not given.

    Raises
    ------
    UserError
        If anything the user gave does not fit, or a folder cannot be written; nothing is left behind then.
    """
    watch = _Watch(progress)
    refuse_folder(results / INDEX)
    watch.stage("loading")
    prepared = prepare(study, data, watch)
    name = f"{study.name}-simulated" if prepared.input.simulated else study.name
    made_by = {"code": code_of_runs(), "inputs": inputs_of_case(prepared)}
    key = hash_of(prepared.key, *made_by.values())[:16]
    folder = out or result_folder(results / name, study.label, key)
    stored = _stored(folder, key, watch)
    if stored is None:
        with (
            whole_folder(folder, _is_run) as scratch,
            loaded_copy(load_for_pages, write_report) as in_copy,
        ):
            with ThreadPoolExecutor(1) as aside:  # which ends before figures are drawn by copies
                answered = aside.submit(_answer_and_load, prepared, pages=in_copy is None)
                scores, findings = _simulate(scratch / "run.h5", prepared, data, watch, answered)
            facts = (
                _provenance(prepared, watch.started) | made_by | {"key": key, "changed": dict(study.edits)}
            )
            write_json(scratch / "provenance.json", in_format(facts))
            (scratch / "config.toml").write_text(study.toml(), encoding="utf-8")
            summary, since = in_format(_summary(prepared, scores, findings, watch)), ""
            if chosen is not None:
                taken = summary["seconds"]
                taken |= {"search": chosen.seconds, "total": taken["total"] + chosen.seconds}
                summary |= {"duration_auto": chosen.as_dict()}
            write_json(scratch / SUMMARY, summary)
            watch.stage("reporting")
            (in_copy or write_report)(scratch)
    else:
        summary, since = stored
    report_seconds = watch.seconds("reporting")
    if out is None:
        point_latest(folder)
    if results.is_dir():
        write_index(results)
    return Run(folder, summary, report_seconds, since)


def _stored(folder: Path, key: str, watch: _Watch) -> tuple[dict[str, Any], str] | None:
    """Return the summary of the same results and when they were simulated, and renew their report.

    None if there are none, or they are damaged.
    """
    if not (folder / SUMMARY).exists():
        return None
    try:
        summary, provenance = read_facts(folder)
        if provenance.get("key") != key:
            return None
        watch.stage("reporting")
        renew_report(folder)
    except UserError:
        return None
    return summary, str(provenance["started"])


def _is_run(folder: Path) -> bool:
    """Return whether a folder holds a run, whole or damaged, and nothing else."""
    names = {path.name for path in folder.iterdir()}
    return SUMMARY in names and len(names & FILES) > 1 and names <= FILES | ADDED


def _answer_and_load(prepared: Prepared, pages: bool) -> None:
    """Do what comes after the simulation while another program simulates.

    What fails fails again, and is told, where it is needed.
    """
    if prepared.has_ann:
        prepared.ann_class  # noqa: B018 - it is kept
    import scipy.special  # noqa: F401 - intervals

    if pages:
        load_for_pages()


def _simulate(
    path: Path, prepared: Prepared, data: Path | None, watch: _Watch, answered: Future[None]
) -> tuple[Scores, list[Finding]]:
    """Simulate all trials into a file, then a few again with every spike; return scores and what is wrong."""
    config, network, examples_input = prepared.study.config, prepared.network, prepared.input
    device, examples = prepared.device, prepared.examples
    shapes = {population.name: population.shape for population in network.neurons}
    in_full = list(shapes) if config.readout.record == "all" else config.readout.record
    record = {*output_names(shapes), READOUT, *in_full}
    scores = Scores(network, config.readout.rule, len(examples), examples_input.spikes)
    with RunFile(path, shapes) as file:
        for batch in simulate_batches(
            network, examples_input.stimulus, device, record=record, progress=watch
        ):
            file.append(batch)
            scores.add(batch)
        watch.stage("recording examples")
        chosen = _one_of_each_class(examples.labels)
        recording, largest = simulate_again(prepared, chosen, record)
        wait([answered])
        file.describe_trials(label=examples.labels, index=examples.index)
        if prepared.has_ann:
            file.describe_trials(ann_class=prepared.ann_class)
        file.add_examples(recording, chosen, examples_input.pictures(chosen))
        if examples_input.spikes is not None:
            file.add_example_input(examples_input.spikes.take(chosen), examples_input.shape)
    answers = prepared.ann_class if prepared.has_ann else scores.chosen(config.readout.rule)
    labels, n_classes = examples.labels, len(examples.classes)
    findings = [
        *findings_of_data(prepared, data),
        *labels_shifted(answers, labels, n_classes),
        *findings_of_simulation(prepared, scores, recording, chosen, largest),
    ]
    right = scores.chosen(config.readout.rule) == labels
    ann_right = answers == labels if prepared.has_ann else None
    findings += at_chance(
        right,
        ann_right,
        max(1 / n_classes, np.bincount(labels).max() / len(labels)),
        findings,
        explainable=is_explainable(config),
        described=read_card(config.network.model) is not None,
    )
    return scores, findings


def _one_of_each_class(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first trial of each class, at most `MOST_EXAMPLES`."""
    return np.sort(np.unique(labels, return_index=True)[1])[:MOST_EXAMPLES].astype(np.int64)


def _summary(prepared: Prepared, scores: Scores, findings: list[Finding], watch: _Watch) -> dict[str, Any]:
    config, examples = prepared.study.config, prepared.examples
    ann, restless = None, restlessness(scores, config)
    further = [settling_hint(restless, config), saturation_hint(config, scores), silence_hint(scores, config)]
    further += [few_trials(len(examples))]
    if prepared.has_ann:
        ann = proportion(prepared.ann_class == examples.labels)
        further += [readout_hint(scores, config, prepared.ann_class), _calibration_hint(prepared)]
        further += [_background_hint(prepared)]
        if prepared.calibration is not None:
            further += [conversion_hint(scores, config, prepared.ann_class)]
    hints = [] if ann is None or isinstance(examples, EventSet) else _hints(prepared, ann, findings)
    return {
        "dataset": examples.name,
        "source": examples.source,
        **prepared.input.facts(),
        **({"noise": [noise.label for noise in config.noise.values()]} if config.noise else {}),
        "n_trials": len(examples),
        **({} if ann is None else {"ann_accuracy": as_triple(ann)}),
        **scores.summary(prepared.trained, examples.labels, prepared.input.frames),
        **({"notes": list(prepared.notes)} if prepared.notes else {}),
        "duration_ms": 1e3 * config.simulation.duration,
        "dt_ms": 1e3 * config.simulation.dt,
        "decided_in_last_third": restless,
        "hints": [*hints, *filter(None, further)],
        "warnings": [asdict(finding) for finding in findings],
        "device": config.simulation.device,
        "seconds": {
            "build": watch.seconds("compiling"),
            "simulate": watch.seconds("simulating"),
            "total": watch.seconds(),
        },
        "weights_sha256": prepared.trained.sha256(),
        "data_sha256": examples.sha256,
    }


def _hints(prepared: Prepared, ann: Estimate, findings: list[Finding]) -> list[str]:
    """Return hints at another preprocessing of the images."""
    intensities, config = prepared.input.intensities(), prepared.study.config
    described = read_card(config.network.model) is not None
    here = described and all(finding.kind != "other-data" for finding in findings)
    return preprocessing_hints(prepared.graph, intensities, ann, config.dataset, described, here)


def _calibration_hint(prepared: Prepared) -> str | None:
    """Return a hint if rates were matched on images that may be among the scored ones."""
    calibration = prepared.calibration
    if calibration is None or calibration.examples.split == "train":
        return None
    return (
        "the training images are not on this machine, so rates were matched on "
        f"{calibration.examples.split} images (bioscnn data fetch says what can be had)"
    )


def _background_hint(prepared: Prepared) -> str | None:
    """Return a hint of a run in the time code if rounding alone makes a blank image fire."""
    if prepared.scales is None:
        return None
    shares = fired_by_rounding(prepared.graph, prepared.conditions.time_code, prepared.scales)
    name = max(shares, key=lambda population: shares[population])
    if shares[name] < BACKGROUND:
        return None
    return (
        f"on a blank image, {100 * shares[name]:.0f} % of {name} fire by the rounding of spike times alone, "
        "which is the same for all neurons of a channel: try another simulation.dt"
    )


def _provenance(prepared: Prepared, started: datetime) -> dict[str, Any]:
    config, calibration = prepared.study.config, prepared.calibration
    return {
        "started": started.isoformat(timespec="seconds"),
        "seed": config.simulation.seed,
        **code_version(),
        **environment(),
        "data": _examples(prepared.examples),
        "network": {
            "model": config.network.model,
            "weights_sha256": prepared.trained.sha256(),
            "card": read_card(config.network.model),
            "calibration": None if calibration is None else _examples(calibration.examples),
        },
        **describe_network(prepared.network, prepared.device),
        "rounded": rounding_of(config),
        "program": prepared.program.key() if prepared.program else "interpreted",
    }


def _examples(examples: ImageSet | EventSet) -> dict[str, Any]:
    names = ("split", "source", "sha256", "classes")
    return {"dataset": examples.name, "n": len(examples), **{name: getattr(examples, name) for name in names}}


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

    def seconds(self, what: str = "") -> float:
        """Return the duration of the stages that begin with a word, or of all together, s."""
        ends = [*self._begun[1:], ("", perf_counter())]
        stages = zip(self._begun, ends, strict=True)
        return sum(end - begin for (name, begin), (_, end) in stages if name.startswith(what))
