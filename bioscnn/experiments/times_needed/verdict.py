"""Verdict sentences of the times-needed experiment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bioscnn.experiments.experiment import Row
from bioscnn.experiments.phrases import points_of, share_of
from bioscnn.experiments.rows import EQUIVALENT, GAIN, LOSS
from bioscnn.experiments.times_needed.kinds import COUNTS, FRAMES, ORIGINAL, SPIKING
from bioscnn.experiments.times_needed.tables import PRIMARY
from bioscnn.report.formats import probability

WITHOUT_TIMES = ("collapsed", "shuffled within pixels")
"""Kinds of recordings that keep every count and no time."""


def verdict_of(summary: Mapping[str, Any], tables: Mapping[str, Sequence[Row]]) -> list[str]:
    """Return verdict sentences: the losses of networks trained without the times of spikes, set by set.

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
    kinds = [row for row in primary if row["against"] == ORIGINAL]
    (counts,) = (row for row in primary if row["against"] == COUNTS)
    frames = [row for row in compared if row["network"] == FRAMES]
    return [
        f"On {tested} recordings of {summary['dataset']} (n = {n:,}, {summary['amount']['seeds']} training "
        f"seeds), {_answer(kinds)}. Trained and tested on them as they are, it is right in "
        f"{_share(accuracy, SPIKING)}, the CNN of frames in {_share(accuracy, FRAMES)}, and the CNN that is "
        f"shown only counts in {_share(accuracy, COUNTS)}.",
        f"The spiking network, trained and tested alike, against the original: {_listed(kinds)}. On the "
        f"original against the CNN that is shown only counts: {_finding(counts)} ({len(primary)} tests, "
        f"corrected together; {100 * summary['margin']:g} point would matter).",
        "Exploratory: the CNN of frames, trained and tested alike, against the original: "
        f"{_listed([row for row in frames if row['against'] == ORIGINAL])}.",
    ]


def _answer(kinds: Sequence[Row]) -> str:
    """Return whether any recordings without times are as good as those with them, to the spiking network."""
    findings = {row["finding"] for row in kinds if row["kind"] in WITHOUT_TIMES}
    if findings & {EQUIVALENT, GAIN}:
        return "the spiking network needs no times of spikes, if it is trained without them"
    if findings == {LOSS}:
        return "the spiking network does worse without the times of spikes, even if it is trained so"
    return "it is not settled whether the spiking network needs the times of spikes"


def _share(rows: Sequence[Row], network: str) -> str:
    """Return the accuracy of a network on original recordings, by the readout of the study."""
    row = next(row for row in rows if row["network"] == network and row["kind"] == ORIGINAL)
    return share_of(row)


def _listed(rows: Sequence[Row]) -> str:
    return "; ".join(f"{row['kind']} {_finding(row)}" for row in rows)


def _finding(row: Row) -> str:
    return f"{points_of(row)}, p {probability(row['p_holm'])} ({row['finding']})"
