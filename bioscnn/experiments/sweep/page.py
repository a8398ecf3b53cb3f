"""The page of a sweep: which parameters matter, and what comes out where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from bioscnn import plots
from bioscnn.experiments.sweep import captions
from bioscnn.experiments.sweep.captions import share_text, written
from bioscnn.experiments.sweep.shown import Shown
from bioscnn.experiments.sweep.tables import ALONE, EFFECTS, INTERACTIONS
from bioscnn.plots.parameters import outcome_of
from bioscnn.report.formats import plural
from bioscnn.report.inline import Inline
from bioscnn.report.page import (
    Column,
    Facts,
    Figure,
    Folded,
    Link,
    Page,
    Part,
    Section,
    Table,
    Text,
    code,
    made_from,
    numbers,
)
from bioscnn.report.provenance import provenance_rows
from bioscnn.statistics import proportion_of_counts

N_EXTREME = 10
"""Best and worst points in the table."""

N_FAILED = 12
"""Failed points that are named for each reason."""


def sweep_page(results: Shown) -> Page:
    """Return the page of a sweep; its summary is the whole of ``summary.json``."""
    summary, failures = results.summary, _failures(results)
    tables = (EFFECTS, results.effects), (INTERACTIONS, results.interactions), (ALONE, results.alone)
    there = [f"{name}.csv" for name, table in tables if table is not None]
    return Page(
        title=summary["study"],
        eyebrow=f"bioscnn · sweep {summary['sweep']}",
        docs="sweeps",
        question=captions.QUESTIONS[results.kind],
        verdict=summary["verdict"],
        headlines=captions.headlines(results),
        sections=[
            *failures,
            *_figures(results),
            Section("tables", "Numbers", [*_effects(results), *_extremes(results)], "Tables"),
            Section("methods", "How it was made", _methods(results), "Methods"),
        ],
        # Its "weights" say whether they are fixed, and are no checksum.
        provenance=provenance_rows({key: fact for key, fact in summary.items() if key != "weights"}),
        simulated=summary["simulated"],
        warnings=[_warning(results)] if failures else [],
        footer=made_from("points.csv", *there, "summary.json", "sweep.toml"),
    )


def _warning(results: Shown) -> Inline:
    lost = " The design cannot do without them, so there are no effects yet." if _is_judged(results) else ""
    return (
        f"{plural(results.summary['n_failed'], 'point')} of {results.summary['n_points']} failed, see ",
        Link("why", "#failures"),
        f".{lost}",
    )


def _failures(results: Shown) -> list[Section]:
    """Return each reason for which points failed, the most frequent first, with the points."""
    rows = []
    for reason, failed in results.failed.groupby("error", sort=False):
        failures = [str(number) for number in failed["point"]]
        which = ", ".join(failures[:N_FAILED]) + ", ..." * (len(failures) > N_FAILED)
        rows.append({"reason": reason, "count": len(failures), "which": which})
    if not rows:
        return []
    columns = [
        Column("reason", "reason", words=True),
        numbers("count", "points"),
        Column("which", "which", words=True),
    ]
    caption = ("Typing the command again with ", code("--retry"), " computes them again.")
    rows.sort(key=lambda row: -row["count"])
    return [Section("failures", "Points that failed", [Table(rows, columns, caption)], "Failures")]


def _figures(results: Shown) -> Iterator[Section]:
    """Yield the figures that the design and what came out allow."""
    titles = {
        "effects": "What matters", "bars": "All outcomes", "interactions": "Together",
        "alone": "One at a time", "surface": "Two at a time", "main": "Each parameter",
        "parallel": "All at once",
    }  # fmt: skip
    figures = _of_effects(results) | _of_points(results)
    for name, title in titles.items():
        if name in figures:
            yield Section(name, title, [figures[name]])


def _of_effects(results: Shown) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    main, effects, alone = results.main, results.effects, results.alone
    name = outcome_of(main).name
    if effects is not None and results.kind == "morris":
        figures["effects"] = Figure(
            lambda width: plots.morris_plane(effects[effects["outcome"] == main], width=width),
            f"Scatter plot of the mean size of the effects of parameters on {name} against their spread",
            captions.effects_caption(results),
        )
        figures["bars"] = Figure(
            lambda width: plots.effect_bars(effects, width=width),
            "Bar charts of the mean size of the effects of parameters, one per outcome",
            captions.bars_caption(results),
        )
    elif effects is not None:
        figures["effects"] = Figure(
            lambda width: plots.sobol_bars(effects, width=width),
            "Bar charts of the share of the variance that each parameter makes, one per outcome",
            captions.effects_caption(results),
        )
    pairs = results.interactions_on(main)
    if len(pairs) > 1:
        figures["interactions"] = Figure(
            lambda width: plots.interactions(
                pairs, [parameter.key for parameter in results.order], width=width
            ),
            f"Triangle of the shares of the variance of {name} that pairs of parameters make",
            captions.interactions_caption(results),
        )
    if alone is not None:
        moved = [parameter for parameter in results.order if parameter.key in set(alone["parameter"])]
        trials = results.summary["trials"]
        figures["alone"] = Figure(
            lambda width: plots.one_at_a_time(alone, moved, results.outcomes, trials=trials, width=width),
            "Line charts of the outcomes while one parameter goes through its range",
            captions.alone_caption(results),
        )
    return figures


def _of_points(results: Shown) -> dict[str, Figure]:
    points, main, order = results.done.dropna(subset=[results.main]), results.main, results.order
    name, figures = outcome_of(main).name, {}
    if points.empty:
        return {}
    if len(order) > 1:
        x, y = order[:2]
        figures["surface"] = Figure(
            lambda width: plots.response_surface(points, x, y, main, width=width),
            f"Map of {name} over two parameters",
            captions.surface_caption(results, x, y),
        )
    figures["main"] = Figure(
        lambda width: plots.main_effects(points, order, main, width=width),
        f"Small charts of {name} against each parameter",
        captions.main_caption(results),
    )
    if len(order) > 2:
        figures["parallel"] = Figure(
            lambda width: plots.parallel_coordinates(points, order, main, width=width),
            f"Lines through the values of all parameters, coloured by {name}",
            captions.parallel_caption(results),
        )
    return figures


def _effects(results: Shown) -> list[Part]:
    if results.effects is None:
        return []
    if results.kind == "sobol":
        shares = (
            ("ST", "ST"), (("ST_low", "ST_high"), "95 % interval"),
            ("S1", "S1"), (("S1_low", "S1_high"), "95 % interval"),
        )  # fmt: skip
        columns = [
            numbers(key, heading, share_text if isinstance(key, str) else _shares) for key, heading in shares
        ]
        caption = (
            "Shares of the variance of an outcome, with 95 % intervals. ST: of the parameter with all its "
            "interactions; S1: of the parameter alone."
        )
    else:
        sizes = (
            ("mu_star", "μ*"), ("interval", "95 % interval"), ("mu", "μ"), ("sigma", "σ"),
        )  # fmt: skip
        columns = [numbers(key, heading) for key, heading in sizes]
        caption = (
            f"Changes of an outcome {captions.by_step(results)}. μ*: mean size, with its 95 % interval; μ: "
            "mean with its sign; σ: standard deviation over the trajectories. Two listed values: the change "
            "from one to the other."
        )
    rows = [row for outcome in results.outcomes for row in _effects_on(outcome, results)]
    return [
        Table(
            rows,
            [Column("parameter", "parameter", code), *columns],
            caption,
            group_by="group",
            folded="Effects of all parameters on all outcomes",
            note="note",
            dense=True,
        )
    ]


def _effects_on(outcome: str, results: Shown) -> Iterator[dict[str, Any]]:
    """Yield the effects on an outcome, the largest first, or a row that says that there are none."""
    what, rows = outcome_of(outcome), results.effects_on(outcome)
    assert results.effects is not None
    if rows.empty:
        nothing = dict.fromkeys([*results.effects.columns, "interval"])
        yield {**nothing, "parameter": "all", "group": what.name, "note": "does not change"}
    for row in rows.to_dict("records"):
        if results.kind == "sobol":
            yield {**row, "group": what.name, "note": None}
        else:
            sizes = {key: written(row[key], outcome) for key in ("mu_star", "mu", "sigma")}
            ends = ", ".join(written(row[f"mu_star_{end}"], outcome) for end in ("low", "high"))
            yield {**row, **sizes, "interval": f"[{ends}]", "group": what.change_label, "note": None}


def _shares(low: float, high: float) -> str:
    return f"[{share_text(low)}, {share_text(high)}]"


def _extremes(results: Shown) -> list[Part]:
    """Return the best and the worst points, all of them in one table if they are few."""
    main = results.main
    rows = results.done.dropna(subset=[main]).sort_values(main, ascending=False, kind="stable")
    if rows.empty:
        return []
    if len(rows) <= 2 * N_EXTREME:
        return [_point_table(rows, "All points, the best first", results)]
    return [
        _point_table(rows.head(N_EXTREME), f"The {N_EXTREME} best points", results),
        _point_table(rows.iloc[::-1].head(N_EXTREME), f"The {N_EXTREME} worst points", results),
    ]


def _point_table(rows: pd.DataFrame, name: str, results: Shown) -> Table:
    trials = results.summary["trials"]

    def accuracy(value: float) -> str:
        share = proportion_of_counts(round(value * trials), trials)
        return f"{written(value, 'accuracy')} [{100 * share.low:.1f}, {100 * share.high:.1f}]"

    def outcome_column(outcome: str) -> Column:
        what = outcome_of(outcome)
        heading = f"{what.name}\n({what.unit})" if what.unit else what.name
        form = accuracy if outcome == "accuracy" == results.main else lambda value: written(value, outcome)
        return numbers(outcome, heading, form)

    settings = [
        numbers(
            parameter.key,
            f"{parameter.key}\n({parameter.unit})" if parameter.unit else parameter.key,
            _setting,
        )
        for parameter in results.parameters
    ]
    brackets = f" Brackets: 95 % interval after Wilson, of {plural(trials, 'trial')}."
    return Table(
        rows,
        [Column("point", "point"), *map(outcome_column, results.outcomes), *settings],
        "By their number in points.csv." + brackets * (results.main == "accuracy"),
        folded=name,
        dense=True,
    )


def _setting(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


def _methods(results: Shown) -> list[Part]:
    s = results.summary
    parameters = [
        {
            "key": parameter.key,
            "range": parameter.span,
            "scale": "values" if parameter.values else parameter.scale,
            "nominal": None if parameter.nominal is None else parameter.text(parameter.nominal),
        }
        for parameter in results.parameters
    ]
    facts = {
        "Design": captions.DESIGNS[results.kind],
        "Points": f"{plural(s['n_points'], 'point')} of {plural(s['trials'], 'trial')} each, the same ones "
        "in all",
        "Data": s["source"],
        "Weights": captions.WEIGHTS[s["weights"], s.get("gain", "wired")],
        **captions.METHODS.get(results.kind, {}),
    }
    if results.alone is not None:
        facts["One at a time"] = (
            "The most influential parameters are moved through their ranges alone, to see whether that "
            "confirms the ranking."
        )
    return [
        Table(
            parameters,
            [
                Column("key", "parameter", code),
                Column("range", "range", words=True),
                Column("scale", "scale"),
                numbers("nominal", "in the study"),
            ],
            "What was varied; everything else is as in the study.",
        ),
        Facts(facts),
        Folded("The sweep file, with every key written", [Text(results.file, "code")]),
        Text(captions.REFERENCES.get(results.kind, "") + captions.CONOVER, "reference"),
    ]


def _is_judged(results: Shown) -> bool:
    return results.kind in ("morris", "sobol")
