"""Fine-tuning on spikes under the conditions of a rung: what of its cost can be learnt away."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from bioscnn.ann import LayerGraph
from bioscnn.conversion.lif_network import as_lif_network
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.form import ONNX
from bioscnn.experiments.trained import arrays_of, onnx_bytes
from bioscnn.experiments.unit import Measure, Outcome, Unit
from bioscnn.fingerprint import hash_of
from bioscnn.ledger.conditions import normalisation_for
from bioscnn.studies.config import StudyConfig
from bioscnn.studies.prepare import conditions_of
from bioscnn.studies.recipe import FINE_TUNED, why_no_twin
from bioscnn.studies.recipes import shipped_recipes
from bioscnn.studies.study import Study
from bioscnn.training.settings import READOUTS, SpikeSettings
from bioscnn.training.train import require_torch

if TYPE_CHECKING:
    from bioscnn.studies.training import TrainingExamples

EXAMPLES = {"images": 20_000, "recordings": 2_000}
"""The first so many training examples are shown, once each."""

VALIDATION = 200
"""So many of the training examples that come after them are only watched."""


def why_not(config: StudyConfig) -> str:
    """Return why a rung cannot be fine-tuned, in words; empty if it can be.

    What is needed is a differentiable twin, see `bioscnn.training.twin`, and the recipe of the network, which
    says what trained it.
    """
    if reason := why_no_twin(config):
        return reason
    if config.network.model not in shipped_recipes():
        return "no recipe says on what the network was trained"
    return ""


def training_examples(config: StudyConfig) -> int:
    """Return how many examples are shown."""
    return EXAMPLES["recordings" if config.encoding.kind == "events" else "images"]


def training_set(config: StudyConfig, bench: Bench) -> TrainingExamples:
    """Load what the rungs of a study are fine-tuned on: of what trained its network, as much as is needed.

    Raises
    ------
    UserError
        If torch or the training examples are not there.
    """
    from bioscnn.studies.training import load_training_examples

    require_torch()
    usual = shipped_recipes()[config.network.model]
    recipe = replace(usual, config=usual.config.model_copy(update={"simulation": config.simulation}))
    trials = training_examples(config) + VALIDATION if recipe.recorded else None
    load = partial(load_training_examples, recipe, "train", bench.data, trials)
    examples: TrainingExamples = bench.keep("training", (recipe, trials), load)
    return examples


def fine_tune(unit: Unit, bench: Bench) -> Outcome:
    """Train the network of a rung for which `why_not` has no reason further on its spikes, one epoch.

    Returns
    -------
    mapping of ndarray
        ``onnx``: the ONNX file of the trained network, uint8, shape (n_bytes,).
    """
    from bioscnn.training.train import train

    config = unit.study.config
    training, n = training_set(config, bench), training_examples(config)
    labels, watched = training.examples.labels, slice(n, n + VALIDATION)
    graph, _ = train(
        _initial(unit.study, bench),
        training.stimulus[:n],
        labels[:n],
        training.stimulus[watched],
        labels[watched],
        settings_for(config),
    )
    return {"onnx": onnx_bytes(graph)}


def _initial(study: Study, bench: Bench) -> LayerGraph:
    """Return the network of a rung, written as one of LIF rates."""
    case = bench.case(study)
    assert case.calibration is not None
    conditions = conditions_of(study.config)
    normalisation = normalisation_for(conditions, case.graph, case.calibration.intensities())
    assert normalisation is not None
    return as_lif_network(case.graph, normalisation)


def _inputs(unit: Unit, bench: Bench) -> str:
    config = unit.study.config
    training = training_set(config, bench)
    stimulus = training.stimulus[: training_examples(config) + VALIDATION]
    labels = np.asarray(training.examples.labels)
    return hash_of(
        _initial(unit.study, bench).sha256(), settings_for(config), VALIDATION, *arrays_of(stimulus), labels
    )


def settings_for(config: StudyConfig) -> SpikeSettings:
    """Return the settings that fine-tune a rung: those of its data's network, its own conditions."""
    recipes = shipped_recipes()
    of_data = recipes.get(f"{recipes[config.network.model].dataset}-small{FINE_TUNED}")
    usual = SpikeSettings() if of_data is None else of_data.settings(training_examples(config))
    assert isinstance(usual, SpikeSettings)
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


FINE_TUNE = Measure(fine_tune, _inputs, core=("bioscnn.training.train",), form=lambda unit: ONNX)
