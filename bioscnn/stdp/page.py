"""The page of a learned network's run: its numbers, what the rule shows, and what is always shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn import plots
from bioscnn.report.formats import number, percent, percent_interval, plural
from bioscnn.report.page import Facts, Figure, Headline, Page, Section, Text, code, emphasis, made_from
from bioscnn.report.provenance import provenance_rows
from bioscnn.stdp.network import LearnedNetwork


def learned_page(
    summary: Mapping[str, Any],
    network: LearnedNetwork,
    confusion: NDArray[np.int64],
    sections: Sequence[Section],
) -> Page:
    """Return the page of a run.

    Parameters
    ----------
    summary : mapping
        Contents of ``summary.json``.
    network : LearnedNetwork
        What classified.
    confusion : ndarray of int64, shape (n_classes, n_classes)
        Images by true and chosen class.
    sections : sequence of Section
        What the rule shows.
    """
    return Page(
        title=summary["title"],
        eyebrow=f"bioscnn · {summary['started'][:16].replace('T', ' ')} UTC",
        question=f"{percent(summary['accuracy'][0])} right, by what was learned without labels",
        lead=[_lead(summary, network)],
        verdict=summary["verdict"],
        warnings=[f"{note}." for note in summary["notes"]],
        headlines=list(_headlines(summary)),
        sections=[
            *sections,
            _confusion(confusion, network.card["classes"]),
            *_curve(network),
            _network(network),
        ],
        provenance=provenance_rows(
            {**summary, "dataset": f"{summary['dataset']}, {summary['split']}: {summary['source']}"}
        ),
        footer=made_from("run.npz", "summary.json", "config.toml"),
    )


def _lead(summary: Mapping[str, Any], network: LearnedNetwork) -> Any:
    seen, labels = summary["images_seen"], summary["labels_used"]
    whose = f" those of {labels:,} training images" if labels else ""
    return (
        "The network ",
        emphasis(summary["network"]),
        f", which learned from {seen:,} presented images by the times of its spikes" if seen else "",
        f", classifies {plural(summary['n_trials'], 'image')}. Labels,{whose}{',' if whose else ''} "
        f"{network.labels_for}; nothing else was learned from them.",
    )


def _headlines(summary: Mapping[str, Any]) -> Iterator[Headline]:
    share, low, high = summary["accuracy"]
    yield Headline("Accuracy", percent(share), f"95 %: {percent_interval(low, high)}")
    yield Headline("Images", f"{summary['n_trials']:,}", f"split {summary['split']}")
    came_in = summary["input_spikes_per_trial"]
    note = "" if came_in is None else f"and {number(came_in)} that come in"
    yield Headline("Spikes per image", number(summary["spikes_per_trial"]), note)
    if summary["synops_per_trial"] is not None:
        yield Headline("SynOps per image", number(summary["synops_per_trial"]), "synaptic events")
    if summary["latency_ms"] is not None:
        yield Headline("Latency", f"{number(summary['latency_ms'])} ms", "median, first answer")


def _confusion(matrix: NDArray[np.int64], classes: Sequence[str]) -> Section:
    figure = Figure(
        lambda width: plots.confusion(matrix, classes, width=width),
        "confusion matrix",
        "Images by true and chosen class; colours are errors.",
    )
    return Section("confusion", "Which class is taken for which", [figure], "Confusions")


def _curve(network: LearnedNetwork) -> Iterator[Section]:
    curve = network.card.get("curve")
    if not curve:
        return
    figure = Figure(
        lambda width: plots.accuracy_while_learning(curve, width=width),
        "accuracy against images seen",
        network.card.get("curve_of", "Accuracy while the network learned."),
    )
    yield Section("learning", "Accuracy against images seen", [figure], "Learning")


def _network(network: LearnedNetwork) -> Section:
    card = network.card
    facts = {
        "Rule": card["rule"],
        "Training data": f"{card['data']['dataset']}, {card['data']['split']}, {card['data']['n']:,} images",
        "Trained by": code(card["command"]),
    }
    parts: list[Any] = [Facts(facts)]
    for name, text in card.get("equations", {}).items():
        parts += [Text(name, style="heading"), Text(text, style="code")]
    return Section("network", "The network and its equations", parts, "Network")
