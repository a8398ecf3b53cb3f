"""Sections of a run with tables of its readouts and its activity."""

from __future__ import annotations

import numpy as np

from bioscnn.report import captions, figures
from bioscnn.report.folder import Run
from bioscnn.report.formats import moment, number, percent, percent_interval, plural, points
from bioscnn.report.page import Column, Part, Section, SideBySide, Table, Text, numbers
from bioscnn.report.results import Results

LEVELS = (0.95, 0.98)
"""Accuracies for which the table says how soon a readout reaches them."""


def accuracy_section(run: Run, results: Results) -> Section:
    """Return the section of all readouts over time."""
    summary, meanings = run.summary, captions.readout_meanings()
    ann = summary.get("ann_accuracy")
    rows = [
        {
            "readout": rule,
            "share": share[0],
            "low": share[1],
            "high": share[2],
            "distance": None if ann is None else share[0] - ann[0],
            "reached": ", ".join(moment(results.reached(rule, level)) for level in LEVELS),
            "meaning": meanings[rule],
            "chosen": rule == summary["readout"],
        }
        for rule, share in summary["accuracy"].items()
    ]
    if ann is not None:
        unlike = {"distance": None, "reached": None, "meaning": _ann_meaning(run), "chosen": False}
        rows.append(dict(zip(("share", "low", "high"), ann, strict=True), readout="ANN", **unlike))
    columns = [
        Column("readout", "readout"),
        numbers("share", "accuracy", percent),
        numbers(("low", "high"), "95 % interval\n(%)", percent_interval),
        *([] if ann is None else [numbers("distance", "to the ANN\n(points)", points)]),
        numbers("reached", "95, 98 % right\nafter (ms)"),
        Column("meaning", "what is compared", words=True),
    ]
    caption = (
        f"Accuracy at {number(summary['duration_ms'])} ms, n = {summary['n_trials']:,}. Bold: the readout of "
        "this study."
    )
    parts: list[Part] = [figures.accuracy(run, results), Table(rows, columns, caption, bold="chosen")]
    return Section("accuracy", "Accuracy against time", parts, "Accuracy", "statistics")


def _ann_meaning(run: Run) -> str:
    inputs = ""
    if run.recorded:
        frames = plural(run.summary["frames_per_trial"], "frame")
        inputs = f", mean over {frames} in which the input spikes are counted"
    elif run.spikes_in:
        inputs = ", given the firing rates of the input"
    return f"Largest output of the network that was converted{inputs}."


def activity_section(run: Run, results: Results) -> Section:
    """Return the section of rates, spikes, latency and energy."""
    counts = {name: run.data.recording[name].counts_by_trial for name in results.rates}
    rows = [
        {
            "population": name,
            "neurons": len(rate),
            "spikes": float(counts[name].mean()),
            "rate": float(rate.mean()),
            "silent": 100 * float(np.mean(rate == 0)),
        }
        for name, rate in results.rates.items()
    ]
    columns = [
        Column("population", "population"),
        numbers("neurons", "neurons"),
        numbers("spikes", "spikes per trial", ",.1f"),
        numbers("rate", "mean rate (Hz)", ".2f"),
        numbers("silent", "never fire (%)", ".1f"),
    ]
    latency = [] if run.summary["latency_ms"] is None else [figures.latency(run, results)]
    parts: list[Part] = [
        figures.rates(results),
        Table(rows, columns, f"Means over {plural(run.summary['n_trials'], 'trial')}."),
        SideBySide([figures.spikes(results), *latency]),
        Text([_operations(run), *([_energy(run)] if run.summary.get("energy") else [])]),
    ]
    return Section("activity", "Activity: rates, spikes, latency", parts, "Activity", "networks")


def _operations(run: Run) -> str:
    summary = run.summary
    acting = summary["spikes_per_trial"] + summary.get("input_spikes_per_trial", 0)
    each = number(summary["synops_per_trial"] / acting) if acting else "0"
    return (
        "Each spike acts once on every synapse that it reaches: "
        f"{number(summary['synops_per_trial'])} synaptic operations (SynOps) per trial, {each} per spike"
        f"{', those that come in included' if run.spikes_in else ''}."
    )


def _energy(run: Run) -> str:
    energy = run.summary["energy"]
    per_trial = plural(run.summary["frames_per_trial"], "frame") if run.recorded else "one image"
    with_stimulus = (
        ""
        if run.spikes_in
        else " Counting also what turns the image into input currents, "
        f"{number(energy['stimulus_flop'])} FLOP, it is "
        f"{number(energy['ann_to_spiking_with_stimulus'])} times."
    )
    clock = energy.get("clock_ms")
    tick = f"tick of a clock of {clock:g} ms, whatever the time step" if clock else "time step"
    events = energy.get("ann_to_events")
    alone = f", {number(events)} times as much as the synapses alone" if events else ""
    return (
        "An estimate of energy (Hunsberger and Eliasmith 2016: 0.08 FLOP per synaptic operation, 0.25 FLOP "
        f"per neuron and {tick}): {number(energy['synapses_flop'])} for synapses and "
        f"{number(energy['updates_flop'])} for updates, against {number(energy['ann_flop'])} FLOP of the "
        f"trained network (two per multiply-accumulate) on {per_trial}, "
        f"{number(energy['ann_to_spiking'])} times as much{alone}.{with_stimulus}"
    )
