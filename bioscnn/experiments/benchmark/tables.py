"""Tables of the benchmark: one row per network, per moment, and per time step with a reset rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import LayerGraph
from bioscnn.experiments.classify import RULES, correct_of
from bioscnn.experiments.experiment import Row
from bioscnn.experiments.rows import corrected_rows, estimate_cells
from bioscnn.experiments.unit import Outcome
from bioscnn.metrics import energy_estimate
from bioscnn.statistics import Estimate, difference, proportion, proportion_of_counts
from bioscnn.studies.study import Study

Case = tuple[str, float]
"""Reset rule and time step (s)."""

TIME_STEPS = (1e-3, 0.5e-3, 0.1e-3)
RESETS = ("exact", "subtract", "zero")
REFERENCE: Case = ("exact", TIME_STEPS[-1])
"""The others are compared with this one."""

LEVELS = {"time_to_95_ms": 0.95, "time_to_98_ms": 0.98}
"""Columns of the times at which an accuracy is reached."""


@dataclass(frozen=True, eq=False)
class NetworkResult:
    """Outcomes of one network; see `bioscnn.experiments.classify.classify`.

    Parameters
    ----------
    network : str
        Its name, without folder and ending.
    graph : LayerGraph
        The trained network.
    study : Study
        Of the images that accuracies are reported on.
    validation : mapping of ndarray
        Validation images, which choose the readout.
    headline : mapping of ndarray
        The images of the study, with ``ann``.
    long : mapping of ndarray
        The same images in long trials, with ``right_by_step``.
    time_steps : mapping of mapping
        Validation images by reset rule and time step.
    """

    network: str
    graph: LayerGraph
    study: Study
    validation: Outcome
    headline: Outcome
    long: Outcome
    time_steps: Mapping[Case, Outcome]

    @property
    def rule(self) -> str:
        """The readout that is right most often on validation images, the first one among equals."""
        return max(RULES, key=lambda rule: int(correct_of(self.validation, rule).sum()))


def chosen_by(outcome: Outcome, rule: str) -> NDArray[np.integer]:
    """Return the class that a readout chooses at the end of each trial, shape (n_trials,)."""
    return np.asarray(outcome["chosen"][RULES.index(rule)])


def over_time_rows(results: Sequence[NetworkResult]) -> list[Row]:
    """Return ``over-time.csv``: accuracy of every network if the long trials ended after each step."""
    return [
        {
            "network": result.network,
            "split": result.study.config.dataset.split,
            "n": n,
            "readout": result.rule,
            "time_ms": 1e3 * (step + 1) * result.study.config.simulation.dt,
            **estimate_cells("accuracy", proportion_of_counts(int(right), n)),
        }
        for result in results
        for n in [len(result.long["label"])]
        for step, right in enumerate(result.long["right_by_step"][RULES.index(result.rule)])
    ]


def network_rows(results: Sequence[NetworkResult], over_time: Sequence[Row]) -> list[Row]:
    """Return ``networks.csv``: accuracy, distance to the trained network, speed, activity and energy.

    ``difference`` is the accuracy of the spiking network less that of the trained one, on the same images.
    """
    return corrected_rows(
        [
            _network(result, [row for row in over_time if row["network"] == result.network])
            for result in results
        ],
        "networks",
    )


def _network(result: NetworkResult, curve: Sequence[Row]) -> tuple[Row, Estimate]:
    rule, headline, validation = result.rule, result.headline, result.validation
    right, ann_right = correct_of(headline, rule), headline["ann"] == headline["label"]
    spikes, synops = float(headline["spikes"].mean()), float(headline["synops"].mean())
    keys = result.study.config.simulation
    neurons = round(float(headline["updates"]) / keys.n_steps)
    energy = energy_estimate(result.graph, synops, neurons, keys.n_steps * keys.dt)
    cells = {
        "network": result.network,
        "split": result.study.config.dataset.split,
        "n": len(right),
        "readout": rule,
        **estimate_cells("ann_accuracy", proportion(ann_right)),
        **estimate_cells("snn_accuracy", proportion(right)),
        "lost": int((ann_right & ~right).sum()),
        "won": int((right & ~ann_right).sum()),
        **estimate_cells("validation_accuracy", proportion(correct_of(validation, rule))),
        "validation_n": len(validation["label"]),
        "same_class_as_ann": float(np.mean(chosen_by(headline, rule) == headline["ann"])),
        "duration_ms": 1e3 * keys.dt * keys.n_steps,
        **{
            name: next((round(row["time_ms"], 9) for row in curve if row["accuracy"] >= level), None)
            for name, level in LEVELS.items()
        },
        "spikes": spikes,
        "synops": synops,
        "synapses_flop": energy.synapses,
        "updates_flop": energy.updates,
        "stimulus_flop": energy.stimulus,
        "ann_flop": energy.ann,
        "ann_to_events": energy.ratio_of_events,
        "ann_to_spiking": energy.ratio,
        "ann_to_spiking_with_stimulus": energy.ratio_with_stimulus,
        "weights_sha256": result.graph.sha256(),
    }
    return cells, difference(right, ann_right)


def time_step_rows(results: Sequence[NetworkResult]) -> list[Row]:
    """Return ``time-steps.csv``: one row per network, reset rule and time step.

    ``difference`` is the accuracy less that of `REFERENCE`, on the same images; the row of that itself has no
    test.
    """
    return corrected_rows((row for result in results for row in _time_steps(result)), "time steps")


def _time_steps(result: NetworkResult) -> Iterator[tuple[Row, Estimate]]:
    rule, reference = result.rule, result.time_steps[REFERENCE]
    of_reference = correct_of(reference, rule)
    for (reset, dt), outcome in result.time_steps.items():
        right = correct_of(outcome, rule)
        cells = {
            "network": result.network,
            "n": len(right),
            "readout": rule,
            "reset": reset,
            "dt_ms": round(1e3 * dt, 9),
            **estimate_cells("accuracy", proportion(right)),
            "lost": int((of_reference & ~right).sum()),
            "won": int((right & ~of_reference).sum()),
            "same_class": float(np.mean(chosen_by(outcome, rule) == chosen_by(reference, rule))),
            "spikes": float(outcome["spikes"].mean()),
            "spikes_of_reference": float(reference["spikes"].mean()),
        }
        same = Estimate(0.0, 0.0, 0.0, len(right), 1, ("trials",))
        yield cells, same if (reset, dt) == REFERENCE else difference(right, of_reference)
