"""The numbers of a run, of as many trials as one likes."""

from __future__ import annotations

import pickle

import numpy as np

from bioscnn.conversion import convert
from bioscnn.network import OUTPUT, READOUT
from bioscnn.neurons import LIF, ExponentialCurrent
from bioscnn.readout import READOUTS, decisions
from bioscnn.simulation import PopulationRecording, Recording
from bioscnn.spikes import SpikeTrains
from bioscnn.studies.scores import Scores
from tests.networks import every_layer

STEPS, BATCH, N_BATCHES = 30, 20, 60


def batches(network):
    """Recordings of made-up activity."""
    chance = np.random.default_rng(1)
    for _ in range(N_BATCHES):
        populations = {}
        for population in network.neurons:
            fired = np.nonzero(chance.random((BATCH, STEPS, population.size)) < 0.02)
            spikes = SpikeTrains.from_events(
                *fired, n_trials=BATCH, size=population.size, n_steps=STEPS, dt=1e-3
            )
            potentials = chance.normal(size=(BATCH, STEPS, population.size)).astype(np.float32)
            last = population.name == READOUT
            populations[population.name] = PopulationRecording.from_spikes(
                spikes, population.name == OUTPUT, potentials if last else None
            )
        yield Recording(populations, STEPS, 1e-3)


def test_scores_of_batches_are_those_of_all_trials_and_keep_few_bytes_of_each():
    network = convert(every_layer(), LIF(), ExponentialCurrent(5e-3))
    parts = list(batches(network))
    whole, scores, at_once = (
        Recording.concatenate(parts),
        Scores(network, "mean-potential", BATCH * N_BATCHES),
        {},
    )
    for part in parts:
        scores.add(part)
    for rule in READOUTS:
        at_once[rule] = decisions(whole, rule)
        assert np.array_equal(scores.chosen(rule), at_once[rule][:, -1])
    assert np.array_equal(scores.decided(), at_once["mean-potential"])
    for population in network.neurons:
        expected = whole[population.name].counts_by_trial
        assert np.array_equal(scores.spikes_by_trial(population.name), expected)
    n = 8 * len(network.neurons) + 8 + len(READOUTS) + STEPS
    kept = {name: value for name, value in vars(scores).items() if name != "network"}
    by_neuron = 8 * sum(population.size for population in network.neurons)
    assert len(pickle.dumps(kept)) < BATCH * N_BATCHES * n + 12 * by_neuron + 200 * 8 * N_BATCHES
