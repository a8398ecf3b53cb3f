"""Verdict sentences of the detail ladder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bioscnn.experiments.experiment import Row
from bioscnn.experiments.ladder.rungs import Rung
from bioscnn.experiments.ladder.tables import ANN
from bioscnn.experiments.phrases import MINUS, capital, listed
from bioscnn.report.formats import percent

NAMED = 3
"""So many pieces of biology that change an outcome in one direction are named; others are counted."""


@dataclass(frozen=True)
class Wording:
    """How changes of an outcome are put into words.

    Parameters
    ----------
    name, subject : str
        What the outcome is called; subject of the sentence.
    more, less : str
        The verb where it grows and where it shrinks.
    unit : str
        Follows a number.
    scale : float
        Factor of the numbers.
    decimals : int
        Of the numbers.
    names_unchanged : bool
        Whether the pieces without a significant change are named too.
    """

    name: str
    subject: str
    more: str
    less: str
    unit: str = ""
    scale: float = 1.0
    decimals: int = 1
    names_unchanged: bool = False


WORDINGS = {
    "accuracy": Wording("accuracy", "accuracy", "rises", "falls", " points", 100, 2, names_unchanged=True),
    "latency_ms": Wording("latency", "decisions come", "later", "earlier", " ms"),
    "spikes": Wording("number of spikes", "spikes become", "more", "fewer", decimals=0),
}


def verdict_of(
    rungs: Sequence[Rung], rows: Sequence[Row], comparisons: Sequence[Row], ann: float, title: str
) -> list[str]:
    """Return which pieces of biology change accuracy, latency and spikes, and what all of them come to.

    A change is named only if it is significant; of several in one direction the three largest are named.

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
    below = {
        outcome: {rung.piece: changes[rung.name] for rung in rungs if rung.name in changes}
        for outcome in WORDINGS
        for changes in [
            {row["first"]: row for row in comparisons if row["outcome"] == outcome and row["second"] != ANN}
        ]
    }
    accuracy, latency, spikes = (_changes(outcome, changes) for outcome, changes in below.items())
    last = [rung.name for rung in rungs if not rung.own][-1]
    bottom, top = rows[0], next(row for row in rows if row["rung"] == last)
    return [
        f"On {title}, with each piece added to those before it, {accuracy}.",
        f"{capital(latency)}.",
        f"{capital(spikes)}.",
        f"From {bottom['rung']} to all of it, accuracy goes from {percent(bottom['accuracy'])} to "
        f"{percent(top['accuracy'])} (trained network: {percent(ann)}), median latency from "
        f"{bottom['latency_ms']:g} ms to {top['latency_ms']:g} ms, spikes per trial from "
        f"{bottom['spikes']:,.0f} to {top['spikes']:,.0f}, and a simulation takes {top['time']:.2g} times as "
        "long.",
    ]


def verdict_of_factorial(
    shapley: Sequence[Row], effects: Sequence[Row], contexts: Sequence[Row], title: str
) -> list[str]:
    """Return verdict sentences: the effect of each piece of biology, and where the order decides it.

    Parameters
    ----------
    shapley, effects, contexts : sequence of dict
        Rows of ``shapley.csv``, ``effects.csv`` and ``contexts.csv``.
    title : str
        The data set, for people.

    Returns
    -------
    list of str
        Four sentences: accuracy, latency and spikes over all orders; interactions that change the accuracy,
        and pieces of which one context turns the sign.
    """
    accuracy, latency, spikes = (
        _changes(outcome, {f"the {row['factor']}": row for row in shapley if row["outcome"] == outcome})
        for outcome in WORDINGS
    )
    networks = shapley[0]["seeds"]
    of = f"and over {networks} trained networks" if networks > 1 else "and for one trained network"
    return [
        f"On {title}, on average over all orders in which the pieces can be added {of}, {accuracy}.",
        f"{capital(latency)}.",
        f"{capital(spikes)}.",
        _order(effects, contexts),
    ]


def _order(effects: Sequence[Row], contexts: Sequence[Row]) -> str:
    """Say which pairs of pieces interact in the accuracy, and which pieces both raise and lower it."""
    wording = WORDINGS["accuracy"]
    pairs = {
        f"{row['factor']} with {row['other']}": row
        for row in effects
        if row["outcome"] == "accuracy" and row["other"] and row["significant"]
    }
    turned = []
    for factor in dict.fromkeys(row["factor"] for row in contexts):
        rows = [row for row in contexts if row["factor"] == factor and row["outcome"] == "accuracy"]
        least, most = (pick(rows, key=lambda row: row["difference"]) for pick in (min, max))
        if least["significant"] and most["significant"] and least["difference"] < 0 < most["difference"]:
            turned.append(
                f"{factor} from {_change(least, wording)} (added to: {least['context']}) to "
                f"{_change(most, wording)} (added to: {most['context']})"
            )
    if not pairs and not turned:
        return "No significant interaction of two pieces in the accuracy was found."
    parts = []
    if turned:
        parts.append(f"the order decides the sign of the change of accuracy by {'; '.join(turned)}")
    if pairs:
        order = sorted(pairs, key=lambda pair: -abs(pairs[pair]["difference"]))
        named = [f"{pair} ({_change(pairs[pair], wording)})" for pair in order]
        parts.append(f"pieces interact in the accuracy: {listed(named)}")
    return f"{capital('. '.join(map(capital, parts)))}."


def _changes(outcome: str, changes: Mapping[str, Row]) -> str:
    """Return with which pieces an outcome shrinks and grows, and with which no change was found."""
    wording = WORDINGS[outcome]
    parts = []
    for verb, sign in ((wording.less, -1), (wording.more, 1)):
        of_sign = {
            p: row for p, row in changes.items() if row["significant"] and sign * row["difference"] > 0
        }
        if of_sign:
            parts.append(f"{verb} {_ranked(of_sign, wording)}")
    if not parts:
        return f"no significant change of the {wording.name} was found with any piece of biology"
    same = [piece for piece, row in changes.items() if not row["significant"]]
    rest = (
        f"; no significant change was found with {listed(same)}" if wording.names_unchanged and same else ""
    )
    return f"{wording.subject} {', and '.join(parts)}{rest}"


def _ranked(changes: Mapping[str, Row], wording: Wording) -> str:
    """Return pieces with their changes, the largest first."""
    order = sorted(changes, key=lambda piece: -abs(changes[piece]["difference"]))
    named = [f"{piece} ({_change(changes[piece], wording)})" for piece in order[:NAMED]]
    rest = len(order) - NAMED
    return f"with {listed([*named, *[f'{rest} more'] * (rest > 0)])}"


def _change(row: Row, wording: Wording) -> str:
    value, low, high = (
        f"{wording.scale * row[key]:+,.{wording.decimals}f}" for key in ("difference", "low", "high")
    )
    return f"{value}{wording.unit} [{low}, {high}]".replace("-", MINUS)
