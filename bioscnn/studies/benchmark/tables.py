"""Measurements as tidy tables: one row a network, a moment, or a time step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bioscnn.metrics import Distance, Proportion, accuracy, paired_distance, time_to_accuracy, wilson
from bioscnn.studies.benchmark.measurement import Measurement
from bioscnn.studies.benchmark.tasks import REFERENCE, Case

Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Measured:
    """The measurements of one network; see `bioscnn.studies.benchmark.tasks.Tasks`."""

    network: str
    weights_sha256: str
    choice: Measurement
    headline: Measurement
    long: Measurement
    time_steps: dict[Case, Measurement]

    @property
    def rule(self) -> str:
        """Readout that the validation images chose."""
        return self.choice.best_rule()


def network_row(measured: Measured, split: str) -> Row:
    """Return accuracy, distance to the trained network, speed, activity and energy of a network."""
    rule, headline = measured.rule, measured.headline
    assert headline.ann_class is not None
    right, ann_right = headline.right(rule), headline.ann_class == headline.label
    curve = measured.long.curve(rule)
    reached = {level: time_to_accuracy(curve, measured.long.dt, level) for level in (0.95, 0.98)}
    return {
        "network": measured.network,
        "split": split,
        "n": headline.n_trials,
        "readout": rule,
        **_spread("ann_accuracy", accuracy(headline.ann_class, headline.label)),
        **_spread("snn_accuracy", wilson(int(right.sum()), len(right))),
        **_spread("difference", paired := paired_distance(ann_right, right)),
        "lost": paired.lost,
        "won": paired.won,
        **_spread(
            "validation_accuracy", wilson(int(measured.choice.right(rule).sum()), measured.choice.n_trials)
        ),
        "validation_n": measured.choice.n_trials,
        "same_class_as_ann": float(np.mean(headline.chosen_by(rule) == headline.ann_class)),
        "duration_ms": 1e3 * headline.dt * headline.right_by_step.shape[1],
        "time_to_95_ms": _ms(reached[0.95]),
        "time_to_98_ms": _ms(reached[0.98]),
        "spikes": headline.spikes,
        "synops": headline.synops,
        "synapses_flop": headline.energy.synapses,
        "updates_flop": headline.energy.updates,
        "stimulus_flop": headline.energy.stimulus,
        "ann_flop": headline.energy.ann,
        "ann_to_spiking": headline.energy.ratio,
        "ann_to_spiking_with_stimulus": headline.energy.ratio_with_stimulus,
        "seconds": headline.seconds,
        "weights_sha256": measured.weights_sha256,
    }


def over_time_rows(measured: Measured, split: str) -> list[Row]:
    """Return the accuracy of a network after each step of the long trials."""
    long, rule = measured.long, measured.rule
    return [
        {
            "network": measured.network, "split": split, "n": long.n_trials, "readout": rule,
            "time_ms": 1e3 * (step + 1) * long.dt, **_spread("accuracy", share),
        }
        for step, share in enumerate(long.curve(rule))
    ]  # fmt: skip


def time_step_rows(measured: Measured) -> list[Row]:
    """Return the accuracy for each reset rule and time step, and the distance to `REFERENCE`."""
    rule, reference = measured.rule, measured.time_steps[REFERENCE]
    rows = []
    for (reset, dt), case in measured.time_steps.items():
        right = case.right(rule)
        paired = paired_distance(reference.right(rule), right)
        if case is reference:
            paired = Distance(0.0, 0.0, 0.0, 0, 0)
        rows.append(
            {
                "network": measured.network,
                "n": case.n_trials,
                "readout": rule,
                "reset": reset,
                "dt_ms": round(1e3 * dt, 9),
                **_spread("accuracy", wilson(int(right.sum()), len(right))),
                **_spread("difference", paired),
                "lost": paired.lost,
                "won": paired.won,
                "same_class": float(np.mean(case.chosen_by(rule) == reference.chosen_by(rule))),
                "spikes": case.spikes,
                "spikes_of_reference": reference.spikes,
            }
        )
    return rows


def _spread(name: str, value: Proportion | Distance) -> dict[str, float]:
    return {name: value.value, f"{name}_low": value.low, f"{name}_high": value.high}


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(1e3 * seconds, 9)
