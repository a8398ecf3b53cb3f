"""Converted and learned networks of several seeds in noise: the plan, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

from analysis.learned_in_noise.contestants import (
    BEYOND_IMAGES,
    CONTESTANTS,
    FEW,
    FULL,
    WITH_FEW,
    Amount,
    Converted,
    Learned,
    can_have,
    noises,
    study_of,
)
from analysis.learned_in_noise.page import learned_page
from analysis.learned_in_noise.tables import (
    CLEAN,
    CONVERTED,
    PRIMARY,
    Results,
    accuracy_rows,
    comparison_rows,
    cost_rows,
    network_rows,
)
from bioscnn.experiments.amounts import refuse_one_seed
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.experiment import Analysis, Done, Entry, Experiment, Row
from bioscnn.experiments.noise.experiment import with_noise
from bioscnn.experiments.phrases import capital, points_of, share_of
from bioscnn.experiments.retrained import NETWORK, training_unit_of
from bioscnn.experiments.unit import Unit
from bioscnn.noise import Noise
from bioscnn.report.formats import percent, percent_interval, plural
from bioscnn.studies import Study
from bioscnn.training.train import require_torch

MEASURES = "analysis.learned_in_noise.measure"
RELABELLED = "analysis.learned_in_noise.few_labels:RELABELLED"
CLASSIFY = "bioscnn.experiments.classify:CLASSIFY"


@dataclass(frozen=True)
class LearnedInNoise(Experiment):
    """The question which are right more often, converted or learned networks, clean and in noise.

    Parameters
    ----------
    study : Study
        Of the converted networks of rates.
    amount : Amount
        How much is trained and shown.
    """

    study: Study
    amount: Amount = FULL
    name: ClassVar = "learned-in-noise"
    page = staticmethod(learned_page)

    @property
    def spec(self) -> Mapping[str, Any]:
        """How much is trained and shown."""
        return asdict(self.amount)

    @cached_property
    def noises(self) -> dict[str, type[Noise]]:
        """The noises by name."""
        others = BEYOND_IMAGES not in self.amount.without
        return {name: noise for name, noise in noises().items() if others or noise.acts_on == "images"}

    @cached_property
    def contestants(self) -> dict[str, Converted | Learned]:
        """The networks by name."""
        return {name: one for name, one in CONTESTANTS.items() if name not in self.amount.without}

    @property
    def _few(self) -> Sequence[str]:
        """Those that are given few labels, too."""
        return () if FEW in self.amount.without else [name for name in WITH_FEW if name in self.contestants]

    @property
    def _seeds(self) -> range:
        return range(1, self.amount.seeds + 1)

    def plan(self, bench: Bench) -> list[Unit]:
        """Return every training that begins with nothing, seed by seed."""
        refuse_one_seed(self.amount.seeds, "--seeds", "one network does not tell how much networks differ")
        require_torch()
        units = []
        for seed in self._seeds:
            units += [self._training(name, seed) for name in self.contestants]
            units += [self._with_few(name, seed) for name in self._few if name in CONVERTED]
        return units

    def next_round(self, done: Done, bench: Bench) -> list[Unit]:
        """Return trainings that go on with a network; then every network in every noise."""
        if done.where(condition=CLEAN):
            return []
        further = [
            self._training(name, seed, done, step=1)
            for seed in self._seeds
            for name, one in self.contestants.items()
            if isinstance(one, Converted) and len(one.recipes) > 1
        ]
        if any(unit.id not in done.outcomes for unit in further):
            return further
        shown = [self._shown(name, seed, done) for seed in self._seeds for name in self.contestants]
        return [unit for of_network in shown for unit in of_network]

    def _training(self, name: str, seed: int, done: Done | None = None, step: int = 0) -> Unit:
        contestant, of_seed = CONTESTANTS[name], f"{name}, seed {seed}"
        if isinstance(contestant, Learned):
            study = self.study.changed(dataset={"split": "train", "trials": 1}, simulation={"seed": seed})
            changes = [*contestant.changes(self.amount), f"learning.seed={seed}"]
            options = {"learned": contestant.study, "changes": changes}
            measure = f"{MEASURES}:TRAIN_LEARNED"
            return Unit(of_seed, NETWORK, study, measure, options, work=60.0)
        needs = () if done is None or not step else (done.need(self._training(name, seed)),)
        unit = training_unit_of(contestant.recipe(step, self.amount), seed, needs)
        return replace(
            unit,
            variant=of_seed,
            measure=f"{MEASURES}:TRAIN_CONVERTED",
            work=40.0,
        )

    def _with_few(self, name: str, seed: int) -> Unit:
        """Return the training with few labels of a converted network; learned ones get theirs when shown."""
        contestant = CONTESTANTS[name]
        assert isinstance(contestant, Converted)
        unit = training_unit_of(contestant.recipe(0, self.amount.few), seed)
        return replace(
            unit,
            variant=f"{name}, {FEW}, seed {seed}",
            measure=f"{MEASURES}:TRAIN_CONVERTED",
            work=40.0,
        )

    def _shown(self, name: str, seed: int, done: Done) -> Iterator[Unit]:
        """Yield a network on clean digits and in every noise that it can have."""
        contestant = CONTESTANTS[name]
        study = study_of(contestant, self.amount, seed)
        options: dict[str, Any] = {}
        measure, last = CLASSIFY, 0
        if isinstance(contestant, Learned):
            training = self._training(name, seed).options
            options = {key: training[key] for key in ("learned", "changes")}
            measure = f"{MEASURES}:CLASSIFY_LEARNED"
        else:
            last = len(contestant.recipes) - 1
        needs = (done.need(self._training(name, seed, done, last)),)
        yield Unit(name, CLEAN, study, measure, options, needs=needs)
        if name in self._few and name in CONVERTED:
            yield Unit(name, FEW, study, measure, options, needs=(done.need(self._with_few(name, seed)),))
        elif name in self._few:
            labels = {"labels": self.amount.few.labels}
            yield Unit(name, FEW, study, RELABELLED, options | labels, needs=needs)
        for kind in self.noises.values():
            if can_have(contestant, kind):
                noisy = with_noise(study, kind.at(self.amount.severity), seed)
                yield Unit(name, kind.name, noisy, measure, options, float(self.amount.severity), needs)

    def analyse(self, done: Done, bench: Bench) -> Analysis:
        """Return accuracies, differences, costs, and the primary differences in words."""
        results = Results(done, self.noises, self.amount)
        shown = bench.clean(study_of(CONTESTANTS[next(iter(CONTESTANTS))], self.amount, 1).config).examples
        tables = {
            "accuracy": accuracy_rows(results),
            "comparisons": comparison_rows(results),
            "cost": cost_rows(results),
            "networks": network_rows(results),
        }
        primary = [row for row in tables["comparisons"] if row["role"] == PRIMARY]
        best = tables["cost"][0]
        return Analysis(
            "MNIST",
            tables,
            verdict_of(primary),
            Entry(
                f"{shown.name}: {shown.source}",
                f"{plural(self.amount.trials, 'trial')}, {plural(self.amount.seeds, 'training seed')}",
                percent(best["accuracy"]),
                f"{percent_interval(best['low'], best['high'])} {best['network']}",
                [f"{row['network']}: {share_of(row)}" for row in tables["cost"][1:]],
            ),
            {
                "dataset": shown.name,
                "source": shown.source,
                "n": self.amount.trials,
                "amount": asdict(self.amount),
                "data_sha256": shown.sha256,
            },
        )  # fmt: skip


def verdict_of(primary: Sequence[Row]) -> list[str]:
    """Return a sentence per finding of the differences that were asked in advance."""
    by_finding: dict[str, list[str]] = {}
    for row in primary:
        named = f"{row['first']} less {row['second']}, {row['noise']}, {points_of(row)}"
        by_finding.setdefault(row["finding"], []).append(named)
    return [f"{capital(finding)}: {'; '.join(rows)}." for finding, rows in by_finding.items()]
