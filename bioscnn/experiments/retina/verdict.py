"""The search for cells, which is exploratory: what validation images choose, comparisons, verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from bioscnn.encoding.reconstruction import WANTED
from bioscnn.experiments.experiment import Row
from bioscnn.experiments.phrases import share_of
from bioscnn.experiments.retina.choices import CLEAN, Choice, Condition, conditions
from bioscnn.experiments.retina.images import Amount
from bioscnn.experiments.retina.tables import Results, compare, ranked
from bioscnn.experiments.rows import corrected_rows
from bioscnn.plots.filters import NOISES
from bioscnn.report.formats import points, points_interval, probability

FILTERED, IN_NOISE = "with filters against pixels", "best in noise against pixels"
RUNNER_UP = "best against second best"
UNFILTERED = Choice(())


@dataclass(frozen=True)
class Chosen:
    """Front ends that validation images choose.

    Parameters
    ----------
    best, second : Choice
        Of all, on clean images.
    filtered : Choice
        The best of those with cells, on clean images.
    in_noise : Choice
        Of all, in noise of the judged severity.
    """

    best: Choice
    second: Choice
    filtered: Choice
    in_noise: Choice

    @classmethod
    def of(cls, results: Results, amount: Amount) -> Chosen:
        """Choose from the accuracies on validation images."""
        order = ranked(results, 0)
        filtered = next(choice for choice in order if choice.retina)
        return cls(order[0], order[1], filtered, ranked(results, amount.judged_severity)[0])


def comparison_rows(results: Results, chosen: Chosen, amount: Amount) -> list[Row]:
    """Return ``comparisons.csv``: one row per question and condition, accuracy of `b` less that of `a`."""
    everywhere, filtered = conditions(amount.noises, amount.severities), chosen.filtered
    questions: list[tuple[str, Choice, Choice, Sequence[Condition]]] = [
        (FILTERED, UNFILTERED, filtered, everywhere),
        (IN_NOISE, UNFILTERED, chosen.in_noise, everywhere[1:]),
        (RUNNER_UP, chosen.second, chosen.best, [CLEAN]),
    ]
    if chosen.in_noise == filtered:
        # The same pair is asked once.
        del questions[1]
    pairs = [
        (
            {"question": question, "a": a.label, "b": b.label, **asdict(condition)},
            compare(results, [(1, b), (-1, a)], [condition]),
        )
        for question, a, b, where in questions
        for condition in where
    ]
    return corrected_rows(pairs, "front ends, exploratory")


def verdict_of(
    means: Sequence[Row], comparisons: Sequence[Row], chosen: Chosen, amount: Amount, title: str
) -> list[str]:
    """Return which front ends are chosen, and what they are worth on test images.

    Parameters
    ----------
    means, comparisons : sequence of dict
        Rows of ``means.csv`` and ``comparisons.csv``.
    chosen : Chosen
        By validation images.
    amount : Amount
        What was done.
    title : str
        The data set, for people.
    """
    numbers = _Numbers(means, comparisons, amount)
    return [
        numbers.clean(title, chosen),
        numbers.runner_up(chosen.second),
        numbers.noise(chosen.in_noise),
        "The cells have gain control and the pixels have none: how much of a difference is the filters' own, "
        "the experiment without --search says.",
    ]


def needed_spikes(share: float, n: int) -> str:
    """Return the sentence about the share of the spikes that is enough to read images from."""
    return (
        f"Ranked over all four kinds of cells, the first {100 * share:.1f} % of the spikes explain "
        f"{100 * WANTED:.0f} % of what all of them explain of an image (mean of {n} test images)."
    )


class _Numbers:
    def __init__(self, means: Sequence[Row], comparisons: Sequence[Row], amount: Amount) -> None:
        self.amount = amount
        self._means = {(r["front_end"], r["noise"], r["severity"]): r for r in means}
        self._pairs = {(r["question"], r["noise"], r["severity"]): r for r in comparisons}

    def clean(self, title: str, chosen: Chosen) -> str:
        pair = self._pairs[FILTERED, "none", 0]
        start = f"{title}, clean: of all front ends the validation images choose {chosen.best.label}"
        if chosen.best != chosen.filtered:
            start += f", of those with cells {chosen.filtered.label}"
        return (
            f"{start}. Of the test images it is right in {self._share(chosen.filtered)}, without filters in "
            f"{self._share(UNFILTERED)}: {_judged(pair)}."
        )

    def runner_up(self, second: Choice) -> str:
        pair = self._pairs[RUNNER_UP, "none", 0]
        return f"Against the second best, {second.label} ({self._share(second)}): {_judged(pair)}."

    def noise(self, chosen: Choice) -> str:
        severity = self.amount.judged_severity
        parts = []
        for noise in self.amount.noises:
            pair = self._pairs.get((IN_NOISE, noise, severity)) or self._pairs[FILTERED, noise, severity]
            shares = [self._share(c, noise, severity) for c in (chosen, UNFILTERED)]
            parts.append(f"{NOISES[noise]} {shares[0]} against {shares[1]} of the pixels ({_judged(pair)})")
        return f"In noise of severity {severity} they choose {chosen.label}: {'; '.join(parts)}."

    def _share(self, choice: Choice, noise: str = "none", severity: int = 0) -> str:
        return share_of(self._means[choice.label, noise, severity])


def _judged(row: Row) -> str:
    interval = points_interval(row["low"], row["high"])
    significant = "significant" if row["significant"] else "not significant"
    return f"{points(row['difference'])} points {interval}, p {probability(row['p_holm'])}, {significant}"
