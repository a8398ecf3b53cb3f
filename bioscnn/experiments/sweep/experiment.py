"""A study at many values of its parameters: the plan of a sweep, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from bioscnn.experiments.bench import Bench
from bioscnn.experiments.experiment import Analysis, Done, Entry, Experiment, Row
from bioscnn.experiments.sweep.analysis import MEASURE, constant, effects_of, step_of
from bioscnn.experiments.sweep.captions import headlines
from bioscnn.experiments.sweep.designs import Positions, positions_of
from bioscnn.experiments.sweep.file import Sweep
from bioscnn.experiments.sweep.measure import columns_of
from bioscnn.experiments.sweep.page import sweep_page
from bioscnn.experiments.sweep.parameters import Parameter
from bioscnn.experiments.sweep.plan import programs_of
from bioscnn.experiments.sweep.points import Point, points_alone, points_of
from bioscnn.experiments.sweep.shown import shown_of
from bioscnn.experiments.sweep.tables import (
    ALONE,
    EFFECTS,
    ERROR,
    INTERACTIONS,
    POINTS,
    cells_alone,
    cells_of,
    outcomes_of,
    rows_of,
)
from bioscnn.experiments.sweep.verdict import (
    curves_of,
    influential,
    main_outcome,
    short,
    verdict_of_effects,
    verdict_of_failures,
    verdict_of_points,
)
from bioscnn.experiments.unit import Unit
from bioscnn.report.formats import plural
from bioscnn.report.page import Page
from bioscnn.studies.prepare import check_fit
from bioscnn.studies.study import Study

SWEEP_FILE, STUDY_FILE = "sweep.toml", "study.toml"
"""Files of the results: the sweep with every key written, and the nominal study."""


@dataclass(frozen=True)
class Measured:
    """How the points of a sweep are measured.

    Parameters
    ----------
    by : str
        The measure that units name.
    columns : tuple of str
        Numbers that it returns, by name, with units.
    options : mapping
        What it needs beside the study of a point; plain JSON.
    """

    by: str
    columns: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SweepExperiment(Experiment):
    """The question what the parameters of a study do to its outcomes.

    Parameters
    ----------
    sweep : Sweep
        From `read_sweep`.
    function : Measured, optional
        What is computed at each point, in place of a simulation of the study.
    """

    sweep: Sweep
    function: Measured | None = None
    name: ClassVar = "sweeps"
    keeps_failures: ClassVar = True

    @property
    def label(self) -> str:
        """Name of the sweep file."""
        return self.sweep.name

    @property
    def study(self) -> Study:  # type: ignore[override]
        """The nominal point."""
        return self.sweep.study

    @cached_property
    def spec(self) -> Mapping[str, Any]:
        """The sweep with every key, and its study, from which parameters are moved alone."""
        return {"sweep": self.sweep.toml(STUDY_FILE), "study": self.study.key()}

    @cached_property
    def weights_of(self) -> dict[str, Any] | None:
        """Tables of the study that the network is converted for; None where it is converted at each point."""
        if self.sweep.design.weights == "converted":
            return None
        tables = self.study.config.model_dump()
        del tables["simulation"]["jobs"]
        return tables

    @cached_property
    def measured(self) -> Measured:
        """How points are measured."""
        if self.function is not None:
            return self.function
        outcomes = self.sweep.outcomes
        return Measured(
            f"bioscnn.experiments.sweep.measure:{'EXPLAIN' if 'ledger' in outcomes else 'SIMULATE'}",
            columns_of(outcomes),
            {
                "outcomes": list(outcomes),
                "weights_of": self.weights_of,
                **({"gain": "kept"} if self.sweep.design.gain == "kept" else {}),
            },
        )

    @cached_property
    def positions(self) -> Positions:
        """Where the points lie in the ranges of the parameters."""
        return positions_of(self.sweep.design, self.sweep.parameters)

    @cached_property
    def points(self) -> list[Point]:
        """The points of the design, each one checked."""
        return points_of(self.sweep, self.positions)

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """The parameters by key."""
        return {parameter.key: parameter for parameter in self.sweep.parameters}

    @property
    def main(self) -> str:
        """The outcome that is judged."""
        return main_outcome(self.measured.columns)

    def plan(self, bench: Bench) -> list[Unit]:
        """Return one unit per point of the design."""
        units = [self._unit(self.label, f"point {point.number}", point) for point in self.points]
        model = self.study.config.network.model
        results, graph = bench.input(self.study.config), bench.graph(self.study.config)
        check_fit(graph, results, model)
        bench.calibration(self.study.config, graph)
        return units

    def _unit(self, variant: str, condition: str, point: Point) -> Unit:
        measured = self.measured
        return Unit(variant, condition, point.study, measured.by, measured.options, program=point.signature)

    def next_round(self, done: Done, bench: Bench) -> list[Unit]:
        """Return the most influential parameters one at a time, after a design that judges them."""
        units = self._units(done, self.label)
        if (
            not self.sweep.is_sensitivity
            or self._units(done, ALONE)
            or any(u.id in done.failed for u in units)
        ):
            return []
        rows = self._rows(done)
        effects, _ = self._effects(rows, [self.main])
        return [
            self._unit(
                ALONE, f"{point.keys[0]} = {self.parameters[point.keys[0]].written(*point.cells)}", point
            )
            for point in self._alone(effects)
        ]

    def analyse(self, done: Done, bench: Bench) -> Analysis:
        """Return the points, the effects of the parameters, and the verdict."""
        sweep, main, columns = self.sweep, self.main, self.measured.columns
        kind, trials = sweep.design.kind, sweep.study.config.dataset.trials
        rows = self._rows(done)
        tables: dict[str, list[Row]] = {POINTS: rows}
        failed = {row["point"]: row[ERROR] for row in rows if row[ERROR]}
        problems = {f"point {number}": error for number, error in failed.items()}
        verdict = verdict_of_failures(failed, len(rows), sweep.is_sensitivity) if failed else []
        same = [] if failed and sweep.is_sensitivity else constant(outcomes_of(rows, columns))
        top: list[Row] = []
        alone: list[Point] = []
        if not sweep.is_sensitivity:
            values = {self._words(row): float(row[main]) for row in rows if not row[ERROR]}
            verdict = [*verdict, *verdict_of_points(main, values, trials)]
        elif not failed:
            tables[EFFECTS], tables[INTERACTIONS] = self._effects(rows, columns)
            top = influential(kind, tables[EFFECTS], main)
            alone = self._alone(tables[EFFECTS])
            tables[ALONE] = rows_of(
                alone,
                self._units(done, ALONE),
                done,
                columns,
                lambda point: cells_alone(self.parameters, point),
            )
            curves = curves_of(tables[ALONE], main)
            verdict = verdict_of_effects(sweep.design, tables[EFFECTS], main, self.parameters, curves, trials)
            if others := [column for column in same if column != main]:
                verdict = [*verdict, f"The same at every point: {', '.join(others)}."]
            problems = {
                f"{row['parameter']} = {row['value']} alone": row[ERROR]
                for row in tables[ALONE]
                if row[ERROR]
            }
        programs = {} if self.function else programs_of(self, [*self.points, *alone], bench)
        input_ = bench.input(self.study.config)
        summary = {
            "sweep": sweep.name,
            "kind": kind,
            "weights": sweep.design.weights,
            "gain": sweep.design.gain,
            "step": float(step_of(sweep.design)) if kind == "morris" else None,
            "n_points": len(rows),
            "n_failed": len(failed),
            "trials": trials,
            "parameters": [parameter.facts() for parameter in sweep.parameters],
            "outcomes": list(columns),
            "constant": same,
            "influential": top,
            "measure": MEASURE.get(kind),
            "programs": len(programs),
            "dataset": input_.examples.name,
            "source": input_.examples.source,
            "model": self.study.config.network.model,
            "weights_sha256": bench.graph(self.study.config).sha256(),
            "data_sha256": input_.examples.sha256,
        }
        tables = {name: table for name, table in tables.items() if table}
        written = sweep.toml(STUDY_FILE)
        results = shown_of(tables, summary, written)
        # The last two headlines say how many points there are, and how they were computed.
        first, *others_ = headlines(results)[:-2] or headlines(results)
        return Analysis(
            self.study.name,
            tables,
            verdict,
            Entry(
                f"{self.study.name}: {input_.examples.source}",
                f"{plural(len(rows), 'point')} of {plural(trials, 'trial')}"
                + (f", {len(failed):,} of them failed" if failed else ""),
                first.value,
                f"{first.name}: {first.note}",
                [f"{headline.name}: {headline.value} {headline.note}" for headline in others_],
            ),
            summary,
            input_.simulated,
            {SWEEP_FILE: written.encode(), STUDY_FILE: self.study.toml().encode()},
            failed=problems,
        )

    def page(self, analysis: Analysis, summary: Mapping[str, Any]) -> Page:
        """Return the page."""
        return sweep_page(shown_of(analysis.tables, summary, self.sweep.toml(STUDY_FILE)))

    def _units(self, done: Done, variant: str) -> list[Unit]:
        return done.where(variant=variant)

    def _rows(self, done: Done) -> list[Row]:
        return rows_of(
            self.points,
            self._units(done, self.label),
            done,
            self.measured.columns,
            lambda point: cells_of(self.sweep.parameters, point),
        )

    def _effects(self, rows: Sequence[Row], columns: Sequence[str]) -> tuple[list[Row], list[Row]]:
        outcomes = outcomes_of(rows, columns)
        return effects_of(self.sweep.design, self.sweep.parameters, self.positions, outcomes)

    def _alone(self, effects: Sequence[Row]) -> list[Point]:
        top = influential(self.sweep.design.kind, effects, self.main)
        return points_alone(self.sweep, [row["parameter"] for row in top])

    def _words(self, row: Row) -> str:
        named = (f"{p.key} {short(p.written(row[p.column]))}" for p in self.sweep.parameters)
        return f"point {row['point']}: {', '.join(named)}"
