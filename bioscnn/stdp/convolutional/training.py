"""Training: layer after layer without labels, in parts that can be resumed; then the classifier."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets import ImageSet
from bioscnn.errors import UserError
from bioscnn.files import write_npz
from bioscnn.fingerprint import hash_of
from bioscnn.seeds import stream
from bioscnn.simulation import Progress
from bioscnn.stdp.convolutional.classify import LAYERS
from bioscnn.stdp.convolutional.layer import Times, Weights
from bioscnn.stdp.convolutional.network import AT_ONCE, Architecture, features, respond, respond_to_spikes
from bioscnn.stdp.convolutional.readout import LinearReadout, fit_readout
from bioscnn.stdp.convolutional.retina import spike_times
from bioscnn.stdp.convolutional.settings import Plasticity, PlasticLayer
from bioscnn.stdp.network import array_of, read_checkpoint

PART = 2000
"""Presentations between two checkpoints."""

FIRST_WEIGHTS = (0.8, 0.05)
"""Mean and standard deviation of the weights before training, as published; none above `HIGHEST`."""

HIGHEST = 0.99
"""Where a weight is 0 or 1 it stays: no weight begins there."""


@dataclass(frozen=True, eq=False)
class State:
    """A training so far.

    Parameters
    ----------
    weights : tuple of ndarray of float32
        Of both layers.
    seen : tuple of int
        Presentations from which each layer has learned.
    wins : tuple of ndarray of int64, each of shape (maps,)
        Presentations from which each map has learned.
    unsettled : tuple of tuple of (int, float)
        For each layer: presentations, and the mean of w (1 - w), which is 0 where all weights are 0 or 1.
    """

    weights: tuple[Weights, Weights]
    seen: tuple[int, int] = (0, 0)
    wins: tuple[NDArray[np.int64], NDArray[np.int64]] = (np.zeros(0, np.int64), np.zeros(0, np.int64))
    unsettled: tuple[tuple[tuple[int, float], ...], ...] = ((), ())


def fresh_state(network: Architecture, seed: int) -> State:
    """Return the state before training."""
    rng = stream(seed, "stdp-convolutional", "weights")
    drawn = tuple(np.clip(rng.normal(*FIRST_WEIGHTS, shape), 0, HIGHEST).astype(np.float32)
                  for shape in network.shapes())  # fmt: skip
    wins = tuple(np.zeros(shape[-1], np.int64) for shape in network.shapes())
    return State((drawn[0], drawn[1]), wins=(wins[0], wins[1]))


def train_layers(
    network: Architecture,
    stdp: Plasticity,
    images: NDArray[np.floating],
    seed: int,
    checkpoint: Path | None,
    progress: Progress,
) -> State:
    """Train both layers; go on from a checkpoint, bit for bit, if there is one.

    Parameters
    ----------
    network : Architecture
    stdp : Plasticity
    images : ndarray of float32, shape (n_images, 1, height, width)
        Intensities; shown in an order of its own each time that all have been shown.
    seed : int
        Of weights and order.
    checkpoint : Path or None
        File that is written after each part.
    progress : Progress
        Told layers and images.

    Raises
    ------
    UserError
        If the checkpoint is that of another training.
    """
    name = hash_of(repr(network), repr(stdp), images, seed)
    state = resumed(checkpoint, name, network) or fresh_state(network, seed)
    for which, settings in enumerate((network.first, network.second)):
        progress.stage(f"learning ({LAYERS[which]} layer)")
        for _ in range(state.seen[which]):
            progress.trial()
        while (before := state.seen[which]) < settings.images:
            state = _one_part(network, stdp, images, seed, which, settings, state)
            if checkpoint is not None:
                _write(checkpoint, name, state)
            for _ in range(state.seen[which] - before):
                progress.trial()
    return state


def _one_part(
    network: Architecture, stdp: Plasticity, images: NDArray[np.floating], seed: int,
    which: int, settings: PlasticLayer, state: State,
) -> State:  # fmt: skip
    seen = state.seen[which]
    shown = np.arange(seen, min(seen + PART, settings.images))
    weights, wins = state.weights[which], state.wins[which]
    order = _order(len(images), shown, seed, LAYERS[which])
    layer = settings.neurons(network.neuron)
    for first in range(0, len(shown), AT_ONCE):
        part = slice(first, first + AT_ONCE)
        times = _input_of(which, network, images[order[part]], state.weights[0])
        weights, won = layer.learn(
            times, weights, rates(stdp, shown[part]), radius=settings.radius, winners=settings.winners
        )
        wins = wins + won
    seen = int(shown[-1]) + 1
    unsettled = (*state.unsettled[which], (seen, float(np.mean(weights * (1 - weights)))))

    def put(pair: Any, value: Any) -> Any:
        return (value, pair[1]) if which == 0 else (pair[0], value)

    return replace(
        state,
        weights=put(state.weights, weights),
        seen=put(state.seen, seen),
        wins=put(state.wins, wins),
        unsettled=put(state.unsettled, unsettled),
    )


def _input_of(which: int, network: Architecture, images: NDArray[np.floating], weights: Weights) -> Times:
    """Return the spikes that the first or the second layer receives."""
    times = spike_times(images, network.retina, network.neuron)
    return times if which == 0 else respond_to_spikes(times, network, network.layers()[0], weights).pooled


def rates(stdp: Plasticity, shown: NDArray[np.integer]) -> NDArray[np.float32]:
    """Return a_plus and a_minus at each presentation, shape (n, 2)."""
    doubled = np.minimum(shown // stdp.doubling, 1000)
    a_plus = np.minimum(stdp.a_plus * 2.0**doubled, max(stdp.largest, stdp.a_plus))
    return np.stack([a_plus, stdp.ratio * a_plus], axis=1).astype(np.float32)


def _order(n_images: int, shown: NDArray[np.integer], seed: int, layer: str) -> NDArray[np.int64]:
    """Return the image of each presentation; all are shown once before one is shown again."""
    turn, place = np.divmod(shown, n_images)
    orders = {
        int(k): stream(seed, "stdp-convolutional", "order", layer, int(k)).permutation(n_images)
        for k in np.unique(turn)
    }
    return np.array([orders[int(k)][at] for k, at in zip(turn, place, strict=True)], np.int64)


def refuse_missing_classes(shown: ImageSet) -> None:
    """Refuse training images of which none shows some class.

    Raises
    ------
    UserError
        If there is such a class.
    """
    lacking = np.setdiff1d(np.arange(len(shown.classes)), shown.labels)
    if len(lacking):
        raise UserError(
            f"no training image shows class {shown.classes[lacking[0]]}, so it could never be chosen",
            key="learning.examples",
            value=len(shown),
            expected="training images of every class",
            fix="use more images",
        )


def train_readout(
    network: Architecture,
    weights: tuple[Weights, Weights],
    shown: ImageSet,
    progress: Progress,
) -> LinearReadout:
    """Fit the classifier to what trained layers make of labelled images.

    Raises
    ------
    UserError
        If a class has no image.
    """
    refuse_missing_classes(shown)
    progress.stage("computing features")
    seen, done = np.empty((len(shown), network.n_features), np.float32), 0
    for response in respond(shown.intensities(), network, weights[0]):
        part = slice(done, done + len(response.pooled))
        seen[part] = features(response.pooled, network, weights[1])
        done = part.stop
        for _ in range(len(response.pooled)):
            progress.trial()
    progress.stage("fitting the classifier")
    keys = network.readout
    return fit_readout(seen, shown.labels, len(shown.classes), keys.penalty, keys.iterations)


def _write(path: Path, name: str, state: State) -> None:
    arrays: dict[str, Any] = {"training": np.array(name), "seen": np.array(state.seen)}
    for which, layer in enumerate(LAYERS):
        arrays[f"{layer}_weights"] = state.weights[which]
        arrays[f"{layer}_wins"] = state.wins[which]
        arrays[f"{layer}_unsettled"] = np.array(state.unsettled[which], np.float64).reshape(-1, 2)
    write_npz(path, arrays)


def resumed(path: Path | None, name: str, network: Architecture) -> State | None:
    """Return the training of this name that a checkpoint holds; None where there is no checkpoint.

    Raises
    ------
    UserError
        If it is another's, or damaged.
    """
    arrays = read_checkpoint(path, name)
    if path is None or arrays is None:
        return None
    weights, wins, curves = [], [], []
    for layer, shape in zip(LAYERS, network.shapes(), strict=True):
        weights.append(array_of(path, arrays, f"{layer}_weights", *shape))
        wins.append(array_of(path, arrays, f"{layer}_wins", shape[-1]))
        points = array_of(path, arrays, f"{layer}_unsettled", None, 2)
        curves.append(tuple((int(n), float(value)) for n, value in points))
    first, second = (max(0, int(seen)) for seen in array_of(path, arrays, "seen", 2))
    return State((weights[0], weights[1]), (first, second), (wins[0], wins[1]), (curves[0], curves[1]))
