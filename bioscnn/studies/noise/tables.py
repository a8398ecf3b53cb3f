"""From the classes of every unit to tables with intervals and tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.metrics import CrossedResamples, Estimate, holm, mcnemar, mean_difference, wilson
from bioscnn.noise import Noise
from bioscnn.seeds import stream
from bioscnn.studies.noise.conditions import CLEAN, Amount
from bioscnn.studies.noise.contestants import QUESTIONS, SEEN_IN_TRAINING
from bioscnn.studies.noise.unit import Found

Row = dict[str, Any]

ALL = "all"
SPIKING, ANN = "spiking", "ann"
SEEN, UNSEEN = "seen in training", "not seen in training"


@dataclass(frozen=True, eq=False)
class Results:
    """What every unit of a study came to.

    Parameters
    ----------
    found : mapping
        By contestant, the main one first, then by noise, of which `CLEAN` is one.
    labels : ndarray of int64, shape (n_trials,)
        True classes.
    kinds : mapping
        The noises by name.
    amount : Amount
        What was done.
    """

    found: Mapping[str, Mapping[str, Found]]
    labels: NDArray[np.int64]
    kinds: Mapping[str, type[Noise]]
    amount: Amount

    @cached_property
    def resamples(self) -> CrossedResamples:
        """The same ones for every number, so that equal answers have equal intervals."""
        groups, seeds = max(1, len(self.kinds)), len(self.amount.seeds)
        return CrossedResamples.draw(groups, seeds, len(self.labels), stream(1, "noise study", "bootstrap"))

    @property
    def main(self) -> str:
        """The contestant that is judged by itself."""
        return next(iter(self.found))

    def has(self, contestant: str, noise: str, method: str = SPIKING) -> bool:
        """Whether a contestant met a noise, its trained network (`ANN`) or the spiking one."""
        return method in self._methods(contestant, noise)

    def _methods(self, contestant: str, noise: str) -> list[str]:
        found = self.found.get(contestant, {}).get(noise, {})
        return [method for method, name in ((SPIKING, "chosen"), (ANN, "ann")) if name in found]

    def right(self, contestant: str, noise: str, method: str = SPIKING) -> NDArray[np.float64]:
        """Return whether answers were right, (n_severities, n_seeds, n_trials); clean (1, 1, n_trials)."""
        found = self.found[contestant][noise]
        answers = found["chosen" if method == SPIKING else "ann"]
        return np.asarray(answers == self.labels, np.float64)

    def loss(self, noise: str) -> Estimate:
        """Return what a noise costs the main contestant at the judged severity, in accuracy."""
        at = self.amount.severities.index(self.amount.judged_severity)
        clean = self.right(self.main, CLEAN)[0]
        return self.resamples.mean((clean - self.right(self.main, noise)[at])[None])


def accuracy_rows(results: Results) -> list[Row]:
    """Return the rows of ``accuracy.csv``: one a contestant, method, noise and severity.

    Latency is the mean over seeds of the median over trials. Clean accuracies have the interval of Wilson;
    those in noise that of trials crossed with seeds.
    """
    rows = []
    for contestant, units in results.found.items():
        for noise in (CLEAN, *results.kinds):
            if noise not in units:
                continue
            kind = results.kinds.get(noise)
            severities = (0,) if kind is None else results.amount.severities
            for method in results._methods(contestant, noise):
                right = results.right(contestant, noise, method)
                for k, severity in enumerate(severities):
                    rows.append(
                        {
                            "contestant": contestant,
                            "method": method,
                            "noise": noise,
                            "acts_on": CLEAN if kind is None else kind.acts_on,
                            "severity": severity,
                            "amount": "" if kind is None else kind.at(severity).setting,
                            **_share(results, right[k]),
                            **_activity(units[noise], method, k),
                            "n": right.shape[2],
                            "seeds": right.shape[1],
                        }
                    )
    return rows


def _share(results: Results, right: NDArray[np.float64]) -> Row:
    """Return an accuracy with its interval; where all answers are right, or wrong, that of one seed's."""
    n_seeds, n = right.shape
    if n_seeds == 1 or right.min() == right.max():
        share: Any = wilson(int(right[0].sum()), n)
    else:
        share = results.resamples.mean(right[None])
    return {"accuracy": share.value, "low": share.low, "high": share.high}


def _activity(found: Found, method: str, k: int) -> Row:
    if method == ANN:
        return {"latency_ms": None, "spikes": None}
    return {name: float(found[name][k].mean()) for name in ("latency_ms", "spikes")}


def comparison_rows(results: Results) -> list[Row]:
    """Return the rows of ``comparisons.csv``: first less second, in accuracy, on the same trials and noise.

    Of each pair that answers a question: clean, under each noise (mean over severities), and the means over
    `ALL` noises, over those that act on the same thing if there are others, and, of training in noise, over
    those that it showed and those that it did not. ``p_holm`` is corrected for all tests of the table.
    """
    pairs = [
        (question, (first, SPIKING), (second, SPIKING))
        for question, asked in QUESTIONS.items()
        for first, second in asked
        if first in results.found and second in results.found
    ]
    pairs.append(("spiking", (results.main, SPIKING), (results.main, ANN)))
    rows = [row for pair in pairs for row in _compare(results, *pair)]
    adjusted = holm(np.array([row["p"] for row in rows]))
    return [row | {"p_holm": float(p)} for row, p in zip(rows, adjusted, strict=True)]


def _compare(results: Results, question: str, first: tuple[str, str], second: tuple[str, str]) -> list[Row]:
    differences = {
        noise: results.right(first[0], noise, first[1]) - results.right(second[0], noise, second[1])
        for noise in (CLEAN, *results.kinds)
        if results.has(first[0], noise, first[1]) and results.has(second[0], noise, second[1])
    }
    labels = [name if method == SPIKING else f"{name}, ANN" for name, method in (first, second)]
    told: Row = {"question": question, "first": labels[0], "second": labels[1]}
    rows = [told | {"noise": CLEAN, "acts_on": CLEAN, **_clean(differences.pop(CLEAN)[0, 0])}]
    for noise, acts_on, members in _groups(results, list(differences), question):
        estimate = results.resamples.mean(np.stack([differences[name].mean(axis=0) for name in members]))
        numbers = {"difference": estimate.value, "low": estimate.low, "high": estimate.high, "p": estimate.p}
        rows.append(told | {"noise": noise, "acts_on": acts_on, **numbers})
    return [row | {"n": len(results.labels)} for row in rows]


def _clean(difference: NDArray[np.float64]) -> Row:
    scores = difference.astype(np.int64)
    estimate = mean_difference(scores)
    p = mcnemar(scores < 0, scores > 0)
    return {"difference": estimate.value, "low": estimate.low, "high": estimate.high, "p": p}


def _groups(results: Results, names: Sequence[str], question: str) -> list[tuple[str, str, list[str]]]:
    """Return each noise by itself, then the groups of which the mean is taken: label, acts on, members."""
    groups = [(name, str(results.kinds[name].acts_on), [name]) for name in names]
    whole = list(dict.fromkeys(acts_on for _, acts_on, _ in groups))
    for acts_on in whole:
        members = [name for name in names if results.kinds[name].acts_on == acts_on]
        if len(whole) > 1:
            groups.append((f"{ALL} {acts_on}", acts_on, members))
        if question == "noise-training" and acts_on in SEEN_IN_TRAINING:
            seen = SEEN_IN_TRAINING[acts_on]
            parts = (
                (SEEN, [n for n in members if n in seen]),
                (UNSEEN, [n for n in members if n not in seen]),
            )
            groups += [(label, acts_on, part) for label, part in parts if part]
    if names:
        groups.append((ALL, ALL, list(names)))
    return groups
