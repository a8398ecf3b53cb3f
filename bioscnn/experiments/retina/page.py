"""The page of the retina experiment: what each change of the front end is worth alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bioscnn import plots
from bioscnn.experiments.columns import SHARE, compared
from bioscnn.experiments.experiment import Analysis
from bioscnn.experiments.pages import experiment_page
from bioscnn.experiments.retina.choices import FILTERS, GAIN
from bioscnn.experiments.retina.steps import EXPLORATORY, PRIMARY
from bioscnn.noise import find_noise
from bioscnn.plots.filters import NOISES
from bioscnn.report.formats import percent, plural, points, points_interval
from bioscnn.report.page import Column, Facts, Figure, Headline, Page, Section, Table, Text, numbers

REFERENCE = (
    "Sen Bhattacharya B. and Furber S. B. (2010), Biologically inspired means for rank-order encoding "
    "images: a quantitative analysis, IEEE Transactions on Neural Networks 21:1087. Shapley R. M. and Victor "
    "J. D. (1978), The effect of contrast on the transfer properties of cat retinal ganglion cells, Journal "
    "of Physiology 285:275. Mu N. and Gilmer J. (2019), MNIST-C: a robustness benchmark for computer vision, "
    "arXiv:1906.02337. Holm S. (1979), A simple sequentially rejective multiple test procedure, Scandinavian "
    "Journal of Statistics 6:65."
)

KEYS = ["front_end", "noise", "severity"]


def means_of(analysis: Analysis) -> pd.DataFrame:
    """Return ``means.csv`` with the means over seeds of ``ann_accuracy``, ``spikes`` and ``latency_ms``.

    ``images`` names the condition.
    """
    means, table = (pd.DataFrame(analysis.tables[name]) for name in ("means", "table"))
    by_seed = table.groupby(KEYS, sort=False)[["ann_accuracy", "spikes", "latency_ms"]].mean()
    return means.merge(by_seed.reset_index(), on=KEYS).assign(
        images=[
            images_of(noise, severity)
            for noise, severity in zip(means["noise"], means["severity"], strict=True)
        ]
    )


def images_of(noise: str, severity: object) -> str:
    """Return a condition for people."""
    return NOISES[noise] + ("" if noise == "none" else f" {severity}")


def steps_page(analysis: Analysis, summary: Mapping[str, Any]) -> Page:
    """Return the page of a retina experiment."""
    means, rows = means_of(analysis), pd.DataFrame(analysis.tables["comparisons"])
    rows = rows.assign(
        images=[images_of(*pair) for pair in zip(rows["noise"], rows["severities"], strict=True)]
    )
    return experiment_page(
        analysis,
        summary,
        about=f"retina study {summary['study']}",
        docs="retina",
        question="what do the cells of a retina add to gain control?",
        headlines=_headlines(rows, summary),
        sections=[
            Section("noise", "Accuracy against noise", [_noise(means)], "Noise"),
            Section(
                "comparisons",
                "What each change is worth",
                [
                    _comparisons(rows, PRIMARY, "Named in advance"),
                    _comparisons(rows, EXPLORATORY, "Exploratory, named in advance by nobody"),
                ],
                "Comparisons",
            ),
            Section("tables", "Every number", [accuracy_table(means, "Accuracy by front end")], "Tables"),
            Section(
                "methods", "How it was asked", [_methods(summary), Text(REFERENCE, "reference")], "Methods"
            ),
        ],
    )


def _headlines(rows: pd.DataFrame, summary: Mapping[str, Any]) -> list[Headline]:
    primary = rows[rows["step"] == f"{FILTERS}, {GAIN}"]
    return [
        *(
            Headline(
                f"Cells, {NOISES[row.noise]} (points)",
                points(row.difference),
                f"95 %: {points_interval(row.low, row.high)}, gain control in both",
            )
            for row in primary.itertuples()
        ),
        Headline("Seeds", str(summary["n_seeds"]), "networks trained of each front end"),
        Headline("Test images", f"{summary['n_test']:,}", "of each seed"),
    ]


def _noise(means: pd.DataFrame) -> Figure:
    labels = list(dict.fromkeys(means["front_end"]))
    return Figure(
        lambda width: plots.accuracy_in_noise(means, labels, width=width),
        f"Line charts of the accuracy in % of {plural(len(labels), 'front end')} against noise",
        "Mean over seeds. Severity 0: clean images. Bands: 95 % intervals.",
    )


def _comparisons(rows: pd.DataFrame, family: str, title: str) -> Table:
    rows = rows[rows["family"] == family]
    return Table(
        rows,
        [Column("images", "images"), *compared()],
        f"{title}: accuracy with a change less that without it, in points, of the same images, seeds and "
        "noise, with its 95 % interval; of noise, the mean over its severities. p, Holm: corrected for "
        f"{plural(len(rows), 'test')}.",
        group_by="step",
        dense=True,
    )


def accuracy_table(means: pd.DataFrame, folded: str) -> Table:
    """Return the table of all accuracies."""
    return Table(
        means,
        [
            Column("images", "images"),
            *SHARE,
            numbers(
                ("lowest_seed", "highest_seed"),
                "seeds\n(%)",
                lambda low, high: f"{100 * low:.2f} to {100 * high:.2f}",
            ),
            numbers("ann_accuracy", "ANN", percent),
            numbers("spikes", "spikes", ",.0f"),
            numbers("latency_ms", "latency\n(ms)", ".3g"),
        ],
        "Accuracy of the spiking network: mean over seeds, 95 % interval, worst and best seed. ANN: the "
        "trained network on the same images. Spikes: of all populations per trial, those that come in not "
        "counted. Latency: median, decision informed and final.",
        group_by="front_end",
        folded=folded,
        dense=True,
    )


def _methods(summary: Mapping[str, Any]) -> Facts:
    return Facts(
        {
            "Front ends": "Pixels, or the cells that the study names, differences of Gaussians at every "
            "pixel; each as constant currents into a layer of LIF neurons, whose spikes the network sees, "
            "without and with gain control. The cells also in rank order.",
            "Gain control": "Each image by itself: pixels are stretched to the range from 0 to 1, "
            "coefficients divided by the largest of their kind. Without it, pixels are as they are; a "
            "coefficient is divided by the median, over training images that excite its kind, of the largest "
            "in an image, and at most 1, so that on average the cells are as excited as with it.",
            "Rank order": "The coefficients are picked from the largest down, what one tells already is "
            "taken from the others (FoCal), and the rank takes the place of the size. Ranks need no gain "
            "control.",
            **shared_methods(summary, noises_in(summary)),
            "Families": f"{PRIMARY.capitalize()}, corrected together by Holm's method. All other comparisons "
            "are exploratory; they are corrected together, too.",
        }
    )


def noises_in(summary: Mapping[str, Any]) -> list[str]:
    """Return the noises of an experiment."""
    return list(summary["noises"])


def shared_methods(summary: Mapping[str, Any], noises: list[str]) -> dict[str, str]:
    """Return the methods of both pages: images, networks, simulation and noise."""
    s = summary
    return {
        "Images": s["source"],
        "Networks": "The same architecture for all but the number of input channels, trained anew for "
        "each front end and seed on the rates of the input: "
        f"{plural(s['n_train'], 'clean training image')}, {plural(s['epochs'], 'epoch')}. Photographs "
        "are divided anew for each seed; near-duplicates of test photographs neither train nor choose.",
        "Simulation": f"{s['duration_ms']:g} ms in steps of {s['dt_ms']:g} ms, read by {s['readout']}, "
        f"device {s['device']}",
        **{NOISES[name].capitalize(): _noise_words(name) for name in noises},
        "Intervals": "95 %, over test images, training seeds and, of noisy images, noise seeds. Where there "
        "is one seed, over images alone.",
        "Significant": "The p value, corrected by Holm's method over its family, is below 0.05, and the "
        "interval corrected alike leaves zero out.",
    }


def _noise_words(name: str) -> str:
    """Return the description of a noise, and its settings by severity."""
    noise = find_noise(name)
    first, _, _ = (noise.__doc__ or "").partition("\n")
    settings = ", ".join(f"{level:g}" for level in noise.LEVELS)
    return f"{first} Severity 1 to {len(noise.LEVELS)}: {settings}."
