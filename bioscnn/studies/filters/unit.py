"""One front end: its networks are trained, and classify under every condition."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import LayerGraph, read_model, write_onnx
from bioscnn.encoding import FrontEnd
from bioscnn.network import OUTPUT, READOUT, SpikingNetwork
from bioscnn.simulation import simulate_batches
from bioscnn.spikes import SpikeTrains
from bioscnn.studies.filters.choices import CLEAN, Choice, Condition, conditions
from bioscnn.studies.filters.images import Amount, Division, Pool
from bioscnn.studies.prepare import convert_for, device_of
from bioscnn.studies.scores import Scores
from bioscnn.studies.study import Study
from bioscnn.training.recipes import Recipe

Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Work:
    """What all front ends of a study have in common.

    Parameters
    ----------
    study : Study
        Neuron, synapse, trial and readout.
    recipe : Recipe
        Architecture and training, of which the input changes with the front end.
    pool : Pool
        The images.
    amount : Amount
        How much is done.
    front_end : FrontEnd
        The numbers of all front ends.
    """

    study: Study
    recipe: Recipe
    pool: Pool
    amount: Amount
    front_end: FrontEnd


def run_unit(work: Work, choice: Choice, networks: Path) -> list[Row]:
    """Train and try one front end.

    Returns
    -------
    list of dict
        One a division and condition: ``seed``, ``noise``, ``severity``, ``rows`` (of the pool), ``chosen``
        and ``ann`` (classes of these images), ``spikes`` and ``latency_ms`` of a trial, and, where validation
        images are shown, ``validation_accuracy``.
    """
    front_end = choice.of(work.front_end)
    encoded = {c: _Encoded.of(work, front_end, c) for c in conditions(work.amount.severities)}
    rows = []
    for division in work.pool.divisions:
        path = networks / f"{choice.file_name}-seed{division.seed}.onnx"
        graph = read_model(path) if path.exists() else _train(work, encoded[CLEAN], division, path)
        network = convert_for(_encoded_by(work.study, front_end), graph, None)
        for condition, shown in encoded.items():
            tested = _classify(work, graph, network, shown, division.test)
            row = {"seed": division.seed, "noise": condition.noise, "severity": condition.severity}
            row |= {"rows": division.test.tolist()} | tested
            if condition.severity in (0, work.amount.judged_severity):
                chosen = _classify(work, graph, network, shown, division.validation)["chosen"]
                right = np.array(chosen) == work.pool.images.labels[division.validation]
                row["validation_accuracy"] = float(right.mean())
            rows.append(row)
    return rows


@dataclass(frozen=True, eq=False)
class _Encoded:
    """Images as the spikes of the input layer."""

    rows: NDArray[np.int64]  # of the pool, ascending
    spikes: SpikeTrains
    shape: tuple[int, int, int]
    front_end: FrontEnd

    @classmethod
    def of(cls, work: Work, front_end: FrontEnd, condition: Condition) -> _Encoded:
        rows = work.pool.rows(condition, work.amount)
        images, simulation = work.pool.shown(condition, rows), work.study.config.simulation
        nothing_random = np.random.default_rng(0)
        spikes = front_end.stimulus(images, simulation.n_steps, simulation.dt, nothing_random)
        assert isinstance(spikes, SpikeTrains)
        return cls(rows, spikes, front_end.shape(images.shape), front_end)

    def take(self, rows: NDArray[np.int64]) -> SpikeTrains:
        return self.spikes.take(np.searchsorted(self.rows, rows))

    def intensities(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        return self.front_end.counted(self.take(rows), self.shape)


def _train(work: Work, shown: _Encoded, division: Division, path: Path) -> LayerGraph:
    from bioscnn.training.train import train

    recipe = work.recipe.changed(division.seed, work.amount.epochs)
    assert not isinstance(recipe.start, str)
    start = replace(recipe.start, input_shape=shown.shape)
    labels = work.pool.images.labels
    # Validation images choose the front end, so they may not choose the epoch too.
    few = division.train[:: max(1, len(division.train) // len(division.validation))]
    graph, _ = train(
        start.initial(path.stem, division.seed),
        shown.intensities(division.train),
        labels[division.train],
        shown.intensities(few),
        labels[few],
        recipe.settings,
    )
    write_onnx(graph, path)
    return graph


def _classify(
    work: Work, graph: LayerGraph, network: SpikingNetwork, shown: _Encoded, rows: NDArray[np.int64]
) -> Row:
    config, spikes = work.study.config, shown.take(rows)
    scores, device = Scores(network, spikes), replace(device_of(config), jobs=1)
    for batch in simulate_batches(network, spikes, device, record={OUTPUT, READOUT}, potentials={READOUT}):
        scores.add(batch)
    summary = scores.summary(graph, work.pool.images.labels[rows], config.readout.rule)
    return {
        "chosen": scores.decided(config.readout.rule)[:, -1].tolist(),
        "ann": graph.forward(shown.intensities(rows)).argmax(axis=1).tolist(),
        "spikes": summary["spikes_per_trial"],
        "latency_ms": summary["latency_ms"],
    }


def _encoded_by(study: Study, front_end: FrontEnd) -> Any:
    """Return the configuration of a study with another front end."""
    keys = study.config.encoding.model_copy(update={"kind": front_end.kind, "retina": front_end.retina})
    return study.config.model_copy(update={"encoding": keys})
