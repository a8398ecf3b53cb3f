"""Tables of the time-step experiment, from the outcomes of its units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from bioscnn.ann import LayerGraph
from bioscnn.experiments.classify import RULES, correct_of
from bioscnn.experiments.experiment import Row
from bioscnn.experiments.rows import estimate_cells, share_cells
from bioscnn.experiments.unit import Outcome
from bioscnn.metrics import CLOCK, energy_estimate
from bioscnn.statistics import Estimate, difference, mean, mean_difference, median, proportion

OUTCOMES = {
    "accuracy": "points",
    "latency_ms": "ms",
    "first_output_ms": "ms",
    "spikes": "spikes per trial",
    "synops": "synaptic operations per trial",
}
"""What is compared, and its unit."""


OF_A_READOUT = ("accuracy", "latency_ms")
"""Those that differ from one readout to another."""


def step_row(outcome: Outcome, rule: str, dt: float, n_steps: int) -> Row:
    """Return the row of a time step, s, by the readout of the study.

    ``activation_sparsity``: part of the neurons that fire which are silent in a step, on average. ``dense``:
    synaptic operations if every neuron fired in every step; both as NeuroBench defines them.
    """
    spikes, fires = outcome["spikes"].sum(axis=0), np.isfinite(outcome["first_output_ms"])
    first = outcome["first_output_ms"][fires]
    return {
        "dt_ms": 1e3 * dt,
        **share_cells(proportion(correct_of(outcome, rule))),
        **estimate_cells("latency_ms", median(_latency(outcome, rule))),
        "output_fires": int(fires.sum()),
        **(estimate_cells("first_output_ms", mean(first)) if len(first) else {}),
        **estimate_cells("spikes", mean(spikes)),
        **estimate_cells("synops", mean(outcome["synops"])),
        "activation_sparsity": 1 - float(spikes.mean()) / (int(outcome["sizes"].sum()) * n_steps),
        "updates": int(outcome["neurons"]) * n_steps,
    }


def rows_of_readouts(outcome: Outcome, dt: float) -> Iterator[Row]:
    """Yield accuracy and median latency by every readout."""
    for rule in RULES:
        yield {
            "dt_ms": 1e3 * dt,
            "readout": rule,
            **share_cells(proportion(correct_of(outcome, rule))),
            **estimate_cells("latency_ms", median(_latency(outcome, rule))),
        }


def layer_rows(outcome: Outcome, finest: Outcome, names: Sequence[str], dt: float) -> Iterator[Row]:
    """Yield spikes per trial of each population, and their difference from the smallest step in % of that.

    ``difference_until`` is that of the spikes before the last step of the coarsest time step: nothing fires
    in the last step of a trial.
    """
    for place, name in enumerate(names):
        row = {"dt_ms": 1e3 * dt, "population": name, "neurons": int(outcome["sizes"][place])}
        row |= estimate_cells("spikes", mean(outcome["spikes"][place]))
        for column, counts in {"difference": "spikes", "difference_until": "spikes_until"}.items():
            limit = finest[counts][place]
            change = mean_difference(outcome[counts][place], limit)
            scale = 100 / limit.mean() if limit.any() else np.nan
            row |= {
                f"{column}_percent{end}": scale * value
                for end, value in (("", change.value), ("_low", change.low), ("_high", change.high))
            }
        yield row


def energy_row(outcome: Outcome, graph: LayerGraph, frames: int | None, dt: float, n_steps: int) -> Row:
    """Return the estimate of energy: events, updates by `CLOCK`, and by the step of the simulation."""
    synops, neurons, duration = float(outcome["synops"].mean()), int(outcome["neurons"]), n_steps * dt
    energy = energy_estimate(graph, synops, neurons, duration, frames)
    own = energy_estimate(graph, synops, neurons, duration, frames, clock=dt)
    return {
        "dt_ms": 1e3 * dt,
        "ann_flop": energy.ann,
        "events_flop": energy.synapses,
        "updates_flop": energy.updates,
        "clock_ms": 1e3 * CLOCK,
        "updates_flop_own_step": own.updates,
        "ann_to_events": energy.ratio_of_events,
        "ann_to_spiking": energy.ratio,
        "ann_to_spiking_own_step": own.ratio,
    }


def differences(first: Outcome, second: Outcome, rule: str) -> dict[str, Estimate]:
    """Return the difference of each of `OUTCOMES`; of first spikes, in trials whose output fires in both."""
    fires = np.isfinite(first["first_output_ms"]) & np.isfinite(second["first_output_ms"])
    estimates = {
        "accuracy": difference(correct_of(first, rule), correct_of(second, rule)),
        "latency_ms": mean_difference(_latency(first, rule), _latency(second, rule)),
        "spikes": mean_difference(first["spikes"].sum(axis=0), second["spikes"].sum(axis=0)),
        "synops": mean_difference(first["synops"], second["synops"]),
    }
    if fires.any():
        pair = (outcome["first_output_ms"][fires] for outcome in (first, second))
        estimates["first_output_ms"] = mean_difference(*pair)
    return {name: estimates[name] for name in OUTCOMES if name in estimates}


def _latency(outcome: Outcome, rule: str) -> np.ndarray:
    latency: np.ndarray = outcome["latency_ms"][RULES.index(rule)]
    return latency
