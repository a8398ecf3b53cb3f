"""What a run has shown, as numbers: all that the figures and sentences of its report need."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.metrics import confusion_matrix, decision_latency, first_informed_step, time_to_accuracy
from bioscnn.network import READOUT
from bioscnn.quantities import parse_quantity
from bioscnn.readout import READOUTS, decisions_in_parts
from bioscnn.report.folder import Run
from bioscnn.statistics import Estimate, difference, proportion, proportion_of_counts

AT_ONCE = 500
"""Trials whose potentials are compared at a time, to save memory."""


@dataclass(frozen=True, eq=False)
class Results:
    """Numbers derived from a run.

    Parameters
    ----------
    curves : dict of list of Estimate
        By readout: accuracy if the trial ended after each step.
    ann : Estimate or None
        Accuracy of the network that was converted, on the same trials; None of a NIR graph.
    chosen : ndarray of int64, shape (n_trials,)
        Class by the study's readout at the end of the trial.
    correct : ndarray of bool, shape (n_trials,)
        Whether it is the true one.
    informed : ndarray of int64, shape (n_trials,)
        First step in which a spike has reached the readout; `n_steps` where none ever did.
    latency : ndarray of float64, shape (n_trials,)
        Time from which that choice stands and is informed, s.
    confusion : ndarray of int64, shape (n_classes, n_classes)
        Trials by true class (rows) and chosen class (columns).
    difference : Estimate or None
        Accuracy of the spiking network less that of the ANN, on the same trials; None of a NIR graph.
    lost, won : int
        Trials that only the ANN, and only the spiking network, gets right.
    rates : dict of ndarray of float64, shape (size,)
        Mean firing rate of each neuron over all trials, Hz, by population.
    spikes : ndarray of int64, shape (n_trials,)
        Spikes of all populations in each trial.
    dt : float
        Duration of a step, s.
    """

    curves: dict[str, list[Estimate]]
    ann: Estimate | None
    chosen: NDArray[np.int64]
    correct: NDArray[np.bool_]
    informed: NDArray[np.int64]
    latency: NDArray[np.float64]
    confusion: NDArray[np.int64]
    difference: Estimate | None
    lost: int
    won: int
    rates: dict[str, NDArray[np.float64]]
    spikes: NDArray[np.int64]
    dt: float

    def reached(self, rule: str, level: float) -> float | None:
        """Return the time in s at which a readout first reaches an accuracy, None if it never does."""
        return time_to_accuracy([share.value for share in self.curves[rule]], self.dt, level)


def lead_of_truth(evidence: NDArray[np.floating], label: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the evidence for the true class less that for the best other one, shape (n_trials, n_steps).

    Parameters
    ----------
    evidence : ndarray of float, shape (n_trials, n_steps, n_classes)
        Potentials, or what a readout makes of them, V.
    label : ndarray of int64, shape (n_trials,)
        True classes.
    """
    trials = np.arange(len(label))
    others = evidence.astype(np.float64)
    true = others[trials, :, label].copy()
    others[trials, :, label] = -np.inf
    return np.asarray(true - others.max(axis=2))


def results_of(run: Run) -> Results:
    """Derive the numbers of a report from a run."""
    recording, label = run.data.recording, run.data.label
    n_trials, n_steps, dt = recording.n_trials, recording.n_steps, recording.dt
    potentials = recording[READOUT].potentials
    assert potentials is not None
    tau_m = _readout_time_constant(run)
    parts = (potentials[first : first + AT_ONCE] for first in range(0, n_trials, AT_ONCE))
    informed = np.concatenate([first_informed_step(part, dt, tau_m) for part in parts])
    curves, chosen, latency = {}, np.empty(n_trials, np.int64), np.empty(n_trials)
    for rule in READOUTS:
        right, first = np.zeros(n_steps, np.int64), 0
        for decided in decisions_in_parts(recording, rule):
            trials = slice(first, first + len(decided))
            right += (decided == label[trials, None]).sum(axis=0)
            if rule == run.summary["readout"]:
                chosen[trials] = decided[:, -1]
                latency[trials] = decision_latency(decided, dt, informed[trials])
            first = trials.stop
        curves[rule] = [proportion_of_counts(int(n), n_trials) for n in right]
    correct = chosen == label
    ann_right = None if run.data.ann_class is None else run.data.ann_class == label
    return Results(
        curves=curves,
        ann=None if ann_right is None else proportion(ann_right),
        chosen=chosen,
        correct=correct,
        informed=informed,
        latency=latency,
        confusion=confusion_matrix(chosen, label, len(run.classes)),
        difference=None if ann_right is None else difference(correct, ann_right),
        lost=0 if ann_right is None else int(np.sum(ann_right & ~correct)),
        won=0 if ann_right is None else int(np.sum(~ann_right & correct)),
        rates={n: recording[n].counts_by_neuron / (n_trials * n_steps * dt) for n in run.firing},
        spikes=np.sum([recording[name].counts_by_trial for name in run.firing], axis=0),
        dt=dt,
    )


def _readout_time_constant(run: Run) -> float | None:
    """Return the membrane time constant of the readout population, s; None of one of a NIR graph."""
    readout = next(p for p in run.provenance["populations"] if p["name"] == READOUT)
    tau_m = readout["parameters"].get("tau_m")
    try:
        return None if tau_m is None else parse_quantity(tau_m, "time")
    except UserError as error:
        raise error.but(key=f"populations, {READOUT}, tau_m") from None
