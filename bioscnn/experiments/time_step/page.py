"""The page of the time-step experiment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from bioscnn.experiments.experiment import Analysis
from bioscnn.experiments.phrases import listed
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
        docs="time-step",
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
            Section("readouts", "By every readout", [_readouts(analysis)], "Readouts"),
            Section("layers", "Population by population", [_layers(analysis, summary)], "Layers"),
            Section(
                "energy", "Operations and energy", [_operations(steps, summary), _energy(analysis)], "Energy"
            ),
            Section("tables", "Every number", [_steps(steps), *_comparisons(analysis)], "Tables"),
            Section("methods", "How it was made", [_methods(summary)], "Methods"),
        ],
        provenance=provenance_rows(summary),
        simulated=analysis.simulated,
        footer=made_from(*(f"{name}.csv" for name in analysis.tables), "summary.json"),
    )


def _steps(steps: pd.DataFrame) -> Table:
    first = Column("first_output_ms", "first output\nspike (ms)", "{:.3g}".format, numeric=True)
    return Table(
        steps,
        [
            Column("dt_ms", "time step\n(ms)", "{:g}".format),
            Column("accuracy", "accuracy", percent, numeric=True),
            Column(("low", "high"), "95 % interval\n(%)", percent_interval, numeric=True),
            Column("latency_ms", "latency\n(ms)", "{:.3g}".format, numeric=True),
            *([first] if "first_output_ms" in steps else []),
            Column("spikes", "spikes", "{:,.0f}".format, numeric=True),
        ],
        "Latency: median over trials. First output spike: mean over the trials in which there is one. "
        "Spikes: per trial.",
    )


def _readouts(analysis: Analysis) -> Table:
    return Table(
        [{**row, "differs": _significant(analysis, row)} for row in analysis.tables["readouts"]],
        [
            Column("dt_ms", "time step\n(ms)", "{:g}".format),
            Column("accuracy", "accuracy", percent, numeric=True),
            Column(("low", "high"), "95 % interval\n(%)", percent_interval, numeric=True),
            Column("latency_ms", "latency\n(ms)", "{:.3g}".format, numeric=True),
            Column(("latency_ms_low", "latency_ms_high"), "95 % interval\n(ms)", _plain(2), numeric=True),
            Column("differs", "differ from the smallest step"),
        ],
        "Accuracy, and median latency, by each readout. Last column: significant after correction over all "
        "outcomes of a readout.",
        group_by="readout",
    )


def _significant(analysis: Analysis, row: Mapping[str, Any]) -> str:
    """Return which outcomes of a row of readouts differ from those at the smallest step."""
    words = {"accuracy": "accuracy", "latency_ms": "latency"}
    found = [
        words[one["outcome"]]
        for one in analysis.tables["readout-comparisons"]
        if one["significant"] and all(one[key] == row[key] for key in ("dt_ms", "readout"))
    ]
    return listed(found) or "-"


def _layers(analysis: Analysis, summary: Mapping[str, Any]) -> Table:
    ends = ("difference_percent_low", "difference_percent_high")
    until = ("difference_until_percent_low", "difference_until_percent_high")
    return Table(
        analysis.tables["layers"],
        [
            Column("dt_ms", "time step\n(ms)", "{:g}".format),
            Column("spikes", "spikes", "{:,.1f}".format, numeric=True),
            Column("difference_percent", "difference\n(%)", "{:+.1f}".format, numeric=True),
            Column(ends, "95 % interval", _interval(1), numeric=True),
            Column("difference_until_percent", "without the end\n(%)", "{:+.1f}".format, numeric=True),
            Column(until, "95 % interval", _interval(1), numeric=True),
        ],
        f"Spikes per trial, and their difference from dt {summary['reference']}. Without the end: before the "
        "last step of the coarsest time step, for nothing fires in the last step of a trial.",
        group_by="population",
    )


def _operations(steps: pd.DataFrame, summary: Mapping[str, Any]) -> Table:
    return Table(
        steps,
        [
            Column("dt_ms", "time step\n(ms)", "{:g}".format),
            Column("synops", "effective\naccumulates", "{:,.0f}".format, numeric=True),
            Column(("synops_low", "synops_high"), "95 % interval", _plain(0), numeric=True),
            Column("activation_sparsity", "activation\nsparsity", "{:.5f}".format, numeric=True),
            Column("updates", "neuron\nupdates", "{:,.0f}".format, numeric=True),
        ],
        "Per trial, in the terms of NeuroBench (Yik et al. 2025). Effective accumulates are synaptic "
        "operations: each spike counts once for each synapse that it reaches. Activation sparsity: part of "
        f"the neurons silent in a step. {summary['n_synapses']:,} synapses; footprint of the weights "
        f"{summary['footprint_bytes']:,} bytes in single precision.",
    )


def _energy(analysis: Analysis) -> Table:
    rows = analysis.tables["energy"]
    return Table(
        rows,
        [
            Column("dt_ms", "time step\n(ms)", "{:g}".format),
            Column("events_flop", "events\n(FLOP)", "{:,.0f}".format, numeric=True),
            Column(
                "updates_flop",
                f"updates, clock\nof {rows[0]['clock_ms']:g} ms",
                "{:,.0f}".format,
                numeric=True,
            ),
            Column("updates_flop_own_step", "updates,\nown step", "{:,.0f}".format, numeric=True),
            Column("ann_to_events", "trained /\nevents", "{:.2f}".format, numeric=True),
            Column("ann_to_spiking", "trained / events\n+ updates", "{:.2f}".format, numeric=True),
            Column(
                "ann_to_spiking_own_step",
                "trained / events +\nupdates, own step",
                "{:.2f}".format,
                numeric=True,
            ),
        ],
        "Estimate of Hunsberger and Eliasmith (2016) for digital neuromorphic hardware, per trial: 0.08 FLOP "
        "per synaptic operation (events), 0.25 FLOP per neuron and tick of a clock (updates), against the "
        f"{rows[0]['ann_flop']:,.0f} FLOP of the trained network. A ratio means something for a clock that "
        "is named; counted by the step of the simulation it is a property of the simulation.",
    )


def _comparisons(analysis: Analysis) -> list[Table]:
    rows = pd.DataFrame(analysis.tables["comparisons"])
    forms: dict[str, Any] = {
        "accuracy": ("Accuracy less that at the smallest step (points)", points, points_interval),
        "latency_ms": ("Latency less that at the smallest step (ms)", "{:+.3f}".format, _interval(3)),
        "first_output_ms": (
            "First output spike less that at the smallest step (ms)",
            "{:+.3f}".format,
            _interval(3),
        ),
        "spikes": ("Spikes per trial less those at the smallest step", "{:+,.1f}".format, _interval(1)),
        "synops": ("Synaptic operations less those at the smallest step", "{:+,.0f}".format, _interval(0)),
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
        if (rows["outcome"] == outcome).any()
    ]


def _interval(decimals: int) -> Callable[[float, float], str]:
    return lambda low, high: f"[{low:+,.{decimals}f}, {high:+,.{decimals}f}]"


def _plain(decimals: int) -> Callable[[float, float], str]:
    return lambda low, high: f"[{low:,.{decimals}f}, {high:,.{decimals}f}]"


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
