"""Networks shown every kind of noise: the plan of the noise experiment, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from bioscnn.datasets.titles import TITLES
from bioscnn.errors import UserError
from bioscnn.experiments.amounts import refuse_one_seed
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.experiment import Analysis, Done, Entry, Experiment
from bioscnn.experiments.noise.conditions import CLEAN, amount_of, fits, kinds_of
from bioscnn.experiments.noise.networks import ComparedNetwork, networks_of
from bioscnn.experiments.noise.page import noise_page
from bioscnn.experiments.noise.pictures import example_pictures
from bioscnn.experiments.noise.tables import Results, accuracy_rows, comparison_rows, is_question, loss_rows
from bioscnn.experiments.noise.verdict import verdict_of
from bioscnn.experiments.phrases import listed, share_of
from bioscnn.experiments.readouts import agreement, readout_rows
from bioscnn.experiments.retrained import training_unit
from bioscnn.experiments.unit import Unit
from bioscnn.noise import Noise
from bioscnn.readout import READOUTS
from bioscnn.report.formats import percent, percent_interval, plural
from bioscnn.studies.disturbance import refuse_noise
from bioscnn.studies.recipes import shipped_recipes
from bioscnn.studies.study import Study
from bioscnn.training.train import require_torch

CLASSIFY = "bioscnn.experiments.classify:CLASSIFY"

EXPLICIT = ("transmission-failure",)
"""Noises of each single synapse: a simulation lists them, and takes about three times as long."""


@dataclass(frozen=True)
class NoiseExperiment(Experiment):
    """The question what noise destroys first, and whether the biology of a network helps.

    Parameters
    ----------
    study : Study
        Data set, neuron, synapse, simulation and readout; what is compared follows from its data set.
    quick : bool
        Whether to try a few trials, severities, seeds and noises.
    kinds : sequence of str
        Names of `bioscnn.noise.NOISES`; all that fit if there are none.
    trials : int, optional
        Examples under each condition; the fewer of the study's and the usual ones of its data if not given.
    training_seeds : int, optional
        Every network is trained anew by its recipe with so many seeds, each of which meets noise of its own;
        if not given, those that ship meet noise of several seeds.
    training_examples : int, optional
        Such a training shows the first so many examples; those of the recipe if not given.
    networks : sequence of str
        Names of the networks that are compared; all of the data set if there are none.
    """

    study: Study
    quick: bool = False
    kinds: Sequence[str] = ()
    trials: int | None = None
    training_seeds: int | None = None
    training_examples: int | None = None
    networks: Sequence[str] = ()
    name: ClassVar = "noise"
    page = staticmethod(noise_page)

    @cached_property
    def amount(self) -> Any:
        """Trials, severities and seeds."""
        return amount_of(self.study.config, quick=self.quick, trials=self.trials, seeds=self.training_seeds)

    @cached_property
    def compared(self) -> dict[str, tuple[ComparedNetwork, Study]]:
        """What is compared, by name, each with its study."""
        return {
            network.name: (network, network.of(self.study, self.amount.trials))
            for network in networks_of(self.study, self.networks)
            if network.name not in self.left_out
        }

    @cached_property
    def left_out(self) -> tuple[str, ...]:
        """Networks of the line-up that cannot have the study's neuron, unless they are asked for by name."""
        if self.networks:
            return ()
        every = networks_of(self.study)
        unfit = tuple(network.name for network in every if not network.can_have_neuron_of(self.study.config))
        return unfit if len(unfit) < len(every) else ()

    @cached_property
    def noises(self) -> dict[str, type[Noise]]:
        """The kinds of noise, by name."""
        configs = [study.config for _, study in self.compared.values()]
        return kinds_of(configs, self.kinds, quick=self.quick)

    def plan(self, bench: Bench) -> list[Unit]:
        """Return every network in every noise that fits it at every severity and seed, or its training."""
        refuse_noise(
            self.study.config, "the noise experiment adds noise itself", "remove the table; --kinds chooses"
        )
        for _, study in self.compared.values():
            bench.case(study)
        if self.training_seeds is None:
            if self.training_examples is not None:
                raise UserError(
                    "nothing is trained",
                    key="--training-examples",
                    value=self.training_examples,
                    fix="add --training-seeds 5",
                )
            return self._simulations()
        self._refuse_training()
        return self._trainings(Done((), {}, {}))

    def next_round(self, done: Done, bench: Bench) -> list[Unit]:
        """Return units that begin with a trained network, and then every trained network in every noise."""
        if self.training_seeds is None or done.where(condition=CLEAN):
            return []
        return self._trainings(done) or self._simulations(done)

    def _refuse_training(self) -> None:
        refuse_one_seed(
            len(self.amount.seeds), "--training-seeds", "one training seed has nothing to differ from"
        )
        recipes = shipped_recipes()
        for network, _ in self.compared.values():
            if network.model not in recipes:
                raise UserError(
                    "no recipe says how the network is trained",
                    key="network.model",
                    value=network.model,
                    expected=" | ".join(recipes),
                    fix="leave --training-seeds out, or name one of these",
                )
        require_torch()

    def _trainings(self, done: Done) -> list[Unit]:
        """Return the trainings that are not done and begin with nothing, or with a network that is done."""
        recipes = shipped_recipes()
        models = [network.model for network, _ in self.compared.values()]
        starts = [recipes[model].start for model in models]
        return [
            unit
            for model in dict.fromkeys(name for name in (*starts, *models) if name)
            for seed in self.amount.seeds
            if (unit := self._training(model, seed, done)) is not None and unit.id not in done.outcomes
        ]

    def _training(self, model: str, seed: int, done: Done) -> Unit | None:
        """Return the training of a network; None if what it begins with is not trained yet."""
        start = shipped_recipes()[model].start
        needs: tuple[str, ...] = ()
        if start is not None:
            first = self._training(start, seed, done)
            if first is None or first.id not in done.outcomes:
                return None
            needs = (done.need(first),)
        return training_unit(model, seed, examples=self.training_examples, needs=needs)

    def _simulations(self, done: Done | None = None) -> list[Unit]:
        """Return every network as it is, and in every noise that fits it at every severity and seed."""
        units = []
        for name, (network, study) in self.compared.items():
            needs: dict[int, tuple[str, ...]] = dict.fromkeys(self.amount.seeds, ())
            if done is not None:
                trained = {seed: self._training(network.model, seed, done) for seed in needs}
                needs = {seed: (done.need(unit),) for seed, unit in trained.items() if unit is not None}
            for need in dict.fromkeys(needs.values()):
                units.append(Unit(name, CLEAN, study, CLASSIFY, {"ann": True}, severity=0, needs=need))
            for kind in self.noises.values():
                if fits(kind, study.config) is None:
                    units += self._in_noise(name, study, kind, needs)
        return units

    def _in_noise(
        self, name: str, study: Study, kind: type[Noise], needs: Mapping[int, tuple[str, ...]]
    ) -> list[Unit]:
        ann = kind.acts_on in ("images", "events")
        return [
            Unit(
                name,
                kind.name,
                with_noise(study, kind.at(severity), seed),
                CLASSIFY,
                {"ann": ann},
                severity=severity,
                needs=needs[seed],
                work=3.0 if kind.name in EXPLICIT else 1.0,
            )
            for severity in self.amount.severities
            for seed in self.amount.seeds
        ]

    def analyse(self, done: Done, bench: Bench) -> Analysis:
        """Return accuracies, losses, comparisons and the verdict."""
        config = self.study.config
        main, main_study = next(iter(self.compared.values()))
        clean_input = bench.clean(main_study.config)
        examples = clean_input.examples
        results = Results(
            done,
            tuple(self.compared),
            self.noises,
            self.amount,
            config.readout.rule,
            retrained=self.training_seeds is not None,
        )
        compared = {rule: comparison_rows(replace(results, rule=rule)) for rule in READOUTS}
        tables = {
            "accuracy": accuracy_rows(results),
            "losses": loss_rows(results),
            "comparisons": compared[results.rule],
            "readouts": readout_rows(compared, lambda row: is_question(row["noise"])),
        }
        title = TITLES.get(config.dataset.name, examples.name)
        clean = [row for row in tables["accuracy"] if row["noise"] == CLEAN and row["method"] == "spiking"]
        names, pictures = example_pictures(bench.case(main_study), self.noises, self.amount.seeds[0])
        return Analysis(
            title,
            tables,
            [
                *verdict_of(results, tables["losses"], tables["comparisons"], title),
                *self._left_out_in_words(),
                agreement(tables["readouts"], config.readout.rule, ("question", "first", "second", "noise")),
            ],
            Entry(
                f"{examples.name}: {examples.source}",
                f"{plural(len(examples), 'trial')}, {plural(len(self.amount.seeds), 'seed')}, "
                f"{len(self.noises)} kinds of noise",
                percent(clean[0]["accuracy"]),
                f"{percent_interval(clean[0]['low'], clean[0]['high'])} {main.name}, without noise",
                [f"{row['network']}, without noise: {share_of(row)}" for row in clean[1:]],
            ),
            {
                "dataset": examples.name,
                "source": examples.source,
                "n": len(examples),
                "seeds": len(self.amount.seeds),
                "varied": list(results.seeds),
                "retrained": results.retrained,
                "training_examples": self.training_examples,
                "severities": list(self.amount.severities),
                "judged_severity": self.amount.judged_severity,
                "classes": list(examples.classes),
                "chance": 1 / len(examples.classes),
                "networks": [
                    {"name": network.name, "model": network.model, "about": network.about}
                    for network, _ in self.compared.values()
                ],
                "noises": [
                    {
                        "name": name,
                        "acts_on": kind.acts_on,
                        "amounts": [kind.at(severity).setting for severity in range(1, 6)],
                    }
                    for name, kind in self.noises.items()
                ],
                "data_sha256": examples.sha256,
                "weights": {
                    study.config.network.model: bench.graph(study.config).sha256()
                    for _, study in self.compared.values()
                },
            },
            clean_input.simulated,
            more={"names": names, "pictures": pictures},
        )

    def _left_out_in_words(self) -> list[str]:
        if not self.left_out:
            return []
        was = "was" if len(self.left_out) == 1 else "were"
        neuron = Path(self.study.config.neuron.model).stem
        return [
            f"Left out: {listed(self.left_out)}, which {was} trained on the rates of a LIF neuron "
            f"and cannot have the neuron {neuron}."
        ]


def with_noise(study: Study, noise: Noise, seed: int) -> Study:
    """Return a study with one noise and another seed."""
    simulation = study.config.simulation.model_copy(update={"seed": seed})
    update = {"noise": {noise.name: noise}, "simulation": simulation}
    return Study(study.name, study.config.model_copy(update=update))
