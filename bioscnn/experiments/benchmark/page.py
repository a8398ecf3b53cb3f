"""The page of the benchmark: how accurate, fast and thrifty each network is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bioscnn import plots
from bioscnn.experiments.benchmark.markdown import is_reference, more_spikes, points_with_interval, reached
from bioscnn.experiments.benchmark.tables import REFERENCE
from bioscnn.experiments.columns import P_HOLM
from bioscnn.experiments.experiment import Analysis, Row
from bioscnn.experiments.pages import experiment_page
from bioscnn.metrics import CLOCK
from bioscnn.report.formats import percent, percent_interval, plural
from bioscnn.report.page import (
    Column,
    Facts,
    Figure,
    Headline,
    Page,
    Part,
    Section,
    Table,
    Text,
    code,
    numbers,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

REFERENCES = (
    "Agresti A. and Min Y. (2005), Simple improved confidence intervals for comparing matched proportions, "
    "Statistics in Medicine 24:729. Holm S. (1979), A simple sequentially rejective multiple test procedure, "
    "Scandinavian Journal of Statistics 6:65. Hunsberger E. and Eliasmith C. (2016), Training spiking deep "
    "networks for neuromorphic hardware, arXiv:1611.05141."
)

SIGNIFICANT = (
    "Bold: significant, which is a p value below 0.05, corrected by Holm's method over all tests of the "
    "table, and an interval corrected alike that leaves zero out."
)


def drawings(tables: Mapping[str, Sequence[Row]]) -> dict[str, Callable[[float], Drawing]]:
    """Return the function that draws each figure, by its file's name; it takes the width in inches."""
    return {
        "accuracy-over-time": lambda width: plots.networks_over_time(
            tables["over-time"], tables["networks"], width=width
        ),
        "time-steps": lambda width: plots.time_steps(tables["time-steps"], width=width),
    }


def benchmark_page(analysis: Analysis, summary: Mapping[str, Any]) -> Page:
    """Return the page of a benchmark."""
    networks, time_steps = analysis.tables["networks"], analysis.tables["time-steps"]
    over_time_figure, time_step_figure = drawings(analysis.tables).values()
    first, longest = networks[0], analysis.tables["over-time"][-1]
    over_time = Figure(
        over_time_figure,
        "Line chart of accuracy in % against time in ms, one line per network, and bar charts of spikes and "
        "synaptic operations per image",
        f"Accuracy on {first['n']:,} {first['split']} images in trials of {longest['time_ms']:g} ms, with "
        f"95 % intervals, and what a trial of {first['duration_ms']:g} ms takes. Pale line: 98 %.",
    )
    steps = Figure(
        time_step_figure,
        "Differences of accuracy in points by time step and reset rule, with intervals, one panel per "
        "network",
        f"Accuracy less that of the reset {REFERENCE[0]} in steps of {1e3 * REFERENCE[1]:g} ms, on the same "
        f"{plural(time_steps[0]['n'], 'validation image')}; bars: 95 % intervals.",
    )
    return experiment_page(
        analysis,
        summary,
        about=f"benchmark {summary['label']}",
        docs="networks",
        question="how accurate, fast and thrifty is each network?",
        headlines=_headlines(networks),
        sections=[
            Section("networks", "The networks", [_networks(networks), _cost(networks)]),
            Section("over-time", "Accuracy against time, spikes and operations", [over_time], "Over time"),
            Section(
                "time-steps", "Time steps and reset rules", [steps, _time_steps(time_steps)], "Time steps"
            ),
            Section("methods", "How it was made", _methods(networks, summary), "Methods"),
        ],
    )


def _headlines(networks: Sequence[Row]) -> list[Headline]:
    best = max(networks, key=lambda row: row["snn_accuracy"])
    fewest = min(networks, key=lambda row: row["spikes"])
    fast = [row for row in networks if row["time_to_98_ms"] is not None]
    headlines = [
        Headline(
            "Most accurate", percent(best["snn_accuracy"]), f"{best['network']}; 95 %: {_ends(best, 'snn')}"
        ),
        Headline("Fewest spikes", f"{fewest['spikes']:,.0f}", f"per image, of {fewest['network']}"),
    ]
    if fast:
        first = min(fast, key=lambda row: row["time_to_98_ms"])
        headlines.append(Headline("98 % right after", f"{first['time_to_98_ms']:g} ms", first["network"]))
    return [*headlines, Headline("Images", f"{best['n']:,}", f"of the {best['split']} split")]


def _ends(row: Row, method: str) -> str:
    return percent_interval(row[f"{method}_accuracy_low"], row[f"{method}_accuracy_high"])


def _networks(networks: Sequence[Row]) -> Table:
    return Table(
        [
            {
                **row,
                "trained": f"{percent(row['ann_accuracy'])}\n{_ends(row, 'ann')}",
                "spiking": f"{percent(row['snn_accuracy'])}\n{_ends(row, 'snn')}",
                "points": points_with_interval(row).replace(" ", "\n", 1),
            }
            for row in networks
        ],
        [
            Column("network", "network"),
            numbers("trained", "trained\nnetwork"),
            numbers("spiking", "spiking\nnetwork"),
            numbers("points", "difference\n(points)"),
            P_HOLM,
            Column("readout", "readout"),
        ],
        "Accuracy of the trained network and of the spiking one, on the same images, with 95 % intervals. "
        f"{SIGNIFICANT}",
        bold="significant",
        dense=True,
    )


def _cost(networks: Sequence[Row]) -> Table:
    times = [", ".join(reached(row[f"time_to_{level}_ms"]) for level in (95, 98)) for row in networks]
    return Table(
        [{**row, "reached": time} for row, time in zip(networks, times, strict=True)],
        [
            Column("network", "network"),
            numbers("reached", "95, 98 %\nright after (ms)"),
            numbers("spikes", "spikes", ",.0f"),
            numbers("synops", "SynOps", ",.0f"),
            numbers(
                ("ann_to_spiking", "ann_to_spiking_with_stimulus"),
                "energy,\ntrained / spiking",
                lambda ratio, with_stimulus: f"{ratio:.1f} ({with_stimulus:.1f})",
            ),
            Column("weights_sha256", "weights", lambda sha256: code(sha256[:8])),
        ],
        "95, 98 % right after: when accuracy against time first comes there, in long trials. The rest per "
        "image. SynOps: each spike counted once for every synapse that it reaches. Energy: an estimate, "
        "see below; in brackets with the computation of the input currents.",
        dense=True,
    )


def _time_steps(rows: Sequence[Row]) -> Table:
    return Table(
        [
            {
                **row,
                "points": None if is_reference(row) else points_with_interval(row),
                "more": None if is_reference(row) else more_spikes(row),
            }
            for row in rows
        ],
        [
            Column("reset", "reset"),
            numbers("dt_ms", "time step\n(ms)", "g"),
            numbers("accuracy", "accuracy", percent),
            numbers("points", "difference\n(points)"),
            P_HOLM,
            numbers("spikes", "spikes\nper image", ",.0f"),
            numbers("more", "more\nspikes"),
        ],
        f"Differences, and more spikes: to reset {REFERENCE[0]} in steps of {1e3 * REFERENCE[1]:g} ms, on "
        f"the same validation images. {SIGNIFICANT}",
        group_by="network",
        folded="Every time step and reset rule",
        bold="significant",
        dense=True,
    )


def _methods(networks: Sequence[Row], summary: Mapping[str, Any]) -> list[Part]:
    first = networks[0]
    return [
        Facts(
            {
                "Data": summary["source"],
                "Images": f"{plural(first['n'], first['split'] + ' image')}, which chose nothing: the "
                f"readout of each network is the best one on {first['validation_n']:,} validation images.",
                "Simulation": f"{first['duration_ms']:g} ms in steps of {summary['dt_ms']:g} ms, device "
                f"{summary['device']}",
                "Trained network": "Its rates, without spikes or time, on the same images.",
                "Energy": "Floating-point operations of the trained network, two per multiply-accumulate, "
                "over the estimate of Hunsberger and Eliasmith for the spiking one on digital neuromorphic "
                "hardware: 0.08 per synaptic operation and 0.25 per neuron and tick of a clock of "
                f"{1e3 * CLOCK:g} ms, whatever the time step of the simulation. No hardware was measured.",
                "Time steps": "Nothing spikes in the last step of a trial, and a spike acts one step later: "
                "a shorter step makes a few spikes more, whatever the reset rule.",
                "Intervals": "95 %, over images: Wilson's of an accuracy, that of Agresti and Min of a "
                "difference in the same images. One trained network stands for each recipe: training seeds "
                "did not vary.",
                "Tests": "McNemar's exact test.",
            }
        ),
        Text(REFERENCES, "reference"),
    ]
