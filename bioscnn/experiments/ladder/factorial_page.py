"""The section of the ladder's page on effects that depend on what else is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bioscnn import plots
from bioscnn.experiments.columns import P_HOLM
from bioscnn.experiments.experiment import Analysis, Row
from bioscnn.experiments.ladder.cells import NEEDS
from bioscnn.experiments.phrases import MINUS
from bioscnn.report.formats import percent, plural, points
from bioscnn.report.page import Column, Figure, Part, Section, Table, Text, numbers

GROUPS = {
    "accuracy": "Accuracy (points)",
    "latency_ms": "Latency (ms, mean over trials)",
    "spikes": "Spikes per trial",
    "synops": "Synaptic operations per trial",
}
"""Outcomes that are compared, with their units."""

REFERENCES = (
    "Shapley L. S. (1953), A value for n-person games, in: Contributions to the Theory of Games II, "
    "Princeton University Press, 307."
)


def factorial_section(analysis: Analysis, summary: Mapping[str, Any]) -> Section:
    """Return the section on the effect of each piece in every context, and over all orders."""
    shapley, effects, contexts, cells = (
        analysis.tables[name] for name in ("shapley", "effects", "contexts", "factorial")
    )
    seeds = summary["factorial"]["networks"]
    varied = f"{plural(summary['n'], 'trial')} and {plural(seeds, 'training seed')}" if seeds > 1 else (
        f"{plural(summary['n'], 'trial')} alone: one trained network"
    )  # fmt: skip
    parts: list[Part] = [
        _figure(analysis, varied),
        _table(
            [{**row, "group": GROUPS[row["outcome"]]} for row in shapley],
            [Column("factor", "piece")],
            "Shapley values: the mean change by a piece over all 24 orders in which the four can be added. "
            "They add up to what all four together change. Family of the correction: this table.",
        ),
        _table(
            [
                {
                    **row,
                    "group": GROUPS[row["outcome"]],
                    "name": f"{row['factor']} \N{MULTIPLICATION SIGN} {row['other']}"
                    if row["other"]
                    else row["factor"],
                }
                for row in effects
            ],
            [Column("name", "piece, or two"), numbers("contexts", "contexts")],
            "Main effects, the mean change over all contexts in which a piece can be added, and "
            "interactions: how much more a piece changes with another one than without it. Family of the "
            f"correction: this table. {_needs()}",
            folded="Main effects and interactions",
        ),
        _table(
            [{**row, "group": f"{GROUPS[row['outcome']]}: {row['factor']}"} for row in contexts],
            [Column("context", "added to")],
            "What each piece changes in every context. Family of the correction: this table.",
            folded="Every effect in every context",
        ),
        Table(
            cells,
            [
                Column("cell", "pieces"),
                numbers(("accuracy", "accuracy_low", "accuracy_high"), "accuracy (%)", _share),
                numbers("latency_ms", "latency\n(ms, mean)", ".1f"),
                numbers("spikes", "spikes", ",.0f"),
            ],
            f"Mean over {varied}. Accuracy of the trained "
            f"{'networks' if seeds > 1 else 'network'}: "
            f"{', '.join(percent(share) for share in summary['factorial']['ann'])}.",
            folded="Every combination",
            dense=True,
        ),
        Text(REFERENCES, "reference"),
    ]
    return Section("factorial", "Does it depend on the order?", parts, "Every order")


def _figure(analysis: Analysis, varied: str) -> Figure:
    shapley = [{**row, "shapley": True} for row in analysis.tables["shapley"]]
    others = [
        {**row, "shapley": False}
        for row in analysis.tables["effects"]
        if row["factor"] in NEEDS and not row["other"]
    ]
    return Figure(
        lambda width: plots.effects_by_context(
            pd.DataFrame(analysis.tables["contexts"]), pd.DataFrame(shapley + others), width=width
        ),
        "Changes of accuracy, latency and spikes by each piece of biology in every context, and their means",
        "Each stroke is what a piece changes when it is added to one combination of the others; coloured "
        "where the change is significant. Below it: its mean, with the 95 % interval over "
        f"{varied}. {_needs()}",
    )


def _needs() -> str:
    needed = ", and ".join(f"{factor} without the {need}" for factor, need in NEEDS.items())
    return f"There is no {needed}."


def _table(rows: list[Row], columns: list[Column], caption: str, folded: str | None = None) -> Table:
    return Table(
        [
            {
                **row,
                "value": change_text(row, row["difference"]),
                "interval": f"[{change_text(row, row['low'])}, {change_text(row, row['high'])}]",
            }
            for row in rows
        ],
        [
            *columns,
            numbers("value", "change"),
            numbers("interval", "95 % interval"),
            P_HOLM,
        ],
        f"{caption} Bold: significant.",
        group_by="group",
        bold="significant",
        folded=folded,
        dense=True,
    )


def change_text(row: Row, value: float) -> str:
    """Return a change of an outcome, or an end of its interval."""
    if row["outcome"] == "accuracy":
        return points(value)
    decimals = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:+,.{decimals}f}".replace("-", MINUS)


def _share(value: float, low: float, high: float) -> str:
    return f"{percent(value)} [{100 * low:.2f}, {100 * high:.2f}]"
