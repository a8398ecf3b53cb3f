"""The page of the noise experiment: what noise destroys first, and what helps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bioscnn import plots
from bioscnn.experiments.columns import SHARE, compared
from bioscnn.experiments.experiment import Analysis
from bioscnn.experiments.noise import captions
from bioscnn.experiments.noise.captions import PageTables
from bioscnn.experiments.pages import experiment_page
from bioscnn.experiments.phrases import listed
from bioscnn.report.formats import percent, percent_interval, plural, points_interval
from bioscnn.report.page import Column, Facts, Figure, Page, Part, Section, Table, Text, code, muted, numbers

REFERENCES = (
    "Mu N. and Gilmer J. (2019), MNIST-C: a robustness benchmark for computer vision, arXiv:1906.02337. "
    "Hu Y., Liu S.-C. and Delbruck T. (2021), v2e: from video frames to realistic DVS events, CVPR "
    "Workshops. Agresti A. and Min Y. (2005), Simple improved confidence intervals for comparing matched "
    "proportions, Statistics in Medicine 24:729. Holm S. (1979), A simple sequentially rejective multiple "
    "test procedure, Scandinavian Journal of Statistics 6:65."
)


def noise_page(analysis: Analysis, summary: Mapping[str, Any]) -> Page:
    """Return the page of a noise experiment."""
    frames = {name: pd.DataFrame(rows) for name, rows in analysis.tables.items()}
    tables = PageTables(frames["accuracy"], frames["losses"], frames["comparisons"], dict(summary))
    return experiment_page(
        analysis,
        summary,
        about=f"noise study {summary['study']}",
        docs="noise",
        question="what does noise destroy first, and does the biology help?",
        headlines=captions.headlines(tables),
        sections=[
            *_figures(tables),
            Section("noises", "The noises", _noises(tables, analysis)),
            Section("tables", "Every number", [*_accuracy(tables), _comparisons(tables)], "Tables"),
            Section("methods", "How it was made", _methods(tables), "Methods"),
        ],
    )


def _figures(tables: PageTables) -> list[Section]:
    chance, severity = tables.summary["chance"], tables.severity
    fall = Figure(
        lambda width: plots.first_to_fall(
            tables.losses, tables.main, clean=tables.of(tables.main).accuracy, chance=chance, width=width
        ),
        f"Bar chart of the accuracy in points that {tables.main} loses to each kind of noise",
        captions.fall_caption(tables),
    )
    curves = Figure(
        lambda width: plots.noise_curves(tables.accuracy, chance=chance, width=width),
        "Line charts of accuracy in % against severity, one panel per kind of noise, one line per network",
        captions.curves_caption(tables),
    )
    helps = Figure(
        lambda width: plots.what_helps(tables.comparisons, width=width),
        "Differences of accuracy in points between two networks in each kind of noise, with intervals",
        captions.helps_caption(tables),
    )
    activity = Figure(
        lambda width: plots.latency_and_spikes(tables.accuracy, width=width),
        "Tables of median latency in ms and spikes per trial by kind of noise and severity, coloured",
        captions.activity_caption(tables),
    )
    return [
        Section("fall", f"What falls first, at severity {severity}", [fall], "What falls first"),
        Section("curves", "Accuracy against severity", [curves], "Severity"),
        Section("helps", "What helps", [helps]),
        Section("activity", "Latency and spikes in noise", [activity], "Latency and spikes"),
    ]


def _noises(tables: PageTables, analysis: Analysis) -> list[Part]:
    names, pictures = analysis.more["names"], analysis.more["pictures"]
    parts: list[Part] = []
    if len(names):
        parts.append(
            Figure(
                lambda width: plots.gallery(names, pictures, width=width),
                "Pictures of one example, clean and in noise of rising severity",
                captions.gallery_caption(tables),
            )
        )
    severity = tables.severity
    parts.append(
        Table(
            captions.kinds(tables),
            [
                Column("name", "noise", words=True),
                Column(
                    ("what", "meaning", "settings"),
                    "what happens",
                    lambda what, meaning, settings: (
                        f"{what} Severity {severity}: {meaning}. ",
                        muted(f"Settings: {settings}."),
                    ),
                    words=True,
                ),
            ],
            f"What each kind of noise is, what severity {severity} of it means, and its settings at "
            "severities 1 to 5.",
            group_by="place",
        )
    )
    return parts


def _accuracy(tables: PageTables) -> list[Table]:
    caption = (
        "Accuracy of the spiking network with its 95 % interval, and of the trained network that it was made "
        "from (ANN) where the noise reaches it. Latency: median over trials. Spikes: per trial. n: trials × "
        "seeds of the noise."
    )
    columns = [
        Column(("severity", "amount"), "severity:\nsetting", lambda s, a: f"{s:.0f}: {a}" if s else "0"),
        *SHARE,
        numbers("accuracy_ann", "ANN", percent),
        numbers(("low_ann", "high_ann"), "95 % interval\n(%)", percent_interval),
        numbers("latency_ms", "latency\n(ms)", ".3g"),
        numbers("spikes", "spikes", ",.0f"),
        numbers(("n", "seeds"), "n", lambda n, seeds: f"{n:,.0f} × {seeds:.0f}"),
    ]
    return [
        Table(
            tables.with_ann(network["name"]),
            columns,
            caption,
            group_by="noise_name",
            folded=f"Accuracy, latency and spikes of {network['name']}",
            dense=True,
        )
        for network in tables.summary["networks"]
    ]


def _comparisons(tables: PageTables) -> Table:
    return Table(
        captions.compared(tables),
        [
            Column("noise_name", "noise"),
            *compared(),
            Column("family", "family"),
            numbers(("menu_low", "menu_high"), "other menus", points_interval),
            numbers(("trials", "seeds"), "n", lambda n, seeds: f"{n:,.0f} × {seeds:.0f}"),
        ],
        "Accuracy of the first less that of the second, in the same trials and noise, in points. p, Holm: "
        "corrected within the family: the questions themselves (clean inputs, and the mean over the kinds "
        "that act on one part), or everything else, which is exploratory. Other menus: 95 % of the means "
        "over as many kinds, drawn from these with replacement; a mean depends on the kinds that were tried. "
        "n: trials × seeds.",
        group_by="pair",
        folded="What helps: every comparison",
        bold="significant",
        dense=True,
    )


def _methods(tables: PageTables) -> list[Part]:
    s = tables.summary
    trained = (
        f"Every network was trained anew with each seed{captions.examples(tables)}, and every seed has noise "
        "of its own."
        if s["retrained"]
        else "One trained network stands for each recipe: training seeds did not vary."
    )
    return [
        Table(
            s["networks"],
            [
                Column("name", "network"),
                Column("model", "model", code),
                Column("about", "what it is", words=True),
            ],
            "The networks that are compared; the first one is judged by itself.",
        ),
        Facts(
            {
                "Data": s["source"],
                "Trials": f"{plural(s['n'], 'trial')} in each condition, the same ones in all; noise of "
                f"{plural(s['seeds'], 'seed')}",
                "Noise of inputs": "Images and recordings get their noise before anything else, so that the "
                "trained network meets it too.",
                "Noise of networks": "Synapses, neurons and axons get theirs after the conversion; the "
                "trained network has none of them.",
                "Severities": "The settings of severities 1 to 5 are in the table of the noises; those of "
                "images are MNIST-C's where it has that noise, but for gentler ones of blur, as its own "
                "leave nothing of a digit.",
                f"Simulation of {tables.main}": f"{s['duration_ms']:g} ms in steps of {s['dt_ms']:g} ms, "
                f"read by {s['readout']}, device {s['device']}",
                "Intervals": f"95 %, over {listed(['trials', *s['varied']])}. {trained}",
                "Significant": "The p value, corrected by Holm's method within its family, is below 0.05, "
                "and the interval corrected alike leaves zero out.",
            }
        ),
        Text(REFERENCES, "reference"),
    ]
