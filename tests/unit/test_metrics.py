import numpy as np
import pytest

from bioscnn.ann import read_model
from bioscnn.conversion import convert
from bioscnn.encoding import Currents
from bioscnn.metrics import (
    confusion_matrix,
    decision_latency,
    energy_estimate,
    first_informed_step,
    layer_operations,
    synaptic_operations_per_trial,
    time_to_accuracy,
)
from bioscnn.neurons import LIF, ExponentialConductance, ExponentialCurrent
from bioscnn.simulation.reference import simulate_reference
from tests.networks import currents, every_layer, spikes


def test_confusions_are_trials_by_true_and_chosen_class():
    labels, chosen = np.array([0, 0, 1, 2, 2]), np.array([0, 1, 1, 2, 0])
    matrix = confusion_matrix(chosen, labels, 3)
    assert matrix.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 1]]
    assert np.mean(chosen == labels) == np.trace(matrix) / matrix.sum()


def test_latency_is_the_time_of_the_last_change_of_mind():
    decided = np.array([[1, 1, 1, 1], [0, 0, 0, 1], [1, 0, 1, 1], [0, 1, 0, 1]])
    latency = decision_latency(decided, 1e-3, informed=np.zeros(4, dtype=np.int64))
    assert latency.tolist() == pytest.approx([1e-3, 4e-3, 3e-3, 4e-3])


def test_no_decision_counts_before_evidence_and_without_any_the_whole_trial_does():
    decided = np.array([[1, 1, 1, 1], [0, 1, 1, 1], [0, 0, 0, 1], [1, 1, 1, 1]])
    latency = decision_latency(decided, 1e-3, informed=np.array([2, 2, 2, 4]))
    assert latency.tolist() == pytest.approx([3e-3, 3e-3, 4e-3, 4e-3])


@pytest.mark.parametrize("precision", [np.float32, np.float64])
@pytest.mark.parametrize("dt", [1e-3, 1e-4])
def test_evidence_arrives_in_the_step_after_the_first_spike_of_the_layer_before(precision, dt):
    network = convert(every_layer(), LIF(), ExponentialCurrent(5e-3))
    recorded = simulate_reference(network, currents(40, n_steps=round(30e-3 / dt), dt=dt))
    potentials, last = recorded["readout"].potentials.astype(precision), recorded["dense1"].spikes
    first = np.minimum(last.first_step().min(axis=1) + 1, last.n_steps)
    assert len(np.unique(first)) > 3
    assert np.array_equal(first_informed_step(potentials, dt, network["readout"].neuron.tau_m), first)


def test_a_readout_that_no_spike_reaches_is_never_informed():
    network = convert(read_model("mnist-small"), LIF(), ExponentialCurrent(5e-3))
    dark = Currents(np.zeros((3, 784), np.float32), n_steps=30, dt=1e-3)
    potentials = simulate_reference(network, dark)["readout"].potentials
    assert np.abs(potentials).max() > 0
    assert first_informed_step(potentials, 1e-3, 20e-3).tolist() == [30, 30, 30]


def test_a_level_is_reached_when_the_curve_first_comes_to_it():
    curve = [0.1, 0.97, 0.98, 0.97, 0.99]
    assert time_to_accuracy(curve, 1e-3, 0.98) == pytest.approx(3e-3)
    assert time_to_accuracy(curve, 1e-3, 0.995) is None


def test_operations_are_two_for_each_connection_that_computes():
    """Without padding and pooling, every connection of the spiking network is one multiply-accumulate."""
    graph = read_model("mnist-small")
    network = convert(graph, LIF(), ExponentialCurrent(5e-3))
    connections = {p.post: p.connectivity.n_synapses for p in network.projections}
    counted = [n for n in layer_operations(graph) if n]
    assert counted == [2 * connections[name] for name in ("conv1", "conv2", "conv3", "output")]


def test_operations_of_groups_padding_and_pooling_are_counted_by_hand():
    by_layer = layer_operations(every_layer())
    assert [n for n in by_layer if n] == [
        2 * (4 * 9 * 4) * (1 * 3 * 2),  # 4 x 9 x 4 outputs, each from one of two channels
        2 * (4 * 4 * 2) * (2 * 2),
        2 * (6 * 3 * 1) * (4 * 2 * 2),
        2 * 12 * 18,
        2 * 5 * 12,
    ]


def test_the_energy_of_a_spiking_network_is_that_of_its_synaptic_operations_and_updates():
    graph = every_layer()
    energy = energy_estimate(graph, synaptic_operations=2000, neurons=40, duration=20e-3)
    assert (energy.synapses, energy.updates) == (0.08 * 2000, pytest.approx(0.25 * 40 * 20))
    assert energy.ann == sum(layer_operations(graph))
    assert energy.stimulus == layer_operations(graph)[0]
    assert energy.ratio == pytest.approx(energy.ann / 360) and energy.ratio > energy.ratio_with_stimulus > 0
    assert energy.ratio_of_events == energy.ann / 160


def test_input_spikes_count_as_synaptic_operations_and_cost_the_trained_network_a_pass_a_frame():
    graph, came_in = every_layer(), spikes(3)
    network = convert(graph, LIF(), ExponentialCurrent(5e-3), input_rate=100.0)
    recording = simulate_reference(network, came_in)
    without = synaptic_operations_per_trial(network, recording)
    fan_out = network.projections[0].connectivity.fan_out()
    assert synaptic_operations_per_trial(network, recording, came_in) == pytest.approx(
        without + fan_out[came_in.neuron].sum() / 3
    )
    energy = energy_estimate(graph, synaptic_operations=2000, neurons=40, duration=20e-3, frames=12)
    assert energy.ann == 12 * sum(layer_operations(graph))
    assert energy.stimulus == 0 and energy.ratio == energy.ratio_with_stimulus


def test_a_spike_costs_as_many_operations_through_conductances_as_through_currents():
    """Though each synapse is in the projections of both receptors."""
    networks = [
        convert(every_layer(), LIF(), kind(5e-3)) for kind in (ExponentialCurrent, ExponentialConductance)
    ]
    recording = simulate_reference(networks[0], currents(3))
    one, other = (synaptic_operations_per_trial(network, recording) for network in networks)
    assert one == other > 0
