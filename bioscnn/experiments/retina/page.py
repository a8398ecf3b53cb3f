"""The page of the retina experiment: which of its cells help, clean and in noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bioscnn.encoding import FOVEAL_PIT
from bioscnn.experiments.columns import SHARE, compared
from bioscnn.experiments.experiment import Analysis
from bioscnn.experiments.retina.choices import PIXELS, RANKED
from bioscnn.noise import find_noise
from bioscnn.plots.filters import NOISES, ORDERS
from bioscnn.report.formats import percent, percent_interval, plural
from bioscnn.report.page import Column, Facts, Figure, Headline, Page, Section, Table, Text, made_from
from bioscnn.report.provenance import provenance_rows

REFERENCE = (
    "Sen Bhattacharya B. and Furber S. B. (2010), Biologically inspired means for rank-order encoding "
    "images: a quantitative analysis, IEEE Transactions on Neural Networks 21:1087. Mu N. and Gilmer J. "
    "(2019), MNIST-C: a robustness benchmark for computer vision, arXiv:1906.02337. Holm S. (1979), A simple "
    "sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6:65."
)

KEYS = ["cells", "rank_order", "noise", "severity"]


@dataclass(frozen=True, eq=False)
class Shown:
    """Tables and facts of a retina experiment, as its page needs them.

    Parameters
    ----------
    means : DataFrame
        Of ``means.csv``, with the means over seeds of ``ann_accuracy``, ``spikes`` and ``latency_ms``;
        ``label`` names the front end, ``images`` the condition.
    comparisons : DataFrame
        Of ``comparisons.csv``, with ``images`` and the ``pair`` that answers a question.
    summary : mapping
        Contents of ``summary.json``.
    """

    means: pd.DataFrame
    comparisons: pd.DataFrame
    summary: Mapping[str, Any]

    @classmethod
    def of(cls, analysis: Analysis, summary: Mapping[str, Any]) -> Shown:
        """Put the tables together."""
        means, table, compared = (
            pd.DataFrame(analysis.tables[name]) for name in ("means", "table", "comparisons")
        )
        by_seed = table.groupby(KEYS, sort=False)[["ann_accuracy", "spikes", "latency_ms"]].mean()
        means = means.merge(by_seed.reset_index(), on=KEYS)
        order = means["rank_order"].map({True: f", {RANKED}", False: ""})
        means = means.assign(label=means["cells"] + order, images=_images(means))
        pairs = [
            f"{row.question[:1].upper()}{row.question[1:]}: {row.b} against {row.a}"
            for row in compared.itertuples()
        ]
        return cls(means, compared.assign(images=_images(compared), pair=pairs), summary)

    def of_label(self, label: str) -> pd.Series:
        """Return the accuracy of a front end on clean images."""
        rows = self.means[(self.means["label"] == label) & (self.means["noise"] == "none")]
        return rows.iloc[0]

    @property
    def n_front_ends(self) -> int:
        """How many there are."""
        return int(self.means["label"].nunique())


def _images(rows: pd.DataFrame) -> list[str]:
    return [
        NOISES[noise] + ("" if noise == "none" else f" {severity}")
        for noise, severity in zip(rows["noise"], rows["severity"], strict=True)
    ]


def retina_page(analysis: Analysis, summary: Mapping[str, Any]) -> Page:
    """Return the page of a retina experiment."""
    shown = Shown.of(analysis, summary)
    return Page(
        title=analysis.title,
        eyebrow=f"bioscnn · filter study {summary['study']}",
        question="which cells of the retina help?",
        verdict=list(analysis.verdict),
        headlines=[Headline(*headline) for headline in headlines(shown)],
        sections=[
            Section("accuracies", "Every combination of cells", [_accuracies(shown)], "Accuracies"),
            Section("noise", "Accuracy against noise", [_noise(shown)], "Noise"),
            Section(
                "comparisons", "Is the difference more than chance?", [_comparisons(shown)], "Comparisons"
            ),
            Section("tables", "Every number", _tables(shown), "Tables"),
            Section(
                "methods", "How it was asked", [_methods(shown), Text(REFERENCE, "reference")], "Methods"
            ),
        ],
        provenance=provenance_rows(summary),
        footer=made_from("table.csv", "means.csv", "comparisons.csv", "order.csv", "summary.json"),
    )


def headlines(shown: Shown) -> list[tuple[str, str, str]]:
    """Return the numbers to begin with: name, value and note of each."""
    s = shown.summary
    best, filtered = s["best"], s["best_filtered"]
    chosen = {best: "Chosen, of all", filtered: "Chosen, of those with cells", PIXELS: "Pixels, no cells"}
    if best == filtered:
        chosen[best] = "Chosen"
    found = []
    for label, name in chosen.items():
        row = shown.of_label(label)
        note = f"{'' if label == PIXELS else f'{label}; '}95 %: {percent_interval(row.low, row.high)}"
        found.append((name, percent(row.accuracy), note))
    trained = f"each trained anew with {plural(s['n_seeds'], 'seed')}"
    return [
        *found,
        ("Front ends", str(shown.n_front_ends), trained),
        ("Test images", f"{s['n_test']:,}", "of each seed"),
    ]


def _accuracies(shown: Shown) -> Figure:
    from bioscnn import plots

    clean = shown.means[shown.means["noise"] == "none"].sort_values("accuracy")
    worst, best = clean.iloc[0], clean.iloc[-1]
    return Figure(
        lambda width: plots.front_end_accuracies(shown.means, width=width),
        f"Accuracy in % of {plural(shown.n_front_ends, 'front end')}, clean and in noise",
        f"Accuracy in %, mean over {plural(shown.summary['n_seeds'], 'seed')}, each of "
        f"{plural(shown.summary['n_test'], 'test image')}. On clean images it lies between "
        f"{percent(worst.accuracy)} ({worst.label}) and {percent(best.accuracy)} ({best.label}). Black "
        "dots: the cells of a front end. Bold: the highest of a condition; none was chosen by that, but by "
        "validation images.",
    )


def _noise(shown: Shown) -> Figure:
    from bioscnn import plots

    s = shown.summary
    asked = (PIXELS, s["best"], s["best_filtered"], s["best_in_noise"], " + ".join(FOVEAL_PIT))
    labels = [label for label in dict.fromkeys(asked) if label in set(shown.means["label"])]
    return Figure(
        lambda width: plots.accuracy_in_noise(shown.means, labels, width=width),
        f"Line charts of the accuracy in % of {plural(len(labels), 'front end')} against noise",
        noise_caption(shown),
    )


def noise_caption(shown: Shown) -> str:
    """Return what the strongest noise leaves of the pixels and of the front end that was chosen in noise."""
    parts = []
    label = shown.summary["best_in_noise"]
    for noise, rows in shown.means[shown.means["noise"] != "none"].groupby("noise", sort=False):
        severity = rows["severity"].max()
        share = rows[rows["severity"] == severity].set_index("label")["accuracy"]
        pixels = "" if label == PIXELS else f", {percent(share[PIXELS])} of the pixels"
        parts.append(
            f"{NOISES[str(noise)]} of severity {severity:g} leaves {percent(share[label])} of {label}{pixels}"
        )
    return f"{'; '.join(parts)}. Severity 0: clean images. Bands: 95 % intervals."


def _comparisons(shown: Shown) -> Table:
    return Table(
        shown.comparisons,
        [
            Column("images", "images"),
            *compared(),
        ],
        "Two front ends on the same images: how much more often the first is right, in points, with its 95 % "
        f"interval. p, Holm: corrected for {plural(len(shown.comparisons), 'test')}.",
        group_by="pair",
        dense=True,
    )


def _tables(shown: Shown) -> list[Table]:
    columns = [
        Column("images", "images"),
        *SHARE,
        Column(
            ("lowest_seed", "highest_seed"),
            "seeds\n(%)",
            lambda low, high: f"{100 * low:.2f} to {100 * high:.2f}",
            numeric=True,
        ),
        Column("ann_accuracy", "ANN", percent, numeric=True),
        Column("spikes", "spikes", lambda spikes: f"{spikes:,.0f}", numeric=True),
        Column("latency_ms", "latency\n(ms)", lambda latency: f"{latency:.3g}", numeric=True),
    ]
    caption = (
        "Accuracy of the spiking network: mean over seeds, 95 % interval, worst and best seed. ANN: the "
        "trained network on the same images. Spikes: of all populations per trial, those that come in not "
        "counted. Latency: median, decision informed and final."
    )
    return [
        Table(
            shown.means[shown.means["rank_order"] == ranked],
            columns,
            caption,
            group_by="label",
            folded=f"Accuracy {ORDERS[ranked]}",
            dense=True,
        )
        for ranked in ORDERS
    ]


def _methods(shown: Shown) -> Facts:
    s = shown.summary
    noises = {NOISES[name].capitalize(): _noise_words(name) for name in NOISES if name != "none"}
    return Facts(
        {
            "Front ends": "The pixels, and every combination of the four kinds of ganglion cells of the "
            "foveal pit, midget and parasol, ON and OFF: differences of Gaussians of four sizes. Each "
            "coefficient, of cells over the largest of its map, is a constant current into a LIF neuron, "
            "whose spikes the network sees.",
            "Rank order": "The coefficients are picked from the largest down, what one tells already is "
            "taken from the others (FoCal), and the rank takes the place of the size. Of the pixels, the "
            "brightest come first.",
            "Images": s["source"],
            "Networks": "The same architecture for all but the number of input channels, trained anew for "
            "each front end and seed on the rates of the input: "
            f"{plural(s['n_train'], 'clean training image')}, {plural(s['epochs'], 'epoch')}.",
            "Choice": f"By {plural(s['n_validation'], 'validation image')} of each seed alone; test images "
            "choose nothing.",
            "Simulation": f"{s['duration_ms']:g} ms in steps of {s['dt_ms']:g} ms, read by {s['readout']}, "
            f"device {s['device']}",
            **noises,
            "Intervals": "95 %, over test images and training seeds. Where there is one seed, over images "
            "alone: training seeds did not vary.",
            "Significant": "The p value, corrected by Holm's method over all comparisons, is below 0.05, and "
            "the interval corrected alike leaves zero out.",
        }
    )


def _noise_words(name: str) -> str:
    """Return what a noise does, and its settings by severity."""
    noise = find_noise(name)
    first, _, _ = (noise.__doc__ or "").partition("\n")
    settings = ", ".join(f"{level:g}" for level in noise.LEVELS)
    return f"{first} Severity 1 to {len(noise.LEVELS)}: {settings}."
