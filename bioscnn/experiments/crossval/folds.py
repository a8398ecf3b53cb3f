"""Who trains on what: the stages of a recipe, the recordings that are divided, and the folds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets import EventSet, load_recordings
from bioscnn.errors import UserError
from bioscnn.studies.config import StudyConfig
from bioscnn.studies.event_input import EventInput
from bioscnn.studies.recipe import Recipe
from bioscnn.studies.recipes import shipped_recipes
from bioscnn.studies.study import flat_keys

SAME = (
    "dataset.name", "encoding.bin_size", "encoding.input_rate", "simulation.duration", "simulation.dt",
    "synapse.tau_s",
)  # fmt: skip
"""Keys that a study shares with the recipe of its network."""

CHOOSING = 100
"""Of the recordings that train a fold, about so many choose its epoch."""

Rows = NDArray[np.int64]


def check_recipe(config: StudyConfig, recipe: Recipe) -> None:
    """Refuse a recipe that is for images, or for other trials than those of a study.

    Raises
    ------
    UserError
        Naming the key that differs.
    """
    if not recipe.recorded or config.encoding.kind != "events":
        raise UserError(
            "only networks of recordings are cross-validated",
            key="network",
            value=recipe.name,
            expected=" | ".join(name for name, candidate in shipped_recipes().items() if candidate.recorded),
        )
    study, trained = flat_keys(config), flat_keys(recipe.config)
    for key in SAME:
        if study[key] != trained[key]:
            raise UserError(
                f"{recipe.name} is trained for other trials than those of the study",
                key=key,
                value=study[key],
                expected=f"{trained[key]}, as in the recipe",
            )


def load_pool(config: StudyConfig, recipe: Recipe, data: Path | None) -> EventInput:
    """Load all recordings that are divided into folds, those of ``training.folds_of``."""
    keys = recipe.config
    parts = [
        load_recordings(recipe.dataset, split, source=keys.dataset.recordings, data=data)
        for split in keys.training.folds_of
    ]
    return EventInput.of(EventSet.concatenate(parts), config)


def stages_of(recipe: Recipe) -> list[Recipe]:
    """Return the recipes to train one after the other: those that see the same recordings.

    What the recipe begins with is trained anew in each fold if it was trained on the same recordings; a
    network of other recordings is taken as it is shipped.
    """
    stages = [recipe]
    while stages[0].start is not None:
        before = shipped_recipes()[stages[0].start]
        if _recordings(before) != _recordings(recipe):
            break
        stages.insert(0, before)
    return stages


def _recordings(recipe: Recipe) -> tuple[object, ...]:
    """Return all that decides which recordings a recipe sees."""
    return recipe.dataset, recipe.facts(), recipe.config.training.folds_of


def base_of(recipe: Recipe) -> str | None:
    """Return the shipped network that the first stage begins with; None for random weights."""
    return stages_of(recipe)[0].start


def divided(labels: NDArray[np.int64], folds: int) -> list[tuple[Rows, Rows]]:
    """Return the rows that train and those that test, fold by fold, every class divided alike.

    Raises
    ------
    UserError
        If there are fewer than two folds, or more than recordings of the rarest class.
    """
    from sklearn.model_selection import StratifiedKFold

    rarest = int(np.bincount(labels).min())
    if not 2 <= folds <= rarest:
        raise UserError(
            "so many folds cannot hold every class",
            key="--folds",
            value=folds,
            expected=f"2 to {rarest}, the recordings of the rarest class",
        )
    return list(StratifiedKFold(folds, shuffle=True, random_state=1).split(labels, labels))


def choosing_epoch(rows: Rows) -> Rows:
    """Return the rows that choose the epoch, of those that train: those of the fold itself choose nothing."""
    return rows[:: max(1, len(rows) // CHOOSING)]
