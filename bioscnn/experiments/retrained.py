"""Networks of one recipe, each trained from a seed of its own: which one was trained is chance, too."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from bioscnn.ann import LayerGraph, read_onnx, write_onnx
from bioscnn.caches import cache_folder
from bioscnn.errors import UserError
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.fingerprint import code_of
from bioscnn.experiments.trained import onnx_bytes, told_by_epoch
from bioscnn.experiments.unit import Measure, Outcome, Unit, hash_of
from bioscnn.spikes import SpikeTrains
from bioscnn.studies.recipe import Recipe
from bioscnn.studies.recipes import shipped_recipes
from bioscnn.studies.study import Study

if TYPE_CHECKING:
    from bioscnn.studies.training import Shown

TRAINING_SEEDS = ("training seeds",)
"""What differs from one of these networks to the next."""

NETWORK = "training network"
"""Condition of the units that train them."""

WORK = 100.0
"""About how much longer it takes to train a network than to simulate some trials."""


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
    from bioscnn.training.train import require_torch

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
    more = {} if epochs is None else {"epochs": epochs}
    return [
        Unit(
            f"seed {seed}",
            NETWORK,
            Study(recipe.name, recipe.config),
            f"{__name__}:TRAIN",
            {"seed": seed, **more},
            work=WORK,
        )
        for seed in range(first, first + n)
    ]


def retrain(unit: Unit, bench: Bench) -> Outcome:
    """Train the network of a unit's study by its recipe; an interrupted training goes on where it was.

    Options: ``seed``; ``epochs``, if they are not those of the recipe.

    Returns
    -------
    mapping of ndarray
        ``onnx``: the ONNX file of the network, uint8, shape (n_bytes,).
    """
    from bioscnn.training.train import train

    recipe = _recipe(unit)
    training, validation = (_shown(recipe, split, bench) for split in ("train", "validation"))
    settings = recipe.settings(len(training.examples))
    place = cache_folder() / "training" / f"{unit.id}-{code_of(unit.measure)}"
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{recipe.name}.onnx"
    if not path.exists():
        graph, _ = train(
            _initial(recipe, training),
            training.stimulus,
            training.examples.labels,
            validation.stimulus,
            validation.examples.labels,
            settings,
            None if recipe.teacher is None else bench.read(recipe.teacher),
            checkpoint=place / "checkpoint.npz",
            progress=told_by_epoch(bench.progress, f"{recipe.name}, seed {settings.seed}", settings),
            noisy_images=training.noisy,
        )
        write_onnx(graph, path)
    onnx = onnx_bytes(read_onnx(path))
    shutil.rmtree(place, ignore_errors=True)
    return {"onnx": onnx}


def _recipe(unit: Unit) -> Recipe:
    recipe = shipped_recipes()[unit.study.config.network.model]
    return recipe.changed(unit.options["seed"], unit.options.get("epochs"))


def _initial(recipe: Recipe, shown: Shown) -> LayerGraph:
    settings = recipe.settings(len(shown.examples))
    return recipe.initial(shown.shape, len(shown.examples.classes), settings.seed)


def _shown(recipe: Recipe, split: str, bench: Bench) -> Shown:
    from bioscnn.studies.training import load_shown

    shown: Shown = bench.keep(
        "examples of a recipe", (recipe, split), lambda: load_shown(recipe, split, bench.data)
    )
    return shown


def _inputs(unit: Unit, bench: Bench) -> str:
    recipe = _recipe(unit)
    both = [_shown(recipe, split, bench) for split in ("train", "validation")]
    arrays: list[Any] = []
    for shown in both:
        stimulus = shown.stimulus
        if isinstance(stimulus, SpikeTrains):
            arrays += [stimulus.neuron, stimulus.step, stimulus.trial_start]
        else:
            arrays.append(stimulus)
        arrays += [shown.examples.labels] + ([] if shown.noisy is None else [shown.noisy])
    teacher = None if recipe.teacher is None else bench.read(recipe.teacher).sha256()
    settings = repr(recipe.settings(len(both[0].examples)))
    return hash_of(_initial(recipe, both[0]).sha256(), teacher, settings, *arrays)


TRAIN = Measure(retrain, _inputs, core=("bioscnn.training.train", "bioscnn.experiments.trained"))
