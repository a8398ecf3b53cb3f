"""Spikes of a trained convolutional network, and its answers to other spikes in their place."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets import ImageSet
from bioscnn.spikes import SpikeTrains
from bioscnn.stdp.convolutional.classify import architecture, fitting, keys_of, learned
from bioscnn.stdp.convolutional.layer import Times, Weights
from bioscnn.stdp.convolutional.network import AT_ONCE, Architecture, features, respond_to_spikes
from bioscnn.stdp.convolutional.plain import PlainNetwork
from bioscnn.stdp.convolutional.retina import first_steps, retina_spikes
from bioscnn.stdp.convolutional.settings import ConvolutionalConfig
from bioscnn.stdp.network import LearnedNetwork
from bioscnn.stdp.rule import OnDevice
from bioscnn.studies.devices import EXACT, NUMPY, SINGLE, Variant

INPUT, FIRST, POOLED = "input", "first", "pooled"

GRID = np.float32(1 / 2048)
"""Sums of multiples of it are exact in single precision."""


def spikes(config: ConvolutionalConfig, network: LearnedNetwork, shown: ImageSet) -> dict[str, SpikeTrains]:
    """Return the spikes of the retina, and those of the pooled first layer, which the second layer gets."""
    built = fitting(config.learning, network, shown)
    retina = retina_spikes(shown.intensities(), built.retina, built.neuron)
    pooled = _layers(built, learned(network, built)[0], first_steps(retina, shown.images.shape[2:]))[POOLED]
    return {INPUT: retina, POOLED: _trains(pooled, built)}


def answers(
    config: ConvolutionalConfig, network: LearnedNetwork, layer: str, given: SpikeTrains
) -> NDArray[np.int64]:
    """Return the classes when a layer has these spikes, of which the first of each neuron counts."""
    built = architecture(keys_of(network))
    height, width = network.card["image_shape"]
    if layer == INPUT:
        pooled = _layers(built, learned(network, built)[0], first_steps(given, (height, width)))[POOLED]
    else:
        pooled = first_steps(given, tuple(-(-size // built.first.pool) for size in (height, width)))
    return _classes(network, built, pooled)


def on_devices(config: ConvolutionalConfig, network: LearnedNetwork, shown: ImageSet) -> Iterator[OnDevice]:
    """Yield the spikes of plain Brian2 with its NumPy target, then those of the compiled layers.

    Potentials that differ by rounding alone are ordered otherwise in single precision, and another map wins
    there. So without a leak both are shown once more, with weights rounded to multiples of `GRID`, whose sums
    are exact. Neurons of the second layer do not fire, and plain Brian2 gets one of its maps: the class is
    computed from what the pooled first layer sends.
    """
    built = fitting(config.learning, network, shown)
    size, layer = shown.images.shape[2:], built.layers()[0]
    retina = first_steps(retina_spikes(shown.intensities(), built.retina, built.neuron), size)
    weights, second, _ = learned(network, built)
    variants = {"float64": (SINGLE, weights)}
    if layer.leak is None:
        exact = Variant(SINGLE.device, SINGLE.connectivity, EXACT)
        variants["float64 exact"] = exact, np.round(weights / GRID) * GRID
    for precision, (variant, first) in variants.items():
        plain = PlainNetwork(size, first, second[..., :1], layer.threshold, built.first.pool, layer.n_steps,
                             layer.leak)  # fmt: skip
        by_image = [plain.show(times) for times in retina]
        times = {name: np.stack([getattr(image, name) for image in by_image]) for name in (FIRST, POOLED)}
        base = Variant(NUMPY.device, NUMPY.connectivity, precision)
        for device, of_layers in ((base, times), (variant, _layers(built, first, retina))):
            trains = {name: _trains(of_layer, built) for name, of_layer in of_layers.items()}
            yield OnDevice(device, trains, _classes(network, built, of_layers[POOLED]))


def _layers(built: Architecture, first: Weights, retina: Times) -> dict[str, Times]:
    """Return when the neurons of the first layer and of its pooling fire."""
    layer = built.layers()[0]
    parts = [
        respond_to_spikes(retina[start : start + AT_ONCE], built, layer, first)
        for start in range(0, len(retina), AT_ONCE)
    ]
    return {name: np.concatenate([getattr(part, name) for part in parts]) for name in (FIRST, POOLED)}


def _classes(network: LearnedNetwork, built: Architecture, pooled: Times) -> NDArray[np.int64]:
    _, second, readout = learned(network, built)
    parts = [
        readout.chosen(features(pooled[start : start + AT_ONCE], built, second))
        for start in range(0, len(pooled), AT_ONCE)
    ]
    return np.concatenate(parts)


def _trains(times: Times, built: Architecture) -> SpikeTrains:
    """Return the spikes that come early enough to move a membrane, none of them in the last step."""
    flat = times.reshape(len(times), -1)
    trial, neuron = np.nonzero(flat < built.neuron.n_steps - 1)
    return SpikeTrains.from_events(
        trial, flat[trial, neuron].astype(np.int32), neuron, n_trials=len(flat), size=flat.shape[1],
        n_steps=built.neuron.n_steps, dt=built.neuron.dt,
    )  # fmt: skip
