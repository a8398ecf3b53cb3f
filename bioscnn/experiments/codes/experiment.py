"""Rates and spike times of one architecture, trained alike: the plan, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

from bioscnn.datasets.titles import TITLES
from bioscnn.experiments.amounts import refuse_one_seed
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.codes.contestants import (
    CODES,
    ENDS,
    FULL,
    JITTER,
    PARAMETERS,
    QUICK,
    RATE,
    TIME,
    UNTUNED,
    Amount,
    first_recipe,
    jitters_of,
    lasting,
    noises_of,
    second_recipe,
    studies_of,
)
from bioscnn.experiments.codes.page import codes_page
from bioscnn.experiments.codes.tables import (
    CLEAN,
    Results,
    clean_rows,
    comparison_rows,
    condition_rows,
    front_rows,
    loss_rows,
    network_rows,
)
from bioscnn.experiments.codes.verdict import verdict_of
from bioscnn.experiments.experiment import Analysis, Done, Entry, Experiment
from bioscnn.experiments.noise.experiment import with_noise
from bioscnn.experiments.retrained import NETWORK, training_unit_of
from bioscnn.experiments.rows import MARGIN
from bioscnn.experiments.unit import Unit
from bioscnn.report.formats import percent, percent_interval, plural
from bioscnn.studies.study import Study
from bioscnn.training.train import require_torch

MEASURES = "bioscnn.experiments.codes.measure"
CHOOSING = "validation"
TEST = "test"


@dataclass(frozen=True)
class CodesExperiment(Experiment):
    """The question which code one would choose, if networks of both are trained alike.

    Networks of one architecture are trained from several seeds: for the rate code as LIF rates and then on
    their own spikes, for the time code as rectifiers and then through rounded spike times; with the same
    images, distortions, teacher, epochs, batches, and price on spikes. All are simulated.

    Parameters
    ----------
    study : Study
        Images, neuron, synapse and trial of the rate code; those of the time code follow from it.
    quick : bool
        Whether to train two networks of each code on a few images.
    seeds, examples : int, optional
        Networks of each code, two or more; training images.
    """

    study: Study
    quick: bool = False
    seeds: int | None = None
    examples: int | None = None
    name: ClassVar = "codes"
    page = staticmethod(codes_page)

    @property
    def spec(self) -> Mapping[str, Any]:
        """How much is trained, and the difference that would matter."""
        return {**asdict(self.amount), "prices": list(self.amount.prices), "margin": MARGIN}

    @cached_property
    def amount(self) -> Amount:
        """Seeds, images, epochs and prices."""
        usual = QUICK if self.quick else FULL
        seeds = usual.seeds if self.seeds is None else self.seeds
        return replace(usual, seeds=seeds, examples=self.examples or usual.examples)

    def plan(self, bench: Bench) -> list[Unit]:
        """Return the first training of each code and seed, which no price decides."""
        studies = studies_of(self.study, bench)
        refuse_one_seed(
            self.amount.seeds, "--seeds", "one network of each code does not tell how much networks differ"
        )
        require_torch()
        return [
            training_unit_of(first_recipe(studies[code], code, self.amount), seed)
            for code in CODES
            for seed in self._seeds
        ]

    def next_round(self, done: Done, bench: Bench) -> list[Unit]:
        """Return the second training at every price; then every simulation."""
        studies = studies_of(self.study, bench)
        trained = dict(self._trained(done, studies))
        if not trained or any(unit.id not in done.outcomes for unit in trained.values()):
            return [unit for unit in trained.values() if unit.id not in done.outcomes]
        if len(done.units) > len(done.where(condition=NETWORK)):
            return []
        needs = {key: (done.need(unit),) for key, unit in trained.items()}
        first = first_recipe(studies[RATE], RATE, self.amount)
        for seed in self._seeds:
            needs[RATE, UNTUNED, seed] = (done.need(training_unit_of(first, seed)),)
        return list(self._simulations(studies, needs, bench))

    @property
    def _seeds(self) -> range:
        return range(1, self.amount.seeds + 1)

    def _trained(self, done: Done, studies: Mapping[str, Study]) -> Iterator[tuple[tuple[Any, ...], Unit]]:
        """Yield the second trainings by code, price and seed."""
        for code in CODES:
            for price in self.amount.prices:
                first = first_recipe(studies[code], code, self.amount)
                second = second_recipe(studies[code], code, price, self.amount)
                for seed in self._seeds:
                    need = (done.need(training_unit_of(first, seed)),)
                    yield (code, price, seed), training_unit_of(second, seed, need)

    def _simulations(
        self, studies: Mapping[str, Study], needs: Mapping[tuple[Any, ...], tuple[str, ...]], bench: Bench
    ) -> Iterator[Unit]:
        amount = self.amount
        for (code, price, seed), need in needs.items():
            study = studies[code].changed(simulation={"seed": seed})
            for split, n in ((CHOOSING, amount.choosing), (TEST, amount.trials)):
                of_split = study.changed(dataset={"split": split, "trials": n})
                yield self._unit(code, f"{CLEAN}, {split}", of_split, need, price, work=n / 1000)
            if price != amount.price:
                continue
            few = study.changed(dataset={"split": TEST, "trials": amount.noise_trials})
            yield self._unit(code, CLEAN, few, need, price)
            for noise, severity in noises_of(studies, amount.severities):
                noisy = with_noise(few, noise, seed)
                yield self._unit(code, noise.name, noisy, need, price, severity)
            for sd, severity in jitters_of(amount.severities):
                options, measure = {"sd": sd, "price": price}, f"{MEASURES}:JITTERED"
                yield Unit(code, JITTER, few, measure, options, severity=severity, needs=need, work=2.0)
            for name, tables in PARAMETERS.items():
                changed = lasting(few, bench, **tables) if code == TIME else few.changed(**tables)
                yield self._unit(code, name, changed, need, price)

    def _unit(
        self,
        code: str,
        condition: str,
        study: Study,
        need: tuple[str, ...],
        price: float,
        severity: float | None = None,
        **more: Any,
    ) -> Unit:
        n = study.config.simulation.n_steps
        whole = code == TIME or not condition.startswith(CLEAN)
        ends = [n] if whole else sorted({max(1, round(share * n)) for share in ENDS})
        options = {"ends": ends, "price": price}
        measure = f"{MEASURES}:OVER_TIME"
        return Unit(code, condition, study, measure, options, severity=severity, needs=need, **more)

    def analyse(self, done: Done, bench: Bench) -> Analysis:
        """Return tables of each code, clean, in noise and with other parameters, and the verdict."""
        studies, amount = studies_of(self.study, bench), self.amount
        results = Results(done, amount, f"{CLEAN}, {CHOOSING}", f"{CLEAN}, {TEST}")
        graphs = {key[0]: unit for key, unit in self._trained(done, studies)}
        tables = {
            "networks": network_rows(results),
            "clean": clean_rows(results, {code: done[unit]["onnx"] for code, unit in graphs.items()}),
            "front": front_rows(results),
            "conditions": condition_rows(results),
            "losses": loss_rows(results),
            "comparisons": comparison_rows(results),
        }
        clean_input = bench.clean(
            studies[TIME].changed(dataset={"split": TEST, "trials": amount.trials}).config
        )
        examples = clean_input.examples
        training = {
            code: [
                asdict(recipe.settings(amount.examples))
                for recipe in (
                    first_recipe(study, code, amount),
                    second_recipe(study, code, amount.price, amount),
                )
            ]
            for code, study in studies.items()
        }
        summary = {
            "dataset": self.study.config.dataset.name,
            "source": examples.source,
            "n": len(examples),
            "data_sha256": examples.sha256,
            "amount": asdict(amount),
            "duration_ms_by_code": {
                code: 1e3 * study.config.simulation.duration for code, study in studies.items()
            },
            "training": training,
            "margin": MARGIN,
            "noises": sorted({unit.condition for unit in done.units if unit.severity is not None}),
        }
        clean = {row["code"]: row for row in tables["clean"] if row["price"] == amount.price}
        return Analysis(
            TITLES.get(self.study.config.dataset.name, examples.name),
            tables,
            verdict_of(summary, tables),
            Entry(
                f"{examples.name}: {examples.source}",
                f"{plural(len(examples), 'trial')}, {plural(amount.seeds, 'training seed')}",
                percent(clean[TIME]["accuracy"]),
                f"{percent_interval(clean[TIME]['low'], clean[TIME]['high'])} by spike times, "
                f"{clean[TIME]['spikes']:,.0f} spikes",
                [f"by rates: {percent(clean[RATE]['accuracy'])}, {clean[RATE]['spikes']:,.0f} spikes"],
            ),
            summary,
            clean_input.simulated,
        )
