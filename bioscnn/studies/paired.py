"""Two runs of the same trials, compared trial by trial: accuracy, latency and spikes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.metrics import decision_latency
from bioscnn.network import READOUT
from bioscnn.readout import decisions
from bioscnn.statistics import Estimate, corrected, difference, mean_difference
from bioscnn.studies.run_folder import RunFolder

BLOCK = 100
"""Trials in memory at a time."""

ACCURACY, LATENCY, SPIKES = "accuracy", "latency_ms", "spikes_per_trial"


@dataclass(frozen=True)
class PairedDifference:
    """How much two runs differ in one quantity, over the same trials.

    Parameters
    ----------
    quantity : str
        ``"accuracy"``, by the readout of each study, a share; ``"latency_ms"``, until the decision is
        informed and final; ``"spikes_per_trial"``, of all populations.
    first, second : float or None
        Mean of each run; None for the latency of a run in which no trial comes to a decision.
    difference : Estimate or None
        Second less first; p and interval are corrected for all quantities together. None where a mean is.
    """

    quantity: str
    first: float | None
    second: float | None
    difference: Estimate | None

    def as_dict(self) -> dict[str, Any]:
        """Return the difference for JSON; an interval without ends, as of one trial, has None for both."""
        estimate = self.difference
        names = ("low", "high", "p", "low_holm", "high_holm", "p_holm", "significant", "trials")
        parts = {name: getattr(estimate, name, None) for name in names}
        return {
            "quantity": self.quantity,
            "first": self.first,
            "second": self.second,
            "difference": None if estimate is None else estimate.value,
            **{name: None if part in (np.inf, -np.inf) else part for name, part in parts.items()},
        }


@dataclass(frozen=True, eq=False)
class TrialResults:
    """What each trial of a run came to.

    Parameters
    ----------
    chosen : ndarray of int64, shape (n_trials,)
        Class that the readout of the study chose at the end.
    correct : ndarray of bool, shape (n_trials,)
        Whether it is the true one.
    latency_ms : ndarray of float64, shape (n_trials,), or None
        Time from which that choice is informed and final; None if no spike reaches the readout in any trial.
    spikes : ndarray of int64, shape (n_trials,)
        Of all populations that fire.
    """

    chosen: NDArray[np.int64]
    correct: NDArray[np.bool_]
    latency_ms: NDArray[np.float64] | None
    spikes: NDArray[np.int64]

    @classmethod
    def of(cls, run: RunFolder) -> TrialResults:
        """Read them from the recording of a run, some trials at a time."""
        chosen, latency, informed = (np.concatenate(parts) for parts in zip(*_decided(run), strict=True))
        names = [name for name in run.stored.shapes() if name != READOUT]
        correct = chosen == run.stored.trials("label")
        spikes = np.sum([run.stored.counts(name)[0] for name in names], axis=0)
        decides = (informed < run.config.simulation.n_steps).any()
        return cls(chosen, correct, latency if decides else None, spikes)


def _decided(
    run: RunFolder,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]]:
    n_trials = run.summary["n_trials"]
    for first in range(0, n_trials, BLOCK):
        trials = slice(first, min(first + BLOCK, n_trials))
        try:
            decided = decisions(run.readout(trials), run.config.readout.rule)
        except UserError as error:
            raise error.but(file=run.folder / "run.h5") from None
        informed = run.informed(trials)
        yield decided[:, -1], 1e3 * decision_latency(decided, run.stored.dt(), informed), informed


def paired_differences(one: RunFolder, other: RunFolder) -> tuple[PairedDifference, ...]:
    """Return the differences of accuracy, latency and spikes of two runs, the second less the first.

    The three are one family: p and intervals are corrected for it by Holm's procedure.

    Raises
    ------
    UserError
        If a recording is damaged.
    """
    first, second = TrialResults.of(one), TrialResults.of(other)
    pairs: dict[str, tuple[NDArray[Any] | None, NDArray[Any] | None]] = {
        ACCURACY: (first.correct, second.correct),
        LATENCY: (first.latency_ms, second.latency_ms),
        SPIKES: (first.spikes, second.spikes),
    }
    family = corrected({
        name: (difference if name == ACCURACY else mean_difference)(b, a)
        for name, (a, b) in pairs.items()
        if a is not None and b is not None
    })  # fmt: skip
    return tuple(
        PairedDifference(name, _mean(a), _mean(b), family.get(name)) for name, (a, b) in pairs.items()
    )


def _mean(values: NDArray[Any] | None) -> float | None:
    return None if values is None else float(values.mean())
