"""The page of the detail ladder: what each piece of biology costs and buys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from bioscnn import plots
from bioscnn.experiments.columns import P_HOLM, P
from bioscnn.experiments.experiment import Analysis, Row
from bioscnn.experiments.ladder.factorial_page import GROUPS, change_text, factorial_section
from bioscnn.experiments.ladder.tables import ANN
from bioscnn.experiments.pages import experiment_page
from bioscnn.report.formats import percent, percent_interval, plain, plural, points, points_interval
from bioscnn.report.page import (
    Column,
    Facts,
    Figure,
    Folded,
    Headline,
    Page,
    Part,
    Section,
    Table,
    Text,
    numbers,
)

AGAINST_ANN = "Accuracy, less that of the trained network (points)"

REFERENCES = (
    "Agresti A. and Min Y. (2005), Simple improved confidence intervals for comparing matched proportions, "
    "Statistics in Medicine 24:729. Gerstner W., Kistler W. M., Naud R. and Paninski L. (2014), Neuronal "
    "Dynamics, Cambridge University Press. Holm S. (1979), A simple sequentially rejective multiple test "
    "procedure, Scandinavian Journal of Statistics 6:65."
)


def ladder_page(analysis: Analysis, summary: Mapping[str, Any]) -> Page:
    """Return the page of a detail ladder."""
    rows, comparisons = analysis.tables["ladder"], analysis.tables["comparisons"]
    tuned = analysis.tables.get("fine-tuned")
    sections = [
        Section("ladder", "The ladder", [_figure(rows, comparisons, summary)]),
        Section("rungs", "The rungs", _rungs(rows, summary)),
        Section("numbers", "Every number", [_numbers(rows, comparisons)], "Numbers"),
        Section("changes", "Is the change more than chance?", [_changes(comparisons)], "Changes"),
    ]
    if "factorial" in analysis.tables:
        sections.insert(1, factorial_section(analysis, summary))
    if tuned is not None:
        sections.append(
            Section("fine-tuned", "Can it be learnt away?", [_fine_tuned(tuned, summary)], "Fine-tuned")
        )
    return experiment_page(
        analysis,
        summary,
        about=f"detail ladder {summary['study']}",
        docs="ladder",
        question="what does each piece of biology cost and buy?",
        headlines=_headlines(rows, summary),
        sections=[*sections, Section("methods", "How it was made", _methods(summary), "Methods")],
    )


def _headlines(rows: Sequence[Row], summary: Mapping[str, Any]) -> list[Headline]:
    bottom, top = rows[0], [row for row in rows if not row["own"]][-1]
    ann, *ends = summary["ann"]
    first = bottom["rung"]
    return [
        Headline(f"{first}, no more biology", percent(bottom["accuracy"]), f"95 %: {interval_of(bottom)}"),
        Headline("All of it", percent(top["accuracy"]), f"95 %: {interval_of(top)}"),
        Headline("Trained network", percent(ann), f"{summary['network']}; 95 %: {percent_interval(*ends)}"),
        Headline(
            "Latency of all", f"{top['latency_ms']:g} ms", f"median; {bottom['latency_ms']:g} ms of {first}"
        ),
        Headline("Spikes of all", f"{top['spikes']:,.0f}", f"per trial; {bottom['spikes']:,.0f} of {first}"),
        Headline("Trials", f"{summary['n']:,}", "the same on every rung"),
    ]


def interval_of(row: Row) -> str:
    """Return the 95 % interval of the accuracy of a rung, in percent."""
    return percent_interval(row["accuracy_low"], row["accuracy_high"])


def _figure(rows: Sequence[Row], comparisons: Sequence[Row], summary: Mapping[str, Any]) -> Figure:
    changes = [{**row, "rung": row["first"]} for row in comparisons if row["second"] != ANN]
    beside = "".join(
        f" Below the line: a user's own neuron with the synapses of {row['second']}, compared with that."
        for row in changes
        if row["outcome"] == "accuracy" and any(rung["own"] and rung["rung"] == row["rung"] for rung in rows)
    )
    return Figure(
        lambda width: plots.detail_ladder(
            pd.DataFrame(rows), pd.DataFrame(changes), ann=summary["ann"][0], width=width
        ),
        "Accuracy in %, median latency in ms, spikes and synaptic operations per trial, and relative time of "
        "a simulation of every rung, with intervals",
        "Each row adds one piece of biology to all those above it. Bars: 95 % intervals; the time is that of "
        "the fastest of several short runs and has none. Colours: significant changes against the row above, "
        f"in the same trials; latency is judged by its mean change.{beside} Dotted: the trained network. "
        f"n = {summary['n']:,}.",
    )


def _rungs(rows: Sequence[Row], summary: Mapping[str, Any]) -> list[Part]:
    table = Table(
        rows,
        [
            Column("rung", "rung"),
            Column("changes", "changes", words=True),
            Column("state", "variables", lambda state: state.replace(" ", ", ")),
        ],
        "What each rung changes of the study, and the variables that a neuron then carries from one time "
        "step to the next.",
    )
    return [table, *(_equations(rung) for rung in summary["rungs"])]


def _equations(rung: Mapping[str, Any]) -> Folded:
    reset = rung["reset"].replace("\n", "\n           ")
    refractory = f"\nrefractory {rung['refractory']}" if rung["refractory"] else ""
    text = f"{rung['equations']}\n\nthreshold  {rung['threshold']}\nreset      {reset}{refractory}"
    return Folded(f"Equations: {rung['name']}", [Text(text, "code"), Facts(rung["parameters"], inline=True)])


def _numbers(rows: Sequence[Row], comparisons: Sequence[Row]) -> Table:
    against = {row["first"]: row["difference"] for row in comparisons if row["second"] == ANN}
    return Table(
        [{**row, "against_ann": against[row["rung"]]} for row in rows],
        [
            Column("rung", "rung"),
            numbers(_ends("accuracy"), "accuracy", _share),
            numbers("against_ann", "ANN", points),
            numbers(_ends("latency_ms"), "latency\n(ms)", _amount("g")),
            numbers(_ends("spikes"), "spikes", _amount(",.0f")),
            numbers(_ends("synops"), "SynOps\n(thousands)", _amount(",.0f", 1e-3)),
            numbers("time", "time", ".2f"),
        ],
        "ANN: accuracy less that of the trained network, in points. Latency: median, decision informed and "
        "final. Spikes and synaptic operations: per trial. Time: of a simulation, relative to "
        f"{rows[0]['rung']}. Below each: its 95 % interval.",
        dense=True,
    )


def _ends(name: str) -> tuple[str, str, str]:
    return name, f"{name}_low", f"{name}_high"


def _share(value: float, low: float, high: float) -> str:
    return f"{percent(value)}\n{percent_interval(low, high)}"


def _amount(form: str, scale: float = 1.0) -> Callable[[float, float, float], str]:
    return lambda value, low, high: "{:{f}}\n[{:{f}}, {:{f}}]".format(
        scale * value, scale * low, scale * high, f=form
    )


def _changes(comparisons: Sequence[Row]) -> Table:
    against_ann = [row for row in comparisons if row["second"] == ANN]
    below = [row for outcome in GROUPS for row in comparisons if row["outcome"] == outcome]
    ordered = [*(row for row in below if row["second"] != ANN), *against_ann]
    return Table(
        [
            {
                **row,
                "group": AGAINST_ANN if row["second"] == ANN else GROUPS[row["outcome"]],
                "value": change_text(row, row["difference"]),
                "interval": f"[{change_text(row, row['low'])}, {change_text(row, row['high'])}]",
            }
            for row in ordered
        ],
        [
            Column("first", "rung"),
            Column("second", "less"),
            numbers("value", "difference"),
            numbers("interval", "95 % interval"),
            P,
            P_HOLM,
        ],
        "Each rung less the one below, in the same trials. p, Holm: corrected over all rows of the table. "
        "Bold: significant.",
        group_by="group",
        bold="significant",
        dense=True,
    )


def _fine_tuned(rows: Sequence[Row], summary: Mapping[str, Any]) -> Table:
    columns = [
        Column("rung", "rung"),
        numbers(_ends("accuracy"), "accuracy", _share),
        numbers(
            ("difference", "low", "high"),
            "difference",
            lambda value, low, high: f"{points(value)}\n{points_interval(low, high)}",
        ),
        P_HOLM,
        numbers("latency_ms", "latency\n(ms)", "g"),
        numbers("spikes", "spikes", ",.0f"),
    ]
    none = {key: None for column in columns for key in column.keys} | {"significant": False}
    return Table(
        [none | {**row, "why_not": row["why_not"] or None} for row in rows],
        columns,
        "The network of a rung, trained further on its own spikes, once through "
        f"{plural(summary['trained_on'], 'training example')}, and shown the same trials. Difference: "
        "accuracy less that before, in points. Bold: significant.",
        bold="significant",
        note="why_not",
        dense=True,
    )


def _methods(summary: Mapping[str, Any]) -> list[Part]:
    s = summary
    return [
        Facts(
            {
                "Data": s["source"],
                "Network": f"{s['network']}, trained with rectified linear units, so that it belongs to no "
                "neuron. On every rung it is converted anew: its activations are normalised "
                f"({s['normalisation']}, at most {plain(s['max_rate_hz'])} Hz) for the rates of that rung's "
                "neuron, on examples that are not among the trials.",
                "Order": "A rung is compared with the one below: what the ladder says holds for its own "
                "order. What a piece does in the others: bioscnn ladder --factorial.",
                "Trials": f"{plural(s['n'], 'trial')}, the same ones with the same input on every rung",
                "Simulation": f"{plain(s['duration_ms'])} ms in steps of {plain(s['dt_ms'])} ms, read by "
                f"{s['readout']}, device {s['device']}",
                "Time step": "The same on all rungs. A spike acts one step after it was fired, to which an "
                "axonal delay adds; where the charge of a spike arrives at once, it arrives within that "
                "step; and no neuron fires more than once in a step.",
                "Variables": "Without a synaptic current that is gone within a step. The time that a neuron "
                "is held refractory and spikes that travel are not counted: nothing integrates them.",
                "Latency": "The time from which a decision rests on evidence and stays what it is at the "
                "end.",
                "Time": "That of a processor, in one process that records nothing: every rung in turn "
                "several times, of which the fastest counts.",
                "Intervals": "95 %, over trials: Wilson's of an accuracy, that of the ranks of a median, "
                "Student's of a mean; of a difference of accuracies that of Agresti and Min.",
                "Significant": "The p value, corrected by Holm's method over all tests of its table, is "
                "below 0.05, and the interval corrected alike leaves zero out. Tests: McNemar's exact one of "
                "accuracies, the paired t test of the rest.",
            }
        ),
        Text(REFERENCES, "reference"),
    ]
