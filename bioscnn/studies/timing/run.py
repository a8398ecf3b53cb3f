"""The timing question asked of a study, from its trials to its folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import bioscnn
from bioscnn.ann import LayerGraph, read_model, shipped_models
from bioscnn.datasets.recordings import EVENT_DATASETS
from bioscnn.encoding import event_frames
from bioscnn.errors import UserError
from bioscnn.files import point_latest, write_csv, write_json
from bioscnn.metrics.decoding import CODES, decode
from bioscnn.network import OUTPUT, READOUT, SpikingNetwork
from bioscnn.noise import SACCADE_ENDS, Perturbation
from bioscnn.readout import decisions
from bioscnn.report.timing import write_timing_report
from bioscnn.report.timing_folder import write_examples
from bioscnn.seeds import stream
from bioscnn.simulation import Recording, simulate
from bioscnn.spikes import SpikeTrains
from bioscnn.studies.disturbance import refuse_noise
from bioscnn.studies.kept import Decided, keep_decided, kept_decided
from bioscnn.studies.prepare import check_fit, prepare
from bioscnn.studies.provenance import code_version, environment
from bioscnn.studies.study import Study
from bioscnn.studies.timing.conditions import CLEAN, perturbations
from bioscnn.studies.timing.controls import run_controls
from bioscnn.studies.timing.information import information_rows
from bioscnn.studies.timing.tables import COLLAPSED, SPIKING, accuracy_rows, comparison_rows
from bioscnn.studies.timing.verdict import Verdict, verdict_of
from bioscnn.studies.watcher import Watcher

CONTROL_SEED = 1
"""The control sets are the same whatever is studied."""

EXAMPLES = 40
"""Trials whose unperturbed spikes are kept for the figures."""


@dataclass(frozen=True)
class Timing:
    """A finished timing study.

    Parameters
    ----------
    folder : Path
        With ``accuracy.csv``, ``comparisons.csv``, ``information.csv``, ``controls.csv``, ``examples.npz``,
        ``verdict.json``, ``summary.json`` and ``report.html``.
    summary : dict
        Contents of ``summary.json``.
    verdict : Verdict
        What came out.
    """

    folder: Path
    summary: dict[str, Any]
    verdict: Verdict


@dataclass(frozen=True)
class Layer:
    """A population whose spikes are perturbed.

    Parameters
    ----------
    name : str
        Of the population; the source is called as it is in the network.
    network : SpikingNetwork
        What its spikes drive.
    spikes : SpikeTrains
        Those that it fires when nothing is perturbed.
    """

    name: str
    network: SpikingNetwork
    spikes: SpikeTrains


def run_timing(
    study: Study,
    *,
    asked: Sequence[str] = (),
    collapsed: str | None = None,
    folds: int = 5,
    data: Path | None,
    results: Path,
    progress: Watcher,
) -> Timing:
    """Ask the timing question of the trials of a study, and write ``<results>/timing/<study>/<hash>/``.

    The spikes of the input and of each hidden layer are perturbed; each time, the rest of the network
    classifies what is left, and so do decoders that are trained anew on spikes perturbed alike. What is done
    is kept step by step: an interrupted study goes on where it was.

    Parameters
    ----------
    study : Study
        Data, network, simulation and readout.
    asked : sequence of str
        Perturbations, such as ``"jitter 5 ms"``; all that fit the trials if there are none.
    collapsed : str, optional
        A network, shipped or an ONNX file, that was trained on recordings collapsed in time; the shipped one
        of the data set, if there is one, by default.
    folds : int
        Folds of the decoders' cross-validation.
    data : Path or None
        Data folder.
    results : Path
        Folder of all results.
    progress : Watcher
        Told what happens.

    Raises
    ------
    UserError
        If anything the user gave does not fit, or there are too few trials for the statistics.
    """
    started = datetime.now(UTC)
    refuse_noise(study.config, "the timing study perturbs the spikes of a network without noise")
    progress.stage("loading")
    question = _Question(study, asked, collapsed, folds, data, progress)
    prepared = question.prepared
    name = f"{study.name}-simulated" if prepared.input.simulated else study.name
    folder = results / "timing" / name / question.key
    (folder / "units").mkdir(parents=True, exist_ok=True)
    decided = question.decide(folder / "units")
    controls = [control.row() for control in run_controls(CONTROL_SEED)]
    labels, seed = prepared.examples.labels, study.config.simulation.seed
    rows = accuracy_rows(decided, labels, question.conditions, seed)
    comparisons = comparison_rows(decided, labels, seed)
    information = question.information(folder / "units")
    tests = [sum(not np.isnan(row["p"]) for row in table) for table in (rows, comparisons)]
    summary = question.summary(started, tests)
    verdict = verdict_of(summary, rows, comparisons, controls)
    write_csv(folder / "accuracy.csv", rows)
    write_csv(folder / "comparisons.csv", comparisons)
    write_csv(folder / "information.csv", information)
    write_csv(folder / "controls.csv", controls)
    question.keep_examples(folder / "examples.npz")
    write_json(folder / "verdict.json", verdict.as_dict())
    write_json(folder / "summary.json", summary)
    write_timing_report(folder)
    point_latest(folder)
    return Timing(folder, summary, verdict)


class _Question:
    """A study and all that is asked of it."""

    def __init__(
        self,
        study: Study,
        asked: Sequence[str],
        collapsed: str | None,
        folds: int,
        data: Path | None,
        progress: Watcher,
    ) -> None:
        self.folds, self.progress = folds, progress
        config = study.config
        saccades = config.dataset.name in EVENT_DATASETS and config.simulation.duration > SACCADE_ENDS[-1]
        self.conditions = perturbations(config.simulation.duration, saccades, asked)
        self.prepared = prepare(study, data, progress)
        self._check_trials()
        none, start = np.empty(0, np.int32), np.zeros(1, np.int64)
        nothing = SpikeTrains(none, none, start, 1, config.simulation.n_steps, config.simulation.dt)
        for condition in self.conditions:  # what does not fit the trials is refused before any work
            condition.apply(nothing, stream(0, "nothing"))
        self.cnn_name = collapsed or _shipped_collapsed(config.dataset.name)
        self.cnn = self._read_cnn()

    def _check_trials(self) -> None:
        counts = np.bincount(self.prepared.examples.labels, minlength=len(self.prepared.examples.classes))
        if not 2 <= self.folds <= counts.min():
            raise UserError(
                "too few trials to train decoders on some and to test them on others",
                key="dataset.trials",
                value=f"{counts.sum()}, of the rarest class {counts.min()}",
                expected=f"at least {self.folds} of each class, one a fold",
                fix="take more trials, or fewer folds (--folds)",
            )

    def _read_cnn(self) -> LayerGraph | None:
        if self.cnn_name is None:
            return None
        if self.prepared.input.spikes is None:
            raise UserError("images have no time that could collapse", key="--collapsed", value=self.cnn_name)
        graph = read_model(self.cnn_name)
        check_fit(graph, self.prepared.input, self.cnn_name)
        return graph

    @property
    def key(self) -> str:
        """Hash of all that decides the result."""
        cnn = None if self.cnn is None else self.cnn.sha256()
        labels = [condition.label for condition in self.conditions]
        made_by = repr((self.prepared.key, labels, cnn, self.folds, bioscnn.__version__))
        return hashlib.sha256(made_by.encode()).hexdigest()[:16]

    @property
    def layer_names(self) -> list[str]:
        """The input, if it is spikes, and every population between it and the output."""
        network = self.prepared.network
        hidden = [p.name for p in network.neurons if p.name not in (OUTPUT, READOUT)]
        return hidden if self.prepared.input.spikes is None else [network.source.name, *hidden]

    @cached_property
    def clean(self) -> Recording:
        """Every spike of the unperturbed network."""
        record = {*(p.name for p in self.prepared.network.neurons if p.name != READOUT), READOUT}
        # Its trials are no part of the work that was planned: progress is not told of them.
        return simulate(
            self.prepared.network,
            self.prepared.stimulus,
            self.prepared.device,
            record=record,
            potentials={READOUT},
        )

    def layer(self, name: str) -> Layer:
        """Return a layer with its unperturbed spikes."""
        network, given = self.prepared.network, self.prepared.input.spikes
        if name == network.source.name:
            assert given is not None
            return Layer(name, network, given)
        spikes = self.clean[name].spikes
        assert spikes is not None
        return Layer(name, network.after(name), spikes)

    def decide(self, folder: Path) -> dict[tuple[str, str], Decided]:
        """Return the classes that every method gives, by layer and condition; kept ones are not repeated."""
        units = [(name, condition) for name in self.layer_names for condition in (None, *self.conditions)]
        self.progress.plan(sum(self._work(name) for name, _ in units))
        decided = {}
        for name, condition in units:
            label = CLEAN if condition is None else condition.label
            path = folder / f"{name}-{_file_name(label)}.npz"
            found = kept_decided(path)
            if found is None:
                self.progress.task(f"{name}: {label}", len(self.prepared.examples), self._work(name))
                found = self._unit(self.layer(name), condition)
                keep_decided(found, path)
            else:
                self.progress.skip(self._work(name))
            decided[name, label] = found
        return decided

    def _work(self, name: str) -> float:
        """About how long a unit takes, in neurons."""
        network = self.prepared.network
        names = [population.name for population in network.populations]
        return float(sum(network[later].size for later in names[names.index(name) :]))

    def _unit(self, layer: Layer, condition: Perturbation | None) -> Decided:
        config, labels = self.prepared.study.config, self.prepared.examples.labels
        seed, spikes = config.simulation.seed, layer.spikes
        if condition is not None:
            spikes = condition.apply(spikes, stream(seed, "timing", layer.name, condition.label))
        recording = simulate(
            layer.network,
            spikes,
            self.prepared.device,
            record={OUTPUT, READOUT},
            potentials={READOUT},
            progress=self.progress,
        )
        if condition is None and layer.network is not self.prepared.network:
            _check_identical(layer.name, recording, self.clean)
        decided = {SPIKING: decisions(recording, config.readout.rule)[:, -1]}
        for code in CODES:
            decided[code] = decode(spikes, labels, code, folds=self.folds, seed=seed)
        if self.cnn is not None and layer.network is self.prepared.network:
            decided[COLLAPSED] = self._classify_collapsed(spikes)
        return decided

    def _classify_collapsed(self, spikes: SpikeTrains) -> NDArray[np.int64]:
        """Return the class that the network of collapsed recordings gives to counts alone."""
        assert self.cnn is not None
        rate = self.prepared.study.config.encoding.input_rate
        shape = self.prepared.input.shape
        frames = event_frames(spikes, shape, spikes.n_steps, rate)
        return np.asarray(self.cnn.forward(frames[:, 0]).argmax(axis=1), np.int64)

    def information(self, folder: Path) -> list[dict[str, Any]]:
        """Return how much the count, the latency and both of one neuron tell of the class, layer by layer."""
        rows = []
        for name in self.layer_names:
            path = folder / f"{name}-information.json"
            if not path.exists():
                self.progress.stage(f"measuring the information in single neurons: {name}")
                labels, seed = self.prepared.examples.labels, self.prepared.study.config.simulation.seed
                made = information_rows(name, self.layer(name).spikes, labels, seed)
                write_json(path, made)
            rows += json.loads(path.read_text(encoding="utf-8"))
        return rows

    def keep_examples(self, path: Path) -> None:
        """Write the unperturbed spikes of a few trials of each class, if they are not kept yet."""
        if path.exists():
            return
        labels = self.prepared.examples.labels
        chosen = _some_of_each_class(labels)
        trains = {name: self.layer(name).spikes.take(chosen) for name in self.layer_names}
        write_examples(path, trains, labels[chosen])

    def summary(self, started: datetime, tests: list[int]) -> dict[str, Any]:
        """Return what ``summary.json`` says."""
        prepared, config = self.prepared, self.prepared.study.config
        examples = prepared.examples
        return {
            "study": prepared.study.name,
            "dataset": examples.name,
            "source": examples.source,
            "simulated": prepared.input.simulated,
            "n": len(examples),
            "classes": list(examples.classes),
            "chance": 1 / len(examples.classes),
            "network": config.network.model,
            "collapsed_network": self.cnn_name,
            "readout": config.readout.rule,
            "duration_ms": 1e3 * config.simulation.duration,
            "dt_ms": 1e3 * config.simulation.dt,
            "device": config.simulation.device,
            "precision": config.simulation.precision,
            "layers": self.layer_names,
            "conditions": [condition.label for condition in self.conditions],
            "folds": self.folds,
            "seed": config.simulation.seed,
            "tests": tests,
            "seconds": (datetime.now(UTC) - started).total_seconds(),
            "data_sha256": examples.sha256,
            "weights_sha256": prepared.graph.sha256(),
            "collapsed_sha256": None if self.cnn is None else self.cnn.sha256(),
            **code_version(),
            **environment(),
        }


def _some_of_each_class(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first trials of each class, equally many, about `EXAMPLES` in all."""
    each = max(1, EXAMPLES // len(np.unique(labels)))
    return np.sort(np.concatenate([np.flatnonzero(labels == label)[:each] for label in np.unique(labels)]))


def _shipped_collapsed(dataset: str) -> str | None:
    name = f"{dataset}-collapsed"
    return name if name in shipped_models() else None


def _check_identical(name: str, part: Recording, whole: Recording) -> None:
    """Hold what a layer's own spikes do to the rest of the network against the whole network's run."""
    potentials, expected = part[READOUT].potentials, whole[READOUT].potentials
    assert potentials is not None and expected is not None
    if part[OUTPUT].spikes != whole[OUTPUT].spikes or not np.array_equal(potentials, expected):
        raise RuntimeError(f"the spikes of {name!r}, shown to what comes after it, do not do what they did")


def _file_name(label: str) -> str:
    return label.replace(" ", "_").replace("%", "percent")
