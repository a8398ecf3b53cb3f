"""What a trained network answers to images."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from bioscnn.datasets import ImageSet
from bioscnn.errors import UserError
from bioscnn.seeds import stream
from bioscnn.simulation import Progress
from bioscnn.spikes import SpikeTrains
from bioscnn.stdp.convolutional.layer import Times, Weights
from bioscnn.stdp.convolutional.network import (
    AT_ONCE,
    Architecture,
    Response,
    features,
    n_deliveries,
    n_spikes,
    respond_to_spikes,
)
from bioscnn.stdp.convolutional.readout import LinearReadout
from bioscnn.stdp.convolutional.retina import first_steps, retina_spikes
from bioscnn.stdp.convolutional.settings import Convolutional, ConvolutionalConfig
from bioscnn.stdp.network import LearnedNetwork, refuse_other_keys
from bioscnn.stdp.rule import Classified

LAYERS = ("first", "second")
"""Names of the weights in the file of a network."""

EARLY = 500
"""Images of which it is asked how soon their class can be read."""

EVERY = 3
"""Steps between two times at which it is read."""

POPULATIONS = ("input", "first", "pooled")

TABLES = ("retina", "neuron", "first", "second", "readout")


def classify(
    config: ConvolutionalConfig, network: LearnedNetwork, shown: ImageSet, progress: Progress
) -> Classified:
    """Let the retina's spikes run through a network, and read classes from its potentials.

    Parameters and errors as of `bioscnn.stdp.rule.Rule.classify`.
    """
    built = fitting(config.learning, network, shown)
    first, second, readout = learned(network, built)
    progress.stage("simulating")
    chosen, spikes, deliveries, by_time = [], [], [], []
    images, layer = shown.intensities(), built.layers()[0]
    for start in range(0, len(images), AT_ONCE):
        part = images[start : start + AT_ONCE]
        seen = _noisy(retina_spikes(part, built.retina, built.neuron), config, start)
        response = respond_to_spikes(first_steps(seen, part.shape[2:]), built, layer, first)
        chosen.append(readout.chosen(features(response.pooled, built, second)))
        spikes.append([n_spikes(getattr(response, name)) for name in POPULATIONS])
        deliveries.append(_deliveries(response, built))
        if start < EARLY:
            by_time.append(_over_time(response.pooled, built, second, readout))
        for _ in range(len(part)):
            progress.trial()
    counts = dict(zip(POPULATIONS, np.concatenate(spikes, axis=1), strict=True))
    early = np.concatenate(by_time)[:EARLY]
    silent = int(np.count_nonzero(counts["first"] == 0))
    return Classified(
        np.concatenate(chosen),
        counts,
        synops=float(np.concatenate(deliveries).mean()),
        more={"right_by_time": (early == shown.labels[:EARLY, None]).mean(axis=0)},
        notes=[f"{silent:,} images made no neuron of the first layer fire"] if silent else [],
    )


def architecture(keys: Convolutional) -> Architecture:
    """Return the network that a table ``[learning]`` describes."""
    return Architecture(keys.retina, keys.neuron, keys.first, keys.second, keys.readout)


def keys_of(network: LearnedNetwork) -> Convolutional:
    """Return the table ``[learning]`` with which a network was trained."""
    try:
        return Convolutional.model_validate(network.card.get("learning"))
    except ValidationError:
        raise UserError(
            "the card describes no convolutional network",
            file=network.file.with_suffix(".json"),
            key="learning",
            fix="train the network again",
        ) from None


def learned(network: LearnedNetwork, built: Architecture) -> tuple[Weights, Weights, LinearReadout]:
    """Return the weights of both layers, and the classifier."""
    first, second = (network.array(name, *shape).astype(np.float32)
                     for name, shape in zip(LAYERS, built.shapes(), strict=True))  # fmt: skip
    n_classes = len(network.card["classes"])
    readout = network.array("readout", built.n_features, n_classes)
    return first, second, LinearReadout(readout, network.array("bias", n_classes))


def fitting(keys: Convolutional, network: LearnedNetwork, shown: ImageSet) -> Architecture:
    """Return the architecture of a network, which has to be that of the study and to fit the images."""
    trained = keys_of(network)
    for name in TABLES:
        ours, its = (getattr(k, name).model_dump() for k in (keys, trained))
        refuse_other_keys(network, {f"{name}.{key}": (value, its[key]) for key, value in ours.items()})
    size = list(shown.images.shape[2:])
    if network.card.get("image_shape") != size:
        raise UserError(
            "the network learned from images of another size",
            file=network.file,
            key="dataset.size",
            value=size,
            expected=str(network.card.get("image_shape")),
            fix="show it images of that size, or train it again",
        )
    return architecture(trained)


def _noisy(spikes: SpikeTrains, config: ConvolutionalConfig, start: int) -> SpikeTrains:
    """Return spikes with the noise of the study that acts on them; each batch of images has its own draws."""
    for name, noise in config.noise.items():
        rng = stream(config.simulation.seed, "noise", name, start)
        if name == "spike-jitter":
            spikes = noise.apply(spikes, rng)
        elif name == "spike-loss":
            kept = rng.random(spikes.n_spikes) >= noise.amount
            before = np.concatenate([[0], np.cumsum(kept)])
            spikes = replace(spikes, neuron=spikes.neuron[kept], step=spikes.step[kept],
                             trial_start=before[spikes.trial_start])  # fmt: skip
    return spikes


def _deliveries(response: Response, built: Architecture) -> NDArray[np.int64]:
    """Return how many synapses the spikes of each image reach, those of pooling included."""
    first, second = built.first, built.second
    return (
        n_deliveries(response.input, first.kernel, first.maps)
        + n_spikes(response.first)
        + n_deliveries(response.pooled, second.kernel, second.maps)
    )


def _over_time(
    pooled: Times, network: Architecture, weights: Weights, readout: LinearReadout
) -> NDArray[np.int64]:
    """Return the class that is read after every third step, shape (n_images, n_times)."""
    found = []
    for step in range(EVERY, network.neuron.n_steps + 1, EVERY):
        until: Any = network.neuron.model_copy(update={"duration": step * network.neuron.dt})
        found.append(readout.chosen(features(pooled, replace(network, neuron=until), weights)))
    return np.stack(found, axis=1)
