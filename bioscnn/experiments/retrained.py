"""Networks of one recipe, each trained from a seed of its own: which one was trained is chance, too."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bioscnn.ann import LayerGraph
from bioscnn.caches import cache_folder
from bioscnn.errors import UserError
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.fingerprint import code_of
from bioscnn.experiments.form import ONNX
from bioscnn.experiments.trained import TRAINING, arrays_of, needed_network, onnx_bytes, progress_by_epoch
from bioscnn.experiments.unit import Measure, Outcome, Unit, hash_of
from bioscnn.studies.recipe import Recipe
from bioscnn.studies.recipes import shipped_recipes
from bioscnn.studies.study import Study
from bioscnn.training.train import require_torch

if TYPE_CHECKING:
    from bioscnn.studies.training import TrainingExamples

NETWORK = "training network"
"""Condition of the units that train them."""

WORK = 100.0
"""About how much longer it takes to train a network than to simulate some trials."""


def training_unit(
    name: str,
    seed: int,
    *,
    epochs: int | None = None,
    examples: int | None = None,
    needs: tuple[str, ...] = (),
) -> Unit:
    """Return the unit that trains a shipped network anew.

    Parameters
    ----------
    name : str
        Of the network, one of `bioscnn.studies.recipes.shipped_recipes`.
    seed : int
        Of its first weights, of the order of its examples and of their distortions.
    epochs, examples : int, optional
        In place of those of the recipe: epochs, and the first so many examples.
    needs : tuple of str
        The network that training begins with, of a recipe that begins with one; see `Done.need`.
    """
    fewer = {"epochs": epochs, "examples": examples}
    options = {"recipe": name, "seed": seed} | {key: n for key, n in fewer.items() if n is not None}
    study = Study(name, shipped_recipes()[name].config)
    return Unit(f"{name}, seed {seed}", NETWORK, study, f"{__name__}:TRAIN", options, needs=needs, work=WORK)


def training_unit_of(recipe: Recipe, seed: int, needs: tuple[str, ...] = ()) -> Unit:
    """Return the unit that trains a network by a recipe that need not be that of a shipped one.

    Parameters
    ----------
    recipe : Recipe
        Its stage, and all that its study says.
    seed, needs
        As of `training_unit`.
    """
    keys = recipe.config.training.model_dump()  # the hash of a study leaves them out
    options = {"stage": recipe.stage, "training": keys, "seed": seed}
    study = Study(recipe.name, recipe.config)
    measure = f"{__name__}:TRAIN"
    return Unit(f"{recipe.name}, seed {seed}", NETWORK, study, measure, options, needs=needs, work=WORK)


def training_units(model: str, n: int, epochs: int | None = None) -> list[Unit]:
    """Return the training of so many networks by the recipe of a shipped one, each from a seed of its own.

    Parameters
    ----------
    model : str
        The shipped network.
    n : int
        How many.
    epochs : int, optional
        In place of those of the recipe, for a look. Without it, the networks and the shipped one are drawn
        alike: nothing but the seed differs, and their seeds follow that of the shipped one. With it they
        begin at the same seed, and the shipped one is none of them.

    Raises
    ------
    UserError
        If torch is missing, no recipe says how the network was trained, or it begins with another network.
    """
    if n < 1:
        return []
    recipe = shipped_recipes().get(model)
    if recipe is None or recipe.start is not None:
        raise UserError(
            "no recipe says how to train this network anew, from random weights",
            key="network.model",
            value=model,
            expected="one that comes with bioscnn, such as mnist-small-relu",
            fix="take one network: --networks 1",
        )
    require_torch()
    first = recipe.settings(1).seed + (epochs is None)
    return [training_unit(model, seed, epochs=epochs) for seed in range(first, first + n)]


def retrain(unit: Unit, bench: Bench) -> Outcome:
    """Train a network by its recipe; an interrupted training goes on where it was.

    Options: those of `training_unit`, or ``stage``, ``training`` and ``seed`` of `training_unit_of`.

    Returns
    -------
    mapping of ndarray
        ``onnx``: the ONNX file of the network, uint8, shape (n_bytes,).
    """
    from bioscnn.training.train import train

    recipe, training, validation = _recipe(unit), *_examples(unit, bench)
    settings = recipe.settings(len(training.examples))
    # Another experiment may train the same network at the same time: it writes the same.
    checkpoint = cache_folder() / "training" / f"{unit.id}-{code_of(unit.measure)}.npz"
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    graph, _ = train(
        _initial(unit, recipe, training, bench),
        training.stimulus,
        training.examples.labels,
        validation.stimulus,
        validation.examples.labels,
        settings,
        None if recipe.teacher is None else bench.read(recipe.teacher),
        checkpoint=checkpoint,
        progress=progress_by_epoch(bench.progress, f"{recipe.name}, seed {settings.seed}", settings),
        noisy_images=training.noisy,
    )
    onnx = onnx_bytes(graph)
    checkpoint.unlink(missing_ok=True)
    return {"onnx": onnx}


def _recipe(unit: Unit) -> Recipe:
    options = unit.options
    if "stage" in options:
        return Recipe(unit.study.name, unit.study.config, options["stage"], None).changed(options["seed"])
    return shipped_recipes()[options["recipe"]].changed(options["seed"], options.get("epochs"))


def _examples(unit: Unit, bench: Bench) -> tuple[TrainingExamples, TrainingExamples]:
    """Return the examples that train, and those that choose the epoch."""
    from bioscnn.studies.training import load_training_examples

    recipe = _recipe(unit)
    # Only noise that passes a front end is drawn before training, by the seed.
    decided_by = replace(recipe, seed=recipe.seed if recipe.front_end else None, epochs=None)

    def load(split: str, examples: int | None) -> TrainingExamples:
        loaded: TrainingExamples = bench.keep(
            "examples of a recipe",
            (decided_by, split, examples),
            lambda: load_training_examples(recipe, split, bench.data, examples, bench.progress),
        )
        return loaded

    return load("train", unit.options.get("examples")), load("validation", None)


def _initial(unit: Unit, recipe: Recipe, training: TrainingExamples, bench: Bench) -> LayerGraph:
    from bioscnn.studies.training import with_neuron

    if not unit.needs:
        seed = recipe.settings(len(training.examples)).seed
        return recipe.initial(training.shape, len(training.examples.classes), seed)
    start = needed_network(unit, bench)
    return replace(with_neuron(start, recipe.neuron), name=recipe.name)


def _inputs(unit: Unit, bench: Bench) -> str:
    recipe, both = _recipe(unit), _examples(unit, bench)
    arrays = []
    for examples in both:
        arrays += [*arrays_of(examples.stimulus), np.asarray(examples.examples.labels)]
        arrays += [] if examples.noisy is None else [examples.noisy]
    teacher = None if recipe.teacher is None else bench.read(recipe.teacher).sha256()
    settings = repr(recipe.settings(len(both[0].examples)))
    return hash_of(_initial(unit, recipe, both[0], bench).sha256(), teacher, settings, *arrays)


TRAIN = Measure(retrain, _inputs, TRAINING, lambda unit: ONNX)
