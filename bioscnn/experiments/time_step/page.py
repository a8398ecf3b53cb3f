"""The page of the time-step experiment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from bioscnn.experiments.experiment import Analysis
from bioscnn.report.formats import percent, percent_interval, plural, points, points_interval, probability
from bioscnn.report.page import Column, Facts, Figure, Headline, Page, Section, Table, made_from
from bioscnn.report.provenance import provenance_rows


def time_step_page(analysis: Analysis, summary: Mapping[str, Any]) -> Page:
    """Return the page of a time-step experiment."""
    from bioscnn import plots

    steps = pd.DataFrame(analysis.tables["time-steps"])
    coarsest, finest = steps.iloc[0], steps.iloc[-1]
    figure = Figure(
        lambda width: plots.against_time_step(steps, width=width),
        "Line charts of accuracy, latency and spikes against the time step",
        f"Accuracy, median latency and spikes per trial against the time step; bars: 95 % intervals. From "
        f"{coarsest.dt_ms:g} ms to {finest.dt_ms:g} ms, accuracy goes from {percent(coarsest.accuracy)} to "
        f"{percent(finest.accuracy)}, latency from {coarsest.latency_ms:.3g} ms to "
        f"{finest.latency_ms:.3g} ms, spikes from {coarsest.spikes:,.0f} to {finest.spikes:,.0f}.",
    )
    return Page(
        title=analysis.title,
        eyebrow=f"bioscnn · time steps {summary['study']}",
        question="what does a coarser time step change?",
        verdict=list(analysis.verdict),
        headlines=[
            Headline(
                f"dt {row.dt_ms:g} ms", percent(row.accuracy), f"95 %: {percent_interval(row.low, row.high)}"
            )
            for row in (finest, coarsest)
        ],
        sections=[
            Section("curves", "Accuracy, latency and spikes", [figure], "Curves"),
            Section("tables", "Every number", [_steps(steps), *_comparisons(analysis)], "Tables"),
            Section("methods", "How it was made", [_methods(summary)], "Methods"),
        ],
        provenance=provenance_rows(summary),
        simulated=analysis.simulated,
        footer=made_from("time-steps.csv", "comparisons.csv", "summary.json"),
    )


def _steps(steps: pd.DataFrame) -> Table:
    return Table(
        steps,
        [
            Column("dt_ms", "time step\n(ms)", "{:g}".format),
            Column("accuracy", "accuracy", percent, numeric=True),
            Column(("low", "high"), "95 % interval\n(%)", percent_interval, numeric=True),
            Column("latency_ms", "latency\n(ms)", "{:.3g}".format, numeric=True),
            Column("spikes", "spikes", "{:,.0f}".format, numeric=True),
            Column("synops", "synaptic\noperations", "{:,.0f}".format, numeric=True),
            Column("updates", "neuron\nupdates", "{:,.0f}".format, numeric=True),
        ],
        "Latency: median over trials. Spikes, synaptic operations and updates: per trial. Only updates "
        "depend on the time step by definition.",
    )


def _comparisons(analysis: Analysis) -> list[Table]:
    rows = pd.DataFrame(analysis.tables["comparisons"])
    forms: dict[str, Any] = {
        "accuracy": ("Accuracy less that at the smallest step (points)", points, points_interval),
        "latency_ms": ("Latency less that at the smallest step (ms)", "{:+.3f}".format, _interval(3)),
        "spikes": ("Spikes per trial less those at the smallest step", "{:+,.1f}".format, _interval(1)),
    }
    return [
        Table(
            rows[rows["outcome"] == outcome],
            [
                Column("dt_ms", "time step\n(ms)", "{:g}".format),
                Column("difference", "difference", value, numeric=True),
                Column(("low", "high"), "95 % interval", interval, numeric=True),
                Column("p_holm", "p, Holm", lambda p: probability(p).removeprefix("= "), numeric=True),
                Column("significant", "significant", lambda yes: "yes" if yes else "no"),
            ],
            f"{caption}. p: corrected over all comparisons of this page.",
        )
        for outcome, (caption, value, interval) in forms.items()
    ]


def _interval(decimals: int) -> Callable[[float, float], str]:
    return lambda low, high: f"[{low:+,.{decimals}f}, {high:+,.{decimals}f}]"


def _methods(summary: Mapping[str, Any]) -> Facts:
    return Facts(
        {
            "Data": summary["source"],
            "Network": summary["network"],
            "Trials": f"{plural(summary['n'], 'trial')}, the same ones at every time step",
            "Simulation": f"{summary['duration_ms']:g} ms, read by {summary['readout']}, device "
            f"{summary['device']}",
            "Compared with": f"dt {summary['reference']}, the smallest time step",
            "Intervals": "95 %, over trials. Nothing else varied: one trained network, no noise.",
        }
    )
