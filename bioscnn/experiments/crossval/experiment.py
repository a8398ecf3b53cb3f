"""Networks trained on all folds but one: the plan of a cross-validation, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from bioscnn.datasets.titles import TITLES
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.crossval.folds import base_of, check_recipe, choosing_epoch, divided, stages_of
from bioscnn.experiments.crossval.measure import pool_of, study_of_pool
from bioscnn.experiments.crossval.page import cross_validation_page
from bioscnn.experiments.crossval.tables import (
    CROSS_VALIDATED,
    RATES,
    Classified,
    accuracy_rows,
    comparison_rows,
    decision_rows,
    fold_rows,
    time_rows,
)
from bioscnn.experiments.crossval.verdict import verdict_of
from bioscnn.experiments.experiment import Analysis, Done, Entry, Experiment, Row
from bioscnn.experiments.phrases import share_of
from bioscnn.experiments.unit import Unit, hash_of
from bioscnn.report.formats import percent, percent_interval, plural
from bioscnn.studies.disturbance import refuse_noise
from bioscnn.studies.recipe import Recipe
from bioscnn.studies.study import Study
from bioscnn.training.train import require_torch

MEASURES = "bioscnn.experiments.crossval.measure"
TRAINING, CLASSIFICATION = "training", "classification"


@dataclass(frozen=True)
class CrossValidation(Experiment):
    """Every recording is classified by a network that was not trained on it.

    The recordings are those of ``training.folds_of``, the folds are stratified. What the recipe begins with
    is trained anew for each fold if it was trained on the same recordings; a network of other recordings is
    taken as it is shipped, and classifies all of them too, for comparison.

    Parameters
    ----------
    study : Study
        Encoding, neuron, simulation and readout.
    recipe : Recipe
        How the networks are trained; one of `bioscnn.studies.recipes.shipped_recipes`.
    folds : int
        How many.
    """

    study: Study
    recipe: Recipe
    folds: int = 5
    name: ClassVar = "cross-validation"
    page = staticmethod(cross_validation_page)

    @property
    def label(self) -> str:
        """The network."""
        return self.recipe.name

    def plan(self, bench: Bench) -> list[Unit]:
        """Return the training of every fold, and the shipped network that it begins with, as it is."""
        config, base = self.study.config, base_of(self.recipe)
        refuse_noise(config, "networks are cross-validated without noise")
        check_recipe(config, self.recipe)
        require_torch()
        pool = pool_of(config, self.recipe, bench)
        divided(pool.examples.labels, self.folds)
        units = [self._unit(f"fold {k}", TRAINING, k, bench) for k in range(1, self.folds + 1)]
        if base is not None:
            units.append(self._unit(f"{base}, as shipped", CLASSIFICATION, 0, bench))
        return units

    def next_round(self, done: Done, bench: Bench) -> list[Unit]:
        """Return the recordings of every fold, classified by its network."""
        trained = done.where(condition=TRAINING)
        if len(done.where(condition=CLASSIFICATION)) >= len(trained):
            return []
        return [
            self._unit(unit.variant, CLASSIFICATION, unit.options["fold"], bench, done.need(unit))
            for unit in trained
        ]

    def _unit(self, variant: str, condition: str, fold: int, bench: Bench, *needs: str) -> Unit:
        options = {
            "recipe": self.recipe.name,
            "stages": hash_of(repr(stages_of(self.recipe))),
            "recordings": pool_of(self.study.config, self.recipe, bench).examples.sha256,
            "fold": fold,
            "folds": self.folds,
        }
        return Unit(
            variant,
            condition,
            study_of_pool(self.study, self.recipe, bench),
            f"{MEASURES}:{'TRAIN' if condition == TRAINING else 'CLASSIFY'}",
            options,
            needs=needs,
            work=10.0 if condition == TRAINING else 1.0,
        )

    def analyse(self, done: Done, bench: Bench) -> Analysis:
        """Return decisions, accuracies, what was gained, and the networks."""
        config, recipe = self.study.config, self.recipe
        rule, dt = config.readout.rule, config.simulation.dt
        pool = pool_of(config, recipe, bench)
        examples, labels = pool.examples, pool.examples.labels
        folds = divided(labels, self.folds)
        fold_of = np.empty(len(labels), np.int64)
        for k, (_, rows) in enumerate(folds, start=1):
            fold_of[rows] = k
        units = {unit.options["fold"]: unit for unit in done.where(condition=CLASSIFICATION)}
        parts = [(rows, done[units[k]]) for k, (_, rows) in enumerate(folds, start=1)]
        networks = [Classified.of(CROSS_VALIDATED, labels, parts)]
        if 0 in units:
            networks.append(Classified.of(units[0].variant, labels, [(slice(None), done[units[0]])]))
        tables = {
            "decisions": decision_rows(networks[0], examples.index, fold_of),
            "accuracy": accuracy_rows(networks),
            "folds": fold_rows(networks[0], fold_of, rule),
            "over-time": time_rows(networks, rule, dt),
            "comparisons": comparison_rows(networks, rule),
        }
        summary = {
            "network": recipe.name,
            "began_with": base_of(recipe) or "random weights",
            "stages": [stage.name for stage in stages_of(recipe)],
            "dataset": examples.name,
            "source": examples.source,
            "n": len(labels),
            "n_choosing": len(choosing_epoch(folds[0][0])),
            "folds": self.folds,
            "accuracy": {row["readout"]: _triple(row) for row in tables["accuracy"] if _is_first(row)},
            "readout": rule,
            "data_sha256": examples.sha256,
            "seed": config.simulation.seed,
        }
        title = TITLES.get(config.dataset.name, examples.name)
        return Analysis(
            title,
            tables,
            verdict_of({**summary, "title": title}, tables),
            _entry(summary, tables["accuracy"]),
            summary,
            pool.simulated,
            files={
                f"fold-{unit.options['fold']}-{stage}.onnx": onnx.tobytes()
                for unit in done.where(condition=TRAINING)
                for stage, onnx in done[unit].items()
            },
            more={"networks": networks},
        )


def _is_first(row: Row) -> bool:
    return bool(row["network"] == CROSS_VALIDATED)


def _triple(row: Row) -> list[float]:
    return [row["accuracy"], row["low"], row["high"]]


def _entry(summary: Mapping[str, Any], rows: list[Row]) -> Entry:
    """Return the cross-validated accuracy by the study's readout, and beside it the others of it."""
    rule = summary["readout"]
    by_readout = {(row["network"], row["readout"]): row for row in rows if row["readout"] in (rule, RATES)}
    first = by_readout.pop((CROSS_VALIDATED, rule))
    return Entry(
        f"{summary['dataset']}: {summary['source']}",
        f"{plural(summary['n'], 'recording')}, {plural(summary['folds'], 'fold')}",
        percent(first["accuracy"]),
        f"{percent_interval(first['low'], first['high'])} {summary['network']}, by {rule}",
        [f"{network}, {readout}: {share_of(row)}" for (network, readout), row in by_readout.items()],
    )
