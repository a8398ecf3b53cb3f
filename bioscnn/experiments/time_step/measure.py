"""The measure of the time-step experiment: each trial by every readout, population by population."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.experiments.bench import Bench
from bioscnn.experiments.classify import CLASSIFY, RULES, inputs_of, recorded_batches
from bioscnn.experiments.form import Form
from bioscnn.experiments.unit import Measure, Outcome, Unit
from bioscnn.metrics import decision_latency, informed_steps, synaptic_operations_by_trial
from bioscnn.network import OUTPUT
from bioscnn.readout import decisions
from bioscnn.spikes import SpikeTrains


def over_time(unit: Unit, bench: Bench) -> Outcome:
    """Simulate the trials of a unit's study.

    Options: ``until``, a time in s that all time steps have in common; spikes before it are counted too.

    Returns
    -------
    mapping of ndarray
        ``label``: true class, int16, shape (n_trials,). ``chosen`` and ``latency_ms``: class at the end of
        the trial, int16, and when it was decided, float64, by each of `RULES`, shape (n_rules, n_trials).
        ``first_output_ms``: end of the step in which the first output neuron fires, NaN where none does,
        float64, shape (n_trials,). ``spikes`` and ``spikes_until``: of each population that fires, in the
        network's order, int64, shape (n_populations, n_trials). ``sizes``: neurons of these populations,
        int64, shape (n_populations,). ``neurons``: all of them, int64, shape (). ``synops``: synaptic
        operations, int64, shape (n_trials,).

    Raises
    ------
    UserError
        If the study cannot be simulated.
    """
    case = bench.case(unit.study)
    network, stimulus, labels = case.network, case.stimulus, case.examples.labels
    spiking = [population for population in network.neurons if population.spikes]
    names = [population.name for population in spiking]
    common = round(float(unit.options["until"]) / stimulus.dt)
    parts: list[dict[str, NDArray[Any]]] = []
    for batch, input_spikes in recorded_batches(case, True, bench.recordings):
        trains = [spikes for spikes in (batch[name].spikes for name in names) if spikes is not None]
        output, informed = trains[names.index(OUTPUT)], informed_steps(network, batch)
        decided = [decisions(batch, rule) for rule in RULES]
        step = output.first_step().min(axis=1)
        parts.append(
            {
                "chosen": np.stack([classes[:, -1] for classes in decided]).astype(np.int16),
                "latency_ms": np.stack(
                    [1e3 * decision_latency(classes, batch.dt, informed) for classes in decided]
                ),
                "first_output_ms": np.where(step < output.n_steps, 1e3 * (step + 1) * batch.dt, np.nan),
                "spikes": np.stack([np.diff(spikes.trial_start) for spikes in trains]),
                "spikes_until": np.stack([_counted(spikes, common) for spikes in trains]),
                "synops": synaptic_operations_by_trial(network, batch, input_spikes),
            }
        )
    return {
        **{name: np.concatenate([part[name] for part in parts], axis=-1) for name in parts[0]},
        "label": labels.astype(np.int16),
        "sizes": np.array([population.size for population in spiking]),
        "neurons": np.array(sum(population.size for population in network.neurons)),
    }


def _counted(spikes: SpikeTrains, n_steps: int) -> NDArray[np.int64]:
    """Count the spikes of each trial before a step."""
    return np.bincount(spikes.trial()[spikes.step < n_steps], minlength=spikes.n_trials)


def _form(unit: Unit) -> Form:
    n, rules = unit.study.config.dataset.trials, len(RULES)
    return {
        "label": f"class {n}", "chosen": f"class {rules} {n}", "latency_ms": f"float {rules} {n}",
        "first_output_ms": f"float {n}", "spikes": f"int populations {n}",
        "spikes_until": f"int populations {n}", "sizes": "int populations", "neurons": "int",
        "synops": f"int {n}",
    }  # fmt: skip


OVER_TIME = Measure(over_time, inputs_of, CLASSIFY.core, _form)
"""Named by units as ``"bioscnn.experiments.time_step.measure:OVER_TIME"``."""
