"""The measure of experiments that train: a network by its recipe, with a seed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bioscnn.ann import LayerGraph, read_model
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.trained import arrays_of, network_of, onnx_bytes, told_by_epoch
from bioscnn.experiments.unit import Measure, Outcome, Unit, hash_of
from bioscnn.studies.recipe import Recipe
from bioscnn.studies.recipes import shipped_recipes
from bioscnn.studies.study import Study
from bioscnn.training.train import require_torch

if TYPE_CHECKING:
    from bioscnn.studies.training import TrainingExamples

TRAINING = "training"
"""Condition of the units that train."""


def training_unit(name: str, seed: int, examples: int | None = None, needs: tuple[str, ...] = ()) -> Unit:
    """Return the unit that trains a shipped network anew.

    Parameters
    ----------
    name : str
        Of the network, one of `bioscnn.studies.recipes.shipped_recipes`.
    seed : int
        Of its first weights, of the order of its examples and of their distortions.
    examples : int, optional
        The first so many training examples are shown; as many as the recipe says if not given.
    needs : tuple of str
        The network that training begins with, of a recipe that begins with one; see `Done.need`.
    """
    recipe = shipped_recipes()[name]
    shown = examples or recipe.examples or 0
    return Unit(
        name,
        TRAINING,
        Study(name, recipe.config),
        "bioscnn.experiments.training:TRAIN",
        {"recipe": name, "seed": seed, "examples": examples},
        needs=needs,
        work=float(shown or 50_000),
    )


def train_network(unit: Unit, bench: Bench) -> Outcome:
    """Train a network by its recipe.

    Options: ``recipe``, ``seed`` and ``examples``, the parameters of `training_unit`.

    Returns
    -------
    mapping of ndarray
        ``onnx``: the ONNX file of the network, uint8, shape (n_bytes,).

    Raises
    ------
    UserError
        If torch or the training examples are not there.
    """
    from bioscnn.training.train import train

    recipe, training, validation = _examples(unit, bench)
    settings = recipe.settings(len(training.examples))
    graph, _ = train(
        _initial(unit, recipe, training, bench),
        training.stimulus,
        training.examples.labels,
        validation.stimulus,
        validation.examples.labels,
        settings,
        None if recipe.teacher is None else read_model(recipe.teacher),
        progress=told_by_epoch(bench.progress, f"{recipe.name}, seed {settings.seed}", settings),
        noisy_images=training.noisy,
    )
    return {"onnx": onnx_bytes(graph)}


def _examples(unit: Unit, bench: Bench) -> tuple[Recipe, TrainingExamples, TrainingExamples]:
    """Return the recipe with its seed, what trains, and what chooses the epoch."""
    from bioscnn.studies.training import load_training_examples

    require_torch()
    recipe = shipped_recipes()[unit.options["recipe"]].changed(unit.options["seed"])

    def load(split: str, examples: int | None) -> TrainingExamples:
        # Only noise that passes a front end is drawn before training, by the seed.
        decided_by = replace(recipe, seed=recipe.seed if recipe.front_end else None), split, examples
        shown: TrainingExamples = bench.keep(
            "training",
            decided_by,
            lambda: load_training_examples(recipe, split, bench.data, examples, bench.progress),
        )
        return shown

    return recipe, load("train", unit.options["examples"]), load("validation", None)


def _initial(unit: Unit, recipe: Recipe, training: TrainingExamples, bench: Bench) -> LayerGraph:
    from bioscnn.studies.training import with_neuron

    if not unit.needs:
        return recipe.initial(training.shape, len(training.examples.classes), recipe.seed or 0)
    start = network_of(bench.given[unit.needs[0]]["onnx"])
    return replace(with_neuron(start, recipe.neuron), name=recipe.name)


def _inputs(unit: Unit, bench: Bench) -> str:
    recipe, *both = _examples(unit, bench)
    arrays = []
    for shown in both:
        arrays += [*arrays_of(shown.stimulus), np.asarray(shown.examples.labels)]
        arrays += [] if shown.noisy is None else [shown.noisy]
    teacher = "" if recipe.teacher is None else read_model(recipe.teacher).sha256()
    settings = repr(recipe.settings(len(both[0].examples)))
    return hash_of(_initial(unit, recipe, both[0], bench).sha256(), settings, teacher, *arrays)


TRAIN = Measure(train_network, _inputs, core=("bioscnn.training.train", "bioscnn.experiments.trained"))
