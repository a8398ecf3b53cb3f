"""Two synthetic sets of spike trains that show whether the decoders can see what they are asked for.

In one, the class is in the times of the spikes alone; in the other, in their number alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.experiments.rows import share_cells
from bioscnn.metrics.decoding import CODES, decode
from bioscnn.noise import Jitter
from bioscnn.seeds import stream
from bioscnn.spikes import SpikeTrains
from bioscnn.statistics import Estimate, proportion

TRIALS, CLASSES, NEURONS, N_STEPS, DT = 1000, 10, 50, 300, 1e-3

ONSET = 40
"""First spikes come in so many steps from the beginning; the others come later."""

JITTER = 100e-3
"""What has to destroy the times and must not touch the counts, s."""

HIGH = 0.95
"""What a decoder that is told what carries the class has to reach."""

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


SETS: dict[str, Callable[[int], tuple[SpikeTrains, Labels]]] = {
    "timing only": timing_only,
    "counts only": counts_only,
}

CARRIERS = {
    "timing only": ("latencies", "ranks", "counts and times"),
    "counts only": ("counts", "counts and times"),
}
"""The codes that contain the class in each set."""


def decode_sets(seed: int, folds: int = 5) -> dict[str, NDArray[np.int16]]:
    """Decode both sets by every code, as they are and jittered.

    Returns
    -------
    dict of ndarray
        ``label``: true classes, int16, shape (n_sets, n_trials). ``chosen``: classes by each decoder, int16,
        shape (n_sets, 2, n_codes, n_trials), clean spikes first.
    """
    labels, chosen = [], []
    for name, make in SETS.items():
        trains, label = make(seed)
        jitter = Jitter(JITTER)
        jittered = jitter.apply(trains, stream(seed, "controls", name, jitter.label))
        labels.append(label)
        chosen.append(
            [
                [decode(presented, label, code, folds=folds, seed=seed) for code in CODES]
                for presented in (trains, jittered)
            ]
        )
    return {"label": np.array(labels, np.int16), "chosen": np.array(chosen, np.int16)}


def control_rows(decoded: Mapping[str, NDArray[Any]]) -> list[dict[str, Any]]:
    """Return ``controls.csv`` from what `decode_sets` returns: one row per set, spikes and decoder.

    ``expected`` is ``"high"``, ``"chance"``, or nothing: of several jittered spikes, the first tells how many
    there are. ``passed`` says whether the decoder sees what is there, and nothing where nothing is.
    """
    rows = []
    for name, labels, by_spikes in zip(SETS, decoded["label"], decoded["chosen"], strict=True):
        for label, by_code in zip(("clean", Jitter(JITTER).label), by_spikes, strict=True):
            for code, chosen in zip(CODES, by_code, strict=True):
                share = proportion(chosen == labels)
                expected = _expected(name, code, jittered=label != "clean")
                rows.append(
                    {
                        "set": name, "label": label, "method": code, **share_cells(share), "n": share.trials,
                        "chance": 1 / CLASSES, "expected": expected, "passed": _passed(share, expected),
                    }
                )  # fmt: skip
    return rows


def _passed(share: Estimate, expected: str) -> bool:
    if expected == "high":
        return share.value > HIGH
    return not expected or share.low <= 1 / CLASSES <= share.high


def _expected(name: str, code: str, *, jittered: bool) -> str:
    """Return the decoding that is expected of a code: jitter leaves nothing of times, all of counts."""
    if name == "timing only":
        return "high" if code in CARRIERS[name] and not jittered else "chance"
    if code in CARRIERS[name]:
        return "high"
    return "" if jittered else "chance"


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
