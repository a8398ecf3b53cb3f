"""Verdict sentences of the times-needed experiment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bioscnn.experiments.experiment import Row
from bioscnn.experiments.phrases import listed, points_of
from bioscnn.experiments.rows import EQUIVALENT, GAIN, LOSS
from bioscnn.experiments.times_needed.kinds import COUNTS, FRAMES, KINDS, ORIGINAL, SPIKING
from bioscnn.experiments.times_needed.tables import PRIMARY
from bioscnn.report.formats import percent, percent_interval, probability

SAYS = {
    LOSS: "loses",
    GAIN: "gains",
    EQUIVALENT: "neither loses nor gains a point",
}


def verdict_of(summary: Mapping[str, Any], tables: Mapping[str, Sequence[Row]]) -> list[str]:
    """Return what networks lose that are trained without the times of spikes, set by set.

    Parameters
    ----------
    summary : mapping
        With ``dataset``, ``tested``, ``amount`` and ``margin``.
    tables : mapping
        Rows of ``accuracy`` and ``comparisons``.
    """
    return [
        sentence
        for tested, n in summary["tested"].items()
        for sentence in _of_set(tested, n, summary, tables)
    ]


def _of_set(
    tested: str, n: int, summary: Mapping[str, Any], tables: Mapping[str, Sequence[Row]]
) -> list[str]:
    accuracy = [row for row in tables["accuracy"] if row["tested"] == tested]
    compared = [row for row in tables["comparisons"] if row["tested"] == tested]
    primary = [row for row in compared if row["role"] == PRIMARY]
    first = (
        f"On {tested} recordings of {summary['dataset']} (n = {n:,}, {summary['amount']['seeds']} training "
        f"seeds), the spiking network that is trained on them as they are is right in "
        f"{_share(accuracy, SPIKING)}, the CNN of frames in {_share(accuracy, FRAMES)}, and the CNN that is "
        f"shown only counts in {_share(accuracy, COUNTS)}."
    )
    kinds = [row for row in primary if row["against"] == ORIGINAL]
    second = "Trained and tested on recordings that are destroyed, the spiking network "
    second += "; with ".join(["with " + _finding(kinds[0]), *map(_finding, kinds[1:])]) + "."
    (counts,) = (row for row in primary if row["against"] == COUNTS)
    third = f"Beside the CNN that is shown only counts, the spiking network {_does(counts)}."
    frames = [row for row in compared if row["network"] == FRAMES and row["against"] == ORIGINAL]
    lost = [f"{row['kind']} ({points_of(row)})" for row in frames if row["finding"] == LOSS]
    fourth = (
        f"Exploratory: the CNN of frames, trained alike, loses with {listed(lost)}."
        if lost
        else f"Exploratory: no loss of the CNN of frames was found with any of the {len(KINDS) - 1}."
    )
    return [first, second, third, fourth]


def _share(rows: Sequence[Row], network: str) -> str:
    """Return the accuracy of a network on original recordings, by the readout of the study."""
    row = next(row for row in rows if row["network"] == network and row["kind"] == ORIGINAL)
    return f"{percent(row['accuracy'])} {percent_interval(row['low'], row['high'])}"


def _finding(row: Row) -> str:
    return f"{row['kind']} {_does(row)}"


def _does(row: Row) -> str:
    says = SAYS.get(row["finding"], "may lose or gain: not settled")
    return f"{says} ({points_of(row)}, p {probability(row['p_holm'])})"
