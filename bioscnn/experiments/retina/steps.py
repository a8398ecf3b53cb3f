"""What each change of the front end is worth alone: comparisons, verdict, and the entry of the index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bioscnn.experiments.classify import RULES
from bioscnn.experiments.experiment import Entry, Row
from bioscnn.experiments.readouts import agreement, readout_rows
from bioscnn.experiments.retina.choices import CLEAN, FILTERS, GAIN, ORDER, Choice, Condition, Steps
from bioscnn.experiments.retina.images import Amount
from bioscnn.experiments.retina.tables import Results, compare, groups_of
from bioscnn.experiments.rows import corrected_rows
from bioscnn.plots.filters import NOISES
from bioscnn.report.formats import plural, points, points_interval
from bioscnn.statistics import Estimate

PRIMARY, EXPLORATORY = "primary: cells less pixels at equal gain control", "exploratory"
INTERACTION = f"{FILTERS} x {GAIN}"

Terms = Sequence[tuple[int, Choice]]


def step_rows(results: Results, steps: Steps, amount: Amount) -> list[Row]:
    """Return ``comparisons.csv``: one row per step and noise, accuracy with the change less that without.

    Of a noise, the mean over its severities. The primary family was named in advance; of the exploratory one,
    corrected by itself, no row was.
    """
    groups = groups_of(amount.noises, amount.severities)

    def rows(step: str, a: str, b: str, terms: Terms) -> list[tuple[Row, Any]]:
        return [
            ({"step": step, "a": a, "b": b, **_noise_cells(noise, where)}, compare(results, terms, where))
            for noise, where in groups.items()
        ]

    families = {
        family: [
            pair
            for step in steps_of_family
            for pair in rows(
                step.name, step.before.label, step.after.label, [(1, step.after), (-1, step.before)]
            )
        ]
        for family, steps_of_family in ((PRIMARY, steps.primary), (EXPLORATORY, steps.exploratory))
    }
    without, with_gain = steps.primary
    interaction: Terms = [
        (1, with_gain.after), (-1, with_gain.before), (-1, without.after), (1, without.before),
    ]  # fmt: skip
    families[EXPLORATORY] += rows(INTERACTION, without.name, with_gain.name, interaction)
    return [row for family, pairs in families.items() for row in corrected_rows(pairs, family)]


def by_readout(results: Results, steps: Steps, amount: Amount) -> list[Row]:
    """Return ``readouts.csv``: the primary comparisons by every readout."""
    groups = groups_of(amount.noises, amount.severities)

    def compared(k: int) -> list[tuple[Row, Estimate]]:
        return [
            (
                {"step": step.name, **_noise_cells(noise, where)},
                compare(results, [(1, step.after), (-1, step.before)], where, readout=k),
            )
            for step in steps.primary
            for noise, where in groups.items()
        ]

    return readout_rows({name: corrected_rows(compared(k), PRIMARY) for k, name in enumerate(RULES)})


def _noise_cells(noise: str, where: Sequence[Condition]) -> Row:
    return {"noise": noise, "severities": ", ".join(str(condition.severity) for condition in where)}


def verdict_of(comparisons: Sequence[Row], readouts: Sequence[Row], rule: str, title: str) -> list[str]:
    """Return verdict sentences: the worth of cells at equal gain control, of gain control, of rank order.

    Parameters
    ----------
    comparisons, readouts : sequence of dict
        Rows of ``comparisons.csv`` and ``readouts.csv``.
    rule : str
        Readout of the study.
    title : str
        The data set, for people.
    """
    of_step = {
        (row["step"], row["noise"]): row
        for row in comparisons
        if row["step"].startswith((FILTERS, GAIN, ORDER))
    }

    def judgements(step: str) -> str:
        rows = [row for (name, _), row in of_step.items() if name == step]
        return "; ".join(f"{NOISES[row['noise']]} {_judged(row)}" for row in rows)

    return [
        f"{title}, cells less pixels, both with gain control (points): {judgements(f'{FILTERS}, {GAIN}')}.",
        f"Both without gain control: {judgements(f'{FILTERS}, no {GAIN}')}.",
        f"Gain control alone, of the pixels: {judgements(f'{GAIN}, pixels')} (exploratory).",
        f"Rank order of the cells instead of sizes: {judgements(f'{ORDER}, cells')} (exploratory).",
        agreement(readouts, rule, ("step", "noise")),
    ]


def _judged(row: Row) -> str:
    interval = points_interval(row["low_holm"], row["high_holm"])
    verdict = "" if row["significant"] else ", not significant"
    return f"{points(row['difference'])} {interval}{verdict}"


def entry_of(summary: Mapping[str, Any], comparisons: Sequence[Row]) -> Entry:
    """Return cells less pixels, both with gain control: clean first, then each noise."""
    rows = [row for row in comparisons if row["step"] == f"{FILTERS}, {GAIN}"]
    by_noise = {
        row["noise"]: (points(row["difference"]), points_interval(row["low"], row["high"])) for row in rows
    }
    (value, interval), *_ = by_noise.values()
    return Entry(
        f"{summary['dataset']}: {summary['source']}",
        f"{plural(summary['n_test'], 'test image')}, {plural(summary['n_seeds'], 'seed')}",
        f"{value} points",
        f"{interval} cells less pixels, both with gain control, clean",
        [
            f"{NOISES[noise]}: {value} {ends}"
            for noise, (value, ends) in by_noise.items()
            if noise != CLEAN.noise
        ],
    )
