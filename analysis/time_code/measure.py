"""Measurements of networks in the time code, each a list of rows of a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.conversion import Scales, fired_by_rounding, rounded_activations, scale_of
from bioscnn.network import OUTPUT, READOUT
from bioscnn.readout import final_decisions
from bioscnn.simulation import simulate, simulate_batches
from bioscnn.statistics import proportion
from bioscnn.studies.prepare import Prepared, prepare
from bioscnn.studies.settling import read_settled_study

STUDY = Path("sims/mnist.toml")
TIMES = ("network.code=time", "encoding.kind=spike-time", "readout.rule=last-potential")
"""Keys of the time code; the scales are measured, where sims/mnist-time.toml gives that of its network."""

NETWORKS = ("mnist-small-relu", "mnist-large-relu")
STEPS = {0.05: 5000, 0.1: 1000, 0.25: 1000, 0.3: 1000, 0.5: 1000, 1.0: 5000, 2.0: 5000, 3.0: 1000}
"""Time steps in ms, and how many validation digits."""

BLANKS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
FEW = 100


def case_of(model: str, dt: float, trials: int, **changes: Any) -> Prepared:
    """Return a study of the time code at a time step in ms; a trial ends with its last window."""
    changed = [*TIMES, f"network.model={model}", f"simulation.dt={dt} ms", f"dataset.trials={trials}"]
    changed += [f"{key.replace('__', '.')}={value}" for key, value in changes.items()]
    study, _ = read_settled_study(STUDY, [*changed, "simulation.duration=auto"], None, _Quiet())
    return prepare(study, None)


def step_rows() -> Iterator[dict[str, Any]]:
    """Yield accuracy, agreement with the trained network and spikes, by network and time step."""
    for model in NETWORKS:
        for dt, trials in STEPS.items():
            case = case_of(model, dt, trials)
            chosen, spikes = [], 0
            for batch in simulate_batches(case.network, case.stimulus, case.device, record=(OUTPUT, READOUT)):
                chosen.append(final_decisions(batch, case.study.config.readout.rule))
                spikes += sum(int(part.counts_by_trial.sum()) for part in batch.populations.values())
            classes, labels = np.concatenate(chosen), case.examples.labels
            right, same = proportion(classes == labels), proportion(classes == case.ann_class)
            yield {
                "network": model,
                "dt_ms": dt,
                "spike_times_in_a_window": case.conditions.time_code.window_steps,
                "duration_ms": 1e3 * case.study.config.simulation.duration,
                "digits": trials,
                "accuracy_percent": 100 * right.value,
                "accuracy_low": 100 * right.low,
                "accuracy_high": 100 * right.high,
                "ann_accuracy_percent": 100 * float(np.mean(case.ann_class == labels)),
                "same_class_percent": 100 * same.value,
                "same_class_low": 100 * same.low,
                "same_class_high": 100 * same.high,
                "hidden_spikes": spikes / trials,
                "input_spikes": case.stimulus.n_spikes / trials,
                "data_sha256": case.examples.sha256[:12],
            }


def potential_rows() -> Iterator[dict[str, Any]]:
    """Yield how far potentials at the ends of windows are from the closed form, by network and precision."""
    for model in NETWORKS:
        for dt in (0.05, 1.0):
            for precision in ("float32", "float64"):
                case = case_of(model, dt, FEW, simulation__precision=precision)
                names = [p.name for p in case.network.neurons if p.name != OUTPUT]
                recorded = simulate(
                    case.network, case.stimulus, case.device, record=names, potentials=[READOUT]
                )
                activations = rounded_activations(
                    case.graph, case.input.intensities(), case.conditions.time_code, _scales(case)
                )
                for name in names:
                    yield {
                        "network": model,
                        "dt_ms": dt,
                        "precision": precision,
                        "population": name,
                        "digits": FEW,
                        **_distance(case, name, recorded, activations),
                    }


def blank_rows() -> Iterator[dict[str, Any]]:
    """Yield the spikes that a blank image makes, by network and time step, and those of rounding alone."""
    for model in NETWORKS:
        for dt in BLANKS:
            case = case_of(model, dt, 1)
            dark = replace(
                case.input, examples=replace(case.examples, images=np.zeros_like(case.examples.images))
            )
            names = [p.name for p in case.network.neurons if p.spikes and p.name != OUTPUT]
            recorded = simulate(case.network, dark.stimulus, case.device, record=names, potentials=())
            shares = fired_by_rounding(case.graph, case.conditions.time_code, _scales(case))
            yield {
                "network": model,
                "dt_ms": dt,
                "spike_times_in_a_window": case.conditions.time_code.window_steps,
                **{f"spikes_{name}": int(recorded[name].counts_by_trial.sum()) for name in names},
                **{f"by_rounding_alone_percent_{name}": 100 * shares[name] for name in names},
            }


def _scales(case: Prepared) -> Scales:
    assert case.scales is not None
    return case.scales


def _distance(
    case: Prepared, name: str, recorded: Any, activations: dict[str, NDArray[np.float64]]
) -> dict[str, Any]:
    """Return the largest distance of potentials from the closed form, and how many spike times are wrong."""
    neuron, scales = case.network[name].neuron, _scales(case)
    if name == READOUT:
        V = recorded[name].potentials[:, neuron.opens]
        unit = case.network[OUTPUT].neuron.V_th * neuron.R_m / case.network[OUTPUT].neuron.R_m
        expected = unit * activations[OUTPUT] / scale_of(scales, OUTPUT)
        return {
            "largest_potential_mV": 1e3 * float(np.abs(expected).max()),
            "largest_distance_uV": 1e6 * float(np.abs(V - expected).max()),
        }
    ages = case.conditions.time_code.ages_of(activations[name] / scale_of(scales, name)).reshape(FEW, -1)
    spikes = recorded[name].spikes
    fired = np.zeros_like(ages)
    fired[spikes.trial(), spikes.neuron] = neuron.closes - spikes.step
    return {"spikes": spikes.n_spikes, "wrong_spike_times": int(np.count_nonzero(fired != ages))}


class _Quiet:
    def stage(self, what: str) -> None:
        """Say nothing."""

    def trial(self) -> None:
        """Say nothing."""
