"""Arguments of the library's functions: studies, runs, changes of keys, paths, progress."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from bioscnn.errors import UserError
from bioscnn.files import newest_run, path_of
from bioscnn.simulation import Progress
from bioscnn.simulation.simulate import Silent
from bioscnn.studies.settling import ChosenDuration, read_settled_study
from bioscnn.studies.study import Study, first_problem, study_of

T = TypeVar("T", bound=BaseModel)

StudyLike = str | Path | Study
"""A study: a file, the name of a shipped one, or one that has been read."""

_CHANGES_ARE = 'a mapping such as {"neuron.t_ref": "1 ms"}'

Changes = Mapping[str, object]
"""Keys and values, such as ``{"neuron.t_ref": "1 ms", "dataset.trials": 500}``."""


def settled(
    study: StudyLike, changes: Changes | None, data: str | Path | None, progress: bool
) -> tuple[Study, ChosenDuration | None]:
    """Return a study with some keys changed, and how its duration was found; None if it has one."""
    if isinstance(study, Study):
        return with_changes(study, changes), None
    with progress_bar(progress) as watcher:
        return read_settled_study(file_of(study), as_texts(changes), as_path(data), watcher)


def file_of(study: str | Path) -> Path:
    """Return the file of a study, or its name, as a path."""
    return path_of(study, "study", "a file, the name of a shipped study, or a Study")


def require_type(key: str, value: object, kind: Any, expected: str) -> None:
    """Refuse an argument of another class; None is none."""
    if value is not None and not isinstance(value, kind):
        raise UserError(f"no {key}", key=key, value=value, expected=expected)


def with_changes(study: Study, changes: Changes | None) -> Study:
    """Return a study with some keys changed."""
    if not changes:
        return study
    changed = study_of(Path(f"{study.name}.toml"), study.config.model_dump(), as_texts(changes))
    edits = dict(study.edits) | dict(changed.edits)
    return replace(changed, edits=tuple(edits.items()), file=study.file)


def and_changes(changes: Changes | None, more: Mapping[str, object]) -> dict[str, object]:
    """Return changes, and more that a function makes itself."""
    require_type("changes", changes, Mapping, _CHANGES_ARE)
    return {**(changes or {}), **more}


def as_texts(changes: Changes | None) -> list[str]:
    """Return changes as they are written on the command line.

    Examples
    --------
    >>> as_texts({"neuron.t_ref": "1 ms", "dataset.trials": 500})
    ['neuron.t_ref="1 ms"', 'dataset.trials=500']
    """
    require_type("changes", changes, Mapping, _CHANGES_ARE)
    return [f"{key}={_as_toml(key, value)}" for key, value in (changes or {}).items()]


def _as_toml(key: str, value: object) -> str:
    """Return a value as a file has it: JSON's texts, numbers, booleans and lists are TOML's too."""

    def plain(item: Any) -> object:
        if isinstance(item, Path):
            return str(item)
        # Numbers and arrays of NumPy, but no quantities of Brian2.
        if hasattr(item, "tolist") and not hasattr(item, "dimensions"):
            return item.tolist()
        raise UserError(
            "no value of a key",
            key=key,
            value=item,
            expected='text such as "1 ms", a number, True or False, or a list or mapping of these',
        )

    if isinstance(value, Mapping):
        inside = (f"{json.dumps(str(name))} = {_as_toml(key, item)}" for name, item in value.items())
        return f"{{ {', '.join(inside)} }}"
    return json.dumps(value, ensure_ascii=False, default=plain)


def table_of(kind: type[T], name: str, keys: Mapping[str, object]) -> T:
    """Return keys as a table of a study file, by whose rules they are refused.

    Raises
    ------
    UserError
        If a key is unknown or a value is wrong.
    """
    try:
        return kind.model_validate(keys)
    except ValidationError as error:
        problem = first_problem(error, None, kind)
        key = problem.key or ""
        raise problem.but(key=key if key.startswith(name) else f"{name}.{key}") from None


def run_folder(run: object) -> Path:
    """Return the folder of a run, given as a path, or as ``"latest"``."""
    return newest_run(path_of(run, "run", "a Result, or the folder of a run"))


def progress_bar(progress: bool, trials: int | None = None) -> AbstractContextManager[Progress]:
    """Return the progress of work on so many trials: a bar on standard error, or none."""
    if not progress:
        return nullcontext(Silent())
    from bioscnn.terminal import LiveProgress

    return LiveProgress(trials)


def as_path(path: str | Path | None) -> Path | None:
    """Return a path as a `Path`."""
    return None if path is None else path_of(path)
