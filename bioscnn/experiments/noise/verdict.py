"""What came out, in three sentences that are made of the numbers."""

from __future__ import annotations

from collections.abc import Sequence

from bioscnn.metrics import Estimate
from bioscnn.studies.noise.conditions import CLEAN
from bioscnn.studies.noise.tables import ALL, SEEN, UNSEEN, Results, Row

Rows = dict[tuple[str, str], Row]
"""By question and noise."""

CHANCE = "that can be told from chance"

NAMED = 3
"""So many of the noises that cost most are named."""

HELPERS = {
    "retina": "the retina",
    "noise-training": "training in noise",
    "fine-tuning": "fine-tuning on spikes",
    "spiking": "spiking instead of its own ANN",
}
"""What may help, of the questions of a study."""


def verdict_of(results: Results, comparisons: Sequence[Row], title: str) -> list[str]:
    """Say what noise destroys first, what helps, and what becomes of the ancestor's claim about filters.

    Nothing is said to cost, to help or to harm unless its interval leaves zero out.

    Parameters
    ----------
    results : Results
        What every unit came to.
    comparisons : sequence of dict
        Rows of ``comparisons.csv``.
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
        # Of several pairs that answer a question, the first one is told.
        rows.setdefault((row["question"], row["noise"]), row)
    return [_first_to_fall(results, title), _what_helps(rows, results), _claim(rows, results, title)]


def _first_to_fall(results: Results, title: str) -> str:
    severity, main = results.amount.judged_severity, results.main
    losses = {name: results.loss(name) for name in results.kinds if results.has(main, name)}
    order = sorted(losses, key=lambda name: -losses[name].value)
    costly = [name for name in order if losses[name].low > 0]
    free = [_words(name) for name in order if not losses[name].told_from_zero]
    gains = [f"{_words(name)} ({_points(losses[name], -1)})" for name in order if losses[name].high < 0]
    named = [
        f"{_words(name)} at {results.kinds[name].at(severity).setting} ({_points(losses[name])})"
        for name in costly[:NAMED]
    ]
    others = len(costly) - len(named)
    parts = []
    if named:
        rest = f", then to {_listed(named[1:])}" if named[1:] else ""
        parts.append(f"loses most to {named[0]}{rest}")
    if others:
        parts.append(f"less to {others} other {'kind' if others == 1 else 'kinds'}")
    if free:
        parts.append(f"{'' if costly else 'loses '}nothing {CHANCE} to {_listed(free)}")
    if gains:
        parts.append(f"gains by {_listed(gains)}")
    return f"In noise of severity {severity}, {main} on {title} {'; '.join(parts)}."


def _what_helps(rows: Rows, results: Results) -> str:
    asked = {question: rows[question, ALL] for question in HELPERS if (question, ALL) in rows}
    if not asked:
        return "Whether anything helps was not asked: there was one network, and its ANN never saw the noise."
    signs = {question: (row["low"] > 0) - (row["high"] < 0) for question, row in asked.items()}
    parts = []
    for sign, one, several in (
        (1, "helps", "help"),
        (-1, "harms", "harm"),
        (0, f"does neither {CHANCE}", f"do neither {CHANCE}"),
    ):
        told = [f"{HELPERS[q]} ({_all(rows, q, results)})" for q in asked if signs[q] == sign]
        parts += [f"{_listed(told)} {one if len(told) == 1 else several}"] if told else []
    nothing = "nothing helps: " * (1 not in signs.values())
    return f"Over all kinds and severities of noise, {nothing}{'; '.join(parts)}."


def _all(rows: Rows, question: str, results: Results) -> str:
    """Return what something gains over all noises; training in noise also over those that it showed."""
    told = _difference(rows[question, ALL])
    if question == "spiking":
        told += f" in noise of the {'recordings' if _events(results) else 'images'}"
    for label, words in ((SEEN, "in kinds that it showed"), (UNSEEN, "in others like them")):
        if (question, label) in rows:
            told += f", {_difference(rows[question, label])} {words}"
    return told


def _claim(rows: Rows, results: Results, title: str) -> str:
    if ("retina", CLEAN) in rows:
        return _claim_of_filters(rows, title)
    if ("noise-training", ALL) not in rows:
        return f"Whether filters or training in noise defend a network on {title} was not asked."
    clean, noisy = (rows["noise-training", noise] for noise in (CLEAN, ALL))
    works = "does" if noisy["low"] > 0 else "does not either"
    return (
        f"No retina with its filters defends a network on {title}; training in noise, which needs no "
        f"biology, {works}: {_difference(noisy)} in noise, {_difference(clean)} without."
    )


def _claim_of_filters(rows: Rows, title: str) -> str:
    clean = rows["retina", CLEAN]
    noisy = rows.get(("retina", f"{ALL} images"), rows.get(("retina", ALL)))
    told, holds = [f"{_difference(clean)} without noise"], ["without noise"] * (clean["low"] > 0)
    if noisy is not None:
        told.append(f"{_difference(noisy)} in noise")
        holds += ["in noise"] * (noisy["low"] > 0)
    judged = ("holds neither without noise nor in it", f"holds only {''.join(holds)}", "holds")[len(holds)]
    return (
        "That filters help in both a noise-free and a noisy environment (Gupta and Bhattacharya 2020) "
        f"{judged} on {title}: the retina is worth {' and '.join(told)}."
    )


def _events(results: Results) -> bool:
    return any(kind.acts_on == "events" for kind in results.kinds.values())


def _words(name: str) -> str:
    return name.replace("-", " ").replace("gaussian", "Gaussian")


def _listed(parts: Sequence[str]) -> str:
    return ", ".join(parts[:-1]) + " and " * (len(parts) > 1) + parts[-1]


def _difference(row: Row) -> str:
    value, low, high = (100 * row[key] for key in ("difference", "low", "high"))
    return f"{value:+.1f} points [{low:+.1f}, {high:+.1f}]".replace("-", "\N{MINUS SIGN}")


def _points(loss: Estimate, sign: int = 1) -> str:
    value, *ends = (100 * sign * part for part in (loss.value, loss.low, loss.high))
    return f"{value:.1f} points [{min(ends):.1f}, {max(ends):.1f}]"
