"""Differences and agreement of two runs of the same trials, and the sentences that say them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.report.formats import number
from bioscnn.studies.divergence import Divergence
from bioscnn.studies.paired import ACCURACY, LATENCY, SPIKES, PairedDifference

RECORD_ALL = "run the studies again with --set readout.record=all"


@dataclass(frozen=True)
class PopulationDifference:
    """How the spikes of one population differ between two runs.

    Parameters
    ----------
    name : str
        The population.
    in_full : bool
        Whether both runs recorded every spike; otherwise only counts are compared.
    spikes : tuple of int
        Spikes in the first and in the second run.
    only_in_one : tuple of int, or None
        Spikes that only the first has, and only the second; None where spikes were not recorded in full.
    trials : int
        Trials whose spikes, or numbers of spikes, differ.
    neurons : int
        Neurons whose number of spikes in all trials together differs.
    """

    name: str
    in_full: bool
    spikes: tuple[int, int]
    only_in_one: tuple[int, int] | None
    trials: int
    neurons: int

    @property
    def share_in_one(self) -> float | None:
        """Spikes that only one run has, as a share of those that any has."""
        if self.only_in_one is None:
            return None
        alone = sum(self.only_in_one)
        return alone / max(1, (sum(self.spikes) + alone) // 2)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two runs of the same networks under the same input, spike by spike.

    Parameters
    ----------
    settings : tuple of dict
        Of the two runs: folder, device, precision in which it computed, connectivity, jobs, versions.
    n_trials : int
        Trials of each.
    populations : tuple of PopulationDifference
        All that fire, from the input on.
    trials : ndarray of int64
        Trials whose spikes differ.
    class_changed : ndarray of int64
        Trials that were given another class, by the readout of the study.
    readout_apart : float
        Largest difference between two potentials of the readout, V.
    divergences : tuple of Divergence
        The first spike that only one run has, of each trial that has one.
    """

    settings: tuple[dict[str, Any], dict[str, Any]]
    n_trials: int
    populations: tuple[PopulationDifference, ...]
    trials: NDArray[np.int64]
    class_changed: NDArray[np.int64]
    readout_apart: float
    divergences: tuple[Divergence, ...]

    @property
    def identical(self) -> bool:
        """Whether all recorded spikes, all counts and all classes are the same."""
        same = all(p.trials == p.neurons == 0 for p in self.populations)
        return same and not len(self.class_changed)

    @property
    def in_full(self) -> bool:
        """Whether every spike of every population was compared."""
        return all(population.in_full for population in self.populations)

    @property
    def causes(self) -> dict[str, int]:
        """In how many of the trials that differ rounding explains it, does not, or cannot be told to.

        Where some populations were not recorded, a spike that rounding cannot explain may come from them.
        """
        judgements = [d.by_rounding for d in self.divergences]
        explained, refuted = judgements.count(True), judgements.count(False) if self.in_full else 0
        untold = len(self.trials) - explained - refuted
        return {"rounding": explained, "not rounding": refuted, "not told": untold}

    @property
    def precisions(self) -> tuple[str, str]:
        """In which the two runs computed."""
        one, other = self.settings
        return one["precision"], other["precision"]

    def as_dict(self) -> dict[str, Any]:
        """Return the comparison for JSON; potentials in V."""
        n = self.n_trials

        def share(trials: NDArray[np.int64]) -> dict[str, Any]:
            return {"n": len(trials), "share": len(trials) / n, "trials": trials.tolist()}

        return {
            "identical": self.identical,
            "in_full": self.in_full,
            "runs": list(self.settings),
            "n_trials": n,
            "trials_that_differ": share(self.trials),
            "class_changed": share(self.class_changed),
            "readout_apart": self.readout_apart,
            "populations": [asdict(p) | {"share_in_one": p.share_in_one} for p in self.populations],
            "first_divergence": _as_dict(self.divergences[0]) if self.divergences else None,
            "causes": self.causes,
            "verdict": verdict(self),
        }


@dataclass(frozen=True, eq=False)
class RunComparison:
    """Two runs of the same trials.

    Parameters
    ----------
    settings : tuple of dict
        Of the two runs: folder, device, precision in which it computed, connectivity, jobs, versions.
    n_trials : int
        Trials of each.
    keys : dict
        Keys of the two studies that differ, and the value of each in the first and in the second.
    differences : tuple of PairedDifference
        Of accuracy, latency and spikes, trial by trial.
    spikes : Comparison or None
        Spike by spike; None where networks, input or clock are not the same, so that spikes cannot be.
    spikes_in : tuple of float or None
        Spikes that come in per trial in the first and the second run, which `differences` do not count; None
        where currents flow in.
    """

    settings: tuple[dict[str, Any], dict[str, Any]]
    n_trials: int
    keys: dict[str, tuple[Any, Any]]
    differences: tuple[PairedDifference, ...]
    spikes: Comparison | None
    spikes_in: tuple[float | None, float | None] = (None, None)

    @property
    def as_expected(self) -> bool:
        """Whether no spike differs where none should: true where the networks are not the same."""
        return self.spikes is None or self.spikes.identical

    @property
    def sentences(self) -> list[str]:
        """What the comparison comes to, one sentence per quantity, and one about the spikes."""
        first, second = self.spikes_in
        came_in = [] if first == second else [
            f"Spikes that come in are not counted: {number(first or 0)} per trial in the first run, "
            f"{number(second or 0)} in the second."
        ]  # fmt: skip
        spikes = [] if self.spikes is None else [verdict(self.spikes)]
        return [*map(sentence, self.differences), *came_in, *spikes]

    def as_dict(self) -> dict[str, Any]:
        """Return the comparison for JSON; potentials in V."""
        return {
            "runs": list(self.settings),
            "n_trials": self.n_trials,
            "keys_that_differ": {key: list(values) for key, values in self.keys.items()},
            "differences": [difference.as_dict() for difference in self.differences],
            "input_spikes_per_trial": list(self.spikes_in),
            "spike_by_spike": self.spikes is not None,
            **({} if self.spikes is None else self.spikes.as_dict()),
            "verdict": " ".join(self.sentences),
        }


WORDS = {
    ACCURACY: ("accuracy", "is more accurate", "is less accurate", "points", 100.0),
    LATENCY: ("latency", "decides later", "decides earlier", "ms", 1.0),
    SPIKES: ("spikes per trial", "fires more", "fires less", "spikes per trial", 1.0),
}
"""Of each quantity: what it is called, what more of it is, what less of it is, and its unit and scale."""


def sentence(paired: PairedDifference) -> str:
    """Say in one sentence by how much the second run differs from the first, if it does significantly."""
    name, more, less, unit, scale = WORDS[paired.quantity]
    estimate = paired.difference
    if estimate is None:
        runs = [which for which, mean in (("first", paired.first), ("second", paired.second)) if mean is None]
        return f"No trial of the {' and of the '.join(runs)} run comes to a decision: there is no {name}."
    p = 1.0 if estimate.p_holm is None else estimate.p_holm
    evidence = f"n = {estimate.trials:,}, p {'< 0.001' if p < 0.001 else f'= {p:.2g}'}"
    if not estimate.significant:
        return f"No difference in {name} was found ({evidence})."
    low, high = scale * (estimate.low_holm or 0.0), scale * (estimate.high_holm or 0.0)
    if estimate.value < 0:
        low, high = -high, -low
    return (
        f"The second run {more if estimate.value > 0 else less}: by {number(abs(scale * estimate.value))} "
        f"{unit} [{number(low)}, {number(high)}] ({evidence})."
    )


def _as_dict(divergence: Divergence) -> dict[str, Any]:
    derived = ("apart", "missed_by", "by_rounding")
    return asdict(divergence) | {name: getattr(divergence, name) for name in derived}


def verdict(comparison: Comparison) -> str:
    """Say in one sentence whether rounding explains the differences, and by what evidence."""
    causes, n = comparison.causes, len(comparison.trials)
    if comparison.identical:
        where = "" if comparison.in_full else ", as far as spikes were recorded"
        return f"The runs are identical, spike for spike{where}."
    if not n:
        return "All spikes are the same, but classes differ: the potentials of the readout do."
    if causes["not rounding"]:
        wrong = next(d for d in comparison.divergences if d.by_rounding is False)
        return (
            f"Rounding does not explain it: in {causes['not rounding']} of {n} trials that differ, first in "
            f"trial {wrong.trial}, the two potentials or the threshold were further apart than rounding is."
        )
    if causes["not told"]:
        return (
            f"Whether rounding explains it cannot be told in {causes['not told']} of {n} trials that differ, "
            f"since spikes or potentials were not recorded there: {RECORD_ALL}."
        )
    name = "Single precision" if "float32" in comparison.precisions else "Rounding in double precision"
    decided = [(d.decided_by, d.tolerance) for d in comparison.divergences if d.decided_by and d.tolerance]
    volt, part = (
        max((v for v, _ in decided), default=0.0),
        max((v / limit for v, limit in decided), default=0.0),
    )
    return (
        f"{name} explains it: in all {n} trials that differ, the neuron that fired in one run alone came "
        f"within {_nanovolt(volt)} of its threshold in the other, and of the same potential one step before; "
        f"that is at most {part:.2g} of what rounding may come to there."
    )


def _nanovolt(volt: float) -> str:
    return f"{1e9 * volt:.3g} nV"
