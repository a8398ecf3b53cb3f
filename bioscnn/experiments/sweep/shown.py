"""What the page, the figures and the index of results show of a sweep: its tables, with numbers."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import Field

from bioscnn.errors import UserError
from bioscnn.experiments.sweep.analysis import MEASURE
from bioscnn.experiments.sweep.tables import ALONE, EFFECTS, ERROR, INTERACTIONS, POINTS
from bioscnn.files import path_of
from bioscnn.plots.parameters import Parameter, ranked, split_unit
from bioscnn.plots.sweep import explained_share
from bioscnn.report.files import read_json, read_text
from bioscnn.report.schema import Facts, check_facts
from bioscnn.spreadsheets import as_written

LARGEST = 1e100
"""The largest number of a table: no study reaches it, and its square is a number still."""

FIX = "type its `bioscnn sweep` again: what is done already is kept"


@dataclass(frozen=True, eq=False)
class Shown:
    """A finished sweep, as it is shown.

    Parameters
    ----------
    parameters : tuple of Parameter
        What was varied.
    outcomes : tuple of str
        What was measured; `main` is the one that is judged.
    points : DataFrame
        One row per point: ``point``, ``seed``, one column per parameter named by its key, one per outcome,
        and ``error``, the reason why it has no outcomes, or empty.
    effects, interactions, alone : DataFrame or None
        The other tables, if there are any; see ``docs/sweeps.md``.
    summary : mapping
        Facts about the sweep, as in ``summary.json``.
    file : str
        The sweep file with every key written.
    """

    parameters: tuple[Parameter, ...]
    outcomes: tuple[str, ...]
    points: pd.DataFrame
    effects: pd.DataFrame | None
    interactions: pd.DataFrame | None
    alone: pd.DataFrame | None
    summary: Mapping[str, Any]
    file: str

    @property
    def main(self) -> str:
        """The outcome that is judged."""
        return "accuracy" if "accuracy" in self.outcomes else self.outcomes[0]

    @property
    def kind(self) -> str:
        """Kind of the design."""
        return str(self.summary["kind"])

    @property
    def done(self) -> pd.DataFrame:
        """Points that have outcomes."""
        return self.points[self.points[ERROR] == ""]

    @property
    def failed(self) -> pd.DataFrame:
        """Points that have none."""
        return self.points[self.points[ERROR] != ""]

    def effects_on(self, outcome: str) -> pd.DataFrame:
        """Return the effects on an outcome, the largest first; no rows if there are none."""
        if self.effects is None:
            return pd.DataFrame()
        rows = self.effects[self.effects["outcome"] == outcome]
        return rows.dropna().sort_values(MEASURE[self.kind], ascending=False, kind="stable")

    def interactions_on(self, outcome: str) -> pd.DataFrame:
        """Return the interactions of pairs of parameters on an outcome; no rows if they are not known."""
        if self.interactions is None:
            return pd.DataFrame()
        return self.interactions[self.interactions["outcome"] == outcome].dropna()

    @property
    def order(self) -> list[Parameter]:
        """Parameters, the most influential first: by their effects, or the variance that goes with them."""
        if len(self.effects_on(self.main)):
            keys = ranked(self.effects_on(self.main), MEASURE[self.kind])
            return [self.named(key) for key in keys]
        rows = self.done.dropna(subset=[self.main])
        shares = {
            parameter.key: explained_share(parameter, rows[parameter.key], rows[self.main])
            for parameter in self.parameters
        }
        return sorted(self.parameters, key=lambda parameter: shares[parameter.key], reverse=True)

    def named(self, key: str) -> Parameter:
        """Return the parameter of a key."""
        return next(parameter for parameter in self.parameters if parameter.key == key)


def shown_of(
    tables: Mapping[str, Sequence[Mapping[str, Any]]], summary: Mapping[str, Any], file: str
) -> Shown:
    """Return the rows of tables as they are shown.

    Parameters
    ----------
    tables : mapping
        Rows by name of the table; cells may be numbers or their text.
    summary : mapping
        Facts about the sweep.
    file : str
        The sweep file with every key written.
    """
    parameters = tuple(
        Parameter(**{**facts, "values": tuple(facts["values"]) if facts["values"] else None})
        for facts in summary["parameters"]
    )
    outcomes = tuple(split_unit(column)[0] for column in summary["outcomes"])
    words = {parameter.key for parameter in parameters if parameter.is_choice}
    words |= {"outcome", "parameter", "other", "value", ERROR}

    def table(name: str) -> pd.DataFrame | None:
        rows = tables.get(name)
        if not rows:
            return None
        frame = pd.DataFrame(rows).rename(columns=lambda column: split_unit(column)[0])
        for column in frame.columns.difference(list(words)):
            frame[column] = pd.to_numeric(frame[column])
        if "outcome" in frame:
            frame["outcome"] = [split_unit(outcome)[0] for outcome in frame["outcome"]]
        return frame

    points = table(POINTS)
    if points is None:
        raise ValueError("no points")
    changes = bool((points[list(outcomes)].nunique() > 1).any())
    effects = table(EFFECTS) if changes else None
    others = (None, None) if effects is None else (table(INTERACTIONS), table(ALONE))
    return Shown(parameters, outcomes, points, effects, *others, summary, file)


class _ParameterFacts(Facts):
    """A parameter in ``summary.json``."""

    key: str
    unit: str
    low: float | None
    high: float | None
    values: list[float | str | bool] | None
    scale: str
    nominal: float | str | bool | None


class _Summary(Facts):
    """What ``summary.json`` says of a sweep, as far as it is read."""

    kind: Literal["grid", "random", "latin-hypercube", "morris", "sobol"]
    parameters: list[_ParameterFacts]
    outcomes: Annotated[list[str], Field(min_length=1)]


MOST_COLUMNS = 1000
"""Of a table: pandas takes seconds for a row of a hundred thousand."""


def read_sweep_results(folder: str | Path) -> Shown:
    """Return a finished sweep from its folder.

    Raises
    ------
    UserError
        If it is no folder of a sweep, or a file is missing or damaged.
    """
    folder = path_of(folder, "folder", "the folder of a finished sweep")
    path = folder / "summary.json"
    summary = check_facts(read_json(path, ("kind", "parameters", "outcomes"), FIX), _Summary, path, FIX)
    tables = {}
    for name in (POINTS, EFFECTS, INTERACTIONS, ALONE):
        path = folder / f"{name}.csv"
        if name == POINTS or os.path.exists(path):  # noqa: PTH110  (False of a link that is too long)
            with StringIO(read_text(path, FIX)) as text, _damage_is_told(path):
                if len(next(csv.reader(text), ())) > MOST_COLUMNS:
                    raise ValueError("too many columns")
                text.seek(0)
                rows = pd.read_csv(text, dtype=str, keep_default_na=False)
                tables[name] = rows.map(as_written).to_dict("records")
    file = read_text(folder / "sweep.toml", FIX)
    with _damage_is_told(folder):
        results = shown_of(tables, summary, file)
        _check_tables(results)
    return results


def _check_tables(results: Shown) -> None:
    """Refuse tables that lack a column, tell of a parameter that was not varied, or hold no real numbers."""
    keys = {parameter.key for parameter in results.parameters}
    if len(keys) < len(results.parameters):
        raise ValueError("a parameter is named twice")
    measured = {"parameter", "outcome", MEASURE.get(results.kind, "a design of the kind morris or sobol")}
    needed = (
        (results.points, {ERROR, *results.outcomes, *keys}),
        (results.effects, measured),
        (results.interactions, {"parameter", "other", "outcome"}),
        (results.alone, {"parameter", "value", "x"}),
    )
    for outcome in results.outcomes:
        pd.to_numeric(results.points.get(outcome, ()))
    for table, columns in needed:
        if table is None:
            continue
        if missing := columns - {*table}:
            raise KeyError(", ".join(sorted(missing)))
        named = {*table.get("parameter", ()), *table.get("other", ())}
        if unknown := named - keys:
            raise KeyError(f"{sorted(map(str, unknown))[0]} was not varied")
        if (table.select_dtypes("number").abs() > LARGEST).any(axis=None):
            raise ValueError(f"a number beyond {LARGEST:g}")


@contextmanager
def _damage_is_told(path: Path) -> Iterator[None]:
    """Turn what is wrong with a table into a message that names its file or folder."""
    try:
        yield
    except (ValueError, TypeError, KeyError) as error:
        raise UserError("a table of the results is damaged", file=path, value=str(error), fix=FIX) from None
