"""Words of the timing experiment's page: methods, perturbations, captions, headlines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bioscnn.experiments.phrases import capital, share_of
from bioscnn.experiments.timing.conditions import CLEAN
from bioscnn.plots.timing_question import RESPONSES, STRESSED
from bioscnn.report.formats import percent, plural, points, points_interval, probability
from bioscnn.report.page import Headline
from bioscnn.spikes import SpikeTrains

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

KINDS = {
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
"""What each kind of perturbation does to the spikes."""


@dataclass(frozen=True, eq=False)
class PageTables:
    """Tables, facts and spikes of a timing experiment, as its page needs them.

    Parameters
    ----------
    primary, accuracy, effects, comparisons, readouts, controls, information : DataFrame
        Contents of the tables of these names.
    summary : mapping
        Contents of ``summary.json``.
    examples : mapping of SpikeTrains
        Unperturbed spikes of a few trials, by layer.
    labels : ndarray of int64, shape (n_examples,)
        Their classes.
    """

    primary: pd.DataFrame
    accuracy: pd.DataFrame
    effects: pd.DataFrame
    comparisons: pd.DataFrame
    readouts: pd.DataFrame
    controls: pd.DataFrame
    information: pd.DataFrame
    summary: Mapping[str, Any]
    examples: Mapping[str, SpikeTrains]
    labels: NDArray[np.int64]

    @property
    def layers(self) -> list[str]:
        """Layers whose spikes were perturbed, the input first."""
        return list(self.summary["layers"])

    @property
    def clean(self) -> pd.DataFrame:
        """Accuracies of the methods on clean spikes at the first layer."""
        rows = self.accuracy
        return rows[(rows["layer"] == self.layers[0]) & (rows["kind"] == CLEAN)]

    def effects_of(self, layer: str, method: str) -> pd.DataFrame:
        """Return the rows of what the perturbations of a layer do to a method."""
        rows = self.effects
        return rows[(rows["layer"] == layer) & (rows["method"] == method)]

    def with_effects(self, layer: str) -> pd.DataFrame:
        """Return the accuracies at a layer beside the differences to clean spikes."""
        keys = ["layer", "label", "method"]
        numbers = ["difference", "low", "high", "lost", "won", "p", "p_holm", "significant"]
        rows = self.accuracy[self.accuracy["layer"] == layer]
        return rows.merge(self.effects[keys + numbers], on=keys, how="left", suffixes=("", "_effect"))


def perturbations(tables: PageTables) -> list[dict[str, str]]:
    """Describe each kind of perturbation: those that keep counts before those that change them."""
    described: dict[str, list[dict[str, str]]] = {"Counts are kept": [], "Counts change": []}
    rows = tables.accuracy[tables.accuracy["kind"] != CLEAN]
    for kind, group in rows.groupby("kind", sort=False):
        name = str(kind)
        settings = [label.removeprefix(name).strip() for label in group["label"].unique()]
        counts = "Counts are kept" if group["keeps_counts"].iloc[0] else "Counts change"
        tried = f" Tried: {', '.join(settings)}." if any(settings) else ""
        described[counts].append({"counts": counts, "name": name, "what": KINDS.get(name, "") + tried})
    return [perturbation for group in described.values() for perturbation in group]


def headlines(tables: PageTables) -> list[Headline]:
    """Return the numbers to begin with: each method on clean spikes, and what time is worth."""
    numbers = []
    for method in METHODS:
        for _, row in tables.clean[tables.clean["method"] == method].iterrows():
            numbers.append(Headline.of_share(capital(method), row.accuracy, row.low, row.high))
        equal_counts = tables.effects_of(tables.layers[0], STRESSED).query("keeps_counts")
        if method == STRESSED and len(equal_counts):
            worst = equal_counts.loc[equal_counts["difference"].idxmin()]
            note = f"points, by {worst.label}; 95 %: {points_interval(worst.low, worst.high)}"
            numbers.append(Headline("Its largest loss, counts kept", points(worst.difference), note))
    note = f"{len(tables.summary['classes'])} classes, chance {percent(tables.summary['chance'])}"
    return [*numbers, Headline("Trials", f"{tables.summary['n']:,}", note)]


def _change(row: pd.Series) -> str:
    interval = points_interval(row.low, row.high)
    return f"{points(row.difference)} points {interval}, p {probability(row.p_holm)}"


def families(tables: PageTables) -> str:
    """Return how many tests each family holds, in words."""
    rows = pd.concat([tables.effects["family"], tables.comparisons["family"]])
    counted = [f"{name} ({plural(count, 'test')})" for name, count in rows.value_counts(sort=False).items()]
    return "; ".join(counted)


def primary_caption(tables: PageTables) -> str:
    """Return the caption of the primary family, and the meaning of its findings."""
    left_out = [label for label in tables.summary["primary"] if label not in set(tables.primary["compared"])]
    margin = f"{100 * tables.summary['margin']:g} point"
    return (
        f"The spiking network with perturbed spikes of {tables.layers[0]} against clean ones, and a decoder "
        "of counts and times against one of counts: fixed in the code, corrected together. "
        f"Difference in points; lost, won: recordings right only before, only after. Equivalent: not "
        f"significant, and the corrected interval excludes every difference of {margin} or more; not "
        "settled: it does not."
        + (f" Named, but not part of this study: {', '.join(left_out)}." if left_out else "")
    )


def primary_figure_caption(tables: PageTables) -> str:
    """Return how many of the primary rows came to what."""
    counted = tables.primary["finding"].value_counts(sort=False).items()
    parts = ", ".join(f"{name}: {count}" for name, count in counted)
    return (
        f"{parts}. Bars: intervals corrected within the family, n = {plural(tables.summary['n'], 'trial')}; "
        f"band: what would not matter, less than {100 * tables.summary['margin']:g} point. Full: significant."
    )


def jitter_caption(tables: PageTables) -> str:
    """Return the caption of the input's strongest jitter and its effect on the spiking network."""
    first, text = tables.layers[0], ""
    rows = tables.effects.query("kind == 'jitter' and method == @STRESSED and layer == @first")
    if len(rows):
        row = rows.loc[rows["severity"].idxmax()]
        text = f"At layer {first!r}, {row.label} changes the accuracy of the {STRESSED} by {_change(row)}. "
    return (
        f"{text}Jitter is the standard deviation of the time by which each spike moves; 0: clean spikes. "
        f"Thick: the {STRESSED}. Bands: 95 % intervals, n = {plural(tables.summary['n'], 'trial')}. "
        "Dotted: chance. A line hides what it covers: see the table."
    )


def effects_caption(tables: PageTables, layer: str) -> str:
    """Return how many perturbations of a layer change the accuracy of the spiking network."""
    rows = tables.effects_of(layer, STRESSED)
    parts = []
    for keeps_counts, which in ((True, "that keep every count"), (False, "that change counts")):
        group = rows[rows["keeps_counts"] == keeps_counts]
        if not len(group):
            continue
        changed = group[group["significant"]]
        text = f"of {plural(len(group), 'perturbation')} {which}, {len(changed)} change its accuracy"
        if len(changed):
            row = changed.loc[changed["difference"].abs().idxmax()]
            text += f", most of all {row.label} ({_change(row)})"
        parts.append(text)
    return (
        f"The {STRESSED}, spikes of layer {layer!r} perturbed: {'; '.join(parts)}. Shown is every method, "
        "the difference to its own accuracy on clean spikes in the same trials; bars: 95 % intervals; open: "
        "not significant. p: corrected by Holm's method within its family, primary or exploratory."
    )


def expectations(tables: PageTables) -> tuple[int, list[str]]:
    """Return how many controls there are, and in words those that failed."""
    failed = [
        f"{row['set']}, {row.label}: {row.method} came to {share_of(row)}, "
        f"expected: {row.expected}" + (f" ({percent(row.chance)})" if row.expected == "chance" else "")
        for _, row in tables.controls[~tables.controls["passed"]].iterrows()
    ]
    return int((tables.controls["expected"] != "").sum()), failed


def controls_caption(tables: PageTables) -> str:
    """Return whether the decoders found what there is to find, and nothing else."""
    count, failed = expectations(tables)
    text = (
        f"{len(failed)} of {plural(count, 'expectation')} not met: {'; '.join(failed)}."
        if failed
        else f"All of {plural(count, 'expectation')} are met."
    )
    n = int(tables.controls["n"].max())
    return f"{text} Full: spikes as made; open: jittered. Bars: 95 % intervals, n = {plural(n, 'trial')}."


def information_caption(tables: PageTables) -> str:
    """Return where the time of the first spike adds most to the count, less what shuffled classes leave."""
    rows = tables.information
    corrected = rows.assign(bits=rows["bits"] - rows["shuffled"])
    bits = corrected.pivot_table(index="layer", columns="response", values="bits", sort=False)
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
    """Return the caption of the three rates: where they agree, and what each averages away."""
    n_trials, peak = len(population), float(population.mean(axis=0).max())
    silent = 100 * float((time_averaged == 0).all(axis=0).mean())
    return (
        f"Layer {layer!r}, {plural(n_trials, 'trial')}, windows of {1e3 * window:g} ms. All three have the "
        f"mean of {time_averaged.mean():.3g} Hz. The time-averaged rate tells who fires ({silent:.0f} % of "
        "the neurons never do), and not when; the rate of the population tells when (its mean course peaks "
        f"at {peak:.3g} Hz), and not who; the trial-averaged rate tells both (up to "
        f"{trial_averaged.max():.3g} Hz), and of no single trial."
    )


def intervals_caption(tables: PageTables) -> str:
    """Return the caption of the intervals: how long they are, and how regular."""
    from bioscnn.metrics import interval_statistics

    parts = []
    for name, train in tables.examples.items():
        cv = interval_statistics(train, t_ref=0)["cv"].dropna()
        parts.append(f"{name} {cv.mean():.2f}" if len(cv) else f"{name} none")
    return (
        "Mean coefficient of variation of a neuron's intervals in a trial (0: regular, 1: as a Poisson "
        f"process): {', '.join(parts)}. {plural(len(tables.labels), 'trial')}."
    )


def latencies_caption(tables: PageTables) -> str:
    """Return how many neurons of each layer fire at all."""
    parts = [
        f"{name} {100 * float((train.counts() > 0).mean()):.0f} %" for name, train in tables.examples.items()
    ]
    return f"Share of the neurons that fire in a trial: {', '.join(parts)}. A curve ends there."


def distances_caption(tables: PageTables, distances: NDArray[np.float64]) -> str:
    """Return the caption of the distances of trials of one class, and of different classes."""
    same = tables.labels[:, None] == tables.labels
    others = ~np.eye(len(tables.labels), dtype=bool)
    within, between = distances[same & others], distances[~same]
    text = f"At layer {tables.layers[0]!r}, mean over neurons, time constant {1e3 * TAU:g} ms."
    if len(within) and len(between):
        text += (
            f" Trials of one class are {within.mean():.3g} apart, those of different classes "
            f"{between.mean():.3g} ({plural(len(tables.labels), 'trial')})."
        )
    return text
