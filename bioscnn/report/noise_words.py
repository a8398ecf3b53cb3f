"""What each kind of noise is, in words, and the sentences of a noise study's page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bioscnn.plots.noise import PLACES, name_of, place_of, without_units
from bioscnn.plots.noise_effects import losses
from bioscnn.report.formats import percent, plural, points, probability
from bioscnn.report.page import Headline

if TYPE_CHECKING:
    import pandas as pd

    from bioscnn.report.noise_folder import NoiseStudy

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


@dataclass(frozen=True)
class Kind:
    """A kind of noise in words: its name, what it is, what the stressed severity means, all settings."""

    name: str
    what: str
    meaning: str
    settings: str


def kinds(study: NoiseStudy) -> dict[str, list[Kind]]:
    """Describe the kinds of noise of a study, by what they act on."""
    found: dict[str, list[Kind]] = {}
    for noise in study.summary["noises"]:
        what, meaning = NOISE_WORDS.get(noise["name"], ("", "{}"))
        found.setdefault(place_of(noise["name"], noise["acts_on"]), []).append(
            Kind(
                name_of(noise["name"]),
                f"{what}." if what else "",
                meaning.format(noise["amounts"][study.severity - 1]),
                ", ".join(without_units(noise["amounts"])),
            )
        )
    return {name: found[place] for place, (name, _) in PLACES.items() if place in found}


def headlines(study: NoiseStudy) -> list[Headline]:
    """Return the numbers to begin with: the first contestant clean, what it loses most and least to."""
    clean = study.of(study.main)
    found = [Headline(f"{_capital(study.main)}, clean", percent(clean.accuracy), f"95 %: {interval(clean)}")]
    if len(study.ann):
        ann = study.of(study.main, method="ann")
        found.append(Headline("Its ANN, clean", percent(ann.accuracy), f"95 %: {interval(ann)}"))
    lost = losses(study.accuracy, study.severity)
    if len(lost):
        found += [
            Headline(
                name,
                points(row.loss).removeprefix("+"),
                f"points at severity {study.severity}, by {_named(row)}; 95 %: {_loss_interval(row)}",
            )
            for name, row in (("Largest loss", lost.iloc[0]), ("Smallest loss", lost.iloc[-1]))
        ]
    count = study.accuracy.loc[study.accuracy["noise"] != "clean", "noise"].nunique()
    severities = plural(study.accuracy["severity"].nunique() - 1, "severity").replace("ys", "ies")
    seeds = plural(study.summary["seeds"], "seed")
    return [
        *found,
        Headline("Kinds of noise", str(count), f"in {severities}"),
        Headline("Trials", f"{study.summary['n']:,}", f"in each condition, noise of {seeds}"),
    ]


def interval(row: pd.Series) -> str:
    """Return the interval of an accuracy in percent."""
    return f"[{100 * row.low:.2f}, {100 * row.high:.2f}]"


def _loss_interval(row: pd.Series) -> str:
    return f"[{100 * row.loss_low:.2f}, {100 * row.loss_high:.2f}]".replace("-", "\N{MINUS SIGN}")


def _named(row: pd.Series) -> str:
    return f"{name_of(row.noise)} ({row.amount})"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def fall_caption(study: NoiseStudy) -> str:
    """Say what takes most from the first contestant, and how many kinds take nothing that can be told."""
    lost = losses(study.accuracy, study.severity)
    told = [
        f"{_named(row)} takes {100 * row.loss:.2f} points {_loss_interval(row)}"
        for _, row in lost.head(3).iterrows()
    ]
    told_apart = int((lost["loss_low"] > 0).sum())
    dotted = "" if study.chance is None else " Dotted: the loss that leaves chance."
    return (
        f"Of {percent(study.of(study.main).accuracy)} of {study.main}, at severity {study.severity}, "
        f"{'; '.join(told)}. The loss is told from zero in {told_apart} of "
        f"{plural(len(lost), 'kind')}. After each name: its setting. "
        "Black: 95 % intervals (Newcombe's, of two accuracies that are taken as independent: too wide if "
        f"anything).{dotted}"
    )


def curves_caption(study: NoiseStudy) -> str:
    """Say how accurate each contestant is on average over the kinds that all of them met."""
    rows = study.accuracy[(study.accuracy["method"] == "spiking") & (study.accuracy["noise"] != "clean")]
    by_kind = rows.pivot_table(index="noise", columns="contestant", values="accuracy", sort=False).dropna()
    means = by_kind.mean().sort_values(ascending=False)
    told = ", ".join(f"{name} {percent(mean)}" for name, mean in means.items())
    text = f"Mean over the {plural(len(by_kind), 'kind')} that all met and their severities: {told}. "
    return (
        f"{text if len(by_kind) else ''}Severity 0 is the clean input; below each name: weakest and "
        f"strongest setting. Thick: {study.main}; dashed: the trained network that it was made from, which "
        "has neither spikes nor neurons in time to disturb. Bands: 95 % intervals."
    )


def helps_caption(study: NoiseStudy) -> str:
    """Say what each question comes to, on average over the kinds of noise."""
    rows, corrected = study.comparisons[study.comparisons["noise"] == "all"], "p_holm" in study.comparisons
    told = [
        f"{row['first']} less {row.second}: {points(row.difference)} points "
        f"[{points(row.low)}, {points(row.high)}], p {probability(row.p_holm if corrected else row.p)}"
        for _, row in rows.iterrows()
    ]
    start = f"Mean over the kinds: {'; '.join(told)}. " if told else ""
    return (
        f"{start}Accuracy of the first less that of the second, in the same noise; bars: 95 % intervals; "
        f"open: zero lies within.{' p: corrected after Holm for all comparisons.' if corrected else ''}"
    )


def activity_caption(study: NoiseStudy) -> str:
    """Say where decisions come latest, and where the first contestant spikes most and least."""
    rows = study.accuracy[
        (study.accuracy["contestant"] == study.main) & (study.accuracy["method"] == "spiking")
    ]
    clean, noisy = rows[rows["noise"] == "clean"].iloc[0], rows[rows["noise"] != "clean"]
    parts = []
    if noisy["latency_ms"].notna().any():
        late = noisy.loc[noisy["latency_ms"].idxmax()]
        parts.append(
            f"half of the decisions of {study.main} are final after {clean.latency_ms:.3g} ms on clean "
            f"inputs, at the latest after {late.latency_ms:.3g} ms, in {_named(late)}"
        )
    if noisy["spikes"].notna().any():
        most, fewest = (noisy.loc[noisy["spikes"].agg(which)] for which in ("idxmax", "idxmin"))
        parts.append(
            f"a trial takes {clean.spikes:,.0f} spikes, {most.spikes:,.0f} in {_named(most)}, "
            f"{fewest.spikes:,.0f} in {_named(fewest)}"
        )
    told = "; ".join(parts)
    return f"{_capital(told)}. Colours: in relation to clean inputs, on a scale of factors."


def gallery_caption(study: NoiseStudy) -> str:
    """Say what the pictures show."""
    what = "recording" if "events" in set(study.accuracy["acts_on"]) else "image"
    return f"One {what} of the study, clean and at severities 1 to 5 of each noise that acts on it."


QUESTIONS = {
    "retina": "Do the cells of the retina help?",
    "noise-training": "Does training in noise help?",
    "fine-tuning": "Does fine-tuning on spikes help?",
    "spiking": "Does spiking help, against the trained network itself?",
    "normalisation": "Does training with rectified linear units, normalised to rates, help?",
}
"""The questions of ``comparisons.csv`` in words."""
