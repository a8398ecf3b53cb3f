"""Verdict sentences of the noise experiment."""

from __future__ import annotations

from collections.abc import Sequence

from bioscnn.experiments.experiment import Row
from bioscnn.experiments.noise.conditions import CLEAN
from bioscnn.experiments.noise.tables import ALL, SEEN, UNSEEN, Results
from bioscnn.experiments.phrases import listed, points_of

Rows = dict[tuple[str, str], Row]
"""By question and noise."""

NAMED = 3
"""So many of the noises that cost most are named."""

HELPERS = {
    "retina": "the retina with its gain control",
    "noise-training": "training in noise",
    "fine-tuning": "fine-tuning on spikes",
    "spiking": "spiking instead of its own ANN",
}
"""What may help, of the questions of a study."""


def verdict_of(results: Results, losses: Sequence[Row], comparisons: Sequence[Row], title: str) -> list[str]:
    """Return what noise destroys first, what helps, and what a retina with its gain control is worth.

    Nothing is said to cost, to help or to harm unless it is significant.

    Parameters
    ----------
    results : Results
        Networks, noises, severities and seeds.
    losses, comparisons : sequence of dict
        Rows of ``losses.csv`` and ``comparisons.csv``.
    title : str
        The data set, for people.

    Returns
    -------
    list of str
        Three sentences.

    References
    ----------
    Gupta and Sen Bhattacharya (2020), Implementing a foveal-pit inspired filter in a spiking convolutional
    neural network: a preliminary study, IJCNN.
    """
    rows: Rows = {}
    for row in comparisons:
        # Of several pairs that answer a question, the first one counts.
        rows.setdefault((row["question"], row["noise"]), row)
    return [_first_to_fall(results, losses, title), _what_helps(rows, results), _claim(rows, title)]


def _first_to_fall(results: Results, losses: Sequence[Row], title: str) -> str:
    severity, main = results.amount.judged_severity, results.main
    costly = [row for row in losses if row["significant"] and row["difference"] > 0]
    gains = [
        f"{_words(row['noise'])} ({_points(row, -1)})"
        for row in losses
        if row["significant"] and row["difference"] < 0
    ]
    unclear = [_words(row["noise"]) for row in losses if not row["significant"]]
    named = [f"{_words(row['noise'])} at {row['amount']} ({_points(row)})" for row in costly[:NAMED]]
    others = len(costly) - len(named)
    parts = []
    if named:
        rest = f", then to {listed(named[1:])}" if named[1:] else ""
        parts.append(f"loses most to {named[0]}{rest}")
    if others:
        parts.append(f"less to {others} other {'kind' if others == 1 else 'kinds'}")
    if unclear:
        parts.append(f"no significant loss was found for {listed(unclear)}")
    if gains:
        parts.append(f"gains by {listed(gains)}")
    return f"In noise of severity {severity}, {main} on {title} {'; '.join(parts)}."


def _what_helps(rows: Rows, results: Results) -> str:
    asked = {question: rows[question, ALL] for question in HELPERS if (question, ALL) in rows}
    if not asked:
        return "No comparison was made: there was one network, and its ANN never saw the noise."
    signs = {
        question: row["significant"] * (1 if row["difference"] > 0 else -1) for question, row in asked.items()
    }
    parts = []
    for sign, one, several in (
        (1, "helps", "help"),
        (-1, "harms", "harm"),
        (0, "makes no significant difference", "make no significant difference"),
    ):
        named = [f"{HELPERS[q]} ({_all(rows, q, results)})" for q in asked if signs[q] == sign]
        parts += [f"{listed(named)} {one if len(named) == 1 else several}"] if named else []
    nothing = "nothing helps: " * (1 not in signs.values())
    return f"Over all kinds and severities of noise, {nothing}{'; '.join(parts)}."


def _all(rows: Rows, question: str, results: Results) -> str:
    """Return what something gains over all noises; training in noise also over those that it showed."""
    text = points_of(rows[question, ALL])
    if question == "spiking":
        recordings = any(kind.acts_on == "events" for kind in results.kinds.values())
        text += f" in noise of the {'recordings' if recordings else 'images'}"
    for label, words in ((SEEN, "in kinds that it showed"), (UNSEEN, "in others like them")):
        if (question, label) in rows:
            text += f", {points_of(rows[question, label])} {words}"
    return text


def _claim(rows: Rows, title: str) -> str:
    if ("retina", CLEAN) in rows:
        return _claim_of_filters(rows, title)
    if ("noise-training", ALL) not in rows:
        return f"Whether filters or training in noise defend a network on {title} was not asked."
    clean, noisy = (rows["noise-training", noise] for noise in (CLEAN, ALL))
    works = "does" if _helps(noisy) else "does not either"
    return (
        f"No retina with its filters defends a network on {title}; training in noise, which needs no "
        f"biology, {works}: {points_of(noisy)} in noise, {points_of(clean)} without."
    )


def _claim_of_filters(rows: Rows, title: str) -> str:
    clean = rows["retina", CLEAN]
    noisy = rows.get(("retina", f"{ALL} images"), rows.get(("retina", ALL)))
    worth, holds = [f"{points_of(clean)} without noise"], ["without noise"] * _helps(clean)
    if noisy is not None:
        worth.append(f"{points_of(noisy)} in noise")
        holds += ["in noise"] * _helps(noisy)
    judged = ("neither without noise nor in it", f"only {''.join(holds)}", "both without noise and in it")
    return (
        f"The retina, filters and gain control together, helps {judged[len(holds)]} on {title}: it is worth "
        f"{' and '.join(worth)}. The pixels have no gain control, so this is not what the filters alone are "
        "worth (Gupta and Bhattacharya 2020): bioscnn retina asks that."
    )


def _helps(row: Row) -> bool:
    return bool(row["significant"] and row["difference"] > 0)


def _words(name: str) -> str:
    return name.replace("-", " ").replace("gaussian", "Gaussian")


def _points(row: Row, sign: int = 1) -> str:
    ends = sorted(sign * row[end] for end in ("low", "high"))
    return points_of({"difference": sign * row["difference"], "low": ends[0], "high": ends[1]}, sign=False)
