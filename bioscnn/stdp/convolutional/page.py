"""What a page shows of a convolutional network: features, how soon a class can be read, activity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bioscnn import plots
from bioscnn.report.formats import number, percent
from bioscnn.report.page import Column, Figure, Section, Table, Text, numbers
from bioscnn.stdp.convolutional.classify import EARLY, EVERY
from bioscnn.stdp.convolutional.features import first_fields, second_fields, tuning
from bioscnn.stdp.convolutional.network import Architecture
from bioscnn.stdp.network import LearnedNetwork
from bioscnn.stdp.rule import Classified

MOST_FEATURES = 200
"""Features of the second layer on a page: those that learned most often."""


def sections(network: LearnedNetwork, built: Architecture, classified: Classified) -> Sequence[Section]:
    """Return the sections of a run."""
    return [
        _first(network, built),
        _second(network, built),
        _over_time(built, classified),
        _activity(network, built, classified),
    ]


def _first(network: LearnedNetwork, built: Architecture) -> Section:
    fields = first_fields(built, network.arrays["first"])
    tuned = tuning(fields)
    order = np.argsort(tuned.preferred)
    figure = Figure(
        lambda width: plots.receptive_fields(fields[order], columns=15, signed=True, width=width),
        "features of the first layer",
        f"What each of the {len(fields)} maps of the first layer sees in the image: the cells of the "
        "retina, each times its weight; light where light excites. In the order of the orientation "
        "that they prefer.",
    )
    rows = [
        {"map": int(k), "preferred": float(tuned.preferred[k]), "selectivity": float(tuned.selectivity[k]),
         "learned": int(network.card["wins"]["first"][k])}
        for k in order
    ]  # fmt: skip
    columns = [
        numbers("map", "map"),
        numbers("preferred", "preferred orientation (degrees)", ".0f"),
        numbers("selectivity", "selectivity", ".2f"),
        numbers("learned", "images it learned from", ","),
    ]
    caption = (
        f"Median orientation selectivity {np.median(tuned.selectivity):.2f} (one minus the circular variance "
        "of the responses to stripes, above half of the largest). "
        f"At the end of training the mean of w (1 - w) was {network.card['unsettled']['first'][-1][1]:.2g}: "
        "below 0.01 the layer counts as settled."
    )
    return Section(
        "first",
        "What the first layer has learned",
        [
            figure,
            Text(caption, style="caption"),
            Table(rows, columns, "One row per map.", folded="The maps one by one"),
        ],
        "First layer",
    )


def _second(network: LearnedNetwork, built: Architecture) -> Section:
    fields = second_fields(built, network.arrays["first"], network.arrays["second"])
    wins = np.array(network.card["wins"]["second"])
    order = np.argsort(-wins, kind="stable")[:MOST_FEATURES]
    which = (
        "each"
        if len(order) == len(wins)
        else f"{len(order)} of the {len(wins)}, those that learned most often,"
    )
    figure = Figure(
        lambda width: plots.receptive_fields(fields[order], columns=20, signed=True, width=width),
        "features of the second layer",
        f"What maps of the second layer see in the image, {which} as sums of the features of the first. "
        f"{int(np.count_nonzero(wins == 0))} of {len(wins)} never learned.",
    )
    return Section("second", "What the second layer has learned", [figure], "Second layer")


def _over_time(built: Architecture, classified: Classified) -> Section:
    right = classified.more["right_by_time"]
    times = 1e3 * built.neuron.dt * EVERY * np.arange(1, len(right) + 1)
    figure = Figure(
        lambda width: plots.accuracy_by_time(times.tolist(), right.tolist(), width=width),
        "accuracy against the time at which the class is read",
        "How often the class is right that is read from the potentials so far, by the classifier that was "
        f"fitted to those at the end; the first {min(EARLY, len(classified.chosen)):,} images. The last "
        f"spike of the retina comes at {number(1e3 * built.neuron.window)} ms; at the end "
        f"{percent(float(right[-1]))} are right.",
    )
    return Section("time", "How soon the class can be read", [figure], "Time")


def _activity(network: LearnedNetwork, built: Architecture, classified: Classified) -> Section:
    height, width = network.card["image_shape"]
    pooled = -(-height // built.first.pool) * -(-width // built.first.pool)
    sizes = {
        "input": 2 * height * width,
        "first": built.first.maps * height * width,
        "pooled": built.first.maps * pooled,
    }
    titles = {"input": "retina", "first": "first layer", "pooled": "its pooling"}
    rows = [
        {"population": titles[name], "neurons": sizes[name], "spikes": float(counts.mean())}
        for name, counts in classified.spikes.items()
    ]
    rows.append({"population": "second layer", "neurons": built.second.maps * pooled, "spikes": 0.0})
    columns = [
        Column("population", "population"),
        numbers("neurons", "neurons", ","),
        numbers("spikes", "spikes per image", ",.1f"),
    ]
    caption = (
        f"Means over {len(classified.chosen):,} images. Each neuron fires at most once. Neurons of "
        f"the second "
        "layer have no threshold once they have learned: the classifier reads their potentials."
    )
    return Section("activity", "Activity", [Table(rows, columns, caption)], "Activity")
