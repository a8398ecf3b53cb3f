"""The files of a sweep, read and checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bioscnn.errors import UserError
from bioscnn.plots.parameters import Parameter, ranked, split_unit
from bioscnn.report.files import read_json, read_table, read_text

if TYPE_CHECKING:
    import pandas as pd

FIX = "type its `bioscnn sweep` again: what is done already is kept"

SUMMARY = (
    "sweep", "study", "kind", "n_points", "n_failed", "trials", "parameters", "outcomes", "verdict",
    "influential", "programs", "points_per_second", "seconds", "weights_sha256", "data_sha256", "source",
    "command", "commit", "dirty", "versions", "machine",
)  # fmt: skip

MEASURES = {"morris": "mu_star", "sobol": "ST"}
"""Of the kinds of design that effects are computed from: what parameters are ranked by."""

EFFECTS = {
    "morris": ("mu", "mu_star", "mu_star_low", "mu_star_high", "sigma"),
    "sobol": ("S1", "S1_low", "S1_high", "ST", "ST_low", "ST_high"),
}
"""Columns of ``effects.csv`` beside ``outcome`` and ``parameter``; empty where an outcome never changes."""

KINDS = ("grid", "random", "latin-hypercube", *MEASURES)

_NOT_OUTCOMES = ("point", "seed", "error")


@dataclass(frozen=True, eq=False)
class SweepStudy:
    """A finished sweep.

    Parameters
    ----------
    parameters : tuple of Parameter
        What was varied.
    outcomes : tuple of str
        What was measured; the first one is the one that is judged.
    points : DataFrame
        A row a point: ``point``, ``seed``, a column a parameter named by its key, a column an outcome, and
        ``error``, the reason why it has no outcomes, or empty.
    effects, interactions, alone : DataFrame or None
        Contents of ``effects.csv``, ``interactions.csv`` and ``one-at-a-time.csv``, if there are any.
    summary : dict
        Contents of ``summary.json``.
    file : str
        The sweep file with every key written.
    """

    parameters: tuple[Parameter, ...]
    outcomes: tuple[str, ...]
    points: pd.DataFrame
    effects: pd.DataFrame | None
    interactions: pd.DataFrame | None
    alone: pd.DataFrame | None
    summary: dict[str, Any]
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
    def simulated(self) -> bool:
        """Whether no real camera made the recordings."""
        return bool(self.summary.get("simulated"))

    @property
    def done(self) -> pd.DataFrame:
        """Points that have outcomes."""
        return self.points[self.points["error"] == ""]

    @property
    def failed(self) -> pd.DataFrame:
        """Points that have none."""
        return self.points[self.points["error"] != ""]

    def effects_on(self, outcome: str) -> pd.DataFrame:
        """Return the effects on an outcome, the largest first; no rows if there are none."""
        if self.effects is None:
            return _no_rows()
        rows = self.effects[self.effects["outcome"] == outcome]
        return rows.dropna().sort_values(MEASURES[self.kind], ascending=False, kind="stable")

    @property
    def order(self) -> list[Parameter]:
        """Parameters, the most influential first: by their effects, or the variance that goes with them."""
        from bioscnn.plots.sweep import explained_share

        if len(self.effects_on(self.main)):
            keys = ranked(self.effects_on(self.main), MEASURES[self.kind])
            return [next(one for one in self.parameters if one.key == key) for key in keys]
        rows = self.done.dropna(subset=[self.main])
        shares = {one.key: explained_share(one, rows[one.key], rows[self.main]) for one in self.parameters}
        return sorted(self.parameters, key=lambda one: shares[one.key], reverse=True)

    def named(self, key: str) -> Parameter:
        """Return the parameter of a key."""
        return next(parameter for parameter in self.parameters if parameter.key == key)


def _no_rows() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame()


def read_sweep_folder(folder: Path) -> SweepStudy:
    """Read the folder of a sweep.

    Raises
    ------
    UserError
        If a file is missing or damaged, or the files do not belong together.
    """
    if not folder.is_dir():
        raise UserError("no such sweep", file=folder, fix="give the folder that a sweep wrote")
    summary = read_json(folder / "summary.json", SUMMARY, FIX)
    parameters = _read_parameters(summary, folder / "summary.json")
    points, outcomes = _read_points(folder / "points.csv", parameters, summary)
    names = {parameter.key for parameter in parameters}
    kind = summary["kind"]
    effects = interactions = alone = None
    # These designs cannot do without a point, so that failures leave no effects; nor are there any on what
    # never changes.
    changes = bool((points[list(outcomes)].nunique() > 1).any())
    if kind in MEASURES and changes and not summary["n_failed"]:
        effects = _read_effects(folder / "effects.csv", EFFECTS[kind], outcomes, names)
        _check_complete(effects, names, folder / "effects.csv")
    if effects is not None and kind == "sobol" and (folder / "interactions.csv").exists():
        columns = ("S2", "S2_low", "S2_high")
        interactions = _read_effects(folder / "interactions.csv", columns, outcomes, names, ("other",))
    if effects is not None and (folder / "one-at-a-time.csv").exists():
        alone = _read_alone(folder / "one-at-a-time.csv", outcomes, names)
    file = read_text(folder / "sweep.toml", FIX)
    return SweepStudy(parameters, outcomes, points, effects, interactions, alone, summary, file)


def _read_parameters(summary: dict[str, Any], path: Path) -> tuple[Parameter, ...]:
    """Return the parameters of a summary, which also has to have a known kind."""
    if summary["kind"] not in KINDS:
        raise UserError(
            "a file of the results is damaged", file=path, key="kind", value=summary["kind"],
            expected=" | ".join(KINDS), fix=FIX,
        )  # fmt: skip
    try:
        found = tuple(
            Parameter(**{**entry, "values": tuple(entry["values"]) if entry["values"] else None})
            for entry in summary["parameters"]
        )
        for parameter in found:
            _ = parameter.ends
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise UserError(
            f"a file of the results is damaged: {error}", file=path, key="parameters", fix=FIX,
            expected="a list of objects with key, low, high, unit, values, scale, nominal",
        ) from error  # fmt: skip
    if not found:
        raise UserError("a file of the results is incomplete", file=path, key="parameters", fix=FIX)
    return found


def _read_points(
    path: Path, parameters: tuple[Parameter, ...], summary: dict[str, Any]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the points, with columns named without their units, and the names of the outcomes."""
    written = read_text(path, FIX).partition("\n")[0].split(",")
    own = {parameter.column: parameter for parameter in parameters}
    measured = [name for name in written if name not in own and name not in _NOT_OUTCOMES]
    columns = (
        {"point": "number", "seed": "number"}
        | {name: "text" if parameter.is_choice else "number" for name, parameter in own.items()}
        | dict.fromkeys(measured, "number")
        | {"error": "text"}
    )
    points = read_table(path, columns, FIX, optional=(*measured, "error"))
    points = points.rename(columns=lambda name: split_unit(name)[0]).astype({"point": int})
    outcomes = tuple(split_unit(name)[0] for name in measured)
    lacking = [name for name in summary["outcomes"] if name not in measured]
    if lacking or not measured:
        raise UserError("a file of the results is incomplete", file=path, key=", ".join(lacking), fix=FIX)
    for parameter in parameters:
        if parameter.is_choice:
            _check_known(points[parameter.key], set(parameter.words), path, parameter.key)
    _check_points(points, outcomes[0], summary, path)
    return points, outcomes


def _check_points(points: pd.DataFrame, outcome: str, summary: dict[str, Any], path: Path) -> None:
    failed = points["error"] != ""
    for key, found in (("n_points", len(points)), ("n_failed", int(failed.sum()))):
        if found != summary[key]:
            raise UserError(
                "the files of the sweep do not belong together", file=path, key=key, value=found,
                expected=f"{summary[key]}, as in summary.json", fix=FIX,
            )  # fmt: skip
    if not np.array_equal(np.sort(points["point"]), np.arange(len(points))):
        raise UserError(
            "a file of the results is damaged", file=path, key="point",
            expected=f"each number from 0 to {len(points) - 1} once", fix=FIX,
        )  # fmt: skip
    if (points[outcome].isna() & ~failed).any():
        raise UserError(
            "a point has neither an outcome nor a reason", file=path, key=outcome,
            value=f"point {points.loc[points[outcome].isna() & ~failed, 'point'].iloc[0]}", fix=FIX,
        )  # fmt: skip


def _read_effects(
    path: Path,
    columns: tuple[str, ...],
    outcomes: tuple[str, ...],
    names: set[str],
    more: tuple[str, ...] = (),
) -> pd.DataFrame:
    words = ("outcome", "parameter", *more)
    table = read_table(
        path, dict.fromkeys(words, "text") | dict.fromkeys(columns, "number"), FIX, optional=columns
    )
    table["outcome"] = [split_unit(name)[0] for name in table["outcome"]]
    for column in words:
        _check_known(table[column], set(outcomes) if column == "outcome" else names, path, column)
    return table[[*words, *columns]]


def _check_complete(effects: pd.DataFrame, names: set[str], path: Path) -> None:
    """Refuse effects on an outcome that are not those of every parameter, once."""
    for outcome, rows in effects.groupby("outcome"):
        if sorted(rows["parameter"]) != sorted(names):
            raise UserError(
                "a file of the results is incomplete", file=path, key="parameter",
                value=f"{len(rows)} rows of {outcome}", expected="one of each parameter", fix=FIX,
            )  # fmt: skip


def _read_alone(path: Path, outcomes: tuple[str, ...], names: set[str]) -> pd.DataFrame | None:
    lines = read_text(path, FIX).splitlines()
    if len(lines) == 1:
        # No parameter was told from zero, so that none was moved by itself.
        return None
    written = lines[0].split(",") if lines else []
    measured = [name for name in written if split_unit(name)[0] in outcomes]
    columns = {"parameter": "text", "value": "text", "x": "share"} | dict.fromkeys(measured, "number")
    table = read_table(path, columns, FIX, optional=measured)
    _check_known(table["parameter"], names, path, "parameter")
    return table.rename(columns=lambda name: split_unit(name)[0])


def _check_known(column: pd.Series, known: set[str], path: Path, key: str) -> None:
    strangers = set(column) - known
    if strangers:
        raise UserError(
            "the files of the sweep do not belong together", file=path, key=key, value=min(strangers),
            expected=" | ".join(sorted(known)), fix=FIX,
        )  # fmt: skip
