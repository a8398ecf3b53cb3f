"""What a page shows of a competitive network: receptive fields, the spikes of an image, activity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bioscnn import plots
from bioscnn.report.formats import number
from bioscnn.report.page import Column, Figure, Part, Section, Table, numbers
from bioscnn.stdp.competitive.settings import Circuit
from bioscnn.stdp.labels import assign
from bioscnn.stdp.network import LearnedNetwork
from bioscnn.stdp.rule import Classified

MOST_FIELDS = 400
"""Receptive fields on a page; of more neurons, so many from all classes."""


def sections(network: LearnedNetwork, classified: Classified) -> Sequence[Section]:
    """Return the sections of a run."""
    return [_fields(network, classified), _trial(network, classified), _activity(network, classified)]


def _fields(network: LearnedNetwork, classified: Classified) -> Section:
    weight, assigned = network.arrays["weight"].astype(np.float32), assign(network.arrays["answers"])
    height, width = classified.more["picture"].shape[-2:]
    classes, n = network.card["classes"], weight.shape[1]
    order = np.argsort(assigned, kind="stable")
    if n > MOST_FIELDS:
        order = order[np.linspace(0, n - 1, MOST_FIELDS).astype(int)]
    fields = weight.T[order].reshape(len(order), -1, height, width).sum(axis=1)  # of all colours
    figure = Figure(
        lambda width: plots.receptive_fields(fields, width=width),
        "receptive fields",
        f"Weights from the pixels onto {f'{n:,}' if n <= MOST_FIELDS else f'{MOST_FIELDS} of {n:,}'} "
        "excitatory neurons, in the order of the classes that they stand for. Each is as dark as its largest "
        "weight.",
    )
    rows = [
        {"class": name, "neurons": int(np.count_nonzero(assigned == k))} for k, name in enumerate(classes)
    ]
    if unassigned := int(np.count_nonzero(assigned < 0)):
        rows.append({"class": "none: they never fired", "neurons": unassigned})
    table = Table(rows, [Column("class", "class"), numbers("neurons", "neurons")],
                  "Neurons that stand for each class.")  # fmt: skip
    return Section("fields", "What the neurons have learned", [figure, table], "Receptive fields")


def _trial(network: LearnedNetwork, classified: Classified) -> Section:
    image, attempt, step, neuron = classified.more["raster"]
    circuit = Circuit(**network.card["circuit"])
    shown = 0
    last = attempt == int(classified.more["presentations"][shown]) - 1
    of_it = (image == shown) & last
    times = 1e3 * circuit.dt * (step[of_it] + 1)
    figure = Figure(
        lambda width: plots.spikes_of_neurons(
            times, neuron[of_it], circuit.n_neurons, 1e3 * circuit.shown,
            classified.more["picture"][shown], width=width,
        ),
        "spikes of the excitatory neurons in answer to one image",
        "The first image, and when which excitatory neuron fires: few do, since those that fire silence all "
        "others for a while.",
    )  # fmt: skip
    return Section("trial", "One image", [figure], "One image")


def _activity(network: LearnedNetwork, classified: Classified) -> Section:
    circuit = Circuit(**network.card["circuit"])
    n = circuit.n_neurons
    sizes = {"input": circuit.n_inputs, "excitatory": n, "inhibitory": n}
    presentations = classified.more["presentations"]
    again, seconds = 100 * float(np.mean(presentations > 1)), float(presentations.sum()) * circuit.shown
    rows = [
        {"population": name, "neurons": sizes[name], "spikes": float(counts.mean()),
         "rate": float(counts.sum()) / sizes[name] / seconds}
        for name, counts in classified.spikes.items()
    ]  # fmt: skip
    columns = [
        Column("population", "population"),
        numbers("neurons", "neurons", ","),
        numbers("spikes", "spikes per image", ",.1f"),
        numbers("rate", "mean rate (Hz)", ".2f"),
    ]
    caption = (
        f"Means over {len(classified.chosen):,} images, all their presentations of "
        f"{number(1e3 * circuit.shown)} ms together. {again:.1f} % were shown again, brighter, since they "
        f"gave fewer than {circuit.fewest_spikes} spikes."
    )
    parts: list[Part] = [Table(rows, columns, caption)]
    return Section("activity", "Activity", parts, "Activity")
