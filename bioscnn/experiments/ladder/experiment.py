"""One network with ever more biology: the plan of the detail ladder, and what it comes to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from bioscnn.datasets.titles import TITLES
from bioscnn.errors import UserError
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.experiment import Analysis, Done, Entry, Experiment, Row
from bioscnn.experiments.ladder.cells import Cell, cells_of, name_of
from bioscnn.experiments.ladder.factorial import Factorial, shapley_rows, tables_of
from bioscnn.experiments.ladder.fine_tuning import training_examples, training_set, why_not
from bioscnn.experiments.ladder.measure import loaded_rung, rung_case
from bioscnn.experiments.ladder.page import interval_of, ladder_page
from bioscnn.experiments.ladder.rungs import Rung, of_relu, of_rung, rungs_of
from bioscnn.experiments.ladder.tables import (
    RungResult,
    comparison_rows,
    fine_tuned_rows,
    is_of_accuracy,
    ladder_rows,
)
from bioscnn.experiments.ladder.verdict import verdict_of, verdict_of_factorial
from bioscnn.experiments.readouts import agreement, readout_rows
from bioscnn.experiments.retrained import NETWORK, training_units
from bioscnn.experiments.unit import Outcome, Unit
from bioscnn.network import OUTPUT
from bioscnn.neurons import LeadingCount, Pulse
from bioscnn.neurons.synapse import lasts
from bioscnn.readout import READOUTS
from bioscnn.report.formats import percent, plural
from bioscnn.statistics import proportion
from bioscnn.studies.disturbance import refuse_noise
from bioscnn.studies.prepare import Prepared
from bioscnn.studies.provenance import describe_network
from bioscnn.studies.study import Study

RUNG = "bioscnn.experiments.ladder.measure:RUNG"
TIME = "bioscnn.experiments.ladder.measure:TIME"
FINE_TUNE = "bioscnn.experiments.ladder.fine_tuning:FINE_TUNE"

CONVERTED, TRAINING, FINE_TUNED = "as converted", "training", "fine-tuned"

OWN = "as shipped"
"""The network of the study, among those of the factorial."""

TRAINED = 8.0
"""About how much longer it takes to train on an example than to simulate it."""


@dataclass(frozen=True)
class LadderExperiment(Experiment):
    """The question what each piece of biology costs and buys, from a bare integrator upwards.

    One ReLU network is converted anew for the neuron of every rung, and shown the same trials.

    Parameters
    ----------
    study : Study
        Data, trial, readout, and the numbers of the neurons. Of a shipped network that was trained on the
        rates of a neuron, its relative with rectified linear units is taken.
    neuron : Path, optional
        A user's own neuron, which is one more rung.
    fine_tuned : bool
        Whether the network is also fine-tuned on spikes on every rung that has a differentiable twin.
    factorial : bool
        Whether all combinations of the pieces are simulated too, of which the ladder is one path.
    networks : int
        How many trained networks the factorial has: that of the study, and others that are trained by its
        recipe from other seeds.
    epochs : int, optional
        So short a training, for a look; then all networks of the factorial are trained.
    """

    study: Study
    neuron: Path | None = None
    fine_tuned: bool = False
    factorial: bool = False
    networks: int = 1
    epochs: int | None = None
    name: ClassVar = "ladder"
    page = staticmethod(ladder_page)

    @property
    def spec(self) -> Mapping[str, Any]:
        """Whether there is a table of fine-tuning, and what the factorial consists of."""
        spec: dict[str, Any] = {"fine_tuned": self.fine_tuned}
        return spec | {"factorial": self.networks} if self.factorial else spec

    @cached_property
    def rungs(self) -> tuple[Rung, ...]:
        """The ladder from the bottom up, and the user's own neuron."""
        return rungs_of(of_relu(self.study), self.neuron)

    @cached_property
    def cells(self) -> dict[Cell, Study]:
        """The combinations of the pieces."""
        return cells_of(of_relu(self.study))

    @cached_property
    def encoder(self) -> dict[str, Any]:
        """Neuron that encodes the examples on every rung: that of the highest one, which has all keys."""
        highest = [rung for rung in self.rungs if not rung.own][-1]
        return highest.study.config.neuron.model_dump()

    @property
    def reasons(self) -> dict[str, str]:
        """Why a rung cannot be fine-tuned, by name; empty if it can be."""
        return {rung.name: why_not(rung.study.config) for rung in self.rungs}

    def plan(self, bench: Bench) -> list[Unit]:
        """Return the trials and the time of every rung, and what is asked for beside them."""
        _refuse(self.study)
        self._refuse_networks()
        rungs, bottom = self.rungs, self.rungs[0].study
        loaded_rung(bottom, self.encoder, bench)
        for rung in rungs:
            try:
                self._case(rung, bench)
            except UserError as error:
                raise of_rung(error, rung.name) from None
        options = {"encoder": self.encoder}
        units = [
            Unit(rung.name, CONVERTED, rung.study, RUNG, options | {"ann": rung is rungs[0]})
            for rung in rungs
        ]
        tables = [rung.study.config.model_dump() for rung in rungs]
        units.append(Unit("all rungs", "time", bottom, TIME, options | {"rungs": tables}, exclusive=True))
        if self.factorial:
            own = [] if self.epochs else self._cells(OWN)
            n = self.networks - bool(own)
            units += own + training_units(bottom.config.network.model, n, self.epochs)
        tuned = [rung for rung in rungs if self.fine_tuned and not self.reasons[rung.name]]
        if tuned:
            training_set(tuned[0].study.config, bench)
        work = TRAINED * training_examples(bottom.config) / bottom.config.dataset.trials
        return units + [Unit(rung.name, TRAINING, rung.study, FINE_TUNE, work=work) for rung in tuned]

    def _refuse_networks(self) -> None:
        """Refuse networks without a factorial, and numbers of them that make no sense."""
        options = {"--networks": self.networks, "--epochs": self.epochs}
        for key, value in options.items():
            if value is not None and value < 1:
                raise UserError("must be one or more", key=key, value=value)
        if not self.factorial and (self.networks > 1 or self.epochs):
            key = "--networks" if self.networks > 1 else "--epochs"
            raise UserError(
                "only the factorial has several trained networks",
                key=key,
                value=options[key],
                fix="add --factorial",
            )

    def _case(self, rung: Rung, bench: Bench) -> Prepared:
        return rung_case(rung.study, self.encoder, bench)

    def next_round(self, done: Done, bench: Bench) -> list[Unit]:
        """Return the trials of the rungs that were fine-tuned, and of the networks that were trained."""
        networks = done.where(condition=NETWORK)
        units = [
            Unit(
                unit.variant,
                FINE_TUNED,
                unit.study,
                RUNG,
                {"encoder": self.encoder},
                needs=(done.need(unit),),
            )
            for unit in done.where(condition=TRAINING)
        ]
        units += [cell for unit in networks for cell in self._cells(unit.variant, done.need(unit))]
        return [unit for unit in units if unit.id not in done.outcomes]

    def _cells(self, network: str, *needs: str) -> list[Unit]:
        """Return the cells of the factorial for a network, in the order of `cells_of`."""
        return [
            Unit(
                network,
                name_of(cell),
                study,
                RUNG,
                {"encoder": self.encoder, "ann": not cell},
                needs=needs,
            )
            for cell, study in self.cells.items()
        ]

    def analyse(self, done: Done, bench: Bench) -> Analysis:
        """Return the numbers of every rung, comparisons, the verdict, and fine-tuned networks."""
        cases = {rung.name: self._case(rung, bench) for rung in self.rungs}
        results = self._results(done, cases)
        bottom, case = results[0].outcome, cases[self.rungs[0].name]
        config, examples = case.study.config, case.examples
        ann = proportion(bottom["ann"] == bottom["label"])
        rule, rows = config.readout.rule, ladder_rows(results)
        compared = {
            name: comparison_rows([replace(result, rule=name) for result in results], bottom["ann"])
            for name in READOUTS
        }
        tables: dict[str, Sequence[Row]] = {
            "ladder": rows,
            "comparisons": (comparisons := compared[rule]),
            "readouts": (readouts := readout_rows(compared, is_of_accuracy)),
        }
        title = TITLES.get(config.dataset.name, examples.name)
        if self.fine_tuned:
            tables["fine-tuned"] = fine_tuned_rows(results)
        verdict, more = verdict_of(self.rungs, rows, comparisons, ann.value, title), {}
        verdict.append(agreement(readouts, rule, ("first", "second")))
        if self.factorial:
            outcomes = self._outcomes(done)
            shapley = {name: shapley_rows(Factorial.of(outcomes, name)) for name in READOUTS}
            tables |= tables_of(Factorial.of(outcomes, rule))
            tables["shapley-readouts"] = (readouts := readout_rows(shapley, is_of_accuracy))
            verdict = [
                *verdict_of_factorial(tables["shapley"], tables["effects"], tables["contexts"], title),
                f"Over all orders: {agreement(readouts, rule, ('factor',))}",
                *verdict,
            ]
            networks = [
                float(np.mean(outcome["ann"] == outcome["label"])) for outcome in outcomes[frozenset()]
            ]
            more = {"factorial": {"networks": self.networks, "epochs": self.epochs, "ann": networks}}
        trained = {unit.variant: done[unit]["onnx"].tobytes() for unit in done.where(condition=TRAINING)}
        return Analysis(
            title,
            tables,
            verdict,
            Entry(
                f"{examples.name}: {examples.source}",
                f"{plural(len(examples), 'trial')}, {plural(len(rows), 'rung')}",
                percent(rows[0]["accuracy"]),
                f"{interval_of(rows[0])} {rows[0]['rung']}, {config.network.model} with no more biology",
                [f"{row['rung']}: {percent(row['accuracy'])} {interval_of(row)}" for row in rows[1:]],
            ),
            {
                "dataset": examples.name,
                "source": examples.source,
                "n": len(examples),
                "network": config.network.model,
                "normalisation": config.network.normalisation,
                "max_rate_hz": config.network.max_rate,
                "ann": [ann.value, ann.low, ann.high],
                "trained_on": training_examples(config) if trained else 0,
                "rungs": [
                    {"name": rung.name, "below": rung.below, "own": rung.own, "changes": dict(rung.changes)}
                    | _equations(cases[rung.name])
                    for rung in self.rungs
                ],
                "data_sha256": examples.sha256,
                "weights_sha256": case.graph.sha256(),
                **more,
            },
            case.input.simulated,
            files={
                f"networks/{number}-{re.sub('[^A-Za-z0-9]+', '-', rung.name).strip('-')}.onnx": trained[
                    rung.name
                ]
                for number, rung in enumerate(self.rungs, start=1)
                if rung.name in trained
            },
        )

    def _outcomes(self, done: Done) -> dict[Cell, list[Outcome]]:
        """Return the outcomes of every cell of the factorial, network by network."""
        networks = [] if self.epochs else [self._cells(OWN)]
        networks += [self._cells(unit.variant, done.need(unit)) for unit in done.where(condition=NETWORK)]
        return {cell: [done[units[place]] for units in networks] for place, cell in enumerate(self.cells)}

    def _results(self, done: Done, cases: Mapping[str, Prepared]) -> list[RungResult]:
        def outcome(rung: Rung, condition: str) -> Outcome | None:
            return next((done[unit] for unit in done.where(rung.name, condition)), None)

        (time,) = done.where(condition="time")
        rule, results = self.study.config.readout.rule, []
        for rung, ratio in zip(self.rungs, done[time]["ratio"], strict=True):
            converted = outcome(rung, CONVERTED)
            assert converted is not None
            state, tuned = state_of(cases[rung.name]), outcome(rung, FINE_TUNED)
            results.append(
                RungResult(rung, converted, rule, state, float(ratio), tuned, self.reasons[rung.name])
            )
        return results


def state_of(case: Prepared) -> tuple[str, ...]:
    """Return the variables that one neuron carries from a time step to the next, as its equations name them.

    A synaptic current that is gone within a step is none. Nor are the times that a neuron is held refractory
    and that spikes travel along an axon: nothing integrates them.
    """
    neuron, synapse = case.network[OUTPUT].neuron, case.network.synapse_onto(OUTPUT)
    assert neuron is not None and not isinstance(synapse, LeadingCount | Pulse)
    dt = case.study.config.simulation.dt
    return (*neuron.state, *(synapse.state if lasts(synapse.tau_s, dt) else ()))


def _equations(case: Prepared) -> dict[str, Any]:
    """Return equations and parameters of the neurons of a rung, as the output population has them."""
    populations = describe_network(case.network, case.device)["populations"]
    output = next(population for population in populations if population["name"] == OUTPUT)
    return {key: output[key] for key in ("equations", "threshold", "reset", "refractory", "parameters")}


def _refuse(study: Study) -> None:
    """Refuse a study of which there is no ladder."""
    refuse_noise(study.config, "the ladder compares networks without noise")
    if study.config.simulation.device == "genn":
        raise UserError(
            "GeNN does not have every rung: it knows no axonal delay",
            key="simulation.device",
            value="genn",
            expected="cpp_standalone | numpy",
        )
    if study.config.dataset.trials < 2:
        raise UserError(
            "from one trial nothing can be told", key="dataset.trials", value=1, expected="2 or more"
        )
