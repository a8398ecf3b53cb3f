"""The page of a sweep: which parameters matter, and what comes out where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from bioscnn import plots
from bioscnn.experiments.sweep import words
from bioscnn.experiments.sweep.shown import Shown
from bioscnn.experiments.sweep.words import share_text, written
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

CONOVER = "Conover W. J. (1999), Practical Nonparametric Statistics, Wiley (intervals of medians)."

SALIB = (
    "Iwanaga T., Usher W. and Herman J. (2022), Toward SALib 2.0, Socio-Environmental Systems Modelling "
    "4:18155."
)

REFERENCES = {
    "morris": "Morris M. D. (1991), Factorial sampling plans for preliminary computational experiments, "
    "Technometrics 33:161. Campolongo F., Cariboni J. and Saltelli A. (2007), An effective screening design "
    f"for sensitivity analysis of large models, Environmental Modelling & Software 22:1509. {SALIB} ",
    "sobol": "Sobol I. M. (2001), Global sensitivity indices for nonlinear mathematical models and their "
    "Monte Carlo estimates, Mathematics and Computers in Simulation 55:271. Saltelli A. et al. (2010), "
    "Variance based sensitivity analysis of model output, Computer Physics Communications 181:259. "
    f"{SALIB} ",
    "latin-hypercube": "McKay M. D., Beckman R. J. and Conover W. J. (1979), A comparison of three methods "
    "for selecting values of input variables in the analysis of output from a computer code, Technometrics "
    "21:239. ",
}
"""Literature on the kinds of designs."""

METHODS = {
    "morris": {
        "μ* and σ": "Mean size and standard deviation of the elementary effects of a parameter. A spread "
        "that is small beside the mean size tells an effect that is the same everywhere; a large one, an "
        "effect that turns round, or depends on other parameters.",
        "Intervals": "95 %, from resampled trajectories. They tell how far the mean depends on which "
        "trajectories were drawn, and not what other ranges would give.",
    },
    "sobol": {
        "S1 and ST": "Share of the variance that would go if a parameter were known (S1), and that would "
        "stay if all others were (ST). The two differ by what the parameter does together with others.",
        "Intervals": "95 %, from resampled points. Estimates of small shares may fall below zero.",
    },
}
"""What is said of the numbers of a sensitivity."""


def sweep_page(shown: Shown) -> Page:
    """Return the page of a sweep; its summary is the whole of ``summary.json``."""
    summary, failures = shown.summary, _failures(shown)
    tables = {"effects": shown.effects, "interactions": shown.interactions, "one-at-a-time": shown.alone}
    there = [f"{name}.csv" for name, table in tables.items() if table is not None]
    return Page(
        title=summary["study"],
        eyebrow=f"bioscnn · sweep {summary['sweep']}",
        docs="sweeps",
        question=words.QUESTIONS[shown.kind],
        verdict=summary["verdict"],
        headlines=words.headlines(shown),
        sections=[
            *failures,
            *_figures(shown),
            Section("tables", "Numbers", [*_effects(shown), *_extremes(shown)], "Tables"),
            Section("methods", "How it was made", _methods(shown), "Methods"),
        ],
        # Its "weights" say whether they are fixed, and are no checksum.
        provenance=provenance_rows({key: fact for key, fact in summary.items() if key != "weights"}),
        simulated=summary["simulated"],
        warnings=[_warning(shown)] if failures else [],
        footer=made_from("points.csv", *there, "summary.json", "sweep.toml"),
    )


def _warning(shown: Shown) -> Inline:
    lost = " The design cannot do without them, so there are no effects yet." if _is_judged(shown) else ""
    return (
        f"{plural(shown.summary['n_failed'], 'point')} of {shown.summary['n_points']} failed, see ",
        Link("why", "#failures"),
        f".{lost}",
    )


def _failures(shown: Shown) -> list[Section]:
    """Return each reason for which points failed, the most frequent first, with the points."""
    rows = []
    for reason, failed in shown.failed.groupby("error", sort=False):
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


def _figures(shown: Shown) -> Iterator[Section]:
    """Yield the figures that the design and what came out allow."""
    titles = {
        "effects": "What matters", "bars": "All outcomes", "interactions": "Together",
        "alone": "One at a time", "surface": "Two at a time", "main": "Each parameter",
        "parallel": "All at once",
    }  # fmt: skip
    figures = _of_effects(shown) | _of_points(shown)
    for name, title in titles.items():
        if name in figures:
            yield Section(name, title, [figures[name]])


def _of_effects(shown: Shown) -> dict[str, Figure]:
    found: dict[str, Figure] = {}
    main, effects, alone = shown.main, shown.effects, shown.alone
    name = outcome_of(main).name
    if effects is not None and shown.kind == "morris":
        found["effects"] = Figure(
            lambda width: plots.morris_plane(effects[effects["outcome"] == main], width=width),
            f"Scatter plot of the mean size of the effects of parameters on {name} against their spread",
            words.effects_caption(shown),
        )
        found["bars"] = Figure(
            lambda width: plots.effect_bars(effects, width=width),
            "Bar charts of the mean size of the effects of parameters, one per outcome",
            words.bars_caption(shown),
        )
    elif effects is not None:
        found["effects"] = Figure(
            lambda width: plots.sobol_bars(effects, width=width),
            "Bar charts of the share of the variance that each parameter makes, one per outcome",
            words.effects_caption(shown),
        )
    pairs = None if shown.interactions is None else shown.interactions[shown.interactions["outcome"] == main]
    if pairs is not None and len(pairs.dropna()) > 1:
        found["interactions"] = Figure(
            lambda width: plots.interactions(pairs.dropna(), [one.key for one in shown.order], width=width),
            f"Triangle of the shares of the variance of {name} that pairs of parameters make",
            words.interactions_caption(shown),
        )
    if alone is not None:
        moved = [one for one in shown.order if one.key in set(alone["parameter"])]
        trials = shown.summary["trials"]
        found["alone"] = Figure(
            lambda width: plots.one_at_a_time(alone, moved, shown.outcomes, trials=trials, width=width),
            "Line charts of the outcomes while one parameter goes through its range",
            words.alone_caption(shown),
        )
    return found


def _of_points(shown: Shown) -> dict[str, Figure]:
    points, main, order = shown.done.dropna(subset=[shown.main]), shown.main, shown.order
    name, found = outcome_of(main).name, {}
    if points.empty:
        return {}
    if len(order) > 1:
        x, y = order[:2]
        found["surface"] = Figure(
            lambda width: plots.response_surface(points, x, y, main, width=width),
            f"Map of {name} over two parameters",
            words.surface_caption(shown, x, y),
        )
    found["main"] = Figure(
        lambda width: plots.main_effects(points, order, main, width=width),
        f"Small charts of {name} against each parameter",
        words.main_caption(shown),
    )
    if len(order) > 2:
        found["parallel"] = Figure(
            lambda width: plots.parallel_coordinates(points, order, main, width=width),
            f"Lines through the values of all parameters, coloured by {name}",
            words.parallel_caption(shown),
        )
    return found


def _effects(shown: Shown) -> list[Part]:
    if shown.effects is None:
        return []
    if shown.kind == "sobol":
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
            f"Changes of an outcome {words.by_step(shown)}. μ*: mean size, with its 95 % interval; μ: mean "
            "with its sign; σ: standard deviation over the trajectories. Two listed values: the change from "
            "one to the other."
        )
    rows = [row for outcome in shown.outcomes for row in _effects_on(outcome, shown)]
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


def _effects_on(outcome: str, shown: Shown) -> Iterator[dict[str, Any]]:
    """Yield the effects on an outcome, the largest first, or a row that says that there are none."""
    what, rows = outcome_of(outcome), shown.effects_on(outcome)
    assert shown.effects is not None
    if rows.empty:
        nothing = dict.fromkeys([*shown.effects.columns, "interval"])
        yield {**nothing, "parameter": "all", "group": what.name, "note": "does not change"}
    for row in rows.to_dict("records"):
        if shown.kind == "sobol":
            yield {**row, "group": what.name, "note": None}
        else:
            sizes = {key: written(row[key], outcome) for key in ("mu_star", "mu", "sigma")}
            ends = ", ".join(written(row[f"mu_star_{end}"], outcome) for end in ("low", "high"))
            yield {**row, **sizes, "interval": f"[{ends}]", "group": what.change_label, "note": None}


def _shares(low: float, high: float) -> str:
    return f"[{share_text(low)}, {share_text(high)}]"


def _extremes(shown: Shown) -> list[Part]:
    """Return the best and the worst points, all of them in one table if they are few."""
    rows = shown.done.dropna(subset=[shown.main]).sort_values(shown.main, ascending=False, kind="stable")
    if rows.empty:
        return []
    if len(rows) <= 2 * N_EXTREME:
        return [_point_table(rows, "All points, the best first", shown)]
    return [
        _point_table(rows.head(N_EXTREME), f"The {N_EXTREME} best points", shown),
        _point_table(rows.iloc[::-1].head(N_EXTREME), f"The {N_EXTREME} worst points", shown),
    ]


def _point_table(rows: pd.DataFrame, name: str, shown: Shown) -> Table:
    trials = shown.summary["trials"]

    def accuracy(value: float) -> str:
        share = proportion_of_counts(round(value * trials), trials)
        return f"{written(value, 'accuracy')} [{100 * share.low:.1f}, {100 * share.high:.1f}]"

    def outcome_column(outcome: str) -> Column:
        what = outcome_of(outcome)
        heading = f"{what.name}\n({what.unit})" if what.unit else what.name
        form = accuracy if outcome == "accuracy" == shown.main else lambda value: written(value, outcome)
        return numbers(outcome, heading, form)

    settings = [
        numbers(one.key, f"{one.key}\n({one.unit})" if one.unit else one.key, _setting)
        for one in shown.parameters
    ]
    brackets = f" Brackets: 95 % interval after Wilson, of {plural(trials, 'trial')}."
    return Table(
        rows,
        [Column("point", "point"), *map(outcome_column, shown.outcomes), *settings],
        "By their number in points.csv." + brackets * (shown.main == "accuracy"),
        folded=name,
        dense=True,
    )


def _setting(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


def _methods(shown: Shown) -> list[Part]:
    s = shown.summary
    parameters = [
        {
            "key": one.key,
            "range": one.span,
            "scale": "values" if one.values else one.scale,
            "nominal": None if one.nominal is None else one.text(one.nominal),
        }
        for one in shown.parameters
    ]
    facts = {
        "Design": words.DESIGNS[shown.kind],
        "Points": f"{plural(s['n_points'], 'point')} of {plural(s['trials'], 'trial')} each, the same ones "
        "in all",
        "Data": s["source"],
        "Weights": words.WEIGHTS[s["weights"], s.get("gain", "wired")],
        **METHODS.get(shown.kind, {}),
    }
    if shown.alone is not None:
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
        Folded("The sweep file, with every key written", [Text(shown.file, "code")]),
        Text(REFERENCES.get(shown.kind, "") + CONOVER, "reference"),
    ]


def _is_judged(shown: Shown) -> bool:
    return shown.kind in ("morris", "sobol")
