"""What may be wrong with what was simulated: no input, silence, the ceiling of rates, trials that depend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from bioscnn.encoding import Currents
from bioscnn.network import OUTPUT, SpikingNetwork
from bioscnn.neurons import EquationNeuron, MaxPooling
from bioscnn.simulation import Recording
from bioscnn.studies.guards.finding import Finding
from bioscnn.studies.prepare import Prepared, rounding_of
from bioscnn.studies.scores import Scores

AT_CEILING = 0.5
"""Share of the active trains of a population that may be at the refractory ceiling before a run says so."""

SPIKE_RULES = ("spike-count", "first-spike")
"""Readouts that need spikes of the output."""

COARSE = 1e-4
"""Thresholds by which a potential may be rounded before a run says so."""

NEAR = 1.1
"""Mean interval of a train at the ceiling, in shortest intervals, at most."""


def findings_of_simulation(
    prepared: Prepared,
    scores: Scores,
    examples: Recording,
    chosen: NDArray[np.int64],
    largest: Mapping[str, float],
) -> list[Finding]:
    """Return findings on the spikes of a run; none, as a rule.

    Parameters
    ----------
    prepared : Prepared
        The study.
    scores : Scores
        Of all trials.
    examples : Recording
        Of `bioscnn.studies.guards.simulate_again`.
    chosen : ndarray of int64, shape (n_examples,)
        Which trials these are.
    largest : mapping of float
        Largest magnitude of the potentials of populations in the examples, V.
    """
    rounded = rounding_of(prepared.study.config)
    return [
        *_without_input(prepared),
        *_silent(prepared, scores),
        *at_ceiling(prepared.network, examples),
        *coarse(prepared, largest),
        *([] if rounded is None else [Finding("rounded-t-ref", rounded)]),
        *_leaks(prepared.network, scores, examples, chosen),
    ]


def at_ceiling(network: SpikingNetwork, recording: Recording) -> Iterator[Finding]:
    """Yield a finding for each population of which most active trains are as dense as t_ref allows.

    A train is that of one neuron in one trial. It is active if it has a spike; to be dense it needs three.
    """
    for population in network.neurons:
        t_ref, spikes = getattr(population.neuron, "t_ref", None), recording[population.name].spikes
        if t_ref is None or spikes is None or not population.spikes:
            continue
        shortest = round(t_ref / recording.dt) + 1
        train = spikes.trial() * spikes.size + spikes.neuron
        counts = np.bincount(train, minlength=spikes.n_trials * spikes.size)
        first = np.full(len(counts), spikes.n_steps)
        last = np.zeros(len(counts), np.int64)
        np.minimum.at(first, train, spikes.step)
        np.maximum.at(last, train, spikes.step)
        dense = (counts >= 3) & (last - first <= NEAR * shortest * (counts - 1))
        n_dense, n_active = np.count_nonzero(dense), np.count_nonzero(counts)
        if n_dense > AT_CEILING * n_active:
            yield Finding(
                "at-ceiling",
                f"in the examples, {n_dense:,} of {n_active:,} active spike trains of {population.name} fire "
                "as fast as refractory periods let them, so that they tell large activations apart no more: "
                "weights or input currents are too large for neuron.t_ref",
            )


def coarse(prepared: Prepared, largest: Mapping[str, float]) -> Iterator[Finding]:
    """Yield a finding for each population whose potentials single precision knows too coarsely to fire by."""
    if prepared.study.config.simulation.precision != "float32":
        return
    for population in prepared.network.neurons:
        neuron = population.neuron
        V_th: float | None
        if isinstance(neuron, EquationNeuron):
            V_th = neuron.threshold_potential
        else:
            V_th = getattr(neuron, "V_th", None)
        if not V_th or not population.spikes or population.name not in largest:
            continue
        times = largest[population.name] / V_th
        if (resolved := times * float(np.finfo(np.float32).eps)) > COARSE:
            yield Finding(
                "coarse-precision",
                f"in the examples, potentials of {population.name} come to {times:,.0f} times the threshold, "
                f"where single precision resolves {resolved:.2g} of it: spikes are a matter of rounding, and "
                "weights or input currents are too large for it; "
                "simulation.precision=float64 has more digits",
            )


def _without_input(prepared: Prepared) -> Iterator[Finding]:
    """Yield a finding if there are trials in which nothing comes in, so that biases alone answer."""
    stimulus = prepared.stimulus
    if isinstance(stimulus, Currents):
        empty = ~np.asarray(stimulus.values.any(axis=1))
    else:
        empty = np.diff(stimulus.trial_start) == 0
    if not empty.any():
        return
    reason = "their images are encoded as zeros"
    if prepared.study.config.dataset.recorded:
        reason = (
            "their events come after the trial, or are lost; times begin with the recording, in microseconds"
        )
    yield Finding(
        "no-input",
        f"nothing comes in in {np.count_nonzero(empty):,} of {len(empty):,} trials, so that biases alone "
        f"answer: {reason}",
    )


def _silent(prepared: Prepared, scores: Scores) -> Iterator[Finding]:
    """Yield a finding for each population that has not fired at all, where it should have.

    The output need not fire where the class is read from potentials; in the time code it does not.
    """
    reads_spikes = prepared.study.config.readout.rule in SPIKE_RULES
    for population in prepared.network.neurons:
        name = population.name
        if not population.spikes or isinstance(population.neuron, MaxPooling) or scores.fires(name):
            continue
        if name == OUTPUT and not reads_spikes:
            continue
        if not prepared.has_ann and (name == OUTPUT or "_" in name):  # NIR: see `notes` of its conversion
            continue
        yield Finding(
            "silent",
            f"{name} has not fired in any trial: weights or input currents are too small for neuron.V_th, or "
            "trials too short",
        )


def _leaks(
    network: SpikingNetwork, scores: Scores, examples: Recording, chosen: NDArray[np.int64]
) -> Iterator[Finding]:
    """Yield a finding if trials had other spikes when other trials came before them."""
    if any(population.noise and population.noise.xi for population in network.neurons):
        return  # no two runs have the same noise
    differs = np.zeros(len(chosen), bool)
    for population in network.neurons:
        name = population.name
        differs |= scores.spikes_by_trial(name)[chosen] != examples[name].counts_by_trial
    if differs.any():
        yield Finding(
            "border-leak",
            f"{np.count_nonzero(differs)} of {len(chosen)} trials fired other numbers of spikes when other "
            "trials came before them: no trial must depend on the one before it; please report this",
        )
