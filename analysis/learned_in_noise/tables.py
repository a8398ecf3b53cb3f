"""Tables of the comparison: accuracy in every noise, differences, and what each network costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.learned_in_noise.contestants import (
    COMPETITIVE,
    CONTESTANTS,
    CONVOLUTIONAL,
    FEW,
    FINE_TUNED,
    LIKELIHOOD,
    NOISE_TRAINED,
    RATE,
    TIME,
    UNDISTORTED,
    Amount,
    Converted,
)
from bioscnn.experiments.classify import correct_of
from bioscnn.experiments.experiment import Done, Row
from bioscnn.experiments.retrained import NETWORK
from bioscnn.experiments.rows import (
    NOISE_SEEDS,
    TRAINING_SEEDS,
    corrected_rows,
    estimate_cells,
    finding,
    share_cells,
)
from bioscnn.experiments.unit import Unit
from bioscnn.noise import Noise
from bioscnn.noise.parts import part_of
from bioscnn.statistics import Estimate, difference, mean, proportion, score_mean

CLEAN, ALL_IMAGES = "clean", "all images"
PRIMARY, EACH, LOSSES, FURTHER = "primary", "each noise", "losses", "further"
"""Families of tests. The first alone is not exploratory: it was named, as were all settings, before any
network of this experiment was shown the digits that are scored."""

CONVERTED = (RATE, UNDISTORTED, FINE_TUNED, NOISE_TRAINED, TIME)

PAIRS = [(one, other) for one in (COMPETITIVE, CONVOLUTIONAL) for other in (RATE, UNDISTORTED)]
"""Whose differences are the families `PRIMARY` and `EACH`: each learned network less networks of rates."""

OTHER_PAIRS = [
    *((one, other) for one in (COMPETITIVE, CONVOLUTIONAL) for other in (FINE_TUNED, NOISE_TRAINED, TIME)),
    (LIKELIHOOD, COMPETITIVE),
    (CONVOLUTIONAL, COMPETITIVE),
    *((other, RATE) for other in (UNDISTORTED, FINE_TUNED, NOISE_TRAINED)),
]
"""Whose differences are the family `FURTHER`."""

BOTH = (*TRAINING_SEEDS, *NOISE_SEEDS)

Correct = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Results:
    """Outcomes by network, noise and seed.

    Parameters
    ----------
    done : Done
        Trainings and simulations.
    kinds : mapping
        Noises by name.
    amount : Amount
        Which digits are scored.
    """

    done: Done
    kinds: Mapping[str, type[Noise]]
    amount: Amount

    @property
    def names(self) -> list[str]:
        """The networks, competing neurons once for each of their readouts."""
        order = [*CONTESTANTS]
        order.insert(order.index(COMPETITIVE) + 1, LIKELIHOOD)
        return [name for name in order if self.units(name, CLEAN)]

    def units(self, name: str, condition: str) -> list[Unit]:
        """Return the units of a network under a condition, one per seed; none if it cannot have the noise."""
        return self.done.where(COMPETITIVE if name == LIKELIHOOD else name, condition)

    def correct(self, name: str, condition: str) -> Correct:
        """Return which answers to the digits that are scored were right, shape (n_seeds, n_trials)."""
        right = np.stack([self._right(name, unit) for unit in self.units(name, condition)])
        return right[:, self.amount.looked_at :]

    def _right(self, name: str, unit: Unit) -> Correct:
        outcome = self.done[unit]
        if name == LIKELIHOOD:
            return np.asarray(outcome["chosen_likelihood"] == outcome["label"])
        if isinstance(CONTESTANTS[name], Converted):
            return correct_of(outcome, unit.study.config.readout.rule)
        return np.asarray(outcome["chosen"] == outcome["label"])

    def each(self, name: str, condition: str, what: str) -> NDArray[Any]:
        """Return an array of every seed's outcome for all digits shown, shape (n_seeds, ...)."""
        return np.stack([self.done[unit][what] for unit in self.units(name, condition)])

    def training_seconds(self, name: str) -> NDArray[np.float64]:
        """Return the processor time of each seed's trainings, s, shape (n_seeds,); NaN if one was resumed."""
        trained = COMPETITIVE if name == LIKELIHOOD else name
        seeds = [unit.study.config.simulation.seed for unit in self.units(name, CLEAN)]
        trainings = [self.done.where(f"{trained}, seed {seed}", NETWORK) for seed in seeds]
        return np.array([sum(float(self.done[unit]["cpu_seconds"]) for unit in units) for units in trainings])


def seeds_of(condition: str) -> tuple[str, ...]:
    """Return what differs from seed to seed under a condition."""
    return TRAINING_SEEDS if condition in (CLEAN, FEW) else BOTH


def accuracy_rows(results: Results) -> list[Row]:
    """Return ``accuracy.csv``: one row per network and condition."""
    rows = []
    for condition in (CLEAN, FEW, *results.kinds):
        kind = results.kinds.get(condition)
        for name in results.names:
            if not results.units(name, condition):
                continue
            right = results.correct(name, condition)
            noise = results.units(name, condition)[0].study.config.noise.get(condition)
            rows.append(
                {
                    "noise": condition,
                    "setting": "" if noise is None else noise.setting,
                    "part": condition if kind is None else part_of(condition, kind.acts_on),
                    "network": name,
                    **share_cells(proportion(right, seeds=seeds_of(condition))),
                    "spikes": float(results.each(name, condition, "spikes").mean()),
                    "n": right.shape[1],
                    "seeds": right.shape[0],
                }
            )
    return rows


def network_rows(results: Results) -> list[Row]:
    """Return ``networks.csv``: accuracy of every network on clean digits, and what its training took."""
    rows = []
    for name in results.names:
        seconds = results.training_seconds(name)
        for place, unit in enumerate(results.units(name, CLEAN)):
            accuracy = float(results.correct(name, CLEAN)[place].mean())
            seed = unit.study.config.simulation.seed
            rows.append({"network": name, "seed": seed, "accuracy": accuracy, "training_s": seconds[place]})
    return rows


def cost_rows(results: Results) -> list[Row]:
    """Return ``cost.csv``: which labels and digits each network gets, and what training and an answer take.

    Costs are means over all clean digits that are shown, those before the scored ones too; ``decided_ms`` is
    the median over digits of the time after which a converted network does not change its mind, a mean over
    seeds.
    """
    rows, amount = [], results.amount
    for name in results.names:
        contestant = CONTESTANTS[COMPETITIVE if name == LIKELIHOOD else name]
        converted = isinstance(contestant, Converted)
        units, seconds = results.units(name, CLEAN), results.training_seconds(name)
        whole = seconds[~np.isnan(seconds)]
        keys = units[0].study.config.simulation
        rows.append(
            {
                "network": name,
                "labels": amount.labels,
                "digits": amount.labels if converted else contestant.digits(amount),
                "training_s": float(whole.mean()) if len(whole) else None,
                "training_least_s": float(whole.min()) if len(whole) else None,
                "training_most_s": float(whole.max()) if len(whole) else None,
                "trainings_timed": len(whole),
                **share_cells(proportion(results.correct(name, CLEAN), seeds=TRAINING_SEEDS)),
                **estimate_cells("spikes", _mean(results.each(name, CLEAN, "spikes"))),
                "input_spikes": _input_spikes(results, name),
                "synops": float(results.each(name, CLEAN, "synops").mean()),
                "decided_ms": float(np.median(results.each(name, CLEAN, "latency_ms"), axis=1).mean())
                if converted
                else None,
                "trial_ms": 1e3 * keys.n_steps * keys.dt
                if converted
                else float(results.each(name, CLEAN, "trial_ms").mean()),
                "seeds": len(units),
            }
        )
    return rows


def _mean(values: NDArray[Any]) -> Estimate:
    return mean(values, seeds=TRAINING_SEEDS)


def _input_spikes(results: Results, name: str) -> float | None:
    """Return the input spikes per digit; None where converted networks have no such thing or do not count."""
    outcome = results.done[results.units(name, CLEAN)[0]]
    return float(results.each(name, CLEAN, "input_spikes").mean()) if "input_spikes" in outcome else None


def comparison_rows(results: Results) -> list[Row]:
    """Return ``comparisons.csv``: accuracy of one network less that of another under the same condition.

    The primary family is `PAIRS` on clean digits, with few labels, and in the mean over all noises of images.
    Rows ``all ...`` are means over the noises of a part, and hold for these kinds of noise.
    """
    families: dict[str, list[tuple[Row, Estimate]]] = {role: [] for role in (PRIMARY, EACH, LOSSES, FURTHER)}
    for pair in (*PAIRS, *OTHER_PAIRS):
        cells, asked = {"first": pair[0], "second": pair[1]}, pair in PAIRS
        for condition in (CLEAN, FEW):
            if all(results.units(one, condition) for one in pair):
                clean = [results.correct(one, condition) for one in pair]
                compared = cells | {"noise": condition}, difference(*clean, seeds=TRAINING_SEEDS)
                families[PRIMARY if asked else FURTHER].append(compared)
        for label, members in groups(results, pair):
            right = [np.stack([results.correct(one, noise) for noise in members]) for one in pair]
            # One network meets all kinds: they share what its training seed did.
            mean_difference = score_mean(np.subtract(*right, dtype=np.float64), seeds=BOTH, shared_seeds=True)
            family = (PRIMARY if label == ALL_IMAGES else EACH) if asked else FURTHER
            families[family].append((cells | {"noise": label}, mean_difference))
    for name in results.names:
        for condition in (FEW, *results.kinds):
            if results.units(name, condition):
                right = [results.correct(name, one) for one in (condition, CLEAN)]
                cells = {"first": name, "second": "the same, clean", "noise": condition}
                families[LOSSES].append((cells, difference(*right, seeds=seeds_of(condition))))
    return [
        {"role": role, **row, "finding": finding(row)}
        for role, family in families.items()
        for row in corrected_rows(family, role)
    ]


def groups(results: Results, pair: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Return each noise that both of a pair met, and the parts of which they met several: label, members."""
    met = [noise for noise in results.kinds if all(results.units(one, noise) for one in pair)]
    parts: dict[str, list[str]] = {}
    for noise in met:
        parts.setdefault(part_of(noise, results.kinds[noise].acts_on), []).append(noise)
    return [(noise, [noise]) for noise in met] + [
        (f"all {part}", members) for part, members in parts.items() if len(members) > 1
    ]
