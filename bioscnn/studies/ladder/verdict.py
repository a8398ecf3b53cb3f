"""What came out, in sentences that are made of the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bioscnn.report.template import percent
from bioscnn.studies.ladder.rungs import Rung
from bioscnn.studies.ladder.tables import ANN, Row

CHANCE = "that can be told from chance"


@dataclass(frozen=True)
class Words:
    """How an outcome is spoken of: what it is, what it does where it grows and where it shrinks, its unit.

    Numbers are multiplied by `scale` and printed with so many decimals; so many pieces are named,
    and where it is spoken of as a `whole` also those that change nothing.
    """

    subject: str
    grows: str
    shrinks: str
    unit: str
    scale: float = 1.0
    decimals: int = 1
    named: int = 1
    whole: bool = False


WORDS = {
    "accuracy": Words("accuracy", "rises", "falls", " points", 100, 2, named=3, whole=True),
    "latency_ms": Words("decisions come", "later", "earlier", " ms"),
    "spikes": Words("spikes become", "more", "fewer", "", decimals=0),
}


def verdict_of(
    rungs: Sequence[Rung], rows: Sequence[Row], comparisons: Sequence[Row], ann: float, title: str
) -> list[str]:
    """Say which pieces cost or buy accuracy, latency and spikes, and what the whole ladder comes to.

    Nothing is said to change unless the change is told from chance; nothing does so above all unless its
    interval lies beyond that of the next one.

    Parameters
    ----------
    rungs : sequence of Rung
        From the bottom up.
    rows, comparisons : sequence of dict
        Rows of ``ladder.csv`` and ``comparisons.csv``.
    ann : float
        Accuracy of the trained network.
    title : str
        The data set, for people.

    Returns
    -------
    list of str
        Four sentences.
    """
    return [
        f"On {title}, {_changes('accuracy', rungs, comparisons)}.",
        *(f"{_capital(_changes(name, rungs, comparisons))}." for name in ("latency_ms", "spikes")),
        _whole(rungs, rows, ann),
    ]


def _changes(outcome: str, rungs: Sequence[Rung], comparisons: Sequence[Row]) -> str:
    """Return where an outcome shrinks, where it grows, and where it does neither."""
    words, changes = WORDS[outcome], _by_piece(outcome, rungs, comparisons)
    parts = []
    for verb, sign in ((words.shrinks, -1), (words.grows, 1)):
        told = {piece: row for piece, row in changes.items() if row["told"] and sign * row["difference"] > 0}
        if told:
            parts.append(f"{verb} {_ranked(told, words)}")
    same = [piece for piece, row in changes.items() if not row["told"]]
    if not parts:
        return f"no piece of biology changes the {outcome.removesuffix('_ms')} by anything {CHANCE}"
    free = f"; with {_listed(same)}, nothing changes {CHANCE}" if same and words.whole else ""
    return f"{words.subject} {', and '.join(parts)}{free}"


def _by_piece(outcome: str, rungs: Sequence[Rung], comparisons: Sequence[Row]) -> dict[str, Row]:
    below = {row["first"]: row for row in comparisons if row["outcome"] == outcome and row["second"] != ANN}
    return {rung.piece: below[rung.name] for rung in rungs if rung.name in below}


def _ranked(told: dict[str, Row], words: Words) -> str:
    """Return pieces with their changes, the largest first; that it is the largest only where one can tell."""
    order = sorted(told, key=lambda piece: -abs(told[piece]["difference"]))
    first, *others = [f"{piece} ({_change(told[piece], words)})" for piece in order[: words.named]]
    rest = len(order) - words.named
    others += [f"{rest} other{'s' * (rest > 1)}"] * (rest > 0)
    if others and _beyond(*(told[piece] for piece in order[:2])):
        return f"above all with {first}, less with {_listed(others)}"
    return f"with {_listed([first, *others])}"


def _beyond(first: Row, second: Row) -> bool:
    """Return whether the interval of a change lies farther from zero than that of another one."""
    nearest, farthest = (
        pick(abs(row["low"]), abs(row["high"])) for pick, row in ((min, first), (max, second))
    )
    return bool(nearest > farthest)


def _whole(rungs: Sequence[Rung], rows: Sequence[Row], ann: float) -> str:
    last = [rung.name for rung in rungs if not rung.own][-1]
    bottom, top = rows[0], next(row for row in rows if row["rung"] == last)
    return (
        f"From {bottom['rung']} to all of it, accuracy goes from {percent(bottom['accuracy'])} to "
        f"{percent(top['accuracy'])} (trained network: {percent(ann)}), median latency from "
        f"{bottom['latency_ms']:g} ms to {top['latency_ms']:g} ms, spikes a trial from "
        f"{bottom['spikes']:,.0f} to {top['spikes']:,.0f}, and a simulation takes {top['time']:.2g} times as "
        "long."
    )


def _change(row: Row, words: Words) -> str:
    value, low, high = (
        f"{words.scale * row[key]:+,.{words.decimals}f}" for key in ("difference", "low", "high")
    )
    return f"{value}{words.unit} [{low}, {high}]".replace("-", "\N{MINUS SIGN}")


def _listed(parts: Sequence[str]) -> str:
    return ", ".join(parts[:-1]) + " and " * (len(parts) > 1) + parts[-1]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
