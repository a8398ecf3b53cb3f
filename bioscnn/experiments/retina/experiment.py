"""Every combination of the retina's cells: the plan of the retina experiment, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

from bioscnn.datasets.titles import TITLES
from bioscnn.errors import UserError
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.experiment import Analysis, Done, Entry, Row
from bioscnn.experiments.retina.choices import CLEAN, PIXELS, Choice, Condition, choices, conditions
from bioscnn.experiments.retina.images import FULL, QUICK, Amount, Pool, amount_of
from bioscnn.experiments.retina.measure import pool_of, shown_rows
from bioscnn.experiments.retina.order import order_rows
from bioscnn.experiments.retina.page import retina_page
from bioscnn.experiments.retina.tables import Answers, Results, mean_rows, table_rows
from bioscnn.experiments.retina.verdict import Chosen, comparison_rows, needed_spikes, verdict_of
from bioscnn.experiments.unit import Unit
from bioscnn.report.formats import percent, percent_interval, plural
from bioscnn.report.page import Page
from bioscnn.studies.disturbance import refuse_noise
from bioscnn.studies.recipes import shipped_recipes
from bioscnn.studies.study import Study
from bioscnn.training.train import require_torch

MEASURES = "bioscnn.experiments.retina.measure"
TRAINING = "training"


@dataclass(frozen=True)
class RetinaExperiment:
    """The question which cells of the retina help, clean and in noise.

    For every combination of cells, with and without rank order, networks are trained anew and simulated on
    clean and noisy test images.

    Parameters
    ----------
    study : Study
        Data set, trial, neuron and readout; its network's recipe is what is trained.
    quick : bool
        Whether to try a few images, one seed and one severity of noise.
    """

    study: Study
    quick: bool = False
    name: str = field(default="filters", init=False)
    keeps_failures: bool = field(default=False, init=False)

    @property
    def label(self) -> str:
        """The study, and whether it was a quick one."""
        return self.study.name + "-quick" * self.quick

    @property
    def spec(self) -> Mapping[str, Any]:
        """How much is done, which decides what follows the trainings."""
        return asdict(self.amount)

    @cached_property
    def amount(self) -> Amount:
        """Images, seeds, epochs and severities."""
        return amount_of(self.study.config, QUICK if self.quick else FULL)

    def plan(self, bench: Bench) -> list[Unit]:
        """Return the training of every front end with every seed."""
        refuse_noise(self.study.config, "the retina experiment has noise of its own")
        self._refuse_network()
        pool = pool_of(self.study.config, self.amount, bench)
        require_torch()
        return [
            self._unit(
                choice,
                TRAINING,
                "TRAIN",
                {"division": k, "network": _network_name(choice, division.seed)},
                pool,
                work=choice.work,
            )
            for choice in choices()
            for k, division in enumerate(pool.divisions)
        ]

    def next_round(self, done: Done, bench: Bench) -> list[Unit]:
        """Return every trained network under every condition."""
        trained = {(unit.variant, unit.options["division"]): unit for unit in done.where(condition=TRAINING)}
        if len(trained) < len(done.units):
            return []
        pool = pool_of(self.study.config, self.amount, bench)
        return [
            self._unit(
                choice,
                condition.noise,
                "CLASSIFY",
                {"division": k, "noise": condition.noise, "severity": condition.severity},
                pool,
                needs=(done.need(trained[choice.label, k]),),
                severity=condition.severity,
                work=0.1 * choice.work,
            )
            for choice in choices()
            for condition in conditions(self.amount.severities)
            for k in range(len(pool.divisions))
        ]

    def _unit(
        self, choice: Choice, condition: str, measure: str, options: dict[str, Any], pool: Pool, **more: Any
    ) -> Unit:
        study = replace(self.study, config=choice.of(self.study.config))
        shared = {"amount": asdict(self.amount), "images": pool.images.sha256}
        return Unit(choice.label, condition, study, f"{MEASURES}:{measure}", {**shared, **options}, **more)

    def analyse(self, done: Done, bench: Bench) -> Analysis:
        """Return every network's accuracy, means, comparisons, the order of spikes and the verdict."""
        config, amount = self.study.config, self.amount
        pool = pool_of(config, amount, bench)
        results = _results(done, pool, amount)
        chosen, means = Chosen.of(results, amount), mean_rows(results)
        order, needed = order_rows(pool.images.take(pool.divisions[0].test))
        tables = {
            "table": table_rows(results),
            "means": means,
            "comparisons": comparison_rows(results, chosen, amount),
            "order": order,
        }
        title, first = TITLES[config.dataset.name], pool.divisions[0]
        summary = {
            "dataset": pool.images.name,
            "source": pool.images.source,
            "n_seeds": amount.seeds,
            "n_train": len(first.train),
            "n_validation": len(first.validation),
            "n_test": len(first.test),
            "epochs": amount.epochs,
            "best": chosen.best.label,
            "best_filtered": chosen.filtered.label,
            "best_in_noise": chosen.in_noise.label,
            "spikes_needed": needed,
            "data_sha256": pool.images.sha256,
        }
        sentences = verdict_of(means, tables["comparisons"], chosen, amount, title)
        return Analysis(
            title,
            tables,
            [*sentences, needed_spikes(needed, order[0]["n"])],
            _entry(summary, means),
            summary,
            files={
                f"networks/{unit.options['network']}.onnx": done[unit]["onnx"].tobytes()
                for unit in done.where(condition=TRAINING)
            },
        )

    def page(self, analysis: Analysis, summary: Mapping[str, Any]) -> Page:
        """Return the page."""
        return retina_page(analysis, summary)

    def _refuse_network(self) -> None:
        """Refuse a network without a recipe whose front end can be exchanged."""
        name = self.study.config.network.model
        known = [
            recipe.name
            for recipe in shipped_recipes().values()
            if recipe.front_end is not None and recipe.start is None and recipe.config.training.noise == 0
        ]
        if name not in known:
            raise UserError(
                "the retina experiment trains networks like that of the study, and there is no recipe for it",
                key="network.model",
                value=name,
                expected=" | ".join(known),
            )


def _network_name(choice: Choice, seed: int) -> str:
    return f"{choice.file_name}-seed{seed}"


def _results(done: Done, pool: Pool, amount: Amount) -> Results:
    """Return the answers of every network under every condition."""
    by_label = {choice.label: choice for choice in choices()}
    results: dict[Choice, list[Answers]] = {}
    for unit in done.units:
        if unit.condition == TRAINING:
            continue
        division, outcome = pool.divisions[unit.options["division"]], done[unit]
        condition = Condition(unit.options["noise"], unit.options["severity"])
        rows, tested = shown_rows(division, condition, amount)
        correct, ann_correct = (outcome[name] == pool.images.labels[rows] for name in ("chosen", "ann"))
        answers = Answers(
            division.seed,
            condition,
            rows[tested],
            correct[tested],
            ann_correct[tested],
            float(outcome["spikes"]),
            float(outcome["latency_ms"]),
            None if tested.all() else float(correct[~tested].mean()),
        )
        results.setdefault(by_label[unit.variant], []).append(answers)
    return results


def _entry(summary: Mapping[str, Any], means: Sequence[Row]) -> Entry:
    """Return the chosen front end on clean images, the chosen one of those with cells, and the pixels."""
    shares = {
        Choice(() if row["cells"] == PIXELS else tuple(row["cells"].split(" + ")), row["rank_order"]).label: (
            percent(row["accuracy"]),
            percent_interval(row["low"], row["high"]),
        )
        for row in means
        if row["noise"] == CLEAN.noise
    }
    named = dict.fromkeys((summary["best"], summary["best_filtered"], PIXELS))
    (best, (value, interval)), *others = ((label, shares[label]) for label in named)
    return Entry(
        f"{summary['dataset']}: {summary['source']}",
        f"{plural(summary['n_test'], 'test image')}, {plural(summary['n_seeds'], 'seed')}",
        value,
        f"{interval} chosen by validation images: {best}",
        [f"{label}: {value} {interval}" for label, (value, interval) in others],
    )
