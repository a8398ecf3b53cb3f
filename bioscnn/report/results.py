"""What a run has shown, as numbers: all that the figures and sentences of its report need."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioscnn.metrics import Proportion, accuracy, confusion_matrix, decision_latency, mean_difference
from bioscnn.readout import READOUTS, decisions
from bioscnn.report.folder import Run


@dataclass(frozen=True, eq=False)
class Results:
    """Numbers derived from a run.

    Parameters
    ----------
    curves : dict of list of Proportion
        By readout: accuracy if the trial ended after each step.
    ann : Proportion
        Accuracy of the network that was converted, on the same trials.
    chosen : ndarray of int64, shape (n_trials,)
        Class by the study's readout at the end of the trial.
    correct : ndarray of bool, shape (n_trials,)
        Whether it is the true one.
    latency : ndarray of float64, shape (n_trials,)
        Time from which that choice stands, s.
    confusion : ndarray of int64, shape (n_classes, n_classes)
        Trials by true class (rows) and chosen class (columns).
    distance : Distance
        From the ANN to the spiking network.
    rates : dict of ndarray of float64, shape (size,)
        Mean firing rate of each neuron over all trials, Hz, by population.
    spikes : ndarray of int64, shape (n_trials,)
        Spikes of all populations in each trial.
    """

    curves: dict[str, list[Proportion]]
    ann: Proportion
    chosen: NDArray[np.int64]
    correct: NDArray[np.bool_]
    latency: NDArray[np.float64]
    confusion: NDArray[np.int64]
    distance: Distance
    rates: dict[str, NDArray[np.float64]]
    spikes: NDArray[np.int64]


@dataclass(frozen=True)
class Distance:
    """How much more often one classifier is right than another on the same trials.

    Parameters
    ----------
    value, low, high : float
        Difference of the two accuracies and its 95 % interval, -1 to 1.
    lost, won : int
        Trials that only the first, and only the second, gets right.
    """

    value: float
    low: float
    high: float
    lost: int
    won: int


def paired_distance(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Distance:
    """Estimate the accuracy of the second classifier less that of the first, with its 95 % interval.

    The trials are the same, so only those count in which the two disagree.

    Examples
    --------
    >>> right = np.ones(100, dtype=bool)
    >>> paired_distance(right, right).value
    0.0
    """
    lost, won = int(np.sum(first & ~second)), int(np.sum(~first & second))
    difference = mean_difference(second.astype(np.int64) - first)
    return Distance(difference.value, difference.low, difference.high, lost, won)


def results_of(run: Run) -> Results:
    """Derive the numbers of a report from a run."""
    recording, label = run.data.recording, run.data.label
    curves, decided = {}, np.empty(0, dtype=np.int64)
    for rule in READOUTS:
        choice = decisions(recording, rule)
        curves[rule] = [accuracy(step, label) for step in choice.T]
        if rule == run.summary["readout"]:
            decided = choice
    chosen, duration = decided[:, -1], recording.n_steps * recording.dt
    ann_right, right = run.data.ann_class == label, chosen == label
    return Results(
        curves=curves,
        ann=accuracy(run.data.ann_class, label),
        chosen=chosen,
        correct=right,
        latency=decision_latency(decided, recording.dt),
        confusion=confusion_matrix(chosen, label, len(run.classes)),
        distance=paired_distance(ann_right, right),
        rates={n: recording[n].counts_by_neuron / (recording.n_trials * duration) for n in run.firing},
        spikes=np.sum([recording[name].counts_by_trial for name in run.firing], axis=0),
    )
