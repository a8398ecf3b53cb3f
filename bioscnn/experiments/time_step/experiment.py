"""One network simulated in time steps of several lengths: the plan, and what it comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from bioscnn.datasets.titles import TITLES
from bioscnn.errors import UserError
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.classify import RULES
from bioscnn.experiments.experiment import Analysis, Done, Entry, Experiment, Row
from bioscnn.experiments.phrases import listed
from bioscnn.experiments.readouts import agreement, readout_rows
from bioscnn.experiments.rows import corrected_rows
from bioscnn.experiments.time_step.page import time_step_page
from bioscnn.experiments.time_step.tables import (
    OF_A_READOUT,
    OUTCOMES,
    differences,
    energy_row,
    layer_rows,
    rows_of_readouts,
    step_row,
)
from bioscnn.experiments.unit import Unit
from bioscnn.metrics import footprint
from bioscnn.quantities import format_quantity
from bioscnn.report.formats import percent, percent_interval, plural
from bioscnn.statistics import Estimate
from bioscnn.studies.settling import lasting_its_windows
from bioscnn.studies.study import Study

STEPS = ("2 ms", "1 ms", "0.5 ms", "0.2 ms", "0.1 ms", "0.05 ms")
"""Time steps that are compared, the coarsest first; the last one is what the others are compared with."""


@dataclass(frozen=True)
class TimeStepExperiment(Experiment):
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
    name: ClassVar = "time-step"
    page = staticmethod(time_step_page)

    def plan(self, bench: Bench) -> list[Unit]:
        """Return one unit per time step.

        Raises
        ------
        UserError
            If there are fewer than two steps, or one does not fit the times of the study.
        """
        studies = {step: self._at(step, bench) for step in self.steps}
        if len({study.config.simulation.dt for study in studies.values()}) < max(2, len(self.steps)):
            raise UserError(
                "time steps are compared with each other",
                key="--steps",
                value=",".join(self.steps),
                expected="two or more that differ",
            )
        bench.case(next(iter(studies.values())))
        coarsest = max(study.config.simulation.dt for study in studies.values())
        until = min(study.config.simulation.duration for study in studies.values()) - coarsest
        return [
            Unit(
                self.study.config.network.model,
                step,
                study,
                "bioscnn.experiments.time_step.measure:OVER_TIME",
                {"until": round(until, 9)},
                severity=study.config.simulation.dt,
                work=1 / study.config.simulation.dt,
            )
            for step, study in studies.items()
        ]

    def _at(self, step: str, bench: Bench) -> Study:
        """Return the study with a time step; windows of the time code are whole steps, and so its trials."""
        keys = {"simulation": {"dt": step}}
        if self.study.config.network.code == "time":
            return lasting_its_windows(self.study, bench.graph(self.study.config), **keys)
        return self.study.changed(**keys)

    def analyse(self, done: Done, bench: Bench) -> Analysis:
        """Return one row per time step, and its differences from the smallest one."""
        units = sorted(done.units, key=lambda unit: -unit.study.config.simulation.dt)
        finest, rule, clean = units[-1], self.study.config.readout.rule, bench.clean(self.study.config)
        network = bench.case(finest.study).network
        names = [population.name for population in network.neurons if population.spikes]
        graph = bench.graph(self.study.config)
        tables: dict[str, list[Row]] = {name: [] for name in ("time-steps", "readouts", "layers", "energy")}
        compared: dict[str, list[tuple[Row, Estimate]]] = {name: [] for name in RULES}
        for unit in units:
            keys, outcome = unit.study.config.simulation, done[unit]
            tables["time-steps"].append(step_row(outcome, rule, keys.dt, keys.n_steps))
            tables["readouts"] += rows_of_readouts(outcome, keys.dt)
            tables["layers"] += layer_rows(outcome, done[finest], names, keys.dt)
            tables["energy"].append(energy_row(outcome, graph, clean.frames, keys.dt, keys.n_steps))
            if unit is not finest:
                for name in RULES:
                    changes = differences(outcome, done[finest], name)
                    named = {"dt_ms": 1e3 * keys.dt}
                    compared[name] += [
                        (named | {"outcome": what}, estimate) for what, estimate in changes.items()
                    ]
        by_rule = {name: corrected_rows(pairs, "time steps") for name, pairs in compared.items()}
        rows, comparisons = tables["time-steps"], by_rule[rule]
        tables["comparisons"] = comparisons
        tables["readout-comparisons"] = readout_rows(by_rule, lambda row: row["outcome"] in OF_A_READOUT)
        examples, last = clean.examples, rows[-1]
        return Analysis(
            TITLES.get(self.study.config.dataset.name, examples.name),
            tables,
            [
                *_verdict(comparisons, finest.condition),
                agreement(tables["readout-comparisons"], rule, ("dt_ms", "outcome")),
            ],
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
                "weights_sha256": graph.sha256(),
                "n_synapses": sum(pathway.connectivity.n_synapses for pathway in network.pathways),
                "footprint_bytes": footprint(graph),
            },
            clean.simulated,
        )


def _signed(value: float) -> str:
    """Return a number with its sign and three digits, or as a whole number if it has more."""
    return f"{value:+,.0f}" if abs(value) >= 100 else f"{value:+.3g}"


def _verdict(comparisons: Sequence[Row], reference: str) -> list[str]:
    """Return one sentence per outcome: at which time steps it differs from that at the smallest one."""
    sentences = []
    words = {
        "accuracy": ("Accuracy", 100),
        "latency_ms": ("Latency", 1),
        "first_output_ms": ("The first output spike", 1),
        "spikes": ("The number of spikes", 1),
        "synops": ("The number of synaptic operations", 1),
    }
    for outcome, (subject, scale) in words.items():
        rows = [row for row in comparisons if row["outcome"] == outcome]
        if not rows:
            continue
        unit = OUTCOMES[outcome]
        differing = [
            f"{format_quantity(1e-3 * row['dt_ms'], 'time')} ({_signed(scale * row['difference'])} {unit} "
            f"[{_signed(scale * row['low'])}, {_signed(scale * row['high'])}])"
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
