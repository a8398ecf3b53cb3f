"""Which recipe a name stands for: a study file, a network that comes with bioscnn, or all of a data set."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from bioscnn.ann import shipped_models
from bioscnn.datasets.own import kind_and_path
from bioscnn.errors import UserError, did_you_mean
from bioscnn.studies.recipe import FINE_TUNED, TIMED, Recipe, Stage, recipe_of
from bioscnn.studies.settling import read_study_of_any_duration
from bioscnn.studies.shipped import shipped_studies
from bioscnn.studies.study import read_study

FOLDER = "networks"
"""Of the shipped studies, those that say how a network was trained."""


def find_recipes(what: str, changes: Sequence[str] = (), stage: Stage | None = None) -> list[Recipe]:
    """Return the recipes that ``bioscnn train`` is to follow.

    Parameters
    ----------
    what : str
        A study file; a network that comes with bioscnn; or a data set, for all of its networks.
    changes : sequence of str
        Changes of keys of the study, as of `bioscnn.studies.study.read_study`.
    stage : str, optional
        ``"rates"``, ``"spikes"`` or ``"times"``; that of the study if left out.

    Raises
    ------
    UserError
        If there is no such study, network or data set, or the study is wrong.
    """
    path, networks = Path(what), shipped_studies() / FOLDER
    arguments = (what, *(["--on", stage] if stage else []), *(w for c in changes for w in ("--set", c)))
    if path.suffix == ".toml" or os.path.isfile(path):  # noqa: PTH113  (False of a name that is too long)
        # A trial whose duration is to be found once there is a network lasts as usual.
        study = read_study_of_any_duration(path, changes, images="30 ms", events="300 ms")
        return [replace(recipe_of(study, stage), arguments=arguments)]
    tuned: tuple[tuple[str, Stage], ...] = ((FINE_TUNED, "spikes"), (TIMED, "times"))
    bases = [(what.removesuffix(ending), of) for ending, of in tuned if what.endswith(ending)]
    for name, its_stage in ((what, stage), *bases):
        file = networks / f"{name}.toml"
        if file.parent == networks and os.path.isfile(file):  # noqa: PTH113
            recipe = recipe_of(read_study(file, changes), its_stage)
            return [replace(recipe, arguments=arguments)]
    recipes, shipped = shipped_recipes(), shipped_models()
    of_data = [r for r in recipes.values() if r.dataset == what and r.name in shipped]
    if not of_data:
        data = dict.fromkeys(r.dataset for r in recipes.values() if kind_and_path(r.dataset) is None)
        names = [*data, *recipes]
        raise UserError(
            "no such network or data set",
            key="network",
            value=what,
            expected=f"a study file, NAME.toml, or one of {', '.join(names)}",
            fix=did_you_mean(what, names),
        )
    if changes or stage:
        raise UserError(
            "these are several networks",
            key="--set" if changes else "--on",
            value=what,
            expected=f"one of {', '.join(r.name for r in of_data)}",
        )
    return of_data


@cache
def shipped_recipes() -> dict[str, Recipe]:
    """Return the recipes of networks that come with bioscnn, and of those that training was studied with.

    They are the studies of ``sims/networks``. A network that another one begins with, or learns from, comes
    before it.
    """
    recipes: dict[str, Recipe] = {}
    for path in sorted((shipped_studies() / FOLDER).glob("*.toml")):
        study = read_study(path)
        recipes[study.name] = recipe_of(study)
        made = recipes[study.name].stage
        further: tuple[Stage, ...] = ("spikes", "times") if made == "rates" else ()
        for stage in further:
            if stage in study.config.training.model_fields_set:
                recipe = recipe_of(study, stage)
                recipes[recipe.name] = recipe
    ordered: dict[str, Recipe] = {}
    while len(ordered) < len(recipes):
        for name, recipe in recipes.items():
            if name not in ordered and {recipe.start, recipe.teacher} & recipes.keys() <= ordered.keys():
                ordered[name] = recipe
                break
        else:
            raise ValueError("recipes that need each other")
    return ordered


def find_recipe(what: str, changes: Sequence[str] = (), stage: Stage | None = None) -> Recipe:
    """Return the recipe of one network; parameters as of `find_recipes`.

    Raises
    ------
    UserError
        If there is none of this name, or it is that of a data set of several networks.
    """
    recipes = find_recipes(what, changes, stage)
    if len(recipes) > 1:
        names = ", ".join(r.name for r in shipped_recipes().values() if r.dataset == what)
        raise UserError(
            "a data set of several networks", key="network", value=what, expected=f"one of {names}"
        )
    return recipes[0]
