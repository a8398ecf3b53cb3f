"""Spikes of a trained competitive network, and its answers to other spikes in their place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets import ImageSet
from bioscnn.spikes import SpikeTrains
from bioscnn.stdp.competitive.classify import classes_of, flat, refuse_other_values, restored
from bioscnn.stdp.competitive.config import CompetitiveConfig
from bioscnn.stdp.competitive.model import Model
from bioscnn.stdp.competitive.plain import input_spikes, show_plainly
from bioscnn.stdp.competitive.settings import Circuit, Precision
from bioscnn.stdp.competitive.simulate import State, show
from bioscnn.stdp.competitive.training import input_key
from bioscnn.stdp.network import LearnedNetwork
from bioscnn.stdp.rule import OnDevice
from bioscnn.studies.devices import COMPUTED, NUMPY, SINGLE, Variant

INPUT, EXCITATORY = "input", "excitatory"


def spikes(config: CompetitiveConfig, network: LearnedNetwork, shown: ImageSet) -> dict[str, SpikeTrains]:
    """Return the spikes of the pixels and of the excitatory neurons; each image is shown once."""
    model, circuit, state = _shown_once(network)
    drawn = _drawn(config, network, shown)
    precision = config.simulation.precision
    return {INPUT: drawn, EXCITATORY: _excitatory(model, circuit, state, drawn, precision)}


def answers(
    config: CompetitiveConfig, network: LearnedNetwork, layer: str, given: SpikeTrains
) -> NDArray[np.int64]:
    """Return the classes by the readout of the study when a layer has these spikes."""
    if layer == INPUT:
        given = _excitatory(*_shown_once(network), given, config.simulation.precision)
    return classes_of(network, given.counts())[config.learning.readout]


def on_devices(config: CompetitiveConfig, network: LearnedNetwork, shown: ImageSet) -> Iterator[OnDevice]:
    """Yield the spikes of plain Brian2 with its NumPy target, then those of the compiled program."""
    model, circuit, state = _shown_once(network)
    drawn, images = _drawn(config, network, shown), flat(shown)
    key = input_key(config.simulation.seed, "answers")
    _, raster = show_plainly(model, circuit, state, images, key, learns=False)
    yield _on_device(NUMPY, config, network, _trains(raster, len(shown), circuit))
    precisions: dict[Variant, Precision] = {COMPUTED: "float64", SINGLE: "float32"}
    for variant, precision in precisions.items():
        trains = _excitatory(model, circuit, state, drawn, precision)
        yield _on_device(variant, config, network, trains)


def _on_device(
    variant: Variant, config: CompetitiveConfig, network: LearnedNetwork, trains: SpikeTrains
) -> OnDevice:
    chosen = classes_of(network, trains.counts())[config.learning.readout]
    return OnDevice(variant, {EXCITATORY: trains}, chosen)


def _shown_once(network: LearnedNetwork) -> tuple[Model, Circuit, State]:
    model, circuit, state = restored(network)
    return model, replace(circuit, most_tries=1), state


def _drawn(config: CompetitiveConfig, network: LearnedNetwork, shown: ImageSet) -> SpikeTrains:
    """Return the input spikes that the program draws for the first presentation of each image.

    As in all trials of perturbed spikes, none is in the last step: there is a step more than is simulated.
    """
    model, circuit, _ = restored(network)
    refuse_other_values(config.learning, network, model, circuit, flat(shown).shape[1])
    key = input_key(config.simulation.seed, "answers")
    of_images = [input_spikes(circuit, image, key, k, 0) for k, image in enumerate(flat(shown))]
    return SpikeTrains.from_events(
        np.repeat(np.arange(len(shown)), [len(step) for step, _ in of_images]),
        np.concatenate([step for step, _ in of_images]),
        np.concatenate([pixel for _, pixel in of_images]),
        n_trials=len(shown),
        size=circuit.n_inputs,
        n_steps=circuit.n_steps + 1,
        dt=circuit.dt,
    )


def _excitatory(
    model: Model, circuit: Circuit, state: State, given: SpikeTrains, precision: Precision
) -> SpikeTrains:
    """Return the spikes of the excitatory neurons in answer to given spikes of the pixels."""
    n = given.n_trials
    dark = np.zeros((n, circuit.n_inputs), np.float32)
    _, answered = show(
        model, circuit, state, dark, np.arange(n), 0, learns=False, precision=precision, rasters=n,
        given=given,
    )  # fmt: skip
    return _trains(answered.raster, n, circuit)


def _trains(raster: NDArray[np.void], n_trials: int, circuit: Circuit) -> SpikeTrains:
    image, step, neuron = (raster[name] for name in ("image", "step", "neuron"))
    return SpikeTrains.from_events(
        image, step, neuron, n_trials=n_trials, size=circuit.n_neurons, n_steps=circuit.n_steps + 1,
        dt=circuit.dt,
    )  # fmt: skip
