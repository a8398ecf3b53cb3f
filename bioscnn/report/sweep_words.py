"""The sentences and the rows of the tables of a sweep's page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bioscnn.plots.parameters import Parameter, names_of, outcome_of
from bioscnn.plots.surface import ENOUGH, fit_quadratic, is_grid
from bioscnn.report.sweep_folder import MEASURES
from bioscnn.report.template import plural

if TYPE_CHECKING:
    import pandas as pd

    from bioscnn.report.sweep_folder import SweepStudy

QUESTIONS = {
    "morris": "which parameter matters?",
    "sobol": "which parameter matters?",
    "grid": "what do its parameters do?",
    "random": "what do its parameters do?",
    "latin-hypercube": "what do its parameters do?",
}
"""What a sweep of a kind asks."""

DESIGNS = {
    "morris": "Morris's: trajectories through the ranges on which one parameter at a time moves a step. The "
    "change of an outcome by that step, in relation to the whole range, is an elementary effect.",
    "sobol": "Sobol's, after Saltelli: two sets of points that fill the ranges evenly, and mixtures of them "
    "in which one parameter comes from the other set.",
    "grid": "A grid: every combination of the values.",
    "random": "Random: each value is drawn from its range, independently of the others.",
    "latin-hypercube": "A Latin hypercube: every equal part of each range is used once, in random "
    "combinations.",
}
"""How the points of a kind are chosen."""

N_NAMED = 4
"""More parameters than so many are counted rather than named in a sentence."""

N_EXTREME = 10
"""So many of the best and of the worst points are in the table."""

MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Headline:
    """One number of the summary, with a note below it."""

    name: str
    value: str
    note: str


def written(value: float, outcome: str) -> str:
    """Return a value of an outcome without its unit."""
    what = outcome_of(outcome)
    return "" if value != value else f"{what.factor * value:,.{what.decimals}f}".replace("-", MINUS)


def with_unit(value: float, outcome: str) -> str:
    """Return a value of an outcome with its unit."""
    return f"{written(value, outcome)} {outcome_of(outcome).unit}".rstrip()


def change(value: float, outcome: str) -> str:
    """Return a difference of an outcome with its unit."""
    return f"{written(value, outcome)} {outcome_of(outcome).change}".rstrip()


def _size(row: pd.Series, study: SweepStudy) -> tuple[str, str]:
    """Return how large the effect of a parameter is, with its unit, and its interval."""
    if study.kind == "sobol":
        return _share(row.ST), f"[{_share(row.ST_low)}, {_share(row.ST_high)}]"
    outcome = str(row.outcome)
    ends = f"[{written(row.mu_star_low, outcome)}, {written(row.mu_star_high, outcome)}]"
    return change(row.mu_star, outcome), ends


def _share(value: float) -> str:
    return "" if value != value else f"{value:.2f}".replace("-0.00", "0.00").replace("-", MINUS)


def headlines(study: SweepStudy) -> list[Headline]:
    """Return the numbers to begin with: what matters most, between what the outcomes lie, the points."""
    names, done, main = names_of([one.key for one in study.parameters]), study.done, study.main
    what = outcome_of(main)
    meaning = f"of the variance of {what.name}" if study.kind == "sobol" else f"of {what.name} over its range"
    found = []
    for _, row in study.effects_on(main).head(3).iterrows():
        if not row[MEASURES[study.kind]] > 0:
            continue
        size, ends = _size(row, study)
        number, _, unit = size.partition(" ")
        found.append(Headline(names[row.parameter], number, f"{unit} {meaning}; 95 %: {ends}".lstrip()))
    if len(done):
        low, middle, high = (done[main].quantile(q) for q in (0, 0.5, 1))
        found.append(
            Headline(
                what.name.capitalize(),
                f"{written(low, main)} to {with_unit(high, main)}",
                f"from the worst to the best point; median {with_unit(middle, main)}",
            )
        )
    failed = f", {study.summary['n_failed']:,} of them failed" if study.summary["n_failed"] else ""
    trials = f"of {plural(study.summary['trials'], 'trial')} each{failed}"
    return [
        *found,
        Headline("Points", f"{study.summary['n_points']:,}", trials),
        Headline("Programs", f"{study.summary['programs']:,}", f"compiled for all of them{_rate(study)}"),
    ]


def _rate(study: SweepStudy) -> str:
    """Return how many points a second were computed; a sweep that was done already does not know."""
    rate = study.summary["points_per_second"]
    return "" if rate is None else f"; {rate:.3g} points a second"


def effects_caption(study: SweepStudy) -> str:
    """Say what moves the judged outcome most, and how the plane or the bars are read."""
    rows, names = study.effects_on(study.main), names_of([one.key for one in study.parameters])
    sizes = {names[row.parameter]: " ".join(_size(row, study)) for _, row in rows.head(3).iterrows()}
    name, told = outcome_of(study.main).name, "; ".join(f"{key} {size}" for key, size in sizes.items())
    if rows.empty or not rows[MEASURES[study.kind]].any():
        return f"Nothing moves {name}: it is the same at every point."
    if study.kind == "sobol":
        alone = rows["S1"].sum()
        return (
            f"Shares of the variance of {name} that go with a parameter, interactions included: {told}. All "
            f"parameters alone make {_share(alone)} of 1; what is missing are interactions, and the error of "
            "the estimates. Black: 95 % intervals; those around zero say that the parameter may do nothing."
        )
    bent = [names[row.parameter] for _, row in rows.iterrows() if row.sigma > row.mu_star > 0]
    line = "above the line \N{GREEK SMALL LETTER SIGMA} = \N{GREEK SMALL LETTER MU}*"
    who = ", ".join(bent) if len(bent) <= N_NAMED else f"{len(bent)} of {plural(len(rows), 'parameter')}"
    turned = (
        f"An effect that differs more from place to place than it is large ({line}) have: {who}. "
        if bent
        else "No effect differs more from place to place than it is large. "
    )
    return (
        f"Mean change of {name} over the whole range of a parameter, whatever the others are: {told}. "
        f"{turned}Lines: 95 % intervals of \N{GREEK SMALL LETTER MU}*."
    )


def bars_caption(study: SweepStudy) -> str:
    """Say what moves each of the other outcomes most."""
    names, told = names_of([one.key for one in study.parameters]), []
    for outcome in study.outcomes:
        rows = study.effects_on(outcome)
        if outcome != study.main and len(rows) and rows.iloc[0].mu_star > 0:
            row = rows.iloc[0]
            told.append(
                f"{outcome_of(outcome).name} by {names[row.parameter]}, {' '.join(_size(row, study))}"
            )
    most = f"Most moved are {'; '.join(told)}. " if told else ""
    return f"The same sizes as bars, outcome by outcome. {most}Black: 95 % intervals."


def interactions_caption(study: SweepStudy) -> str:
    """Say which pairs of parameters do more together than each alone."""
    assert study.interactions is not None
    rows = study.interactions[study.interactions["outcome"] == study.main].dropna()
    names = names_of([one.key for one in study.parameters])
    told = rows[rows["S2_low"] > 0].sort_values("S2", ascending=False)
    pairs = [
        f"{names[row.parameter]} with {names[row.other]} {_share(row.S2)} "
        f"[{_share(row.S2_low)}, {_share(row.S2_high)}]"
        for _, row in told.head(3).iterrows()
    ]
    found = f"Told from zero: {'; '.join(pairs)}." if pairs else "No pair is told from zero."
    return (
        f"Share of the variance of {outcome_of(study.main).name} that two parameters make only together. "
        f"{found} Bold: the 95 % interval leaves zero out."
    )


def alone_caption(study: SweepStudy) -> str:
    """Say from where to where each parameter takes the judged outcome by itself."""
    assert study.alone is not None
    names, told = names_of([one.key for one in study.parameters]), []
    for one in study.order:
        rows = study.alone[study.alone["parameter"] == one.key]
        ends = rows.sort_values("x").dropna(subset=[study.main])
        if len(ends) > 1:
            first, last = ends.iloc[0], ends.iloc[-1]
            told.append(
                f"{names[one.key]} from {first.value} to {last.value} takes it from "
                f"{with_unit(first[study.main], study.main)} to {with_unit(last[study.main], study.main)}"
            )
    name = outcome_of(study.main).name
    start = f"What becomes of {name} while all else stays: {'; '.join(told)}. " if told else ""
    bands = " Bands: 95 % intervals after Wilson." if study.main == "accuracy" else ""
    return f"{start}Ring: the study as it is.{bands}"


def main_caption(study: SweepStudy) -> str:
    """Say how the small multiples are read."""
    by = {"morris": "their effects", "sobol": "their shares of the variance"}.get(
        study.kind if len(study.effects_on(study.main)) else "", "how much of its variance goes with them"
    )
    return (
        "Each dot is a point of the sweep; all other parameters differ too. Line: running median of "
        f"{outcome_of(study.main).name}, band: its 95 % interval, where there are six points or more. In the "
        f"order of {by}."
    )


def surface_caption(study: SweepStudy, x: Parameter, y: Parameter) -> str:
    """Say what stands in the cells, or how good the surface is."""
    names = names_of([one.key for one in study.parameters])
    rows, what = study.done.dropna(subset=[study.main]), outcome_of(study.main)
    start = f"{what.name.capitalize()} over {names[x.key]} and {names[y.key]}."
    more = len(study.parameters) > 2
    if is_grid(rows, x, y):
        means = rows.groupby([x.key, y.key])[study.main].mean()
        highest, lowest = (
            f"{with_unit(means[place], study.main)} at {x.text(place[0])} and {y.text(place[1])}"
            for place in (means.idxmax(), means.idxmin())
        )
        mean = " A cell is the mean over points that differ in all other parameters." if more else ""
        return f"{start} Highest: {highest}; lowest: {lowest}.{mean}"
    dots = f"{start} A dot is a point{'; all other parameters differ too' if more else ''}."
    if x.is_choice or y.is_choice:
        return dots
    surface = fit_quadratic(x.position(rows[x.key]), y.position(rows[y.key]), rows[study.main])
    if surface is None or surface.predicted < ENOUGH:
        share = 0.0 if surface is None else max(surface.predicted, 0.0)
        return (
            f"{dots} No surface is drawn: one of second degree would predict {100 * share:.0f} % of the "
            "variance of points that it has not seen."
        )
    return (
        f"{dots} The surface behind them, of second degree, predicts {100 * surface.predicted:.0f} % of the "
        "variance of points that it has not seen."
    )


def parallel_caption(study: SweepStudy) -> str:
    """Say where the best and the worst point are."""
    names = names_of([one.key for one in study.parameters])
    rows = study.done.dropna(subset=[study.main]).sort_values(study.main, kind="stable")
    told = []
    for word, row in (("best", rows.iloc[-1]), ("worst", rows.iloc[0])):
        at = ", ".join(f"{names[one.key]} {one.text(row[one.key])}" for one in study.order[:3])
        told.append(f"The {word} point, {with_unit(row[study.main], study.main)}: {at}")
    return (
        f"A line is a point of the sweep, from row to row through the values of its parameters. "
        f"{'. '.join(told)}. Lines of the same value stand side by side."
    )


def effects_tables(study: SweepStudy) -> Iterator[dict[str, Any]]:
    """Yield the effects on each outcome as rows of texts, the largest first."""
    for outcome in study.outcomes if study.effects is not None else ():
        rows = [
            {"parameter": row.parameter, "cells": _cells(row, outcome, study)}
            for _, row in study.effects_on(outcome).iterrows()
        ]
        what = outcome_of(outcome)
        label = what.name if study.kind == "sobol" else what.change_label
        yield {"outcome": label, "rows": rows}


def _cells(row: pd.Series, outcome: str, study: SweepStudy) -> list[str]:
    if study.kind == "sobol":
        return [
            _share(row.ST), f"[{_share(row.ST_low)}, {_share(row.ST_high)}]",
            _share(row.S1), f"[{_share(row.S1_low)}, {_share(row.S1_high)}]",
        ]  # fmt: skip
    _, ends = _size(row, study)
    return [written(row.mu_star, outcome), ends, written(row.mu, outcome), written(row.sigma, outcome)]


def extremes(study: SweepStudy) -> dict[str, list[list[str]]]:
    """Return the cells of the best and of the worst points, all of them under one name if they are few."""
    rows = study.done.dropna(subset=[study.main]).sort_values(study.main, ascending=False, kind="stable")
    if len(rows) <= 2 * N_EXTREME:
        return {"All points, the best first": [_point(row, study) for _, row in rows.iterrows()]}
    worst = rows.iloc[::-1].head(N_EXTREME)
    return {
        f"The {N_EXTREME} best": [_point(row, study) for _, row in rows.head(N_EXTREME).iterrows()],
        f"The {N_EXTREME} worst": [_point(row, study) for _, row in worst.iterrows()],
    }


def _point(row: pd.Series, study: SweepStudy) -> list[str]:
    from bioscnn.metrics import wilson

    values = [written(row[outcome], outcome) for outcome in study.outcomes]
    if study.main == "accuracy":
        trials = study.summary["trials"]
        share = wilson(round(row.accuracy * trials), trials)
        values[study.outcomes.index("accuracy")] += f" [{100 * share.low:.1f}, {100 * share.high:.1f}]"
    settings = [
        str(row[one.key]) if one.is_choice else f"{float(row[one.key]):.4g}" for one in study.parameters
    ]
    return [str(int(row.point)), *values, *settings]


def failures(study: SweepStudy) -> list[dict[str, Any]]:
    """Return each reason for which points failed, the most frequent first, with the points."""
    found: list[dict[str, Any]] = []
    for reason, rows in study.failed.groupby("error", sort=False):
        numbers = [str(number) for number in rows["point"]]
        shown = ", ".join(numbers[:12]) + (", ..." if len(numbers) > 12 else "")
        found.append({"reason": str(reason), "count": len(numbers), "points": shown})
    return sorted(found, key=lambda one: -one["count"])


def is_judged(study: SweepStudy) -> bool:
    """Return whether the design is one that effects are computed from."""
    return study.kind in MEASURES
