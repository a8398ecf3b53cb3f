"""The page of the search for cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bioscnn import plots
from bioscnn.encoding import FOVEAL_PIT
from bioscnn.experiments.columns import compared
from bioscnn.experiments.experiment import Analysis
from bioscnn.experiments.pages import experiment_page
from bioscnn.experiments.retina.choices import PIXELS
from bioscnn.experiments.retina.page import (
    REFERENCE,
    accuracy_table,
    images_of,
    means_of,
    noises_in,
    shared_methods,
)
from bioscnn.plots.filters import NOISES
from bioscnn.report.formats import percent, plural
from bioscnn.report.page import Column, Facts, Figure, Headline, Page, Section, Table, Text


def search_page(analysis: Analysis, summary: Mapping[str, Any]) -> Page:
    """Return the page of a search for cells."""
    means = means_of(analysis)
    return experiment_page(
        analysis,
        summary,
        about=f"search for cells {summary['study']} · exploratory",
        docs="retina",
        question="which combination of cells, each with gain control, do validation images choose?",
        headlines=_headlines(means, summary),
        sections=[
            Section("accuracies", "Every combination of cells", [_accuracies(means, summary)], "Accuracies"),
            Section("noise", "Accuracy against noise", [_noise(means, summary)], "Noise"),
            Section(
                "comparisons", "Is the difference more than chance?", [_comparisons(analysis)], "Comparisons"
            ),
            Section("tables", "Every number", [accuracy_table(means, "Accuracy by front end")], "Tables"),
            Section(
                "methods", "How it was asked", [_methods(summary), Text(REFERENCE, "reference")], "Methods"
            ),
        ],
    )


def _headlines(means: pd.DataFrame, summary: Mapping[str, Any]) -> list[Headline]:
    """Return the numbers to begin with: name, value and note of each."""
    best, filtered = summary["best"], summary["best_filtered"]
    chosen = {best: "Chosen, of all", filtered: "Chosen, of those with cells", PIXELS: "Pixels, no cells"}
    if best == filtered:
        chosen[best] = "Chosen"
    clean, headlines = means[means["noise"] == "none"].set_index("front_end"), []
    for label, name in chosen.items():
        row = clean.loc[label]
        about = "" if label == PIXELS else label
        headlines.append(Headline.of_share(name, row.accuracy, row.low, row.high, about))
    trained = f"each trained anew with {plural(summary['n_seeds'], 'seed')}"
    return [
        *headlines,
        Headline("Front ends", str(len(clean)), trained),
        Headline("Test images", f"{summary['n_test']:,}", "of each seed"),
    ]


def _accuracies(means: pd.DataFrame, summary: Mapping[str, Any]) -> Figure:
    clean = means[means["noise"] == "none"].sort_values("accuracy")
    worst, best = clean.iloc[0], clean.iloc[-1]
    return Figure(
        lambda width: plots.front_end_accuracies(means, width=width),
        f"Accuracy in % of {plural(len(clean), 'front end')}, clean and in noise",
        f"Accuracy in %, mean over {plural(summary['n_seeds'], 'seed')}, each of "
        f"{plural(summary['n_test'], 'test image')}. On clean images it lies between "
        f"{percent(worst.accuracy)} ({worst.front_end}) and {percent(best.accuracy)} "
        f"({best.front_end}). Black dots: the cells of a front end. Bold: the highest of a condition; none "
        "was chosen by that, but by validation images.",
    )


def _noise(means: pd.DataFrame, summary: Mapping[str, Any]) -> Figure:
    front_ends = (
        PIXELS, summary["best"], summary["best_filtered"], summary["best_in_noise"], " + ".join(FOVEAL_PIT),
    )  # fmt: skip
    labels = [label for label in dict.fromkeys(front_ends) if label in set(means["front_end"])]
    return Figure(
        lambda width: plots.accuracy_in_noise(means, labels, width=width),
        f"Line charts of the accuracy in % of {plural(len(labels), 'front end')} against noise",
        noise_caption(means, summary["best_in_noise"]),
    )


def noise_caption(means: pd.DataFrame, label: str) -> str:
    """Return the caption of the accuracy that the strongest noise leaves to the pixels and to a front end."""
    parts = []
    for noise, rows in means[means["noise"] != "none"].groupby("noise", sort=False):
        severity = rows["severity"].max()
        share = rows[rows["severity"] == severity].set_index("front_end")["accuracy"]
        pixels = "" if label == PIXELS else f", {percent(share[PIXELS])} of the pixels"
        parts.append(
            f"{NOISES[str(noise)]} of severity {severity:g} leaves {percent(share[label])} of {label}{pixels}"
        )
    return f"{'; '.join(parts)}. Severity 0: clean images. Bands: 95 % intervals."


def _comparisons(analysis: Analysis) -> Table:
    rows = pd.DataFrame(analysis.tables["comparisons"])
    rows = rows.assign(
        images=[images_of(*pair) for pair in zip(rows["noise"], rows["severity"], strict=True)],
        pair=[
            f"{q[:1].upper()}{q[1:]}: {b} against {a}"
            for q, a, b in zip(rows["question"], rows["a"], rows["b"], strict=True)
        ],
    )
    return Table(
        rows,
        [Column("images", "images"), *compared()],
        "Two front ends on the same images: how much more often the first is right, in points, with its 95 % "
        f"interval. Exploratory. p, Holm: corrected for {plural(len(rows), 'test')}.",
        group_by="pair",
        dense=True,
    )


def _methods(summary: Mapping[str, Any]) -> Facts:
    return Facts(
        {
            "Front ends": "The pixels, and every combination of the four kinds of ganglion cells of the "
            "foveal pit, midget and parasol, ON and OFF: differences of Gaussians of four sizes. Each "
            "coefficient, of cells over the largest of its map (gain control), of pixels as it is, is a "
            "constant current into a LIF neuron, whose spikes the network sees.",
            "Choice": f"By {plural(summary['n_validation'], 'validation image')} of each seed, without those "
            "that any seed tests; test images choose nothing.",
            **shared_methods(summary, noises_in(summary)),
        }
    )
