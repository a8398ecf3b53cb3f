"""What the cells of a retina are worth at equal gain control: the plan of the experiment and its analysis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from bioscnn.datasets.titles import TITLES
from bioscnn.encoding import FOVEAL_PIT
from bioscnn.errors import UserError
from bioscnn.experiments.amounts import amount_for
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.classify import RULES
from bioscnn.experiments.experiment import Analysis, Done, Experiment
from bioscnn.experiments.retina.choices import Choice, Condition, Steps, conditions
from bioscnn.experiments.retina.images import STEPS, STEPS_QUICK, Amount, Pool
from bioscnn.experiments.retina.measure import pool_of, shown_rows
from bioscnn.experiments.retina.page import steps_page
from bioscnn.experiments.retina.steps import by_readout, entry_of, step_rows, verdict_of
from bioscnn.experiments.retina.tables import Answers, Results, mean_rows, table_rows
from bioscnn.experiments.unit import Unit, hash_of
from bioscnn.studies.disturbance import refuse_noise
from bioscnn.studies.recipes import shipped_recipes
from bioscnn.studies.study import Study
from bioscnn.training.train import require_torch

MEASURES = "bioscnn.experiments.retina.measure"
TRAINING = "training"

NO_IMAGES = "the retina experiment has no such data set"


@dataclass(frozen=True)
class RetinaExperiment(Experiment):
    """The question what the cells of a retina are worth, clean and in noise, at equal gain control.

    Front ends differ in one thing at a time, see `bioscnn.experiments.retina.choices.Steps`; duration,
    readout, architecture, training, images and noise are the same. For each, networks are trained anew and
    simulated on clean and noisy test images.

    The primary family of tests is named here in advance: cells less pixels, both with gain control and both
    without, on clean images and in each family of noise. They are corrected together by Holm's method. All
    other comparisons are exploratory.

    Parameters
    ----------
    study : Study
        Data set, cells, trial, neuron and readout; its network's recipe is what is trained.
    quick : bool
        Whether to try a few images, one seed and one severity of noise.
    """

    study: Study
    quick: bool = False
    name: ClassVar = "filters"
    page = staticmethod(steps_page)

    @property
    def spec(self) -> Mapping[str, Any]:
        """How much is done, which decides what follows the trainings."""
        return asdict(self.amount)

    @cached_property
    def amount(self) -> Amount:
        """Images, seeds, epochs and severities."""
        return amount_for(self.study.config.dataset.name, STEPS_QUICK if self.quick else STEPS, NO_IMAGES)

    @cached_property
    def steps(self) -> Steps:
        """What is compared."""
        return Steps(self.study.config.encoding.retina)

    @property
    def choices(self) -> list[Choice]:
        """Front ends that are trained and tested."""
        return self.steps.choices

    def plan(self, bench: Bench) -> list[Unit]:
        """Return the training of every front end with every seed."""
        refuse_noise(self.study.config, "the retina experiment has noise of its own")
        self._refuse_study()
        pool = pool_of(self.study.config, self.amount, bench)
        require_torch()
        unit_of = self._units(pool, bench)
        return [
            unit_of(
                choice,
                k,
                TRAINING,
                "TRAIN",
                {"network": _network_name(choice, division.seed)},
                work=choice.work,
            )
            for choice in self.choices
            for k, division in enumerate(pool.divisions)
        ]

    def next_round(self, done: Done, bench: Bench) -> list[Unit]:
        """Return every trained network under every condition."""
        trained = {(unit.variant, unit.options["division"]): unit for unit in done.where(condition=TRAINING)}
        if len(trained) < len(done.units):
            return []
        unit_of = self._units(pool_of(self.study.config, self.amount, bench), bench)
        return [
            unit_of(
                choice,
                k,
                condition.noise,
                "CLASSIFY",
                asdict(condition),
                needs=(done.need(trained[choice.label, k]),),
                severity=condition.severity,
                work=0.1 * choice.work,
            )
            for choice in self.choices
            for condition in conditions(self.amount.noises, self.amount.severities)
            for k in range(self.amount.seeds)
        ]

    def _units(self, pool: Pool, bench: Bench) -> Callable[..., Unit]:
        """Return the function that makes a unit of a front end and a division."""
        shared = {"amount": asdict(self.amount), "images": pool.images.sha256}
        fixed = any(choice.in_fixed_units for choice in self.choices)

        def unit_of(
            choice: Choice, k: int, condition: str, measure: str, options: Mapping[str, Any], **more: Any
        ) -> Unit:
            rows = pool.divisions[k].train
            units = bench.keep("units", hash_of(rows), lambda: pool.units(rows), most=8) if fixed else {}
            study = replace(self.study, config=choice.of(self.study.config, units))
            unit_options = {**shared, "division": k, **options}
            return Unit(choice.label, condition, study, f"{MEASURES}:{measure}", unit_options, **more)

        return unit_of

    def analyse(self, done: Done, bench: Bench) -> Analysis:
        """Return accuracies, comparisons by step and by readout, and the verdict."""
        pool = pool_of(self.study.config, self.amount, bench)
        results, title = results_of(self, done, pool), TITLES[self.study.config.dataset.name]
        comparisons = step_rows(results, self.steps, self.amount)
        tables = {
            "table": table_rows(results),
            "means": mean_rows(results),
            "comparisons": comparisons,
            "readouts": (readouts := by_readout(results, self.steps, self.amount)),
        }
        summary = self._facts(pool) | {
            "retina": list(self.steps.retina),
            "units": [pool.units(division.train) for division in pool.divisions],
        }
        verdict = verdict_of(comparisons, readouts, self.study.config.readout.rule, title)
        return Analysis(
            title, tables, verdict, entry_of(summary, comparisons), summary,
            files=networks_of(done),
        )  # fmt: skip

    def _facts(self, pool: Pool) -> dict[str, Any]:
        """Return the facts about images and trainings for ``summary.json``."""
        first = pool.divisions[0]
        return {
            "dataset": pool.images.name,
            "source": pool.images.source,
            "n_seeds": self.amount.seeds,
            "n_train": len(first.train),
            "n_validation": len(first.validation),
            "n_test": len(first.test),
            "epochs": self.amount.epochs,
            "noises": list(self.amount.noises),
            "data_sha256": pool.images.sha256,
        }

    def _refuse_study(self) -> None:
        """Refuse a study without cells, or whose network has no recipe."""
        self._refuse_network()
        if not self.study.config.encoding.retina:
            raise UserError(
                "the question is what cells add to pixels, and the study names none",
                key="encoding.retina",
                value=[],
                expected=" | ".join(FOVEAL_PIT),
                fix="name them, or search for them with --search",
            )

    def _refuse_network(self) -> None:
        """Refuse a network without a recipe whose front end can be exchanged."""
        name = self.study.config.network.model
        trainable = [
            recipe.name
            for recipe in shipped_recipes().values()
            if recipe.front_end is not None and recipe.start is None and recipe.config.training.noise == 0
        ]
        if name not in trainable:
            raise UserError(
                "the retina experiment trains networks like that of the study, and there is no recipe for it",
                key="network.model",
                value=name,
                expected=" | ".join(trainable),
            )


def _network_name(choice: Choice, seed: int) -> str:
    return f"{choice.file_name}-seed{seed}"


def results_of(experiment: RetinaExperiment, done: Done, pool: Pool) -> Results:
    """Return the answers of every network under every condition."""
    by_label = {choice.label: choice for choice in experiment.choices}
    rule = RULES.index(experiment.study.config.readout.rule)
    results: dict[Choice, list[Answers]] = {}
    for unit in done.units:
        if unit.condition == TRAINING:
            continue
        division, outcome = pool.divisions[unit.options["division"]], done[unit]
        condition = Condition(unit.options["noise"], unit.options["severity"])
        rows, tested = shown_rows(division, condition, experiment.amount)
        correct, ann_correct = (outcome[name] == pool.images.labels[rows] for name in ("chosen", "ann"))
        chooses = ~np.isin(rows, pool.tested)
        answers = Answers(
            division.seed,
            condition,
            rows[tested],
            correct[rule, tested],
            ann_correct[tested],
            correct[:, tested],
            float(outcome["spikes"]),
            float(outcome["latency_ms"]),
            float(correct[rule, chooses].mean()) if chooses.any() else None,
        )
        results.setdefault(by_label[unit.variant], []).append(answers)
    return results


def networks_of(done: Done) -> dict[str, bytes]:
    """Return the files of all trained networks."""
    return {
        f"networks/{unit.options['network']}.onnx": done[unit]["onnx"].tobytes()
        for unit in done.where(condition=TRAINING)
    }
