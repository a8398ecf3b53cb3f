"""Whether the decoders see what they are asked for: the control sets, decoded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.experiments.rows import share_cells
from bioscnn.metrics.control_sets import CLASSES, CONTROL_SETS
from bioscnn.metrics.decoding import CODES, decode
from bioscnn.noise import Jitter
from bioscnn.seeds import stream
from bioscnn.statistics import Estimate, proportion

JITTER = 100e-3
"""What has to destroy the times and must not touch the counts, s."""

CHANCE = 1 / CLASSES
HIGH = 0.95
"""What a decoder that is told what carries the class has to reach."""

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
    for name, make in CONTROL_SETS.items():
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
    for name, labels, by_spikes in zip(CONTROL_SETS, decoded["label"], decoded["chosen"], strict=True):
        for label, by_code in zip(("clean", Jitter(JITTER).label), by_spikes, strict=True):
            for code, chosen in zip(CODES, by_code, strict=True):
                share = proportion(chosen == labels)
                expected = _expected(name, code, jittered=label != "clean")
                rows.append(
                    {
                        "set": name, "label": label, "method": code, **share_cells(share), "n": share.trials,
                        "chance": CHANCE, "expected": expected, "passed": _passed(share, expected),
                    }
                )  # fmt: skip
    return rows


def _passed(share: Estimate, expected: str) -> bool:
    if expected == "high":
        return share.value > HIGH
    return not expected or share.low <= CHANCE <= share.high


def _expected(name: str, code: str, *, jittered: bool) -> str:
    """Return the decoding that is expected of a code: jitter leaves nothing of times, all of counts."""
    if name == "timing only":
        return "high" if code in CARRIERS[name] and not jittered else "chance"
    if code in CARRIERS[name]:
        return "high"
    return "" if jittered else "chance"
