"""Tables of the times-needed experiment: accuracies and comparisons, over training seeds and recordings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioscnn.experiments.experiment import Row
from bioscnn.experiments.rows import TRAINING_SEEDS, corrected_rows, finding, share_cells
from bioscnn.experiments.times_needed.kinds import COUNTS, FRAMES, ORIGINAL, SPIKING
from bioscnn.statistics import Estimate, difference, proportion

PRIMARY, EXPLORATORY = "primary", "exploratory"

Right = NDArray[np.bool_]
"""Which answers were right, shape (n_seeds, n_trials)."""


@dataclass(frozen=True, eq=False)
class Answers:
    """What the networks got right on one set of test recordings.

    Parameters
    ----------
    spiking : mapping
        Of the spiking network, by kind of recording and readout.
    frames : mapping
        Of the CNN of frames, by kind.
    counts : ndarray
        Of the CNN of counts, on original recordings.
    """

    spiking: Mapping[str, Mapping[str, Right]]
    frames: Mapping[str, Right]
    counts: Right


def accuracy_rows(answers: Mapping[str, Answers], rule: str) -> list[Row]:
    """Return ``accuracy.csv``: one row per set of recordings, network, kind and readout."""
    return [
        {
            "tested": tested,
            "network": network,
            "kind": kind,
            "readout": readout,
            **share_cells(proportion(right, seeds=TRAINING_SEEDS)),
            "n": right.shape[1],
            "seeds": right.shape[0],
        }
        for tested, of_test in answers.items()
        for network, kind, readout, right in _all(of_test, rule)
    ]


def _all(answers: Answers, rule: str) -> Iterator[tuple[str, str, str, Right]]:
    for kind, readouts in answers.spiking.items():
        for readout in sorted(readouts, key=lambda name: name != rule):
            yield SPIKING, kind, readout, readouts[readout]
    for kind, right in answers.frames.items():
        yield FRAMES, kind, "", right
    yield COUNTS, ORIGINAL, "", answers.counts


def comparison_rows(answers: Mapping[str, Answers], rule: str) -> list[Row]:
    """Return ``comparisons.csv``: accuracy of the first less that of the second, same seeds and recordings.

    The primary family of each set of recordings is fixed: the spiking network by the readout of the study,
    each kind against the original, and the original against the CNN of counts. All else, the other readouts
    and the CNN of frames, is exploratory, a family of its own.
    """
    rows = []
    for tested, of_test in answers.items():
        primary: list[tuple[Row, Estimate]] = []
        exploratory: list[tuple[Row, Estimate]] = []
        for readout in sorted(of_test.spiking[ORIGINAL], key=lambda name: name != rule):
            right = {kind: readouts[readout] for kind, readouts in of_test.spiking.items()}
            family = primary if readout == rule else exploratory
            family += _against_original(SPIKING, readout, right)
            family.append(_compared(SPIKING, ORIGINAL, readout, COUNTS, right[ORIGINAL], of_test.counts))
        exploratory += _against_original(FRAMES, "", of_test.frames)
        exploratory.append(_compared(FRAMES, ORIGINAL, "", COUNTS, of_test.frames[ORIGINAL], of_test.counts))
        for name, family in ((PRIMARY, primary), (EXPLORATORY, exploratory)):
            for row in corrected_rows(family, f"{name}, {tested}"):
                rows.append({"tested": tested, "role": name, **row, "finding": finding(row)})
    return rows


def _against_original(network: str, readout: str, right: Mapping[str, Right]) -> list[tuple[Row, Estimate]]:
    return [
        _compared(network, kind, readout, ORIGINAL, answers, right[ORIGINAL])
        for kind, answers in right.items()
        if kind != ORIGINAL
    ]


def _compared(
    network: str, kind: str, readout: str, against: str, first: Right, second: Right
) -> tuple[Row, Estimate]:
    cells = {"network": network, "readout": readout, "kind": kind, "against": against}
    return cells, difference(first, second, seeds=TRAINING_SEEDS)
