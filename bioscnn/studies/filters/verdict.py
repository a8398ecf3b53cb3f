"""Which front end is best, and whether that is more than chance: comparisons, and sentences made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.plots.filters import NOISES
from bioscnn.report.template import percent, points, probability
from bioscnn.statistics import LEVEL
from bioscnn.studies.filters.choices import ADDED, CLEAN, Choice, conditions
from bioscnn.studies.filters.images import Amount
from bioscnn.studies.filters.tables import Results, best, compare, corrected
from bioscnn.studies.filters.unit import Row

FILTERED, IN_NOISE = "with filters against pixels", "best in noise against pixels"
UNFILTERED = Choice((), rank_order=False)


@dataclass(frozen=True)
class Verdict:
    """What came out.

    Parameters
    ----------
    best, best_filtered, best_in_noise : Choice
        Chosen by validation images: of all, of those with cells, and of all in noise.
    comparisons : list of dict
        Rows of ``comparisons.csv``.
    sentences : list of str
        The answer.
    """

    best: Choice
    best_filtered: Choice
    best_in_noise: Choice
    comparisons: list[Row]
    sentences: list[str]


def verdict_of(
    results: Results, means: list[Row], labels: NDArray[np.int64], amount: Amount, title: str
) -> Verdict:
    """Choose by validation images, compare on test images, and say what came out.

    Parameters
    ----------
    results : mapping
        What `bioscnn.studies.filters.unit.run_unit` returned for each front end.
    means : list of dict
        Rows of ``means.csv``.
    labels : ndarray of int64, shape (n_images,)
        True classes of the pool.
    amount : Amount
        What was done.
    title : str
        The data set, for people.
    """
    order, in_noise = best(results, 0), best(results, amount.judged_severity)
    filtered = next(choice for choice in order if choice.retina)
    everywhere = conditions(amount.severities)
    noisy = everywhere[1:]
    asked = [
        (FILTERED, UNFILTERED, filtered, everywhere),
        # The same pair is asked once.
        *([] if in_noise[0] == filtered else [(IN_NOISE, UNFILTERED, in_noise[0], noisy)]),
        ("best against second best", order[1], order[0], [CLEAN]),
        (
            "with rank order against without",
            Choice(filtered.retina, rank_order=False),
            Choice(filtered.retina, rank_order=True),
            everywhere,
        ),
    ]
    comparisons = corrected(
        [row for question, a, b, where in asked for row in compare(results, question, a, b, where, labels)]
    )
    told = _Told(means, amount, comparisons)
    sentences = [
        told.clean(title, order[0], filtered),
        told.runner_up(order[0], order[1]),
        told.noise(in_noise[0]),
        told.rank_order(),
    ]
    return Verdict(order[0], filtered, in_noise[0], comparisons, sentences)


class _Told:
    def __init__(self, means: list[Row], amount: Amount, comparisons: list[Row]) -> None:
        self.amount = amount
        self._means = {(r["cells"], r["rank_order"], r["noise"], r["severity"]): r for r in means}
        self._pairs = {(r["question"], r["noise"], r["severity"]): r for r in comparisons}

    def clean(self, title: str, best: Choice, filtered: Choice) -> str:
        pair = self._pairs[FILTERED, "none", 0]
        start = f"{title}, clean: of all front ends the validation images choose {best.label}"
        if best != filtered:
            start += f", of those with cells {filtered.label}"
        return (
            f"{start}. Of the test images it is right in {self._share(filtered)}, without filters in "
            f"{self._share(UNFILTERED)}: {self._judged(pair)}."
        )

    def runner_up(self, best: Choice, second: Choice) -> str:
        pair = self._pairs["best against second best", "none", 0]
        return f"Against the second best, {second.label} ({self._share(second)}): {self._judged(pair)}."

    def noise(self, chosen: Choice) -> str:
        severity = self.amount.judged_severity
        parts = []
        for noise in ADDED:
            pair = self._pairs.get((IN_NOISE, noise, severity)) or self._pairs[FILTERED, noise, severity]
            shares = [self._share(c, noise, severity) for c in (chosen, UNFILTERED)]
            parts.append(
                f"{NOISES[noise]} {shares[0]} against {shares[1]} of the pixels ({self._judged(pair)})"
            )
        return f"In noise of severity {severity} they choose {chosen.label}: {'; '.join(parts)}."

    def rank_order(self) -> str:
        where = conditions((self.amount.judged_severity,))
        pairs = [self._pairs["with rank order against without", c.noise, c.severity] for c in where]
        told = "; ".join(f"{NOISES[pair['noise']]}: {self._judged(pair)}" for pair in pairs)
        return f"Rank order instead of the coefficients' sizes, for {pairs[0]['a']}: {told}."

    def _share(self, choice: Choice, noise: str = "none", severity: int = 0) -> str:
        row = self._means[choice.cells, choice.rank_order, noise, severity]
        return f"{percent(row['accuracy'])} [{100 * row['low']:.2f}, {100 * row['high']:.2f}]"

    def _judged(self, row: dict[str, Any]) -> str:
        real = "a real difference" if row["p_holm"] < LEVEL else "not told from chance"
        difference = f"{points(row['difference'])} points [{points(row['low'])}, {points(row['high'])}]"
        return f"{difference}, p {probability(row['p_holm'])} corrected, {real}"
