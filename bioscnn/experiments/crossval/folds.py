"""Who trains on what: the stages of a recipe, the recordings that are divided, and the folds."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets import EventSet, load_recordings
from bioscnn.errors import UserError
from bioscnn.studies.config import StudyConfig
from bioscnn.studies.event_input import EventInput
from bioscnn.training.recipes import RECIPES, Recipe

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
    settings = recipe.settings
    if recipe.recordings is None or config.encoding.kind != "events":
        raise UserError(
            "only networks of recordings are cross-validated",
            key="network",
            value=recipe.name,
            expected=" | ".join(name for name, other in RECIPES.items() if other.recordings),
        )
    for name, asked, trained in (
        ("dataset.name", config.dataset.name, recipe.dataset),
        ("encoding.bin_size", config.encoding.bin_size, recipe.recordings.bin_size),
        ("encoding.input_rate", config.encoding.input_rate, settings.input_rate),
        ("simulation.duration", config.simulation.duration, settings.duration),
        ("simulation.dt", config.simulation.dt, settings.dt),
        ("synapse.tau_s", config.synapse.tau_s, settings.tau_s),
    ):
        same = asked == trained if isinstance(asked, str) else math.isclose(asked, float(trained))
        if not same:
            raise UserError(
                f"{recipe.name} is trained for other trials than those of the study",
                key=name,
                value=asked,
                expected=f"{trained}, as in the recipe",
            )


def load_pool(config: StudyConfig, recipe: Recipe, data: Path | None) -> EventInput:
    """Load all recordings that are divided into folds, those of `Recordings.pool`."""
    assert recipe.recordings is not None
    source = recipe.recordings.source
    parts = [
        load_recordings(recipe.dataset, split, source=source, data=data) for split in recipe.recordings.pool
    ]
    return EventInput.of(EventSet.concatenate(parts), config)


def stages_of(recipe: Recipe) -> list[Recipe]:
    """Return the recipes to train one after the other: those that see the same recordings.

    What the recipe begins with is trained anew in each fold if it was trained on the same recordings; a
    network of other recordings is taken as it is shipped.
    """
    stages = [recipe]
    while isinstance(stages[0].start, str):
        before = RECIPES[stages[0].start]
        if (before.dataset, before.recordings) != (recipe.dataset, recipe.recordings):
            break
        stages.insert(0, before)
    return stages


def base_of(recipe: Recipe) -> str | None:
    """Return the shipped network that the first stage begins with; None for random weights."""
    start = stages_of(recipe)[0].start
    return start if isinstance(start, str) else None


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
