"""Sentences of the page of a timing study, each computed from its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioscnn.plots.timing_question import RESPONSES, STRESSED
from bioscnn.report.template import percent, plural, points, probability
from bioscnn.report.timing_folder import TimingStudy

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.05
"""A corrected p below this is called a change."""

WINDOWS = 30
"""About so many windows of a trial are drawn in the courses of firing rates."""

TAU = 10e-3
"""Time constant of the distances between trials, s."""

METHODS = {
    "spiking network": "The spiking network as it is, from this layer on, run on the perturbed spikes.",
    "counts": "A decoder that is given how often each neuron fires, and not when.",
    "latencies": "A decoder that is given when each neuron fires first, and not how often.",
    "ranks": "A decoder that is given only in which order the neurons fire first.",
    "counts and times": "A decoder that is given how often each neuron fires, and when.",
    "time-collapsed CNN": "A trained network without spikes that is given an image: the number of spikes of "
    "each pixel in the whole trial.",
}
"""What each method is given to find the class."""

FAMILIES = {
    "jitter": "Each spike moves by a random time of its own; this is its standard deviation.",
    "shift": "All spikes of a neuron in a trial move together by a random time of this standard deviation, "
    "around the end of the trial.",
    "shuffle-intervals": "Each neuron's intervals between spikes come in random order.",
    "redistribute": "Each spike moves to a random moment of the trial.",
    "reverse": "Time runs backwards.",
    "reorder": "The segments of the trial, such as saccades, are played in this order.",
    "collapse": "The spikes of each neuron stand at equal distances, so that their times tell no more than "
    "their number.",
    "delete": "This share of the spikes is lost at random.",
    "first-spike": "Only the first spike of each neuron in each trial stays.",
    "remove-segment": "The spikes of this segment of the trial are lost.",
    "combined": "One after the other.",
    "equalise": "Every neuron has this many spikes in every trial: others are lost, missing ones are added "
    "at random.",
}
"""What each family of perturbations does to the spikes."""


@dataclass(frozen=True)
class Family:
    """A family of perturbations in words: its name, what was tried, whether counts stay, what it does."""

    name: str
    tried: str
    keeps_counts: bool
    meaning: str


def families(study: TimingStudy) -> list[Family]:
    """Describe each family of perturbations of a study in its order."""
    rows = study.accuracy[study.accuracy["family"] != "clean"]
    return [
        Family(
            str(name),
            ", ".join(label.removeprefix(str(name)).strip() for label in group["label"].unique()),
            bool(group["keeps_counts"].iloc[0]),
            FAMILIES.get(str(name), ""),
        )
        for name, group in rows.groupby("family", sort=False)
    ]


@dataclass(frozen=True)
class Headline:
    """One number of the summary, with a note below it."""

    name: str
    value: str
    note: str


def headlines(study: TimingStudy) -> list[Headline]:
    """Return the numbers to begin with: each method on clean spikes, and what time is worth."""
    first = study.layers[0]
    found = []
    for method in METHODS:
        rows = study.of(first, method)
        if not len(rows):
            continue
        clean = rows[rows["family"] == "clean"].iloc[0]
        found.append(
            Headline(method[:1].upper() + method[1:], percent(clean.accuracy), f"95 %: {_interval(clean)}")
        )
        kept = rows[rows["keeps_counts"] & (rows["family"] != "clean")]
        if method == STRESSED and len(kept):
            worst = kept.loc[kept["difference"].idxmin()]
            note = f"points, by {worst.label}; 95 %: {_difference(worst)}"
            found.append(Headline("Its largest loss, counts kept", points(worst.difference), note))
    note = f"{len(study.summary['classes'])} classes, chance {percent(study.summary['chance'])}"
    return [*found, Headline("Trials", f"{study.summary['n']:,}", note)]


def _interval(row: pd.Series) -> str:
    return f"[{100 * row.low:.2f}, {100 * row.high:.2f}]"


def _difference(row: pd.Series) -> str:
    return f"[{points(row.diff_low)}, {points(row.diff_high)}]"


def _change(row: pd.Series) -> str:
    return f"{points(row.difference)} points {_difference(row)}, p {probability(row.p_holm)}"


def jitter_caption(study: TimingStudy) -> str:
    """Say what the strongest jitter of the input does to the spiking network, and how to read the lines."""
    first = study.layers[0]
    rows = study.of(first, STRESSED)
    rows = rows[rows["family"] == "jitter"]
    text = ""
    if len(rows):
        row = rows.loc[rows["severity"].idxmax()]
        text = (
            f"At layer {first!r}, {row.label} changes the accuracy of the {STRESSED} by {_change(row)}, "
            f"to {percent(row.accuracy)}. "
        )
    return (
        f"{text}Jitter is the standard deviation of the time by which each spike moves; 0: clean spikes. "
        f"Thick: the {STRESSED}. Bands: 95 % Wilson intervals, n = {plural(study.summary['n'], 'trial')}. "
        "Dotted: chance. A line hides what it covers: see the table."
    )


def effects_caption(study: TimingStudy, layer: str) -> str:
    """Say how many perturbations of a layer change what the spiking network decides, and which one most."""
    rows = study.of(layer, STRESSED)
    rows = rows[rows["family"] != "clean"]
    told = []
    for kept, which in ((True, "that keep every count"), (False, "that change counts")):
        group = rows[rows["keeps_counts"] == kept]
        if not len(group):
            continue
        changed = group[group["p_holm"] < LEVEL]
        text = f"Of {plural(len(group), 'perturbation')} {which}, {len(changed)} change its accuracy"
        if len(changed):
            row = changed.loc[changed["difference"].abs().idxmax()]
            text += f", most of all {row.label} ({_change(row)})"
        told.append(text)
    start = f"The {STRESSED}, spikes of layer {layer!r} perturbed (changed: p < {LEVEL:g} after Holm). "
    return (
        f"{start if told else ''}{'. '.join([*told, ''])}"
        "Every method, difference to its own accuracy on clean spikes, same trials; bars: 95 % bootstrap "
        "intervals; open: zero lies within."
    )


def expectations(study: TimingStudy) -> tuple[int, list[str]]:
    """Return how many controls there are, and in words those that failed."""
    failed = [
        f"{row['set']}, {row.label}: {row.method} came to {percent(row.accuracy)} {_interval(row)}, "
        f"expected: {row.expected or 'nothing'}"
        + (f" ({percent(row.chance)})" if row.expected == "chance" else "")
        for _, row in study.failed.iterrows()
    ]
    return int((study.controls["expected"] != "").sum()), failed


def controls_caption(study: TimingStudy) -> str:
    """Say whether the decoders found what there is to find, and nothing else."""
    count, failed = expectations(study)
    text = (
        f"{len(failed)} of {plural(count, 'expectation')} not met: {'; '.join(failed)}."
        if failed
        else f"All of {plural(count, 'expectation')} are met."
    )
    n = int(study.controls["n"].max())
    return (
        f"{text} Full: spikes as made; open: jittered. Bars: 95 % Wilson intervals, n = {plural(n, 'trial')}."
    )


def information_caption(study: TimingStudy) -> str:
    """Say where the time of the first spike adds most to the count, what shuffled classes leave taken off."""
    rows = study.information
    told = rows.assign(told=rows["bits"] - rows["shuffled"])
    bits = told.pivot_table(index="layer", columns="response", values="told", sort=False)
    text = ""
    if set(RESPONSES) <= set(bits.columns):
        layer = str((bits["both"] - bits["count"]).idxmax())
        row = bits.loc[layer]
        text = (
            f"In {layer}, less what shuffled classes leave, a neuron's count carries {row['count']:.3f} bit "
            f"about the class, the latency of its first spike {row['latency']:.3f} and both together "
            f"{row['both']:.3f}: time adds {row['both'] - row['count']:.3f} bit"
            + (", more than in any other layer. " if len(bits) > 1 else ". ")
        )
    return (
        f"{text}Shuffled classes leave up to {rows['shuffled'].abs().max():.3f} bit, the bias that the "
        "correction for the number of trials (Panzeri and Treves 1996) does not remove. Means over neurons; "
        "whiskers: 95 %."
    )


def window_steps(n_steps: int) -> int:
    """Return the steps of a window: whole windows, about `WINDOWS` of them."""
    divisors = [steps for steps in range(1, n_steps + 1) if n_steps % steps == 0]
    return min(divisors, key=lambda steps: abs(steps - n_steps / WINDOWS))


def rates_caption(
    layer: str,
    time_averaged: NDArray[np.float64],
    population: NDArray[np.float64],
    trial_averaged: NDArray[np.float64],
    window: float,
) -> str:
    """Say what the three rates agree in, and what each averages away."""
    n_trials, peak = len(population), float(population.mean(axis=0).max())
    silent = 100 * float((time_averaged == 0).all(axis=0).mean())
    return (
        f"Layer {layer!r}, {plural(n_trials, 'trial')}, windows of {1e3 * window:g} ms. All three have the "
        f"mean of {time_averaged.mean():.3g} Hz. The time-averaged rate tells who fires ({silent:.0f} % of "
        "the neurons never do), and not when; the rate of the population tells when (its mean course peaks "
        f"at {peak:.3g} Hz), and not who; the trial-averaged rate tells both (up to "
        f"{trial_averaged.max():.3g} Hz), and of no single trial."
    )


def intervals_caption(study: TimingStudy) -> str:
    """Say how long the intervals are, and how regular."""
    from bioscnn.metrics import interval_statistics

    told = []
    for name, train in study.examples.items():
        cv = interval_statistics(train, t_ref=0)["cv"].dropna()
        told.append(f"{name} {cv.mean():.2f}" if len(cv) else f"{name} none")
    return (
        "Mean coefficient of variation of a neuron's intervals in a trial (0: regular, 1: as a Poisson "
        f"process): {', '.join(told)}. {plural(len(study.labels), 'trial')}."
    )


def latencies_caption(study: TimingStudy) -> str:
    """Say how many neurons of each layer fire at all."""
    told = [
        f"{name} {100 * float((train.counts() > 0).mean()):.0f} %" for name, train in study.examples.items()
    ]
    return f"Share of the neurons that fire in a trial: {', '.join(told)}. A curve ends there."


def distances_caption(study: TimingStudy, distances: NDArray[np.float64]) -> str:
    """Say how far trials of one class are apart, and those of different classes."""
    same = study.labels[:, None] == study.labels
    others = ~np.eye(len(study.labels), dtype=bool)
    within, between = distances[same & others], distances[~same]
    text = f"At layer {study.layers[0]!r}, mean over neurons, time constant {1e3 * TAU:g} ms."
    if len(within) and len(between):
        text += (
            f" Trials of one class are {within.mean():.3g} apart, those of different classes "
            f"{between.mean():.3g} ({plural(len(study.labels), 'trial')})."
        )
    return text


def compared(study: TimingStudy) -> list[dict[str, str]]:
    """Say how much more often one method is right than another on clean spikes, pair by pair."""
    return [
        {
            "layer": row.layer,
            "pair": f"{row.second} against {row.first}",
            "difference": points(row.difference),
            "interval": _difference(row),
            "trials": f"{row.lost:.0f}, {row.won:.0f}",
            "p": probability(row.p).removeprefix("= "),
            "p_holm": probability(row.p_holm).removeprefix("= "),
        }
        for _, row in study.comparisons.iterrows()
    ]
