"""Fine-tuning on spikes under the conditions of a rung: what of its cost can be learnt away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bioscnn.ann import LayerGraph, read_model, write_onnx
from bioscnn.conversion.lif_network import as_lif_network
from bioscnn.ledger.conditions import normalisation_for
from bioscnn.simulation.simulate import Silent
from bioscnn.studies.config import StudyConfig
from bioscnn.studies.ladder.unit import Found, run_unit
from bioscnn.studies.prepare import Prepared, conditions_of, convert_for
from bioscnn.studies.watcher import Watcher
from bioscnn.training.recipes import RECIPES
from bioscnn.training.settings import READOUTS, SpikeSettings
from bioscnn.training.train import require_torch

if TYPE_CHECKING:
    from bioscnn.training.data import Shown

EXAMPLES = {"images": 20_000, "recordings": 2_000}
"""The first so many training examples are shown, once each."""

VALIDATION = 200
"""So many of the training examples that come after them are only watched."""


def why_not(config: StudyConfig) -> str:
    """Return why a rung cannot be fine-tuned, in words; empty if it can be.

    What is needed is a differentiable twin, see `bioscnn.training.twin`, and the recipe of the network, which
    says what trained it.
    """
    if config.neuron.model != "lif":
        return "only LIF neurons have a differentiable twin"
    if config.synapse.model != "current":
        return "the twin has synapses that inject currents"
    if config.neuron.reset != "exact":
        return "the twin has the reset rule exact"
    if config.synapse.delay > 0:
        return "the twin has no axonal delay"
    if config.encoding.kind not in ("currents", "events"):
        return "the twin takes images as currents, or recordings"
    if config.network.model not in RECIPES:
        return "no recipe says on what the network was trained"
    return ""


def training_examples(config: StudyConfig) -> int:
    """Return how many examples are shown."""
    return EXAMPLES["recordings" if config.encoding.kind == "events" else "images"]


def load_training(config: StudyConfig, data: Path | None) -> Shown:
    """Load what the rungs of a study are fine-tuned on: of what trained its network, as much as is needed.

    Raises
    ------
    UserError
        If torch or the training examples are not there.
    """
    from bioscnn.training.data import load_shown

    require_torch()
    recipe = RECIPES[config.network.model]
    if recipe.recordings is not None:
        trials = training_examples(config) + VALIDATION
        recipe = replace(recipe, recordings=replace(recipe.recordings, trials=trials))
    return load_shown(replace(recipe, settings=settings_for(config)), "train", data)


def tune(prepared: Prepared, training: Shown, network: Path, progress: Watcher) -> Found:
    """Train a rung's network further on its own spikes, once through the examples, and simulate it.

    Parameters
    ----------
    prepared : Prepared
        A rung for which `why_not` has no reason.
    training : Shown
        From `load_training`.
    network : Path
        ONNX file of the trained network, which is written, or read if it is there.
    progress : Watcher
        Told of every batch.
    """
    config = prepared.study.config
    graph = read_model(network) if network.exists() else _train(prepared, training, network, progress)
    return run_unit(replace(prepared, graph=graph, network=convert_for(config, graph, None)), Silent())


def batches(config: StudyConfig) -> int:
    """Return how many batches the training has."""
    return -(-training_examples(config) // settings_for(config).batch_size)


def _train(prepared: Prepared, training: Shown, network: Path, progress: Watcher) -> LayerGraph:
    from bioscnn.training.train import train

    config, calibration = prepared.study.config, prepared.calibration
    assert calibration is not None
    normalisation = normalisation_for(conditions_of(config), prepared.graph, calibration.intensities())
    assert normalisation is not None
    n, labels = training_examples(config), training.examples.labels
    watched = slice(n, n + VALIDATION)
    graph, _ = train(
        replace(as_lif_network(prepared.graph, normalisation), name=network.stem),
        training.stimulus[:n],
        labels[:n],
        training.stimulus[watched],
        labels[watched],
        settings_for(config),
        progress=lambda done, total, records: progress.trial(),
    )
    write_onnx(graph, network)
    return graph


def settings_for(config: StudyConfig) -> SpikeSettings:
    """Return how a rung is fine-tuned: as the fine-tuned network of its data, but under its conditions."""
    dataset = RECIPES[config.network.model].dataset
    usual = next(
        (
            other.settings
            for other in RECIPES.values()
            if other.dataset == dataset and isinstance(other.settings, SpikeSettings)
        ),
        SpikeSettings(),
    )
    simulation, rule = config.simulation, config.readout.rule
    from_step = round(usual.decide_from / usual.duration * simulation.n_steps)
    return replace(
        usual,
        epochs=1,
        duration=simulation.duration,
        dt=simulation.dt,
        tau_s=config.synapse.tau_s,
        decide_from=from_step * simulation.dt,
        input_rate=config.encoding.input_rate,
        frame=config.encoding.frame,
        readout=rule if rule in READOUTS else READOUTS[0],
    )
