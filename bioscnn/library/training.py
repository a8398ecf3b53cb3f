"""Networks, trained."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from bioscnn.ann import read_model
from bioscnn.errors import UserError
from bioscnn.library.arguments import (
    Changes,
    StudyLike,
    and_changes,
    as_path,
    as_texts,
    file_of,
    table_of,
    with_changes,
)
from bioscnn.library.learned import learned_study, train_learned_study
from bioscnn.library.wording import in_python
from bioscnn.stdp.run import refuse_stage
from bioscnn.studies.config.training import Training
from bioscnn.studies.recipe import Stage, recipe_of
from bioscnn.studies.recipes import find_recipe
from bioscnn.studies.study import Study


@in_python
def train(
    study: StudyLike,
    changes: Changes | None = None,
    *,
    on: Stage | None = None,
    epochs: int | None = None,
    seed: int | None = None,
    data: str | Path | None = None,
    out: str | Path | None = None,
    progress: bool = False,
) -> tuple[Any, dict[str, Any]]:
    """Train the network of a study, and write it and its card beside the study.

    A training that was stopped goes on from its checkpoint; the same study gives the same network.

    Parameters
    ----------
    study : str, path or Study
        A file with or without a table ``[training]``, see docs/training.md; the name of a network that comes
        with bioscnn, such as ``"mnist-small"``; or a study that has been read.
    changes : mapping, optional
        Keys and their values: ``{"training.layers": "8c3 16c3s2 d32"}``.
    on : str, optional
        ``"rates"``; or ``"spikes"`` or ``"times"``, which begin with the network of the study; that of the
        study if left out.
    epochs, seed : int, optional
        In place of those of the study.
    data : path, optional
        A data folder; else BIOSCNN_DATA, downloads, or the embedded data.
    out : path, optional
        Folder of the network and its card; else that of ``network.model``.
    progress : bool
        Whether a bar and a line for each epoch are shown.

    Returns
    -------
    graph : LayerGraph or LearnedNetwork
        The trained network, which `bioscnn.convert` takes; or one that learned without labels, which
        ``bioscnn.run(study, {"learning.network": graph.file})`` takes.
    card : dict
        What made it, and how well it classifies the validation examples.

    Raises
    ------
    UserError
        If torch is missing, the data cannot be had, or the study cannot be trained.

    Examples
    --------
    >>> graph, card = train("pets.toml", {"training.mirror": 0.5}, epochs=20)  # doctest: +SKIP
    """
    from bioscnn.studies.training import train_recipe
    from bioscnn.terminal import TrainingProgress

    if on is not None and on not in get_args(Stage):
        raise UserError(
            "no such stage of training", key="on", value=on, expected='"rates", "spikes" or "times"'
        )
    folder, replaced = as_path(out), {"seed": seed, "epochs": epochs}
    of_learning = {"learning.seed": seed, "learning.passes": epochs}
    learning_keys = {key: value for key, value in of_learning.items() if value is not None}
    if (learned := learned_study(study, and_changes(changes, learning_keys))) is not None:
        refuse_stage("on", on)
        return train_learned_study(learned, as_path(data), folder, progress)
    checked = table_of(Training, "training", {key: n for key, n in replaced.items() if n is not None})
    if isinstance(study, Study):
        read = with_changes(study, changes)
        edits = [word for text in as_texts(dict(read.edits)) for word in ("--set", text)]
        arguments = (study.argument, *(["--on", on] if on else []), *edits)
        recipe = replace(recipe_of(read, on), arguments=arguments)
    else:
        recipe = find_recipe(str(file_of(study)), as_texts(changes), on)
    recipe = recipe.changed(None if seed is None else checked.seed, checked.epochs)
    with TrainingProgress(recipe.name) if progress else nullcontext() as follow:
        file, card = train_recipe(recipe, as_path(data), folder, follow)
    return read_model(file), card
