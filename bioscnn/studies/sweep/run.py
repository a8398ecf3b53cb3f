"""A sweep, from its file to its folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

import bioscnn
from bioscnn.experiments.lock import locked
from bioscnn.files import point_latest, unwritable_is_told, write_atomically, write_csv, write_json
from bioscnn.report.sweep import write_sweep_report
from bioscnn.studies.prepare import Loaded, load
from bioscnn.studies.provenance import code_version, environment
from bioscnn.studies.sweep.analysis import MEASURE, Outcomes, Row, constant, effects_of
from bioscnn.studies.sweep.designs import Positions, positions_of
from bioscnn.studies.sweep.engine import build_programs, compute
from bioscnn.studies.sweep.file import Sweep
from bioscnn.studies.sweep.model import Model
from bioscnn.studies.sweep.network_model import NetworkModel
from bioscnn.studies.sweep.one_at_a_time import cells_alone, points_alone
from bioscnn.studies.sweep.parameters import cell_of
from bioscnn.studies.sweep.points import Point, points_of
from bioscnn.studies.sweep.table import ERROR, POINT, PointTable
from bioscnn.studies.sweep.verdict import (
    Curve,
    influential,
    main_outcome,
    short,
    verdict_of_effects,
    verdict_of_failures,
    verdict_of_points,
)
from bioscnn.studies.sweep.workers import Where, Workers, workers_at
from bioscnn.studies.watcher import Watcher


@dataclass(frozen=True)
class SweepRun:
    """A finished sweep.

    Parameters
    ----------
    folder : Path
        With ``points.csv``, ``summary.json``, ``sweep.toml``, ``study.toml``, and of a sensitivity
        ``effects.csv``, ``interactions.csv`` and ``one-at-a-time.csv``.
    summary : dict
        Contents of ``summary.json``.
    failed : dict of str
        What failed, such as ``"point 3"``, and why.
    """

    folder: Path
    summary: dict[str, Any]
    failed: dict[str, str]


def run_sweep(
    sweep: Sweep,
    *,
    where: Where,
    retry: bool = False,
    data: Path | None,
    results: Path,
    progress: Watcher,
    model: Model | None = None,
) -> SweepRun:
    """Compute the points of a sweep that are not there yet; write ``<results>/sweeps/<name>/<hash>/``.

    Every point is checked before any is computed. Rows are appended as points are done, so an
    interrupted sweep goes on where it was. Points that failed stay so unless they are retried.

    Parameters
    ----------
    sweep : Sweep
        From `read_sweep`.
    where : Where
        Who computes; it decides no result.
    retry : bool
        Whether to compute again what failed.
    data : Path or None
        Data folder.
    results : Path
        Folder of all results.
    progress : Watcher
        Told what happens.
    model : Model, optional
        What is computed; the network of the study if not given.

    Raises
    ------
    UserError
        If a point cannot be simulated, another process is at this sweep, who should compute cannot be
        reached, the disk is full, or anything else that the user gave does not fit.
    """
    begun = perf_counter()
    positions = positions_of(sweep.design, sweep.parameters)
    points = points_of(sweep, positions)
    with ExitStack() as stack:
        workers = stack.enter_context(workers_at(where))
        progress.stage("loading")
        loaded = load(sweep.study, data, progress)
        model = model or NetworkModel(
            sweep.study, loaded.key, data, sweep.design.weights == "converted", sweep.outcomes
        )
        name = sweep.name + "-simulated" * loaded.input.simulated
        folder = results / "sweeps" / name / _key(sweep, loaded, model)
        with unwritable_is_told(folder):
            folder.mkdir(parents=True, exist_ok=True)
        stack.enter_context(locked(folder))
        write_atomically(folder / "study.toml", sweep.study.toml().encode())
        write_atomically(folder / "sweep.toml", sweep.toml("study.toml").encode())
        run = _Session(sweep, model, workers, retry, folder, progress)
        table = run.table("points.csv", run.parameter_columns, points, run.parameter_cells)
        analysis = _analyse(run, positions, points, table)
        summary = _summary(run, loaded, points, table, analysis, perf_counter() - begun)
        write_json(folder / "summary.json", summary)
        progress.stage("reporting")
        write_sweep_report(folder)
        point_latest(folder)
    failed = {f"point {number}": error for number, error in table.failed().items()}
    return SweepRun(folder, summary, failed | analysis.failed)


@dataclass(frozen=True)
class _Analysis:
    """What the table comes to."""

    verdict: list[str]
    influential: list[Row]
    constant: list[str]
    failed: dict[str, str]


class _Session:
    """What all tables of a sweep need to be computed, and what that has taken."""

    def __init__(
        self, sweep: Sweep, model: Model, workers: Workers, retry: bool, folder: Path, progress: Watcher
    ) -> None:
        self.sweep, self.model, self.folder = sweep, model, folder
        self.parameters = {parameter.key: parameter for parameter in sweep.parameters}
        self.parameter_columns = [parameter.column for parameter in sweep.parameters]
        self.main = main_outcome(model.columns)
        self.programs: set[str] = set()
        self.computed, self.seconds = 0, 0.0
        self._workers, self._retry, self._progress = workers, retry, progress

    def parameter_cells(self, point: Point) -> dict[str, str]:
        """Return the values of a point by column."""
        return dict(zip(self.parameter_columns, point.cells, strict=True))

    def table(self, name: str, columns: Sequence[str], points: Sequence[Point], cells: Any) -> PointTable:
        """Compute the points that a table has not yet, and write it in their order."""
        outcomes = self.model.columns
        table = PointTable(self.folder / name, [POINT, "seed", *columns, *outcomes, ERROR])
        shapes = {point.number: self.model.shape(point) for point in points}
        self.programs |= {shape for shape in shapes.values() if shape is not None}
        with table.open():
            failed = table.failed() if self._retry else {}
            todo = [p for p in points if p.number not in table.rows or p.number in failed]
            if todo:
                self._compute(table, todo, [shapes[point.number] for point in todo], cells)
        table.finish()
        return table

    def _compute(
        self, table: PointTable, todo: Sequence[Point], shapes: Sequence[str | None], cells: Any
    ) -> None:
        if not all(map(self.model.is_built, _first_of_each(todo, shapes))):
            self._progress.stage("compiling")
        build_programs(self.model, todo, shapes, self._workers)
        self._progress.stage(f"computing {len(todo)} points")
        begun = perf_counter()
        for result in compute(self.model, todo, shapes, self._workers, self._progress):
            point, found = result.point, result.outcomes
            table.append(
                {
                    POINT: str(point.number),
                    "seed": str(point.seed),
                    **cells(point),
                    **{column: cell_of(found[column]) if found else "" for column in self.model.columns},
                    ERROR: result.error,
                }
            )
            self.computed += 1
        self.seconds += perf_counter() - begun


def _first_of_each(points: Sequence[Point], shapes: Sequence[str | None]) -> list[Point]:
    return list({shape: point for point, shape in zip(points, shapes, strict=True)}.values())


def _analyse(run: _Session, positions: Positions, points: Sequence[Point], table: PointTable) -> _Analysis:
    """Write the tables of effects, and say what came out."""
    sweep, failed = run.sweep, table.failed()
    trials, main = sweep.study.config.dataset.trials, run.main
    outcomes: Outcomes = {
        column: np.array([float(table.rows[p.number][column]) for p in points if p.number not in failed])
        for column in run.model.columns
    }
    if failed:
        told = verdict_of_failures(failed, len(points), sweep.is_sensitivity)
        if sweep.is_sensitivity:
            return _Analysis(told, [], [], {})
    if not sweep.is_sensitivity:
        named = {
            f"point {p.number}: {_words(run, p)}": value
            for p, value in zip((p for p in points if p.number not in failed), outcomes[main], strict=True)
        }
        told = [*(told if failed else []), *verdict_of_points(main, named, trials)]
        return _Analysis(told, [], constant(outcomes), {})
    kind = sweep.design.kind
    effects, interactions = effects_of(sweep.design, sweep.parameters, positions, outcomes)
    write_csv(run.folder / "effects.csv", effects)
    if interactions:
        write_csv(run.folder / "interactions.csv", interactions)
    top = influential(kind, effects, main)
    alone = points_alone(sweep, [row["parameter"] for row in top])
    curves_table = run.table(
        "one-at-a-time.csv",
        ["parameter", "value", "x"],
        alone,
        lambda point: cells_alone(run.parameters, point),
    )
    curves = _curves(curves_table, main)
    told = verdict_of_effects(kind, effects, main, run.parameters, curves, trials)
    others = [column for column in constant(outcomes) if column != main]
    if others:
        told.append(f"The same at every point: {', '.join(others)}.")
    broken = {
        f"{row['parameter']} = {row['value']} alone": row[ERROR]
        for row in curves_table.rows.values()
        if row[ERROR]
    }
    return _Analysis(told, top, constant(outcomes), broken)


def _curves(table: PointTable, outcome: str) -> dict[str, Curve]:
    """Return the curve of each parameter of which no point failed."""
    rows = [table.rows[number] for number in sorted(table.rows)]
    broken = {row["parameter"] for row in rows if row[ERROR]}
    return {
        key: Curve(
            tuple(row["value"] for row in rows if row["parameter"] == key),
            tuple(float(row[outcome]) for row in rows if row["parameter"] == key),
        )
        for key in dict.fromkeys(row["parameter"] for row in rows)
        if key not in broken
    }


def _words(run: _Session, point: Point) -> str:
    pairs = zip(run.sweep.parameters, point.cells, strict=True)
    return ", ".join(f"{parameter.key} {short(parameter.written(cell))}" for parameter, cell in pairs)


def _summary(
    run: _Session,
    loaded: Loaded,
    points: Sequence[Point],
    table: PointTable,
    analysis: _Analysis,
    seconds: float,
) -> dict[str, Any]:
    sweep = run.sweep
    summary = {
        "sweep": sweep.name,
        "study": sweep.study.name,
        "kind": sweep.design.kind,
        "weights": sweep.design.weights,
        "n_points": len(points),
        "n_failed": len(table.failed()),
        "trials": sweep.study.config.dataset.trials,
        "parameters": [parameter.facts() for parameter in sweep.parameters],
        "outcomes": list(run.model.columns),
        "constant": analysis.constant,
        "verdict": analysis.verdict,
        "influential": analysis.influential,
        "measure": MEASURE.get(sweep.design.kind),
        "programs": len(run.programs),
        "points_per_second": run.computed / run.seconds if run.computed else None,
        "seconds": seconds,
        "dataset": loaded.examples.name,
        "source": loaded.examples.source,
        "simulated": loaded.input.simulated,
        "model": sweep.study.config.network.model,
        "weights_sha256": loaded.graph.sha256(),
        "data_sha256": loaded.examples.sha256,
        **code_version(),
        **environment(),
    }
    return summary if run.computed else summary | _earlier(run.folder / "summary.json")


def _earlier(path: Path) -> dict[str, Any]:
    """Return how fast an earlier session was, where this one had nothing to compute."""
    try:
        earlier = json.loads(path.read_text(encoding="utf-8"))
        return {key: earlier[key] for key in ("points_per_second", "seconds")}
    except (OSError, ValueError, KeyError):
        return {}


def _key(sweep: Sweep, loaded: Loaded, model: Model) -> str:
    """Return the hash that names the result: of all that decides it."""
    parameters = [asdict(parameter) for parameter in sweep.parameters]
    made_by = (loaded.key, sweep.design.model_dump(), parameters, model.columns, bioscnn.__version__)
    return hashlib.sha256(json.dumps(made_by).encode()).hexdigest()[:16]
