"""The sentences and the tables of a ladder's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bioscnn.report.template import percent, points, probability

if TYPE_CHECKING:
    import pandas as pd

    from bioscnn.report.ladder_folder import Ladder

OUTCOMES = {
    "accuracy": "Accuracy (points)",
    "latency_ms": "Latency (ms, mean of the trials)",
    "spikes": "Spikes a trial",
    "synops": "Synaptic operations a trial",
}
"""Outcomes in which a rung is compared with the one that it stands on, with their units."""


def headlines(ladder: Ladder) -> list[dict[str, str]]:
    """Return the numbers to begin with: the trained network, the lowest and the highest rung."""
    bottom, top, summary = ladder.bottom, ladder.top, ladder.summary
    value, *ends = summary["ann"]
    return [
        {
            "name": f"{bottom.rung}, no more biology",
            "value": percent(bottom.accuracy),
            "note": _of_95(bottom),
        },
        {"name": "All of it", "value": percent(top.accuracy), "note": _of_95(top)},
        {
            "name": "Trained network",
            "value": percent(value),
            "note": f"{summary['network']}; 95 %: {_interval(*ends)}",
        },
        {
            "name": "Latency of all",
            "value": f"{top.latency_ms:g} ms",
            "note": f"median; {bottom.latency_ms:g} ms of {bottom.rung}",
        },
        {
            "name": "Spikes of all",
            "value": f"{top.spikes:,.0f}",
            "note": f"a trial; {bottom.spikes:,.0f} of {bottom.rung}",
        },
        {"name": "Trials", "value": f"{summary['n']:,}", "note": "the same on every rung"},
    ]


def caption(ladder: Ladder) -> str:
    """Say how the figure is read, and where the own neuron stands."""
    own = ladder.rows[ladder.rows["own"]]
    beside = ""
    if len(own):
        row = own.iloc[0]
        changes = ladder.changes
        below = changes[changes["rung"] == row.rung].iloc[0].second
        beside = f" Below the line: a user's own neuron with the synapses of {below}, compared with that."
    return (
        "Each row adds one piece of biology to all those above it. Bars: 95 % intervals; the time is that of "
        "the fastest of several short runs and has none. Colours: the row against the one above it in the "
        "same trials, told from chance after Holm's correction; latency is judged by its mean change."
        f"{beside} Dotted: the trained network. n = {ladder.summary['n']:,}."
    )


def rows(ladder: Ladder) -> list[dict[str, Any]]:
    """Return the table of the rungs in words."""
    against = ladder.against_ann.set_index("first")
    return [
        {
            "rung": row.rung,
            "changes": row.changes,
            "state": row.state.replace(" ", ", "),
            "accuracy": percent(row.accuracy),
            "interval": _interval(row.accuracy_low, row.accuracy_high),
            "ann": points(against.loc[row.rung, "difference"]),
            "latency": f"{row.latency_ms:g}",
            "latency_interval": f"[{row.latency_ms_low:g}, {row.latency_ms_high:g}]",
            "spikes": f"{row.spikes:,.0f}",
            "spikes_interval": f"[{row.spikes_low:,.0f}, {row.spikes_high:,.0f}]",
            "synops": f"{1e-3 * row.synops:,.0f}",
            "synops_interval": f"[{1e-3 * row.synops_low:,.0f}, {1e-3 * row.synops_high:,.0f}]",
            "time": f"{row.time:.2f}",
        }
        for row in ladder.rows.itertuples()
    ]


def compared(ladder: Ladder) -> list[dict[str, Any]]:
    """Return every comparison in words, outcome by outcome; that with the trained network comes last."""
    changes = ladder.changes
    tables = [
        {"name": name, "rows": [_compared(row, row.rung, outcome) for row in found.itertuples()]}
        for outcome, name in OUTCOMES.items()
        if len(found := changes[changes["outcome"] == outcome])
    ]
    against = [_compared(row, row.first, "accuracy") for row in ladder.against_ann.itertuples()]
    return [*tables, {"name": "Accuracy, less that of the trained network (points)", "rows": against}]


def fine_tuned(ladder: Ladder) -> list[dict[str, Any]]:
    """Return what fine-tuning came to in words, a row a rung; none if it was not asked for."""
    if ladder.fine_tuned is None:
        return []
    return [
        {"rung": row.rung, "why_not": row.why_not}
        if row.why_not
        else {
            "rung": row.rung,
            "why_not": "",
            "accuracy": percent(row.accuracy),
            "interval": _interval(row.accuracy_low, row.accuracy_high),
            "difference": points(row.difference),
            "difference_interval": f"[{points(row.low)}, {points(row.high)}]",
            "p_holm": probability(row.p_holm).removeprefix("= "),
            "told": row.told == "True",
            "latency": f"{row.latency_ms:g}",
            "spikes": f"{row.spikes:,.0f}",
        }
        for row in ladder.fine_tuned.itertuples()
    ]


def _compared(row: Any, rung: str, outcome: str) -> dict[str, Any]:
    show = points if outcome == "accuracy" else _number
    return {
        "rung": rung,
        "second": row.second,
        "difference": show(row.difference),
        "interval": f"[{show(row.low)}, {show(row.high)}]",
        "p": probability(row.p).removeprefix("= "),
        "p_holm": probability(row.p_holm).removeprefix("= "),
        "told": row.told,
    }


def _number(value: float) -> str:
    decimals = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:+,.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def _interval(low: float, high: float) -> str:
    return f"[{100 * low:.2f}, {100 * high:.2f}]"


def _of_95(row: pd.Series) -> str:
    return f"95 %: {_interval(row.accuracy_low, row.accuracy_high)}"
