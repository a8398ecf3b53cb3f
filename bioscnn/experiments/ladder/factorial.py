"""What each piece of biology does whatever the order: in every context, on average, and with another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.experiments.classify import correct_of
from bioscnn.experiments.experiment import Row
from bioscnn.experiments.ladder.cells import ALL, FACTORS, NEEDS, Cell, contexts_of, name_of
from bioscnn.experiments.rows import TRAINING_SEEDS, corrected_rows, estimate_cells
from bioscnn.experiments.unit import Outcome
from bioscnn.statistics import Estimate, difference, mean, mean_difference, proportion

ACCURACY = "accuracy"
OUTCOMES = {ACCURACY: "share", "latency_ms": "ms", "spikes": "spikes per trial"}
"""What is compared, and its unit; the latency by its mean over trials, since medians do not add up."""

Weights = Mapping[Cell, float]
"""A contrast: what each cell counts."""


@dataclass(frozen=True, eq=False)
class Factorial:
    """What the trials of all networks came to in every cell.

    Parameters
    ----------
    values : mapping
        By outcome and cell, float64, shape (n_networks, n_trials).
    """

    values: Mapping[str, Mapping[Cell, NDArray[np.float64]]]

    @classmethod
    def of(cls, outcomes: Mapping[Cell, Sequence[Outcome]], rule: str) -> Factorial:
        """Return the outcomes of every cell, network by network, read by a rule."""

        def measured(name: str, outcome: Outcome) -> NDArray[Any]:
            return correct_of(outcome, rule) if name == ACCURACY else outcome[name]

        return cls(
            {
                name: {
                    cell: np.array([measured(name, network) for network in networks], np.float64)
                    for cell, networks in outcomes.items()
                }
                for name in OUTCOMES
            }
        )

    def contrast(self, outcome: str, weights: Weights) -> Estimate:
        """Return a contrast of cells, in the same trials and networks."""
        values = self.values[outcome]
        summed = np.sum([weight * values[cell] for cell, weight in weights.items()], axis=0)
        return mean(summed, seeds=TRAINING_SEEDS)

    def added(self, outcome: str, factor: str, context: Cell) -> Estimate:
        """Return the estimate of what a factor adds to a cell."""
        values = self.values[outcome]
        estimate = difference if outcome == ACCURACY else mean_difference
        return estimate(values[context | {factor}], values[context], seeds=TRAINING_SEEDS)


def shapley_weights(factor: str) -> Weights:
    r"""Return the contrast that is the Shapley value of one of `FACTORS`.

    It is the mean of what the factor adds, over all orders in which the factors can be added:

    .. math:: \phi_i = \sum_{S \subseteq N \setminus i} \frac{|S|!\,(n - 1 - |S|)!}{n!}
              \left(v(S \cup i) - v(S)\right)

    The values of all factors add up to what all of them together change.

    References
    ----------
    Shapley (1953), A value for n-person games, in: Contributions to the Theory of Games II, Princeton
    University Press, 307.
    """
    n = len(FACTORS)
    share = {cell: factorial(len(cell)) * factorial(n - 1 - len(cell)) for cell in contexts_of(factor)}
    return _added(factor, {cell: number / factorial(n) for cell, number in share.items()})


def main_weights(factor: str) -> Weights:
    """Return the contrast that is the mean of what a factor adds, over the cells to which it can be added."""
    contexts = contexts_of(factor)
    return _added(factor, dict.fromkeys(contexts, 1 / len(contexts)))


def interaction_weights(factor: str, partner: str) -> Weights:
    """Return the contrast that is the interaction of two of `FACTORS`: what one adds more with the other."""
    contexts = [cell for cell in contexts_of(factor) if partner not in cell]
    weights: dict[Cell, float] = {}
    for cell in contexts:
        for more, sign in ((set(), 1), ({factor}, -1), ({partner}, -1), ({factor, partner}, 1)):
            weights[cell | more] = sign / len(contexts)
    return weights


def _added(factor: str, shares: Mapping[Cell, float]) -> Weights:
    return {cell | {factor}: share for cell, share in shares.items()} | {
        cell: -share for cell, share in shares.items()
    }


def tables_of(design: Factorial) -> dict[str, list[Row]]:
    """Return the tables of a factorial by name."""
    return {
        "factorial": cell_rows(design),
        "shapley": shapley_rows(design),
        "effects": effect_rows(design),
        "contexts": context_rows(design),
    }


def cell_rows(design: Factorial) -> list[Row]:
    """Return ``factorial.csv``: one row per cell, mean over trials and networks."""
    rows = []
    for cell, right in design.values[ACCURACY].items():
        others = {
            name: mean(design.values[name][cell], seeds=TRAINING_SEEDS)
            for name in OUTCOMES
            if name != ACCURACY
        }
        rows.append(
            {
                "cell": name_of(cell),
                **{factor: factor in cell for factor in ALL},
                **estimate_cells(ACCURACY, proportion(right, seeds=TRAINING_SEEDS)),
                **{
                    key: value
                    for name, estimate in others.items()
                    for key, value in estimate_cells(name, estimate).items()
                },
                "networks": len(right),
                "n": right.shape[1],
            }
        )
    return rows


def shapley_rows(design: Factorial) -> list[Row]:
    """Return ``shapley.csv``: one row per factor and outcome, all of them one family."""
    return corrected_rows(
        (
            (
                {"factor": factor, "outcome": outcome, "unit": OUTCOMES[outcome]},
                design.contrast(outcome, shapley_weights(factor)),
            )
            for outcome in OUTCOMES
            for factor in FACTORS
        ),
        "Shapley values",
    )


def effect_rows(design: Factorial) -> list[Row]:
    """Return ``effects.csv``: main effects, and how pairs interact, all of them one family.

    A main effect is the mean over all cells to which a factor can be added; `NEEDS` says which these are.
    """
    compared: list[tuple[Row, Estimate]] = []
    for outcome, unit in OUTCOMES.items():
        weights = {(factor, ""): main_weights(factor) for factor in (*FACTORS, *NEEDS)}
        weights |= {pair: interaction_weights(*pair) for pair in combinations(FACTORS, 2)}
        for (factor, partner), contrast in weights.items():
            cells = {"factor": factor, "other": partner, "outcome": outcome, "unit": unit}
            contexts = [c for c in contexts_of(factor) if partner not in c]
            compared.append(({**cells, "contexts": len(contexts)}, design.contrast(outcome, contrast)))
    return corrected_rows(compared, "main effects and interactions")


def context_rows(design: Factorial) -> list[Row]:
    """Return ``contexts.csv``: what each factor adds to each cell, all of them one family."""
    return corrected_rows(
        (
            (
                {
                    "factor": factor,
                    "context": name_of(context),
                    "outcome": outcome,
                    "unit": OUTCOMES[outcome],
                },
                design.added(outcome, factor, context),
            )
            for outcome in OUTCOMES
            for factor in ALL
            for context in contexts_of(factor)
        ),
        "contexts",
    )
