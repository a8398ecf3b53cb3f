"""Networks trained and tested on recordings whose times are destroyed: the plan, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from bioscnn.datasets.folders import data_folder
from bioscnn.datasets.recordings import HELD_OUT, find_dataset, find_real, load_recordings
from bioscnn.datasets.titles import TITLES
from bioscnn.errors import UserError
from bioscnn.experiments.amounts import amount_for, refuse_one_seed
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.classify import RULES
from bioscnn.experiments.experiment import Analysis, Done, Entry, Experiment
from bioscnn.experiments.phrases import share_of
from bioscnn.experiments.readouts import agreement, readout_rows
from bioscnn.experiments.rows import MARGIN
from bioscnn.experiments.times_needed.kinds import FULL, KINDS, ORIGINAL, QUICK, SPIKING, Amount
from bioscnn.experiments.times_needed.measure import training_recordings
from bioscnn.experiments.times_needed.page import times_needed_page
from bioscnn.experiments.times_needed.tables import PRIMARY, Answers, Right, accuracy_rows, comparison_rows
from bioscnn.experiments.times_needed.verdict import verdict_of
from bioscnn.experiments.unit import Unit
from bioscnn.noise import SACCADE_ENDS
from bioscnn.quantities import format_quantity
from bioscnn.report.formats import percent, plural
from bioscnn.studies.disturbance import refuse_noise
from bioscnn.studies.recipe import why_no_twin
from bioscnn.studies.study import Study
from bioscnn.training.train import require_torch

MEASURES = "bioscnn.experiments.times_needed.measure"
TRAINING = "training"
REAL, SIMULATED = "real", "simulated"

NO_CAMERA = "only recordings that can be simulated are trained on with their times destroyed"


@dataclass(frozen=True)
class TimesNeededExperiment(Experiment):
    """The question whether a network needs the times of spikes, if it is trained without them.

    Networks of one architecture are trained on simulated recordings whose times are destroyed in several
    ways, each with several seeds, and tested on recordings destroyed alike: real ones that the simulated
    camera was not fitted to, where there are any, and simulated ones.

    Parameters
    ----------
    study : Study
        Test recordings, trial, neuron and readout; the network that it names is not used.
    quick : bool
        Whether to train two networks of each kind on a few recordings.
    seeds : int, optional
        Networks of each kind, two or more.
    """

    study: Study
    quick: bool = False
    seeds: int | None = None
    name: ClassVar = "times-needed"
    page = staticmethod(times_needed_page)

    @property
    def spec(self) -> Mapping[str, Any]:
        """How much is trained, and the difference that would matter."""
        return {**asdict(self.amount), "margin": MARGIN}

    @cached_property
    def amount(self) -> Amount:
        """Seeds, recordings and epochs."""
        amount = amount_for(self.study.config.dataset.name, QUICK if self.quick else FULL, NO_CAMERA)
        return amount if self.seeds is None else replace(amount, seeds=self.seeds)

    def tests(self, bench: Bench) -> dict[str, Study]:
        """Return the studies of the test recordings: real ones that are held out, simulated ones, or both."""
        keys = self.study.config.dataset
        tested = {SIMULATED: self.study.changed(dataset={"recordings": "simulated"})}
        folder = data_folder(bench.data)
        if keys.recordings == "simulated" or find_real(find_dataset(keys.name), keys.split, folder) is None:
            return tested
        there = len(load_recordings(keys.name, keys.split, source=HELD_OUT, data=bench.data))
        held_out = {"recordings": HELD_OUT, "trials": min(keys.trials, there)}
        real = {REAL: self.study.changed(dataset=held_out)}
        return {**real, **tested} if keys.recordings == "auto" else real

    def plan(self, bench: Bench) -> list[Unit]:
        """Return the training of every kind and seed, and of the networks that see only counts."""
        self._refuse()
        require_torch()
        first = next(iter(self.tests(bench).values()))
        sha256 = training_recordings(first.config, self.amount, bench).examples.sha256
        options = {"amount": asdict(replace(self.amount, seeds=0)), "recordings": sha256}
        return [
            self._unit(first, TRAINING, seed, kind, "TRAIN", options, whole=whole, work=3.0)
            for seed in range(1, self.amount.seeds + 1)
            for kind, whole in (*((kind, False) for kind in KINDS), (ORIGINAL, True))
        ]

    def next_round(self, done: Done, bench: Bench) -> list[Unit]:
        """Return the test recordings, as every network classifies them."""
        trained = done.where(condition=TRAINING)
        if len(done.units) > len(trained):
            return []
        return [
            self._unit(
                test,
                tested,
                unit.study.config.simulation.seed,
                unit.options["kind"],
                "CLASSIFY",
                {},
                whole=unit.options["whole"],
                needs=(done.need(unit),),
            )
            for tested, test in self.tests(bench).items()
            for unit in trained
        ]

    def _unit(
        self,
        test: Study,
        condition: str,
        seed: int,
        kind: str,
        measure: str,
        options: Mapping[str, Any],
        *,
        whole: bool,
        **more: Any,
    ) -> Unit:
        changes: dict[str, Mapping[str, Any]] = {"simulation": {"seed": seed}}
        if whole:
            duration = self.study.config.simulation.duration
            changes["encoding"] = {"frame": format_quantity(duration, "time")}
        return Unit(
            f"{kind}, one frame" if whole else kind,
            condition,
            test.changed(**changes),
            f"{MEASURES}:{measure}",
            {**options, "kind": kind, "whole": whole},
            **more,
        )

    def analyse(self, done: Done, bench: Bench) -> Analysis:
        """Return accuracies, comparisons and the verdict."""
        tests, rule = self.tests(bench), self.study.config.readout.rule
        answers = {tested: self._answers(done, tested) for tested in tests}
        compared = {name: comparison_rows(answers, name) for name in RULES}
        tables = {
            "accuracy": accuracy_rows(answers, rule),
            "comparisons": compared[rule],
            "readouts": readout_rows(compared, lambda row: row["role"] == PRIMARY),
        }
        clean = {tested: bench.clean(test.config) for tested, test in tests.items()}
        training = training_recordings(next(iter(tests.values())).config, self.amount, bench)
        main = next(iter(clean.values()))
        summary = {
            "dataset": self.study.config.dataset.name,
            "source": main.examples.source,
            "tested": {tested: len(test_input.examples) for tested, test_input in clean.items()},
            "tested_sha256": {tested: test_input.examples.sha256 for tested, test_input in clean.items()},
            "trained_sha256": training.examples.sha256,
            "amount": asdict(self.amount),
            "frame_ms": 1e3 * self.study.config.encoding.frame,
            "margin": MARGIN,
            "data_sha256": main.examples.sha256,
            "seed": self.study.config.simulation.seed,
        }
        return Analysis(
            TITLES[self.study.config.dataset.name],
            tables,
            [
                *verdict_of(summary, tables),
                agreement(tables["readouts"], rule, ("tested", "kind", "against")),
            ],
            _entry(summary, tables, rule),
            summary,
            main.simulated,
        )

    def _answers(self, done: Done, tested: str) -> Answers:
        """Return correctness on a set of test recordings: arrays of shape (n_seeds, n_trials)."""
        units = done.where(condition=tested)
        labels = done[units[0]]["label"]

        def right(kind: str, whole: bool, name: str, rule: int | None = None) -> Right:
            chosen = [
                done[unit][name] if rule is None else done[unit][name][rule]
                for unit in units
                if unit.options["kind"] == kind and unit.options["whole"] == whole
            ]
            return np.asarray(np.stack(chosen) == labels)

        spiking = {
            kind: {name: right(kind, False, "chosen", k) for k, name in enumerate(RULES)} for kind in KINDS
        }
        frames = {kind: right(kind, False, "ann") for kind in KINDS}
        return Answers(spiking, frames, right(ORIGINAL, True, "ann"))

    def _refuse(self) -> None:
        """Refuse a study whose recordings have no saccades to reorder, or whose neurons are not trained."""
        config = self.study.config
        refuse_noise(config, "networks learn from recordings that this experiment destroys itself")
        refuse_one_seed(
            self.amount.seeds, "--seeds", "one network of each kind does not tell how much networks differ"
        )
        if config.simulation.duration <= SACCADE_ENDS[-1]:
            raise UserError(
                "the saccades do not fit the trial",
                key="simulation.duration",
                value=f"{1e3 * config.simulation.duration:g} ms",
                expected=f"more than {1e3 * SACCADE_ENDS[-1]:g} ms",
            )
        if reason := why_no_twin(config):
            raise UserError(f"the network cannot be trained on spikes: {reason}", key="neuron, synapse")


def _entry(summary: Mapping[str, Any], tables: Mapping[str, Any], rule: str) -> Entry:
    """Return the spiking network on the original recordings, and beside it the other kinds."""
    main = next(iter(summary["tested"]))
    rows = {
        row["kind"]: row
        for row in tables["accuracy"]
        if (row["tested"], row["network"], row["readout"]) == (main, SPIKING, rule)
    }
    return Entry(
        f"{summary['dataset']}: {summary['source']}",
        f"{plural(summary['tested'][main], 'recording')}, {plural(summary['amount']['seeds'], 'seed')}",
        percent(rows[ORIGINAL]["accuracy"]),
        f"trained and tested on {main} recordings as they are",
        [f"{kind}: {share_of(row)}" for kind, row in rows.items() if kind != ORIGINAL],
    )
