"""One network simulated in time steps of several lengths: the plan, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bioscnn.datasets.titles import TITLES
from bioscnn.errors import UserError
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.classify import correct_of
from bioscnn.experiments.experiment import Analysis, Done, Entry, Row
from bioscnn.experiments.phrases import listed
from bioscnn.experiments.rows import corrected_rows, share_cells
from bioscnn.experiments.time_step.page import time_step_page
from bioscnn.experiments.unit import Outcome, Unit
from bioscnn.quantities import format_quantity
from bioscnn.report.formats import percent, percent_interval, plural
from bioscnn.report.page import Page
from bioscnn.statistics import Estimate, difference, mean, mean_difference, median, proportion
from bioscnn.studies.study import Study

STEPS = ("2 ms", "1 ms", "0.5 ms", "0.2 ms", "0.1 ms", "0.05 ms")
"""Time steps that are compared, the coarsest first; the last one is what the others are compared with."""

OUTCOMES = {"accuracy": "points", "latency_ms": "ms", "spikes": "spikes per trial"}
"""What is compared, and its unit."""


@dataclass(frozen=True)
class TimeStepExperiment:
    """The question what a coarser time step changes.

    Parameters
    ----------
    study : Study
        Everything but its time step is held equal.
    steps : sequence of str
        Time steps with units, two or more.
    """

    study: Study
    steps: Sequence[str] = STEPS
    name: str = field(default="time-step", init=False)
    spec: Mapping[str, Any] = field(default_factory=dict, init=False)
    keeps_failures: bool = field(default=False, init=False)

    @property
    def label(self) -> str:
        """The study."""
        return self.study.name

    def plan(self, bench: Bench) -> list[Unit]:
        """Return one unit per time step.

        Raises
        ------
        UserError
            If there are fewer than two steps, or one does not fit the times of the study.
        """
        studies = {step: self.study.changed(simulation={"dt": step}) for step in self.steps}
        if len({study.config.simulation.dt for study in studies.values()}) < max(2, len(self.steps)):
            raise UserError(
                "time steps are compared with each other",
                key="--steps",
                value=",".join(self.steps),
                expected="two or more that differ",
            )
        bench.case(next(iter(studies.values())))
        return [
            Unit(
                self.study.config.network.model,
                step,
                study,
                "bioscnn.experiments.classify:CLASSIFY",
                severity=study.config.simulation.dt,
                work=1 / study.config.simulation.dt,
            )
            for step, study in studies.items()
        ]

    def next_round(self, done: Done, bench: Bench) -> list[Unit]:
        """Return nothing more."""
        return []

    def analyse(self, done: Done, bench: Bench) -> Analysis:
        """Return one row per time step, and its differences from the smallest one."""
        units = sorted(done.units, key=lambda unit: -unit.study.config.simulation.dt)
        finest, rule = units[-1], self.study.config.readout.rule
        rows = [_step_row(unit, done[unit], rule) for unit in units]
        compared: list[tuple[Row, Estimate]] = [
            ({"dt_ms": 1e3 * (unit.severity or 0), "outcome": outcome}, estimate)
            for unit in units[:-1]
            for outcome, estimate in _differences(done[unit], done[finest], rule).items()
        ]
        comparisons = corrected_rows(compared, "time steps")
        shown, last = bench.clean(self.study.config), rows[-1]
        examples = shown.examples
        return Analysis(
            TITLES.get(self.study.config.dataset.name, examples.name),
            {"time-steps": rows, "comparisons": comparisons},
            _verdict(comparisons, finest.condition),
            Entry(
                f"{examples.name}: {examples.source}",
                f"{plural(len(examples), 'trial')}, {len(units)} time steps",
                percent(last["accuracy"]),
                f"{percent_interval(last['low'], last['high'])} at dt {finest.condition}",
            ),
            {
                "dataset": examples.name,
                "source": examples.source,
                "n": len(examples),
                "network": self.study.config.network.model,
                "reference": finest.condition,
                "data_sha256": examples.sha256,
                "weights_sha256": bench.graph(self.study.config.network.model).sha256(),
            },
            shown.simulated,
        )

    def page(self, analysis: Analysis, summary: Mapping[str, Any]) -> Page:
        """Return the page."""
        return time_step_page(analysis, summary)


def _step_row(unit: Unit, outcome: Outcome, rule: str) -> Row:
    latency, spikes = median(outcome["latency_ms"]), mean(outcome["spikes"])
    return {
        "dt_ms": 1e3 * unit.study.config.simulation.dt,
        **share_cells(proportion(correct_of(outcome, rule))),
        "latency_ms": latency.value,
        "latency_low": latency.low,
        "latency_high": latency.high,
        "spikes": spikes.value,
        "spikes_low": spikes.low,
        "spikes_high": spikes.high,
        "synops": float(np.mean(outcome["synops"])),
        "updates": float(outcome["updates"]),
    }


def _differences(first: Outcome, second: Outcome, rule: str) -> dict[str, Estimate]:
    return {
        "accuracy": difference(correct_of(first, rule), correct_of(second, rule)),
        **{name: mean_difference(first[name], second[name]) for name in ("latency_ms", "spikes")},
    }


def _verdict(comparisons: Sequence[Row], reference: str) -> list[str]:
    """Return one sentence per outcome: at which time steps it differs from that at the smallest one."""
    sentences = []
    words = {
        "accuracy": ("Accuracy", 100),
        "latency_ms": ("Latency", 1),
        "spikes": ("The number of spikes", 1),
    }
    for outcome, (subject, scale) in words.items():
        rows = [row for row in comparisons if row["outcome"] == outcome]
        unit = OUTCOMES[outcome]
        differing = [
            f"{format_quantity(1e-3 * row['dt_ms'], 'time')} ({scale * row['difference']:+.3g} {unit} "
            f"[{scale * row['low']:+.3g}, {scale * row['high']:+.3g}])"
            for row in rows
            if row["significant"]
        ]
        if differing:
            sentences.append(f"{subject} differs from that at {reference} at {listed(differing)}.")
        else:
            widest = max(max(abs(row["low_holm"]), abs(row["high_holm"])) for row in rows)
            sentences.append(
                f"No difference of {subject[0].lower()}{subject[1:]} from that at {reference} was found; "
                f"with 95 % confidence none is larger than {scale * widest:.3g} {unit}."
            )
    return sentences
