"""The folders of an experiment: one file per unit, and what made it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import ConfigDict, Field, TypeAdapter

from bioscnn.errors import UserError
from bioscnn.experiments.form import fits
from bioscnn.experiments.unit import Outcome, Unit, measure_of
from bioscnn.files import (
    is_there,
    read_npz,
    read_text,
    remove_half_written,
    unwritable_is_told,
    write_csv,
    write_json,
    write_npz,
)

UNITS = "units"
SPEC = "spec.json"
_MADE_BY = "_made_by"


@dataclass(frozen=True)
class MadeBy:
    """What made the outcome of a unit.

    Parameters
    ----------
    code : str
        Hash of the code that the measure can reach.
    core : str
        Hash of the code that turns the measure's inputs into the outcome.
    inputs : str
        Hash of those inputs; empty for a measure that cannot tell them.
    environment : str
        Versions of Python and packages.
    commit : str
        Commit of the code; ``"+"`` behind it says that there were changes.
    seconds : float
        Time that it took.
    error : str
        Why it failed, in one line; empty if all went well.
    """

    code: str
    core: str
    inputs: str
    environment: str
    commit: str
    seconds: Annotated[float, Field(ge=0)]
    error: str = ""

    __pydantic_config__ = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


_MADE_BY_FIELDS = TypeAdapter(MadeBy)


@dataclass(frozen=True)
class Kept:
    """A unit's outcome in the store, and what made it."""

    outcome: Outcome
    made_by: MadeBy


class Store:
    """Outcomes of units, each in a file that is whole or absent.

    All experiments of one name and study share their units, whatever is planned with them.

    Parameters
    ----------
    folder : Path
        Of the experiment; the units are in the folder ``units`` beside it.
    contents : callable
        Returns the hash of the data and the network that a unit's study names.
    """

    def __init__(self, folder: Path, contents: Callable[[Unit], str]) -> None:
        self.folder, self.units, self.contents = folder, folder.parent / UNITS, contents

    def open(self, spec: dict[str, Any]) -> None:
        """Make the folders, and say in that of the experiment which plan it belongs to.

        Raises
        ------
        UserError
            If it belongs to another plan, or cannot be written.
        """
        for folder in (self.folder, self.units):
            with unwritable_is_told(folder):
                folder.mkdir(parents=True, exist_ok=True)
            remove_half_written(folder)
        path = self.folder / SPEC
        if is_there(path):
            check_spec(path, spec["plan"])
        else:
            write_json(path, spec)

    def path(self, unit: Unit) -> Path:
        """Return the file of a unit."""
        return self.units / f"{unit.id}-{self.contents(unit)}.npz"

    def read(self, unit: Unit) -> Kept | None:
        """Return a unit's outcome; None if it is not there, damaged, or not what its measure comes to."""
        kept, form = read_unit(self.path(unit)), measure_of(unit.measure).form
        if kept is None or form is None or kept.made_by.error:
            return kept
        return kept if fits(kept.outcome, form(unit)) else None

    def write(self, unit: Unit, outcome: Outcome, made_by: MadeBy) -> None:
        """Keep an outcome, whole or not at all.

        Raises
        ------
        UserError
            If it cannot be written.
        """
        with unwritable_is_told(self.units):
            write_npz(self.path(unit), {**outcome, _MADE_BY: np.array(json.dumps(asdict(made_by)))})

    def write_overview(self, units: Iterable[Unit], made: dict[str, MadeBy]) -> None:
        """Write ``units.csv``: one row per unit, with its names, and what made it."""
        rows = [
            {
                "unit": unit.id,
                "file": f"../{UNITS}/{self.path(unit).name}",
                "variant": unit.variant,
                "condition": unit.condition,
                "severity": unit.severity,
                "seed": unit.study.config.simulation.seed,
                "measure": unit.measure,
                **asdict(made[unit.id]),
            }
            for unit in units
            if unit.id in made
        ]
        write_csv(self.folder / "units.csv", rows)


def read_unit(path: Path) -> Kept | None:
    """Return the content of a unit's file; None if it is not there or damaged."""
    arrays = read_npz(path)
    if arrays is None or _MADE_BY not in arrays:
        return None
    try:
        made_by = _MADE_BY_FIELDS.validate_json(str(arrays.pop(_MADE_BY)))
    except ValueError:
        return None
    return Kept(arrays, made_by)


def check_spec(path: Path, plan: str) -> None:
    """Refuse a folder that belongs to another plan, or cannot be read.

    Raises
    ------
    UserError
        Naming the file.
    """
    try:
        stored_plan = json.loads(read_text(path))["plan"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise UserError(
            "a file of the results is damaged",
            file=path,
            fix=f"delete {path.name}; the units beside it are kept",
        ) from None
    if stored_plan != plan:
        raise UserError(
            "the results belong to another plan",
            file=path,
            value=stored_plan,
            expected=plan,
            fix="give the folder of the same experiment, study, data and networks",
        )
