"""Synaptic operations of single trials: counted while the program runs, from all spikes, and their mean."""

from pathlib import Path

import numpy as np
import pytest

from bioscnn.metrics import synaptic_operations_by_trial, synaptic_operations_per_trial
from bioscnn.network import READOUT
from bioscnn.simulation import Recording, simulate
from bioscnn.spikes import SpikeTrains
from bioscnn.studies import read_study
from bioscnn.studies.prepare import prepare

SIMS = Path(__file__).parents[2] / "sims"

STUDIES = {
    "pixels, LIF": ("mnist.toml", "network.model=mnist-small"),
    "pixels, ReLU": ("mnist.toml", "network.model=mnist-small-relu"),
    "delays": ("mnist.toml", "synapse.delay=3 ms"),
    "conductances": ("mnist.toml", "synapse.model=conductance"),
    "lost spikes": ("mnist.toml", "noise.transmission-failure.probability=0.2"),
    "spikes come in": ("mnist-foveal.toml", "simulation.seed=1"),
}


@pytest.mark.parametrize("device", ["cpp_standalone", "numpy"])
@pytest.mark.parametrize("case", STUDIES)
def test_synaptic_operations_counted_in_a_simulation_are_those_of_its_spikes(case, device):
    study, setting = STUDIES[case]
    n_trials = 5 if device == "cpp_standalone" else 2
    settings = [f"dataset.trials={n_trials}", setting, f"simulation.device={device}"]
    prepared = prepare(read_study(SIMS / study, settings), None)
    network, stimulus = prepared.network, prepared.stimulus
    came_in = stimulus if isinstance(stimulus, SpikeTrains) else None
    names = [population.name for population in network.neurons if population.spikes]
    counted = simulate(network, stimulus, prepared.device, potentials={READOUT}, synaptic_events=True)
    recorded = simulate(network, stimulus, prepared.device, record=names, potentials={READOUT})
    by_trial = synaptic_operations_by_trial(network, counted, came_in)
    assert by_trial.shape == (n_trials,) and np.ptp(by_trial) > 0
    np.testing.assert_array_equal(by_trial, synaptic_operations_by_trial(network, recorded, came_in))
    assert by_trial.mean() == synaptic_operations_per_trial(network, counted, came_in)


def test_the_events_of_a_trial_are_the_synapses_of_the_neurons_that_spiked_in_it():
    prepared = prepare(read_study(SIMS / "mnist.toml", ["dataset.trials=3"]), None)
    network, stimulus = prepared.network, prepared.stimulus
    recording = simulate(network, stimulus, prepared.device, record={"conv1"}, synaptic_events=True)
    (onto,) = (projection for projection in network.projections if projection.pre == "conv1")
    of_neuron = np.bincount(onto.connectivity.synapses()[0], minlength=network["conv1"].size)
    fired = recording["conv1"].spikes
    assert fired is not None
    expected = [of_neuron[fired[k : k + 1].neuron].sum() for k in range(3)]
    np.testing.assert_array_equal(recording["conv1"].events_by_trial, expected)


def test_synaptic_operations_without_events_or_spikes_of_a_population_are_refused_by_name():
    prepared = prepare(read_study(SIMS / "mnist.toml", ["dataset.trials=2"]), None)
    recording: Recording = simulate(prepared.network, prepared.stimulus, prepared.device)
    with pytest.raises(ValueError, match="conv1"):
        synaptic_operations_by_trial(prepared.network, recording)
