"""Tables of the noise experiment: accuracies, losses, and what helps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioscnn.experiments.classify import correct_of
from bioscnn.experiments.experiment import Done, Row
from bioscnn.experiments.noise.conditions import CLEAN, Amount
from bioscnn.experiments.noise.networks import QUESTIONS, SEEN_IN_TRAINING
from bioscnn.experiments.rows import NOISE_SEEDS, TRAINING_SEEDS, corrected_rows, share_cells
from bioscnn.experiments.unit import Outcome
from bioscnn.noise import Noise
from bioscnn.noise.parts import part_of
from bioscnn.seeds import stream
from bioscnn.statistics import Estimate, difference, proportion, score_mean

ALL = "all"
"""In the place of a noise: the mean over all kinds."""

SPIKING, ANN = "spiking", "ann"
SEEN, UNSEEN = "seen in training", "not seen in training"

MENUS = 2000
"""So many menus of kinds are drawn to say how much a mean over kinds depends on which they are."""

Correct = NDArray[np.bool_]
Scores = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Results:
    """Outcomes of the noise experiment by network, noise, severity and seed.

    Parameters
    ----------
    done : Done
        Units and outcomes.
    networks : tuple of str
        Names of what is compared; the first one is judged by itself.
    kinds : mapping
        The noises by name.
    amount : Amount
        Trials, severities, seeds.
    rule : str
        Readout.
    retrained : bool
        Whether each seed has a network of its own, trained with that seed, beside its own noise.
    """

    done: Done
    networks: tuple[str, ...]
    kinds: Mapping[str, type[Noise]]
    amount: Amount
    rule: str
    retrained: bool = False

    @property
    def seeds(self) -> tuple[str, ...]:
        """What differs from seed to seed in noise."""
        return TRAINING_SEEDS * self.retrained + NOISE_SEEDS

    @property
    def clean_seeds(self) -> tuple[str, ...]:
        """What differs from seed to seed without noise."""
        return TRAINING_SEEDS if self.retrained else NOISE_SEEDS

    @property
    def main(self) -> str:
        """The network that is judged by itself."""
        return self.networks[0]

    def outcomes(self, network: str, noise: str, severity: float = 0) -> list[Outcome]:
        """Return the outcomes of a network in a noise, one per seed; none if the noise does not fit it."""
        return [self.done[unit] for unit in self.done.where(network, noise) if unit.severity == severity]

    def has(self, network: str, noise: str, method: str = SPIKING) -> bool:
        """Whether a network met a noise; the trained one (`ANN`) meets only that of its input."""
        units = self.done.where(network, noise)
        return bool(units) and (method == SPIKING or "ann" in self.done[units[0]])

    def correct(self, network: str, noise: str, severity: float = 0, method: str = SPIKING) -> Correct:
        """Return which answers were right, shape (n_seeds, n_trials)."""
        return np.stack(
            [
                correct_of(outcome, self.rule) if method == SPIKING else outcome["ann"] == outcome["label"]
                for outcome in self.outcomes(network, noise, severity)
            ]
        )

    def loss(self, noise: str) -> Estimate:
        """Return the accuracy that a noise costs the first network at the judged severity, trial by trial."""
        noisy = self.correct(self.main, noise, self.amount.judged_severity)
        clean = np.broadcast_to(self.correct(self.main, CLEAN), noisy.shape)
        return difference(clean, noisy, seeds=self.seeds)


def accuracy_rows(results: Results) -> list[Row]:
    """Return ``accuracy.csv``: one row per network, method, noise and severity.

    Latency is the mean over seeds of the median over trials; spikes are the mean per trial.
    """
    rows = []
    for network in results.networks:
        for noise in (CLEAN, *results.kinds):
            if not results.has(network, noise):
                continue
            kind = results.kinds.get(noise)
            severities = (0,) if kind is None else results.amount.severities
            for method in (SPIKING, ANN):
                if not results.has(network, noise, method):
                    continue
                for severity in severities:
                    correct = results.correct(network, noise, severity, method)
                    outcomes = results.outcomes(network, noise, severity) if method == SPIKING else []
                    rows.append(
                        {
                            "network": network,
                            "method": method,
                            "noise": noise,
                            "acts_on": CLEAN if kind is None else kind.acts_on,
                            "severity": severity,
                            "amount": "" if kind is None else kind.at(severity).setting,
                            **share_cells(
                                proportion(correct, seeds=results.seeds if kind else results.clean_seeds)
                            ),
                            **_activity(outcomes),
                            "n": correct.shape[1],
                            "seeds": correct.shape[0],
                        }
                    )
    return rows


def _activity(outcomes: Sequence[Outcome]) -> Row:
    if not outcomes:
        return {"latency_ms": None, "spikes": None}
    return {
        "latency_ms": float(np.mean([np.median(outcome["latency_ms"]) for outcome in outcomes])),
        "spikes": float(np.mean([outcome["spikes"] for outcome in outcomes])),
    }


def loss_rows(results: Results) -> list[Row]:
    """Return ``losses.csv``: one row per noise, what it costs the first network at the judged severity.

    The largest loss comes first. p values and intervals are corrected over all kinds.
    """
    severity = results.amount.judged_severity
    compared = [
        (
            {
                "noise": name,
                "acts_on": kind.acts_on,
                "severity": severity,
                "amount": kind.at(severity).setting,
            },
            results.loss(name),
        )
        for name, kind in results.kinds.items()
        if results.has(results.main, name)
    ]
    rows = corrected_rows(compared, "losses")
    return sorted(rows, key=lambda row: -row["difference"])


def comparison_rows(results: Results) -> list[Row]:
    """Return ``comparisons.csv``: accuracy of the first network less that of the second, in the same noise.

    Of each pair that answers a question: clean, in each noise (mean over severities), and the means over the
    noises that act on the same part, such as ``"all synapses"``, over `ALL`, and, of training in noise, over
    those that it showed and those that it did not. There are two families: the questions themselves (clean,
    and in the noises of each part), and everything else, which is exploratory.

    A mean over kinds depends on which kinds were tried. ``menu_low`` and ``menu_high`` enclose 95 % of the
    means over other menus: as many kinds, drawn from these with replacement.
    """
    pairs = [
        (question, (first, SPIKING), (second, SPIKING))
        for question, networks in QUESTIONS.items()
        for first, second in networks
        if first in results.networks and second in results.networks
    ]
    pairs.append(("spiking", (results.main, SPIKING), (results.main, ANN)))
    compared = [row for pair in pairs for row in _compare(results, *pair)]
    order = {id(cells): place for place, (cells, _) in enumerate(compared)}
    main = [(cells, estimate) for cells, estimate in compared if is_question(cells["noise"])]
    exploratory = [(cells, estimate) for cells, estimate in compared if not is_question(cells["noise"])]
    rows = [*corrected_rows(main, "questions"), *corrected_rows(exploratory, "exploratory")]
    places = [order[id(cells)] for cells, _ in (*main, *exploratory)]
    return [row for _, row in sorted(zip(places, rows, strict=True), key=lambda pair: pair[0])]


def is_question(noise: str) -> bool:
    """Whether rows of this noise answer a question; the others are exploratory."""
    return noise == CLEAN or noise.startswith(f"{ALL} ")


def _compare(
    results: Results, question: str, first: tuple[str, str], second: tuple[str, str]
) -> list[tuple[Row, Estimate]]:
    labels = [name if method == SPIKING else f"{name}, ANN" for name, method in (first, second)]
    cells: Row = {"question": question, "first": labels[0], "second": labels[1]}
    names = [noise for noise in results.kinds if results.has(first[0], noise, first[1])]
    names = [noise for noise in names if results.has(second[0], noise, second[1])]
    clean = (results.correct(network, CLEAN, method=method) for network, method in (first, second))
    of_clean = {"noise": CLEAN, "acts_on": CLEAN, "menu_low": None, "menu_high": None}
    compared = [(cells | of_clean, difference(*clean, seeds=results.clean_seeds))]
    for noise, acts_on, members in _groups(results, names, question):
        scores = np.stack([_scores(results, member, first, second) for member in members])
        low, high = _menus(scores.mean(axis=(1, 2))) if len(members) > 1 else (None, None)
        named = {"noise": noise, "acts_on": acts_on, "menu_low": low, "menu_high": high}
        # One network meets all kinds: they share what its training seed did.
        estimate = score_mean(scores, seeds=results.seeds, shared_seeds=results.retrained)
        compared.append((cells | named, estimate))
    return compared


def _menus(kinds: Scores) -> tuple[float, float]:
    """Return the ends of 95 % of the means over menus of kinds, from the mean of each kind."""
    menus = stream(0, "menus of noise").integers(len(kinds), size=(MENUS, len(kinds)))
    low, high = np.quantile(kinds[menus].mean(axis=1), (0.025, 0.975))
    return float(low), float(high)


def _scores(results: Results, noise: str, first: tuple[str, str], second: tuple[str, str]) -> Scores:
    """Return correctness of the first network less that of the second in a noise, shape (n_seeds, n_trials).

    A seed draws the same random numbers at every severity, so that its severities are no sample of seeds:
    their mean is one score.
    """
    correct = [
        np.stack([results.correct(network, noise, k, method) for k in results.amount.severities])
        for network, method in (first, second)
    ]
    return np.asarray(np.subtract(*correct, dtype=np.float64).mean(axis=0))


def _groups(results: Results, names: Sequence[str], question: str) -> list[tuple[str, str, list[str]]]:
    """Return each noise by itself, then the groups of which the mean is taken: label, acts on, members."""
    groups = [(name, str(results.kinds[name].acts_on), [name]) for name in names]
    by_part: dict[str, list[str]] = {}
    for name in names:
        by_part.setdefault(part_of(name, results.kinds[name].acts_on), []).append(name)
    for part, members in by_part.items():
        acts_on = str(results.kinds[members[0]].acts_on)
        groups.append((f"{ALL} {part}", acts_on, members))
        if question == "noise-training" and acts_on in SEEN_IN_TRAINING:
            seen = SEEN_IN_TRAINING[acts_on]
            groups += [
                (label, acts_on, some)
                for label, some in (
                    (SEEN, [n for n in members if n in seen]),
                    (UNSEEN, [n for n in members if n not in seen]),
                )
                if some
            ]
    if names:
        groups.append((ALL, ALL, list(names)))
    return groups
