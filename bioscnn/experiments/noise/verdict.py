"""Verdict sentences of the noise experiment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bioscnn.experiments.experiment import Row
from bioscnn.experiments.noise.conditions import CLEAN
from bioscnn.experiments.noise.tables import ALL, SEEN, UNSEEN, Results
from bioscnn.experiments.phrases import capital, listed, points_of

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

PART_NAMES = {"images": "the images", "events": "the recordings", "spikes": "the input's spikes"} | {
    part: part for part in ("axons", "synapses", "neurons", "network")
}
"""Parts that noise acts on, see `bioscnn.noise.parts.part_of`, in a sentence."""


def verdict_of(results: Results, losses: Sequence[Row], comparisons: Sequence[Row], title: str) -> list[str]:
    """Return verdict sentences: the largest losses, what helps, and the worth of a retina with gain control.

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
        What falls first, what helps, one sentence per question, and the claim.

    References
    ----------
    Gupta and Sen Bhattacharya (2020), Implementing a foveal-pit inspired filter in a spiking convolutional
    neural network: a preliminary study, IJCNN.
    """
    rows: Rows = {}
    for row in comparisons:
        # Of several pairs that answer a question, the first one counts.
        rows.setdefault((row["question"], row["noise"]), row)
    return [_first_to_fall(results, losses, title), *_what_helps(rows), _claim(rows, title)]


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


def _what_helps(rows: Rows) -> list[str]:
    """Return one sentence per question: in noise of which parts something helps; intervals are corrected."""
    sentences = []
    for question, helper in HELPERS.items():
        parts = {
            noise.removeprefix(f"{ALL} "): row
            for (about, noise), row in rows.items()
            if about == question and noise.startswith(f"{ALL} ")
        }
        if parts:
            sentences.append(f"{capital(helper)} {_in_noise_of(parts)}{_of_training(rows, question)}.")
    return sentences or ["No comparison was made: there was one network, and its ANN never saw the noise."]


def _in_noise_of(parts: Mapping[str, Row]) -> str:
    words = []
    for sign, verb in ((1, "helps"), (-1, "harms"), (0, "makes no significant difference")):
        named = [
            f"{PART_NAMES[part]} ({points_of(row)})"
            for part, row in parts.items()
            if sign == row["significant"] * (1 if row["difference"] > 0 else -1)
        ]
        words += [f"{verb} in noise of {listed(named)}"] if named else []
    return "; it ".join(words)


def _of_training(rows: Rows, question: str) -> str:
    """Return the gain by training in noise, in the kinds that it showed and in others like them."""
    gains = [
        f"{points_of(rows[question, label])} {words}"
        for label, words in ((SEEN, "in kinds that it showed"), (UNSEEN, "in others like them"))
        if (question, label) in rows
    ]
    return f"; {listed(gains)}" if gains else ""


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
