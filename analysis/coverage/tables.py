"""The measured coverage as Markdown, for docs/statistics.md."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from analysis.coverage.methods import student_of_skewed

COMMAND = "python -m analysis.coverage"
LIMITS = {1: (92.0, 98.5), 2: (86.0, 98.5), 5: (92.0, 98.5), 10: (92.0, 98.5)}
"""Coverage in % that was asked for, by the number of seeds."""

METHODS = {
    "": "**chosen**",
    "satterthwaite ": "mean squares, Satterthwaite's t",
    "normal ": "mean squares, normal quantile",
    "fewest degrees ": "mean squares, t with seeds less one degrees",
    "generalised ": "generalised interval",
    "bootstrap ": "crossed bootstrap, as before",
}


def markdown(coverage: pd.DataFrame, sizes: pd.DataFrame, families: pd.DataFrame) -> str:
    """Return all tables.

    Parameters
    ----------
    coverage, sizes, families : DataFrame
        What ``coverage.csv``, ``false-positives.csv`` and ``families.csv`` of docs/tables hold.
    """
    differences = coverage[coverage["outcome"] == "difference"]
    proportions = coverage[coverage["outcome"] == "proportion"]
    return "\n".join(
        [
            f"Measured by `{COMMAND}` in {len(coverage):,} settings of {coverage['repetitions'].min():,} or "
            f"{coverage['repetitions'].max():,} experiments each; one row per setting stands in "
            "[tables/coverage.csv](tables/coverage.csv). Coverage in %, lowest and highest of the ratios of "
            "the variance between seeds to that over trials (0.1, 1 and 10).",
            "",
            "**Difference of two accuracies** (of the first):",
            "",
            *_by_size(differences),
            "",
            "**A single accuracy**:",
            "",
            *_by_size(proportions),
            "",
            "**Other methods**, differences in 500 and 5,000 trials: coverage, lowest to highest, and "
            "half width, median over settings, in units of that of one who knew the true variance.",
            "",
            *_methods(differences[(differences["trials"] > 50) & (differences["seeds"] > 1)]),
            "",
            *_outside(coverage),
            "",
            f"**False positives**: share of experiments with {_design('p < .05')}, in %, where the two are "
            "equally good.",
            "",
            *_sizes(sizes),
            "",
            f"**Families of {families['tests'].max()} tests**, {families['families'].max():,} each, "
            f"{_design('90 %')} correct, 500 trials, true differences of {_design('0 or 4 points')}:",
            "",
            *_families(families),
        ]
    )


def _design(text: str) -> str:
    """Return a number that was chosen, marked as no claim."""
    return f"<!--= design -->{text}<!--/-->"


def _by_size(rows: pd.DataFrame) -> list[str]:
    columns = [(first, effects) for first in sorted(set(rows["first"])) for effects in ("normal", "skewed")]
    header = ["seeds", "trials", *(f"{100 * first:g} %, {effects} seeds" for first, effects in columns)]
    lines = []
    for (seeds, trials), size in rows.groupby(["seeds", "trials"]):
        cells = [size[(size["first"] == first) & (size["effects"] == effects)] for first, effects in columns]
        lines.append([f"{seeds}", f"{trials:,}", *(_range(cell["coverage"]) for cell in cells)])
    return _table(header, lines)


def _methods(rows: pd.DataFrame) -> list[str]:
    seeds = sorted(set(rows["seeds"]))
    header = ["interval", *(f"{n} seeds" for n in seeds)]
    lines = []
    for prefix, name in METHODS.items():
        some = [rows[rows["seeds"] == n] for n in seeds]
        cells = [
            f"{_range(of_seeds[prefix + 'coverage'])} ({of_seeds[prefix + 'width'].median():.2f})"
            for of_seeds in some
        ]
        lines.append([name, *cells])
    return _table(header, lines)


def _outside(rows: pd.DataFrame) -> list[str]:
    """Return how many settings are not as was asked for, and which."""
    limits = rows["seeds"].map(LIMITS)
    low, high = rows[rows["coverage"] < limits.str[0]], rows[rows["coverage"] > limits.str[1]]
    header = ["below", "seeds' effects", "seeds", "settings", "lowest (%)"]
    lines = [
        [outcome, effects, f"{seeds}", f"{len(some)}", f"{some['coverage'].min():.1f}"]
        for (outcome, effects, seeds), some in low.groupby(["outcome", "effects", "seeds"])
    ]
    alone = ", ".join(f"{seeds} {student_of_skewed(seeds):.0f} %" for seeds in (2, 5, 10))
    much, few = (low["ratio"] == 10).sum(), (high["trials"] == 50).sum()
    return [
        f"**Outside the limits** ({_design('92 to 98.5 %')}; {_design('86 to 98.5 %')} with two seeds): "
        f"{len(low)} of {len(rows)} settings are below, {much} of them where the variance between seeds is "
        f"10 times that over trials; {len(high)} are above, {few} of them with 50 trials. Coverage of "
        f"Student's t of exponential numbers alone, without trials: of {alone}.",
        "",
        *_table(header, lines),
    ]


def _sizes(rows: pd.DataFrame) -> list[str]:
    accuracies = sorted(set(rows["accuracy"]))
    lines = [
        [f"{seeds}", f"{trials:,}",
         *(_range(size[size["accuracy"] == share]["false_positive"]) for share in accuracies)]
        for (seeds, trials), size in rows.groupby(["seeds", "trials"])
    ]  # fmt: skip
    return _table(["seeds", "trials", *(f"{100 * share:g} % right" for share in accuracies)], lines)


def _families(rows: pd.DataFrame) -> list[str]:
    header = [
        "seeds", "true differences of 0", "families with a false claim", "others found",
        "all intervals hold",
    ]  # fmt: skip
    lines = [
        [f"{row.seeds}", f"{row.zero} of {row.tests}",
         *map(_percent, (row.false_claim, row.power, row.together))]
        for row in rows.itertuples()
    ]  # fmt: skip
    return _table(header, lines)


def _percent(value: float) -> str:
    return "" if pd.isna(value) else f"{value:.1f} %"


def _range(values: pd.Series) -> str:
    if values.empty:
        return ""
    low, high = f"{values.min():.1f}", f"{values.max():.1f}"
    return low if low == high else f"{low} to {high}"


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    header = list(header)
    return [f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows)]
