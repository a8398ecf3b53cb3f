"""The page of the time-step experiment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bioscnn import plots
from bioscnn.experiments.columns import P_HOLM, SHARE, SIGNIFICANT
from bioscnn.experiments.experiment import Analysis
from bioscnn.experiments.pages import experiment_page
from bioscnn.experiments.phrases import listed
from bioscnn.report.formats import percent, plural, points, points_interval
from bioscnn.report.page import Column, Facts, Figure, Headline, Page, Section, Table, numbers


def time_step_page(analysis: Analysis, summary: Mapping[str, Any]) -> Page:
    """Return the page of a time-step experiment."""
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
    return experiment_page(
        analysis,
        summary,
        about=f"time steps {summary['study']}",
        docs="time-step",
        question="what does a coarser time step change?",
        headlines=[
            Headline.of_share(f"dt {row.dt_ms:g} ms", row.accuracy, row.low, row.high)
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
    )


def _steps(steps: pd.DataFrame) -> Table:
    first = numbers("first_output_ms", "first output\nspike (ms)", ".3g")
    return Table(
        steps,
        [
            Column("dt_ms", "time step\n(ms)", "{:g}".format),
            *SHARE,
            numbers("latency_ms", "latency\n(ms)", ".3g"),
            *([first] if "first_output_ms" in steps else []),
            numbers("spikes", "spikes", ",.0f"),
        ],
        "Latency: median over trials. First output spike: mean over the trials in which there is one. "
        "Spikes: per trial.",
    )


def _readouts(analysis: Analysis) -> Table:
    return Table(
        [{**row, "differs": _significant(analysis, row)} for row in analysis.tables["readouts"]],
        [
            Column("dt_ms", "time step\n(ms)", "{:g}".format),
            *SHARE,
            numbers("latency_ms", "latency\n(ms)", ".3g"),
            numbers(("latency_ms_low", "latency_ms_high"), "95 % interval\n(ms)", ",.2f"),
            Column("differs", "differ from the smallest step"),
        ],
        "Accuracy, and median latency, by each readout. Last column: significant after correction over all "
        "outcomes of a readout.",
        group_by="readout",
    )


def _significant(analysis: Analysis, row: Mapping[str, Any]) -> str:
    """Return which outcomes of a row of readouts differ from those at the smallest step."""
    words = {"accuracy": "accuracy", "latency_ms": "latency"}
    outcomes = [
        words[comparison["outcome"]]
        for comparison in analysis.tables["readout-comparisons"]
        if comparison["significant"] and all(comparison[key] == row[key] for key in ("dt_ms", "readout"))
    ]
    return listed(outcomes) or "-"


def _layers(analysis: Analysis, summary: Mapping[str, Any]) -> Table:
    ends = ("difference_percent_low", "difference_percent_high")
    until = ("difference_until_percent_low", "difference_until_percent_high")
    return Table(
        analysis.tables["layers"],
        [
            Column("dt_ms", "time step\n(ms)", "{:g}".format),
            numbers("spikes", "spikes", ",.1f"),
            numbers("difference_percent", "difference\n(%)", "+.1f"),
            numbers(ends, "95 % interval", "+,.1f"),
            numbers("difference_until_percent", "without the end\n(%)", "+.1f"),
            numbers(until, "95 % interval", "+,.1f"),
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
            numbers("synops", "effective\naccumulates", ",.0f"),
            numbers(("synops_low", "synops_high"), "95 % interval", ",.0f"),
            numbers("activation_sparsity", "activation\nsparsity", ".5f"),
            numbers("updates", "neuron\nupdates", ",.0f"),
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
            numbers("events_flop", "events\n(FLOP)", ",.0f"),
            numbers("updates_flop", f"updates, clock\nof {rows[0]['clock_ms']:g} ms", ",.0f"),
            numbers("updates_flop_own_step", "updates,\nown step", ",.0f"),
            numbers("ann_to_events", "trained /\nevents", ".2f"),
            numbers("ann_to_spiking", "trained / events\n+ updates", ".2f"),
            numbers("ann_to_spiking_own_step", "trained / events +\nupdates, own step", ".2f"),
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
        "latency_ms": ("Latency less that at the smallest step (ms)", "+.3f", "+,.3f"),
        "first_output_ms": (
            "First output spike less that at the smallest step (ms)",
            "+.3f",
            "+,.3f",
        ),
        "spikes": ("Spikes per trial less those at the smallest step", "+,.1f", "+,.1f"),
        "synops": ("Synaptic operations less those at the smallest step", "+,.0f", "+,.0f"),
    }
    return [
        Table(
            rows[rows["outcome"] == outcome],
            [
                Column("dt_ms", "time step\n(ms)", "{:g}".format),
                numbers("difference", "difference", value),
                numbers(("low", "high"), "95 % interval", interval),
                P_HOLM,
                SIGNIFICANT,
            ],
            f"{caption}. p: corrected over all comparisons of this page.",
        )
        for outcome, (caption, value, interval) in forms.items()
        if (rows["outcome"] == outcome).any()
    ]


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
