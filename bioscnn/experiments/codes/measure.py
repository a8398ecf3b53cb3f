"""Measures of the codes experiment: what a network says after several times, and when all spikes jitter."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.experiments.bench import Bench
from bioscnn.experiments.classify import CLASSIFY, case_of, inputs_of, recorded_batches
from bioscnn.experiments.form import Form
from bioscnn.experiments.unit import Measure, Outcome, Unit, hash_of
from bioscnn.metrics import decision_latency, informed_steps, synaptic_operations_by_trial
from bioscnn.network import OUTPUT, READOUT
from bioscnn.noise import Jitter
from bioscnn.readout import decisions
from bioscnn.seeds import stream
from bioscnn.simulation import simulate
from bioscnn.spikes import SpikeTrains
from bioscnn.studies.identity import SIMULATION


def over_time(unit: Unit, bench: Bench) -> Outcome:
    """Simulate the trials of a unit's study with the network that it needs, and read it after several steps.

    Options: ``ends``, the steps after which a trial might have ended, the last of them its last.

    Returns
    -------
    mapping of ndarray
        ``label``: int16, shape (n_trials,). ``chosen``: class by the study's readout after each end, int16,
        shape (n_ends, n_trials). ``spikes``: of all populations and of the input until then, int64, shape
        (n_ends, n_trials). ``input_spikes``, ``synops``: in the whole trial, int64, shape (n_trials,).
        ``latency_ms``: when the decision of the whole trial was made, float64, shape (n_trials,).
        ``neurons``: int64, shape ().

    Raises
    ------
    UserError
        If the study cannot be simulated.
    """
    case, ends = case_of(unit, bench), np.asarray(unit.options["ends"])
    rule = case.study.config.readout.rule
    network = case.network
    parts: list[dict[str, NDArray[Any]]] = []
    for batch, input_spikes in recorded_batches(case, True, bench.recordings):
        trains = [population.spikes for population in batch.populations.values()]
        fired = [train for train in (input_spikes, *trains) if train is not None]
        decided = decisions(batch, rule)
        parts.append(
            {
                "chosen": decided[:, ends - 1].T.astype(np.int16),
                "spikes": np.sum([_until(train, ends) for train in fired], axis=0),
                "input_spikes": np.zeros(batch.n_trials, np.int64)
                if input_spikes is None
                else _until(input_spikes, ends)[-1],
                "synops": synaptic_operations_by_trial(network, batch, input_spikes),
                "latency_ms": 1e3 * decision_latency(decided, batch.dt, informed_steps(network, batch)),
            }
        )
    return {
        **{name: np.concatenate([part[name] for part in parts], axis=-1) for name in parts[0]},
        "label": case.examples.labels.astype(np.int16),
        "neurons": np.array(sum(population.size for population in network.neurons)),
    }


def jittered(unit: Unit, bench: Bench) -> Outcome:
    """Move every spike, that of the input too, before it reaches a synapse; then classify.

    Layer after layer: the spikes that a population fires, given moved ones, are moved and shown to the rest
    of the network.

    Options: ``sd``, the standard deviation of `bioscnn.noise.Jitter`, s.

    Returns
    -------
    mapping of ndarray
        ``label``: int16, shape (n_trials,). ``chosen``: class at the end by the study's readout, int16, shape
        (1, n_trials). ``spikes``: of all populations and of the input, int64, shape (1, n_trials).
    """
    case, jitter = case_of(unit, bench), Jitter(unit.options["sd"])
    device, rule = replace(case.device, jobs=1), case.study.config.readout.rule
    rest, signal, seed = case.network, case.stimulus, case.study.config.simulation.seed
    moved, count = case.input.spikes is not None, np.zeros(len(case.examples.labels), np.int64)
    for name in [rest.source.name, *(p.name for p in rest.neurons if p.spikes and p.name != OUTPUT)]:
        if name != rest.source.name:
            spikes = simulate(rest, signal, device, record={name}, potentials=set())[name].spikes
            assert spikes is not None
            signal, rest, moved = spikes, rest.after(name), True
        if moved:
            assert isinstance(signal, SpikeTrains)
            count += np.diff(signal.trial_start)
            signal = jitter.apply(signal, stream(seed, "codes", name, unit.options["sd"]))
    recording = simulate(rest, signal, device, record={OUTPUT, READOUT}, potentials={READOUT})
    count += recording[OUTPUT].counts_by_trial if OUTPUT in recording.populations else 0
    return {
        "label": case.examples.labels.astype(np.int16),
        "chosen": decisions(recording, rule)[None, :, -1].astype(np.int16),
        "spikes": count[None],
    }


def _until(spikes: SpikeTrains, ends: NDArray[np.integer]) -> NDArray[np.int64]:
    """Count the spikes of each trial before each end, shape (n_ends, n_trials)."""
    trial = spikes.trial()
    return np.stack(
        [np.bincount(trial[spikes.step < end], minlength=spikes.n_trials) for end in ends]
    ).astype(np.int64)


def _inputs_of_jitter(unit: Unit, bench: Bench) -> str:
    return hash_of(inputs_of(unit, bench), unit.study.config.simulation.seed, unit.options["sd"])


def _form(unit: Unit) -> Form:
    n, ends = unit.study.config.dataset.trials, len(unit.options["ends"])
    return {
        "label": f"class {n}", "chosen": f"class {ends} {n}", "spikes": f"int {ends} {n}",
        "input_spikes": f"int {n}", "synops": f"int {n}", "latency_ms": f"float {n}", "neurons": "int",
    }  # fmt: skip


def _form_of_jittered(unit: Unit) -> Form:
    n = unit.study.config.dataset.trials
    return {"label": f"class {n}", "chosen": f"class 1 {n}", "spikes": f"int 1 {n}"}


OVER_TIME = Measure(over_time, inputs_of, CLASSIFY.core, _form)
JITTERED = Measure(
    jittered,
    _inputs_of_jitter,
    core=(SIMULATION, "bioscnn.readout", "bioscnn.noise.timing", "bioscnn.seeds", "bioscnn.network.network"),
    form=_form_of_jittered,
)
