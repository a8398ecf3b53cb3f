"""A study of a network that learns without labels: found by its table ``[learning]``, read, validated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bioscnn.errors import UserError
from bioscnn.stdp.config import LearnedConfig
from bioscnn.stdp.rule import Rule, rule_of
from bioscnn.studies.naming import label_of
from bioscnn.studies.shipped import find_study
from bioscnn.studies.study import (
    beside,
    first_problem,
    flat_keys,
    read_tables,
    refuse_name,
    tables_as_toml,
    with_changes,
)

TABLE = "learning"

PATHS = ("network", "excitatory", "inhibitory", "synapse")
"""Its keys that are paths, from the study file; a network without a suffix is one that is shipped."""

CALLED_OTHERWISE = {"learning.plastic": "learning.synapse"}
"""Keys that are looked for by the names of the files that they replace, and what they are called."""


@dataclass(frozen=True)
class LearnedStudy:
    """A validated study of a network that learns.

    Parameters
    ----------
    name : str
        Name of the file without its suffix.
    config : LearnedConfig
        Every key, SI units; of the class of its rule.
    edits : tuple of (str, object)
        Keys that were changed for this run, and their values.
    """

    name: str
    config: LearnedConfig
    edits: tuple[tuple[str, Any], ...] = ()

    @property
    def rule(self) -> Rule:
        """How its network learns, and answers."""
        return rule_of(self.config.learning.rule)

    @property
    def label(self) -> str:
        """What was changed, as words for the name of a folder."""
        return label_of(self.edits)

    def toml(self) -> str:
        """Return the study as a file in which every key is written, to lie in any folder."""
        tables = self.config.model_dump()
        for key in PATHS:
            path = tables[TABLE].get(key)
            if path is not None and (key != "network" or Path(path).suffix):
                tables[TABLE][key] = str(Path(path).absolute())
        return tables_as_toml(tables)


def read_learned_study(path: str | Path, changes: Sequence[str] = ()) -> LearnedStudy | None:
    """Read a study file if it is of a network that learns; None of any other study, and where there is none.

    Parameters
    ----------
    path : path
        A TOML file, or the name of a shipped study.
    changes : sequence of str
        ``"table.key=value"``, as of `bioscnn.studies.study.read_study`.

    Raises
    ------
    UserError
        If the file is no TOML, a key is unknown, or a value is wrong.
    """
    try:
        file = find_study(Path(path))
    except UserError:
        return None
    tables = read_tables(file)
    if TABLE not in tables:
        return None
    refuse_name(file)
    learning = tables[TABLE]
    if isinstance(learning, dict):
        for key, value in learning.items():
            if key in PATHS and isinstance(value, str) and (key != "network" or Path(value).suffix):
                learning[key] = beside(file, value)
    changed = with_changes(tables, changes)
    try:
        rule = rule_of(changed[TABLE].get("rule") if isinstance(changed[TABLE], dict) else None)
    except UserError as error:
        raise error.but(file=file, fix=f"write one of them into [{TABLE}]") from None
    try:
        config = rule.config.model_validate(changed)
        before = flat_keys(rule.config.model_validate(tables)) if changes else {}
    except ValidationError as error:
        problem = first_problem(error, file, rule.config)
        meant = CALLED_OTHERWISE.get(problem.key or "")
        raise (problem.but(fix=f"write {meant}") if meant else problem) from None
    after = flat_keys(config)
    edits = tuple(
        (k, v) for k, v in after.items() if before and before.get(k) != v and k != "simulation.jobs"
    )
    return LearnedStudy(file.stem, config, edits)
