"""Two made sets of spike trains of which it is known what carries the class.

In one it is the times of the spikes alone; in the other, their number alone. What is to tell times from
numbers, a decoder or a distance, is tried on them first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.seeds import stream
from bioscnn.spikes import SpikeTrains

TRIALS, CLASSES, NEURONS, N_STEPS, DT = 1000, 10, 50, 300, 1e-3

ONSET = 40
"""First spikes come in so many steps from the beginning; the others come later."""

Labels = NDArray[np.int64]


def timing_only(seed: int) -> tuple[SpikeTrains, Labels]:
    """Return trains whose class is in their times alone.

    The first spike of each neuron comes at a time of its class and neuron, give or take 1 ms (SD). It is
    followed by none to three more, at random times and in numbers that know nothing of the class.
    """
    rng = stream(seed, "controls", "timing only")
    labels = _labels(rng)
    place = rng.uniform(0, ONSET, (CLASSES, NEURONS))
    first = np.clip(np.rint(place[labels] + rng.normal(0, 1, (TRIALS, NEURONS))), 0, ONSET - 1)
    return _trains(first, rng.integers(0, 4, (TRIALS, NEURONS)), rng), labels


def counts_only(seed: int) -> tuple[SpikeTrains, Labels]:
    """Return trains whose class is in their counts alone.

    The first spike of each neuron comes at a random time. It is followed by a number of others that is
    Poisson with a mean of its class and neuron, 0.5 to 3.5.
    """
    rng = stream(seed, "controls", "counts only")
    labels = _labels(rng)
    mean = rng.uniform(0.5, 3.5, (CLASSES, NEURONS))
    return _trains(rng.integers(0, ONSET, (TRIALS, NEURONS)), rng.poisson(mean[labels]), rng), labels


CONTROL_SETS: dict[str, Callable[[int], tuple[SpikeTrains, Labels]]] = {
    "timing only": timing_only,
    "counts only": counts_only,
}
"""By name, the function of a seed that makes the set and its classes."""


def _labels(rng: np.random.Generator) -> Labels:
    return np.asarray(rng.permutation(np.arange(TRIALS) % CLASSES), np.int64)


def _trains(first: NDArray[Any], others: NDArray[np.int64], rng: np.random.Generator) -> SpikeTrains:
    """Return trains of a first spike and some others of each neuron, all at different steps after `ONSET`."""
    later = np.argsort(rng.random((TRIALS, NEURONS, N_STEPS - 1 - ONSET)), axis=2) + ONSET
    trial, neuron, number = np.nonzero(np.arange(later.shape[2]) < others[..., None])
    begin = np.indices(first.shape).reshape(2, -1)
    return SpikeTrains.from_events(
        np.concatenate([begin[0], trial]),
        np.concatenate([first.ravel().astype(np.int64), later[trial, neuron, number]]),
        np.concatenate([begin[1], neuron]),
        n_trials=TRIALS,
        size=NEURONS,
        n_steps=N_STEPS,
        dt=DT,
    )
