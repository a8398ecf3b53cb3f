"""The measure of most experiments: every trial of a study, by every readout."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.experiments.bench import Bench
from bioscnn.experiments.form import Form
from bioscnn.experiments.recordings import kept_batches
from bioscnn.experiments.trained import needed_network
from bioscnn.experiments.unit import Measure, Outcome, Unit
from bioscnn.fingerprint import code_of_modules, environment_of_results, hash_of
from bioscnn.metrics import decision_latency, informed_steps, synaptic_operations_by_trial
from bioscnn.network import OUTPUT, READOUT
from bioscnn.readout import READOUTS, decisions
from bioscnn.simulation import Recording, simulate_batches
from bioscnn.spikes import SpikeTrains
from bioscnn.studies.identity import SIMULATION, inputs_of_case
from bioscnn.studies.prepare import Prepared

RULES = tuple(READOUTS)
"""Readouts in the order of the first axis of ``chosen``."""


def classify(unit: Unit, bench: Bench) -> Outcome:
    """Simulate the trials of a unit's study, with the network that it needs, if it needs one.

    Options: ``ann``, whether the trained network classifies the examples too; ``curve``, whether the accuracy
    is followed step by step.

    Returns
    -------
    mapping of ndarray
        ``label``: true class, int16, shape (n_trials,). ``chosen``: class at the end of the trial by each of
        `RULES`, int16, shape (n_rules, n_trials). ``latency_ms``: when the study's own readout has decided,
        float64, shape (n_trials,). ``spikes`` of all populations, int64, shape (n_trials,). ``synops``:
        synaptic operations, int64, shape (n_trials,).
        ``ann``: class by the trained network, int16, shape (n_trials,). ``right_by_step``: trials that would
        be right if they ended after each step, int64, shape (n_rules, n_steps). ``updates``: neuron updates
        per trial, float64, shape ().

    Raises
    ------
    UserError
        If the study cannot be simulated.
    """
    case, options = case_of(unit, bench), unit.options
    outcome = dict(classify_case(case, curve=bool(options.get("curve")), recordings=bench.recordings))
    if options.get("ann"):
        outcome["ann"] = case.ann_class.astype(np.int16)
    return outcome


def classify_case(case: Prepared, *, curve: bool = False, recordings: Path | None = None) -> Outcome:
    """Simulate the trials of a prepared study; the outcome is that of `classify` without ``ann``.

    Parameters
    ----------
    case : Prepared
        The study.
    curve : bool
        As of `classify`.
    recordings : Path, optional
        Folder in which spikes and potentials are kept, so that they are read out again without simulating.
    """
    network, stimulus, labels = case.network, case.stimulus, case.examples.labels
    rule = case.study.config.readout.rule
    parts: list[dict[str, NDArray[Any]]] = []
    right = np.zeros((len(RULES), stimulus.n_steps), np.int64)
    first = 0
    for batch, input_spikes in recorded_batches(case, False, recordings):
        trials = slice(first, first + batch.n_trials)
        decided = {name: decisions(batch, name) for name in RULES}
        informed = informed_steps(network, batch)
        part = {
            "chosen": np.stack([decided[name][:, -1] for name in RULES], axis=1).astype(np.int16),
            "latency_ms": 1e3 * decision_latency(decided[rule], batch.dt, informed),
            "spikes": np.sum([p.counts_by_trial for p in batch.populations.values()], axis=0),
            "synops": synaptic_operations_by_trial(network, batch, input_spikes),
        }
        if curve:
            for row, name in enumerate(RULES):
                right[row] += (decided[name] == labels[trials, None]).sum(axis=0)
        parts.append(part)
        first += batch.n_trials
    outcome = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    outcome["chosen"] = np.ascontiguousarray(outcome["chosen"].T)
    outcome["label"] = labels.astype(np.int16)
    outcome["updates"] = np.array(float(stimulus.n_steps * sum(p.size for p in network.neurons)))
    if curve:
        outcome["right_by_step"] = right
    return outcome


def recorded_batches(
    case: Prepared, every_spike: bool, recordings: Path | None
) -> Iterator[tuple[Recording, SpikeTrains | None]]:
    """Simulate a study in batches, and yield each with the spikes that came in, if it was spikes.

    Recorded are the readout's potentials, synaptic events, and the spikes of the output or of all neurons.
    With a folder of recordings, what it holds is read again without simulating.
    """
    spiking = [population.name for population in case.network.neurons if population.spikes]
    simulated = simulate_batches(
        case.network,
        case.stimulus,
        replace(case.device, jobs=1),
        record=spiking if every_spike else {OUTPUT, READOUT},
        potentials={READOUT},
        synaptic_events=True,
    )
    path = None
    if recordings is not None:
        code = code_of_modules(SIMULATION), environment_of_results()
        path = recordings / f"{hash_of(inputs_of_case(case), every_spike, *code)}.npz"
    first = 0
    for batch in kept_batches(path, simulated):
        came_in = case.stimulus[first : first + batch.n_trials]
        yield batch, came_in if isinstance(came_in, SpikeTrains) else None
        first += batch.n_trials


def correct_of(outcome: Outcome, rule: str) -> NDArray[np.bool_]:
    """Return which answers of a readout were right, shape (n_trials,)."""
    return np.asarray(outcome["chosen"][RULES.index(rule)] == outcome["label"])


def case_of(unit: Unit, bench: Bench) -> Prepared:
    """Return the prepared study of a unit, with the network that was trained for it if the unit needs one."""
    return bench.case(unit.study, needed_network(unit, bench) if unit.needs else None)


def hasher_of_inputs(
    prepare: Callable[[Unit, Bench], Prepared], ann: bool | None = None
) -> Callable[[Unit, Bench], str]:
    """Return the function that hashes all that the simulation of a unit reads, once it is prepared.

    Where `ann` is not given, the option ``ann`` of the unit says whether the trained network classifies too.
    """
    return lambda unit, bench: inputs_of_case(
        prepare(unit, bench), ann=bool(unit.options.get("ann")) if ann is None else ann
    )


def form_of(unit: Unit) -> Form:
    """Return the form of the outcome of `classify`."""
    config = unit.study.config
    n, rules = config.dataset.trials, len(RULES)
    return {
        **form_of_case(n),
        **({"ann": f"class {n}"} if unit.options.get("ann") else {}),
        **({"right_by_step": f"int {rules} steps"} if unit.options.get("curve") else {}),
    }


def form_of_case(n: int | str) -> Form:
    """Return the form of the outcome of `classify_case` of so many trials, without a curve."""
    return {
        "label": f"class {n}", "chosen": f"class {len(RULES)} {n}", "latency_ms": f"float {n}",
        "spikes": f"int {n}", "synops": f"int {n}", "updates": "float",
    }  # fmt: skip


inputs_of = hasher_of_inputs(case_of)
"""Returns the hash of everything that a simulation of a unit's study reads."""


CLASSIFY = Measure(
    classify,
    inputs_of,
    core=(SIMULATION, "bioscnn.readout", "bioscnn.metrics.latency", "bioscnn.metrics.activity"),
    form=form_of,
)
"""Named by units as ``"bioscnn.experiments.classify:CLASSIFY"``."""
