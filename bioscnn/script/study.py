"""A study as a script: what is loaded for it, and where script and arrays are written."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

import bioscnn
from bioscnn.datasets.own import kind_and_path
from bioscnn.errors import UserError
from bioscnn.files import free_place, make_folder, read_npz, write_atomically, write_npz
from bioscnn.script.text import Model, Script, script_of
from bioscnn.simulation import Progress
from bioscnn.studies import Study
from bioscnn.studies.config import StudyConfig
from bioscnn.studies.prepare import prepare

TRIALS = 10
SCRIPT, ARRAYS = "model.py", "model.npz"


@dataclass(frozen=True)
class WrittenScript:
    """A plain Brian2 script and the file of arrays that it loads, as written to disk.

    Parameters
    ----------
    text : str
        The script.
    script : Path or None
        Its file; None if only the file that it loads was written.
    arrays : Path
        The file that it loads.
    """

    text: str
    script: Path | None
    arrays: Path


def study_script(
    study: Study,
    npz: str = ARRAYS,
    trials: int = TRIALS,
    data: Path | None = None,
    progress: Progress | None = None,
) -> Script:
    """Write a study as a plain Brian2 script that gives the same spikes.

    The device of the study plays no role, since all devices give the same spikes.

    Parameters
    ----------
    study : Study
        What to write.
    npz : str
        Name of the file that the script loads from its own folder.
    trials : int
        How many of the first trials of the study it simulates; fewer if the study has fewer.
    data : Path or None
        Data folder.
    progress : Progress, optional
        Told what happens.

    Returns
    -------
    Script

    Raises
    ------
    UserError
        As a run does, and if chance that is drawn in the simulation makes the same spikes impossible.

    Examples
    --------
    >>> script = study_script(read_study("sims/mnist.toml"))  # doctest: +SKIP
    """
    # All trials of the study are prepared: how the first ones are encoded may depend on how many there are.
    anywhere = study.config.simulation.model_copy(update={"device": "numpy"})
    config = study.config.model_copy(update={"simulation": anywhere})
    prepared = prepare(replace(study, config=config), data, progress)
    examples, first = prepared.examples, slice(trials)
    dataset, drawn = config.dataset, examples.source.rpartition(": ")[2]
    split = dataset.split if dataset.own is None else f"{dataset.split}: {drawn}"
    named = Path(config.network.model).name
    origin = (
        f"Study {study.name}: {dataset.label} ({split}),",
        f"encoded as {config.encoding.kind}{_gain_control(config)}; network {named}.",
        f"Images or recordings sha256 {examples.sha256};",
        f"weights sha256 {prepared.graph.sha256()}; bioscnn {bioscnn.__version__}.",
        *(f"Changed: {key} = {_without_folders(key, value)}" for key, value in study.edits),
    )
    model = Model(
        origin,
        prepared.network,
        prepared.stimulus[first],
        examples.labels[first],
        tuple(map(str, examples.classes)),
        config.readout.rule,
    )
    return script_of(model, npz)


_PATHS = ("dataset.name", "network.model", "neuron.model", "training.start", "training.teacher")


def _without_folders(key: str, value: object) -> object:
    """Return a value of a study, of a path the name alone: the script is read on other machines."""
    if key not in _PATHS or not isinstance(value, str):
        return value
    kind_path = kind_and_path(value)
    kind, path = ("", value) if kind_path is None else (f"{kind_path[0]}:", kind_path[1])
    return f"{kind}{Path(path).name}"


def _gain_control(config: StudyConfig) -> str:
    """Return the sentences on gain control for a reader who would encode other images alike."""
    return ", each image by its own range (gain control)" if config.encoding.adapts else ""


def write_script(
    study: Study,
    out: Path | None = None,
    trials: int = TRIALS,
    data: Path | None = None,
    progress: Progress | None = None,
) -> WrittenScript:
    """Write a study as a script, and the file that it loads.

    Parameters
    ----------
    study, trials, data, progress
        As of `study_script`.
    out : Path or None
        Folder for ``model.py`` and ``model.npz``. None if the script goes elsewhere: then only the other
        file is written, ``STUDY-brian2.npz`` in the current folder.

    Raises
    ------
    UserError
        As of `study_script`, or if a file is there that may hold work of the user's, or cannot be written.
    """
    if out is None:
        arrays = Path(re.sub(r"[^A-Za-z0-9_.-]", "_", study.name) + "-brian2.npz")
        free_place(None, arrays, lambda there: {"true_class", "classes"} <= (read_npz(there) or {}).keys())
        script = study_script(study, arrays.name, trials, data, progress)
        write_npz(arrays, script.arrays)
        return WrittenScript(script.text, None, arrays)
    if os.path.lexists(out) and not out.is_dir():
        raise UserError("a folder is written, and this is none", file=out, fix="give --out a new folder")
    for name in (SCRIPT, ARRAYS):
        if os.path.lexists(out / name):
            raise UserError(
                "the file is there already, and may have been edited",
                file=out / name,
                fix="give --out a new folder, or remove the file",
            )
    script = study_script(study, ARRAYS, trials, data, progress)
    make_folder(out)
    write_npz(out / ARRAYS, script.arrays)
    write_atomically(out / SCRIPT, script.text.encode())
    return WrittenScript(script.text, out / SCRIPT, out / ARRAYS)
