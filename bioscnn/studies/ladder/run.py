"""The ladder, from its rungs to its folder."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bioscnn
from bioscnn.ann import LIFRate, read_model
from bioscnn.ann.models import locate, shipped_models
from bioscnn.datasets.titles import TITLES
from bioscnn.errors import UserError
from bioscnn.files import point_latest, write_csv, write_json
from bioscnn.metrics import accuracy
from bioscnn.network import OUTPUT
from bioscnn.report.ladder import write_ladder_report
from bioscnn.studies.disturbance import refuse_noise
from bioscnn.studies.ladder.fine_tuning import load_training, training_examples, why_not
from bioscnn.studies.ladder.rungs import Rung, of_rung, rungs_of
from bioscnn.studies.ladder.schedule import climb
from bioscnn.studies.ladder.tables import Row, comparison_rows, fine_tuned_rows, ladder_rows
from bioscnn.studies.ladder.verdict import verdict_of
from bioscnn.studies.prepare import (
    Prepared,
    calibration_input,
    check_fit,
    convert_for,
    input_kind,
    trained_network,
)
from bioscnn.studies.provenance import code_version, describe_network, environment
from bioscnn.studies.scores import as_triple
from bioscnn.studies.study import Study
from bioscnn.studies.watcher import Watcher


@dataclass(frozen=True)
class Ladder:
    """A finished ladder.

    Parameters
    ----------
    folder : Path
        With ``ladder.csv``, ``comparisons.csv``, ``summary.json`` and ``report.html``; where it was asked for
        also ``fine-tuned.csv``, and in ``networks/`` what was trained.
    summary : dict
        Contents of ``summary.json``.
    rows, comparisons : list of dict
        Rows of the two tables.
    """

    folder: Path
    summary: dict[str, Any]
    rows: list[Row]
    comparisons: list[Row]


def run_ladder(
    study: Study,
    *,
    neuron: Path | None = None,
    fine_tuned: bool = False,
    data: Path | None,
    results: Path,
    progress: Watcher,
) -> Ladder:
    """Simulate one ReLU network with ever more biology, and write ``<results>/ladder/<study>/<hash>/``.

    The network is converted anew for the neuron of every rung and shown the same trials. What is done is
    kept, one file a rung: an interrupted ladder goes on where it was.

    Parameters
    ----------
    study : Study
        Data, trial, readout, and the numbers of the neurons. Of a shipped network that was trained on the
        rates of a neuron, its relative with rectified linear units is taken.
    neuron : Path, optional
        A user's own neuron, which is one more rung.
    fine_tuned : bool
        Whether to fine-tune the network on spikes, too, on every rung that has a differentiable twin; see
        `bioscnn.studies.ladder.fine_tuning`.
    data : Path or None
        Data folder.
    results : Path
        Folder of all results.
    progress : Watcher
        Told what happens.

    Raises
    ------
    UserError
        If the study has noise, its network was trained for one neuron, the device does not have all rungs,
        a rung is no valid study, or there is nothing to fine-tune with: all before the first simulation.
    """
    started = datetime.now(UTC)
    _check(study)
    progress.stage("loading")
    rungs = rungs_of(_of_relu(study), neuron)
    prepared = _prepare(rungs, data, progress)
    main = prepared[rungs[0].name]
    name = study.name + "-simulated" * main.input.simulated
    folder = results / "ladder" / name / _key(prepared, fine_tuned)
    trainable = fine_tuned and any(not why_not(rung.study.config) for rung in rungs)
    training = load_training(main.study.config, data) if trainable else None
    climbed = climb(rungs, prepared, training, folder, progress)
    labels = main.examples.labels
    rows, comparisons = ladder_rows(climbed, labels), comparison_rows(climbed, labels, main.ann_class)
    title, facts = TITLES.get(study.config.dataset.name, main.examples.name), _facts(study, rungs, prepared)
    summary = facts | {
        "trained_on": 0 if training is None else training_examples(main.study.config),
        "title": title,
        "verdict": verdict_of(rungs, rows, comparisons, facts["ann"][0], title),
        "seconds": (datetime.now(UTC) - started).total_seconds(),
        **code_version(),
        **environment(),
    }
    write_csv(folder / "ladder.csv", rows)
    write_csv(folder / "comparisons.csv", comparisons)
    if fine_tuned:
        write_csv(folder / "fine-tuned.csv", fine_tuned_rows(climbed, labels))
    write_json(folder / "summary.json", summary)
    write_ladder_report(folder)
    point_latest(folder)
    return Ladder(folder, summary, rows, comparisons)


def _check(study: Study) -> None:
    refuse_noise(study.config, "the ladder compares networks without noise")
    if study.config.simulation.device == "genn":
        raise UserError(
            "GeNN does not have every rung: it knows no axonal delay",
            key="simulation.device",
            value="genn",
            expected="cpp_standalone | numpy",
        )
    if study.config.dataset.trials < 2:
        raise UserError(
            "from one trial nothing can be told", key="dataset.trials", value=1, expected="2 or more"
        )


def _of_relu(study: Study) -> Study:
    """Return the study with a network of rectified linear units, which belongs to no neuron."""
    model = study.config.network.model
    if not any(isinstance(layer, LIFRate) for layer in read_model(model).layers):
        return study
    relative = f"{model.removesuffix('-fine-tuned').removesuffix('-noise')}-relu"
    if relative not in shipped_models():
        raise UserError(
            "the network was trained on the rates of one neuron, and every rung has another",
            file=locate(model),
            key="network.model",
            value=model,
            expected="a network of rectified linear units, such as mnist-small-relu",
        )
    network = study.config.network.model_copy(update={"model": relative})
    return Study(study.name, study.config.model_copy(update={"network": network}))


def _prepare(rungs: Sequence[Rung], data: Path | None, progress: Watcher) -> dict[str, Prepared]:
    """Return every rung, converted from the same network with the same examples and stimulus."""
    # The neurons that encode an image are those of the study on every rung; the highest one has all its keys.
    config = [rung for rung in rungs if not rung.own][-1].study.config
    keys, kind, model = config.dataset, input_kind(config), config.network.model
    shown, graph = kind.load(config, keys.split, keys.trials, data, progress), trained_network(config)
    check_fit(graph, shown, model)
    calibration = calibration_input(shown.settled(config), graph, data, progress)
    prepared = {}
    for rung in rungs:
        try:
            network = convert_for(rung.study.config, graph, calibration)
        except UserError as error:
            raise of_rung(error, rung.name) from None
        prepared[rung.name] = Prepared(rung.study, shown, graph, calibration, network)
    return prepared


def _key(prepared: Mapping[str, Prepared], fine_tuned: bool) -> str:
    """Return the hash that names the result: of all that decides it."""
    made_by = repr(({name: one.key for name, one in prepared.items()}, fine_tuned, bioscnn.__version__))
    return hashlib.sha256(made_by.encode()).hexdigest()[:16]


def _facts(study: Study, rungs: Sequence[Rung], prepared: Mapping[str, Prepared]) -> dict[str, Any]:
    main = prepared[rungs[0].name]
    config, examples = main.study.config, main.examples
    return {
        "study": study.name,
        "dataset": examples.name,
        "source": examples.source,
        "simulated": main.input.simulated,
        "n": len(examples),
        "network": config.network.model,
        "normalisation": config.network.normalisation,
        "max_rate_hz": config.network.max_rate,
        "ann": as_triple(accuracy(main.ann_class, examples.labels)),
        "rungs": [
            {"name": rung.name, "below": rung.below, "own": rung.own, "changes": dict(rung.changes)}
            | _output(prepared[rung.name])
            for rung in rungs
        ],
        "readout": config.readout.rule,
        "duration_ms": 1e3 * config.simulation.duration,
        "dt_ms": 1e3 * config.simulation.dt,
        "device": config.simulation.device,
        "data_sha256": examples.sha256,
        "weights_sha256": main.graph.sha256(),
    }


def _output(prepared: Prepared) -> dict[str, Any]:
    """Return equations and parameters of the neurons of a rung, as the output population has them."""
    populations = describe_network(prepared.network, prepared.device)["populations"]
    wanted = ("equations", "threshold", "reset", "refractory", "parameters")
    output = next(one for one in populations if one["name"] == OUTPUT)
    return {name: output[name] for name in wanted}
