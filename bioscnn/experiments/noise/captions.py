"""Words of the noise experiment's page: the kinds of noise, captions, headlines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from bioscnn.experiments.phrases import capital
from bioscnn.noise.parts import part_of
from bioscnn.plots.noise import PLACES, name_of, without_units
from bioscnn.plots.noise_effects import row_name
from bioscnn.report.formats import percent, plural, points, points_interval
from bioscnn.report.page import Headline

NOISE_WORDS = {
    "gaussian-noise": (
        "Each pixel gets a random number of its own, as in low light",
        "standard deviation {}, where 1 is from black to white",
    ),
    "shot-noise": (
        "Each pixel counts photons, so that bright pixels are noisier",
        "a white pixel counts {} on average",
    ),
    "salt-and-pepper": ("Some pixels become black or white", "a share of {} of them does"),
    "speckle-noise": (
        "Each pixel is multiplied by a random factor of its own",
        "standard deviation of the factor {}, around 1",
    ),
    "blur": (
        "Each pixel becomes a mean of its neighbours, as out of focus",
        "the neighbourhood has a standard deviation of {}",
    ),
    "occlusion": ("A black square hides a part of the image", "a share of {} of its area"),
    "brightness": ("Everything is brighter", "{} is added, where 1 is from black to white"),
    "contrast": ("Everything is closer to the mean grey", "differences shrink to {} of what they were"),
    "rotation": ("The image is turned, to either side", "by {}"),
    "shear": ("The rows of the image slide sideways, more with each row", "by {} columns a row"),
    "scaling": ("The image is smaller, in a black frame", "height and width shrink to {} of what they were"),
    "translation": ("The image is moved, to either side and up or down", "by {} along each axis"),
    "background-activity": ("Every pixel of the camera fires now and then, by itself", "{} a pixel"),
    "hot-pixels": ("Some pixels of the camera fire all the time, at 100 Hz", "a share of {} of them does"),
    "event-loss": ("Events get lost", "a share of {} of them does"),
    "event-jitter": ("Each event comes earlier or later, by a random time", "standard deviation {}"),
    "spike-jitter": ("Each spike of the input comes earlier or later", "standard deviation {}"),
    "spike-loss": (
        "Spikes get lost on the axon, so that no synapse sees them, those of the input too",
        "a share of {} of them does",
    ),
    "axonal-delay": (
        "The spikes of each neuron arrive late, each neuron's by a time of its own",
        "by {} on average, up to twice that",
    ),
    "weight-noise": (
        "The weight of each synapse is off, as in analogue circuits",
        "standard deviation {}, in units of the weight",
    ),
    "transmission-failure": ("Synapses fail to pass a spike on, each by itself", "with probability {}"),
    "quantisation": ("Weights have few values, as in digital circuits", "a weight has {}, one for the sign"),
    "threshold-mismatch": (
        "The threshold differs from neuron to neuron",
        "standard deviation {}, in units of the mean",
    ),
    "time-constant-mismatch": (
        "The time constant of the membrane differs from neuron to neuron",
        "standard deviation {}, in units of the mean",
    ),
    "membrane-noise": (
        "A noisy current flows into every neuron",
        "the potential at rest has a standard deviation of {}",
    ),
    "membrane-noise-xi": (
        "A noisy current flows into every neuron, drawn by Brian2",
        "the potential at rest has a standard deviation of {}",
    ),
    "dead-neurons": (
        "Some neurons never spike; those of the output are spared",
        "a share of {} of them is dead",
    ),
    "stuck-neurons": (
        "Some neurons spike as often as they can; those of the output are spared",
        "a share of {} of them does",
    ),
}
"""Of each noise: what it is, and what a setting means, with ``{}`` in the place of its text."""

SHARE = ["accuracy", "low", "high"]


@dataclass(frozen=True, eq=False)
class PageTables:
    """Tables and facts of a noise experiment, as its page needs them.

    Parameters
    ----------
    accuracy, losses, comparisons : DataFrame
        Contents of the tables of these names.
    summary : dict
        Contents of ``summary.json``.
    """

    accuracy: pd.DataFrame
    losses: pd.DataFrame
    comparisons: pd.DataFrame
    summary: dict[str, Any]

    @property
    def main(self) -> str:
        """The network that is judged by itself."""
        return str(self.summary["networks"][0]["name"])

    @property
    def severity(self) -> int:
        """The severity at which kinds of noise are compared with each other."""
        return int(self.summary["judged_severity"])

    def rows(self, network: str, method: str = "spiking") -> pd.DataFrame:
        """Return the accuracies of a network, the spiking one or its trained one."""
        table = self.accuracy
        return table[(table["network"] == network) & (table["method"] == method)]

    def of(self, network: str, *, method: str = "spiking") -> pd.Series:
        """Return the accuracy of a network without noise."""
        rows = self.rows(network, method)
        return rows[rows["noise"] == "clean"].iloc[0]

    def with_ann(self, network: str) -> pd.DataFrame:
        """Return the accuracies of a spiking network beside those of its trained one."""
        keys = ["noise", "severity"]
        ann = self.rows(network, "ann")[[*keys, "accuracy", "low", "high"]]
        rows = self.rows(network).merge(ann, on=keys, how="left", suffixes=("", "_ann"))
        return rows.assign(noise_name=rows["noise"].map(name_of))


def kinds(tables: PageTables) -> list[dict[str, str]]:
    """Describe the kinds of noise, ordered by what they act on."""
    described = []
    for noise in tables.summary["noises"]:
        what, meaning = NOISE_WORDS.get(noise["name"], ("", "{}"))
        described.append(
            {
                "place": part_of(noise["name"], noise["acts_on"]),
                "name": name_of(noise["name"]),
                "what": f"{what}." if what else "",
                "meaning": meaning.format(noise["amounts"][tables.severity - 1]),
                "settings": ", ".join(without_units(noise["amounts"])),
            }
        )
    order = list(PLACES)
    described.sort(key=lambda kind: order.index(kind["place"]))
    return [kind | {"place": capital(PLACES[kind["place"]][0])} for kind in described]


def headlines(tables: PageTables) -> list[Headline]:
    """Return the numbers to begin with: the first network clean, what it loses most and least to."""
    clean = tables.of(tables.main)
    of_first = [Headline.of_share(f"{capital(tables.main)}, clean", *clean[SHARE])]
    if len(tables.rows(tables.main, "ann")):
        ann = tables.of(tables.main, method="ann")
        of_first.append(Headline.of_share("Its ANN, clean", *ann[SHARE]))
    if len(tables.losses):
        of_first += [
            Headline(
                name,
                points(row.difference).removeprefix("+"),
                f"points at severity {tables.severity}, by {_named(row)}; 95 %: "
                f"{points_interval(row.low, row.high)}",
            )
            for name, row in (
                ("Largest loss", tables.losses.iloc[0]),
                ("Smallest loss", tables.losses.iloc[-1]),
            )
        ]
    n_severities = len(tables.summary["severities"])
    severities = f"{n_severities} {'severity' if n_severities == 1 else 'severities'}"
    return [
        *of_first,
        Headline("Kinds of noise", str(len(tables.summary["noises"])), f"in {severities}"),
        Headline(
            "Trials",
            f"{tables.summary['n']:,}",
            f"in each condition, noise of {plural(tables.summary['seeds'], 'seed')}",
        ),
    ]


def _named(row: pd.Series) -> str:
    return f"{name_of(row.noise)} ({row.amount})"


def fall_caption(tables: PageTables) -> str:
    """Return the caption of the losses: the largest of the first network, and how many are significant."""
    largest = [
        f"{_named(row)} takes {100 * row.difference:.2f} points {points_interval(row.low, row.high)}"
        for _, row in tables.losses.head(3).iterrows()
    ]
    significant = int((tables.losses["significant"] & (tables.losses["difference"] > 0)).sum())
    return (
        f"Of {percent(tables.of(tables.main).accuracy)} of {tables.main}, at severity {tables.severity}, "
        f"{'; '.join(largest)}. The loss is significant in {significant} of "
        f"{plural(len(tables.losses), 'kind')}, corrected by Holm's method over all of them. After each "
        "name: its setting. Black: 95 % intervals of the loss, trial by trial. Dotted: the loss that leaves "
        "chance."
    )


def curves_caption(tables: PageTables) -> str:
    """Return the caption of the curves: each network's mean accuracy over the kinds that all of them met."""
    rows = tables.accuracy[(tables.accuracy["method"] == "spiking") & (tables.accuracy["noise"] != "clean")]
    by_kind = rows.pivot_table(index="noise", columns="network", values="accuracy", sort=False).dropna()
    means = by_kind.mean().sort_values(ascending=False)
    each = ", ".join(f"{name} {percent(mean)}" for name, mean in means.items())
    text = f"Mean over the {plural(len(by_kind), 'kind')} that all met and their severities: {each}. "
    return (
        f"{text if len(by_kind) else ''}Severity 0 is the clean input; below each name: weakest and "
        f"strongest setting. Thick: {tables.main}; dashed: the trained network that it was made from, which "
        "has neither spikes nor neurons in time to disturb. Bands: 95 % intervals."
    )


def helps_caption(tables: PageTables) -> str:
    """Return the caption of the questions: the answer to each, as a mean over the kinds of noise."""
    rows = tables.comparisons[tables.comparisons["noise"] == "all"]
    each = [
        f"{row['first']} less {row.second}: {points(row.difference)} points "
        f"{points_interval(row.low, row.high)}, over other menus of kinds "
        f"{points_interval(row.menu_low, row.menu_high)}"
        for _, row in rows.iterrows()
        if pd.notna(row.menu_low)
    ]
    start = f"Mean over the kinds: {'; '.join(each)}. " if each else ""
    return (
        f"{start}Accuracy of the first less that of the second, in the same trials and noise; bars: 95 % "
        "intervals; open: not significant. p: corrected by Holm's method within its family."
    )


def examples(tables: PageTables) -> str:
    """Return how many examples each training was shown, if not as many as its recipe says."""
    n = tables.summary["training_examples"]
    return f" on the first {n:,} examples" if n else ""


def activity_caption(tables: PageTables) -> str:
    """Return where decisions come latest, and where the first network spikes most and least."""
    rows = tables.rows(tables.main)
    clean, noisy = rows[rows["noise"] == "clean"].iloc[0], rows[rows["noise"] != "clean"]
    parts = []
    if noisy["latency_ms"].notna().any():
        late = noisy.loc[noisy["latency_ms"].idxmax()]
        parts.append(
            f"half of the decisions of {tables.main} are final after {clean.latency_ms:.3g} ms on clean "
            f"inputs, at the latest after {late.latency_ms:.3g} ms, in {_named(late)}"
        )
    if noisy["spikes"].notna().any():
        most, fewest = (noisy.loc[noisy["spikes"].agg(which)] for which in ("idxmax", "idxmin"))
        parts.append(
            f"a trial takes {clean.spikes:,.0f} spikes, {most.spikes:,.0f} in {_named(most)}, "
            f"{fewest.spikes:,.0f} in {_named(fewest)}"
        )
    return f"{capital('; '.join(parts))}. Colours: in relation to clean inputs, on a scale of factors."


def gallery_caption(tables: PageTables) -> str:
    """Return the caption of the pictures."""
    what = "recording" if "events" in set(tables.accuracy["acts_on"]) else "image"
    return f"One {what} of the study, clean and at severities 1 to 5 of each noise that acts on it."


QUESTIONS = {
    "retina": "Do cells with gain control help?",
    "noise-training": "Does training in noise help?",
    "fine-tuning": "Does fine-tuning on spikes help?",
    "spiking": "Does spiking help, against the trained network itself?",
    "normalisation": "Does training with rectified linear units, normalised to rates, help?",
}
"""The questions of ``comparisons.csv`` in words."""


def compared(tables: PageTables) -> pd.DataFrame:
    """Return the comparisons with the words of their questions, pairs and noises."""
    rows = tables.comparisons
    pairs = [
        f"{QUESTIONS.get(row.question, row.question)}\n{row.first} less {row.second}"
        for row in rows.itertuples()
    ]
    return rows.assign(noise_name=rows["noise"].map(row_name), pair=pairs)
