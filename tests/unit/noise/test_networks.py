"""Noise of spiking networks, measured: neurons, synapses and axons; each adds to what is there."""

from dataclasses import replace

import numpy as np
import pytest

from bioscnn.conversion import convert
from bioscnn.errors import UserError
from bioscnn.network import (
    OUTPUT,
    READOUT,
    Composition,
    Dense,
    Individual,
    Population,
    Projection,
    SpikingNetwork,
)
from bioscnn.neurons import IF, LIF, AdaptiveLIF, ExponentialConductance, ExponentialCurrent, LeakyIntegrator
from bioscnn.noise import (
    NOISES,
    AxonalDelay,
    DeadNeurons,
    NoisyMembrane,
    Quantisation,
    SpikeLoss,
    StuckNeurons,
    ThresholdMismatch,
    TimeConstantMismatch,
    TransmissionFailure,
    WeightNoise,
    with_common_delay,
)
from bioscnn.seeds import stream
from tests.networks import every_layer

N = 20_000
NETWORK_NOISES = [kind for kind in NOISES.values() if kind.acts_on == "network"]


def noise():
    return stream(1, "noise")


def large(neuron=None, tau_s=5e-3):
    """Twenty thousand neurons driven by two inputs, and an output of fifty and a readout that they drive."""
    neuron, synapse = neuron or LIF(), ExponentialCurrent(tau_s)
    weights = stream(2, "weights")
    into, out = weights.normal(1e-9, 1e-9, (N, 2)), weights.normal(0, 1e-9, (50, N))
    populations = (
        Population("input", (2,)),
        Population("hidden", (N,), neuron),
        Population(OUTPUT, (50,), neuron),
        Population(READOUT, (50,), LeakyIntegrator()),
    )
    projections = (
        Projection("input", "hidden", Dense((2,), (N,), into), synapse),
        Projection("hidden", OUTPUT, Dense((N,), (50,), out), synapse),
        Projection("hidden", READOUT, Dense((N,), (50,), out), synapse),
    )
    return SpikingNetwork(populations, projections)


def small(input_rate=100.0):
    """Every kind of connectivity; currents flow in if there is no input rate."""
    return convert(every_layer(), LIF(), ExponentialCurrent(5e-3), input_rate=input_rate)


@pytest.mark.parametrize("kind", NETWORK_NOISES, ids=lambda kind: kind.name)
def test_the_readout_keeps_its_parameters_and_currents_flow_in_as_before(kind):
    clean = small(input_rate=None)
    noisy = kind.at(5).apply(clean, noise())
    readout = noisy[READOUT]
    assert (readout.bias is clean[READOUT].bias, readout.values, readout.noise) == (True, {}, None)
    for before, after in zip(clean.projections, noisy.projections, strict=True):
        if before.synapse is None:
            assert after == before or after is before
            assert after.connectivity is before.connectivity and after.failure is None
    assert noisy.source.axons is None


def test_thresholds_are_spread_by_the_coefficient_of_variation_about_the_mean_and_positive():
    values = ThresholdMismatch(0.3).apply(large(), noise())["hidden"].values["V_th"]
    assert values.mean() == pytest.approx(20e-3, rel=0.01)
    assert values.std() / values.mean() == pytest.approx(0.3, rel=0.03)
    assert values.min() > 0
    assert np.log(values).std() == pytest.approx(np.sqrt(np.log1p(0.09)), rel=0.02)


def test_time_constants_are_spread_and_keep_clear_of_the_synapse():
    network = TimeConstantMismatch(0.3).apply(large(tau_s=18e-3), noise())
    values = network["hidden"].values["tau_m"]
    assert values.mean() == pytest.approx(20e-3, rel=0.01)
    assert values.std() / values.mean() == pytest.approx(0.3, rel=0.03)
    assert np.abs(18e-3 / values - 1).min() >= 0.01


def test_mismatch_multiplies_what_is_there():
    mismatched = ThresholdMismatch(0.2).apply(large(), noise())
    both = ThresholdMismatch(0.2).apply(mismatched, stream(2, "noise"))["hidden"].values["V_th"]
    assert both.std() / both.mean() == pytest.approx(np.sqrt(1.04**2 - 1), rel=0.05)
    timed = TimeConstantMismatch(0.2).apply(mismatched, noise())["hidden"].values
    assert np.array_equal(timed["V_th"], mismatched["hidden"].values["V_th"])


def test_membrane_noise_is_in_every_population_that_fires_with_numbers_of_its_own():
    found = [NoisyMembrane(2e-3).apply(large(), noise())[name].noise for name in ("hidden", OUTPUT)]
    assert [one.sd for one in found] == [2e-3, 2e-3] and found[0].key != found[1].key


@pytest.mark.parametrize("kind", [NoisyMembrane, TimeConstantMismatch])
def test_a_neuron_without_leak_is_refused_where_there_is_nothing_to_be_noisy(kind):
    with pytest.raises(UserError, match=r"needs a neuron that leaks(.|\n)*without a leak"):
        kind.at(1).apply(large(IF()), noise())


def test_the_share_of_dead_neurons_never_spikes_and_the_output_is_spared():
    network = DeadNeurons(0.2).apply(large(), noise())
    threshold = network["hidden"].values["V_th"]
    assert np.mean(threshold > 100) == pytest.approx(0.2, abs=0.01)
    assert set(threshold[threshold < 100]) == {20e-3}
    assert network[OUTPUT].values == {}


@pytest.mark.parametrize("neuron", [LIF(), IF()])
def test_the_share_of_stuck_neurons_reaches_its_threshold_in_a_small_part_of_a_step(neuron):
    network = StuckNeurons(0.05).apply(large(neuron), noise())
    bias = network["hidden"].bias
    assert np.mean(bias > 0) == pytest.approx(0.05, abs=0.005)
    assert 1 / neuron.rate(bias.max()) - neuron.t_ref < 50e-6
    assert network[OUTPUT].bias is None


def test_dead_neurons_stay_dead_when_they_are_stuck_too():
    for kinds in ((DeadNeurons, StuckNeurons), (StuckNeurons, DeadNeurons)):
        network = large(IF())
        for number, kind in enumerate(kinds):
            network = kind(0.5).apply(network, stream(number, "noise"))
        hidden = network["hidden"]
        dead = hidden.values["V_th"] > 100
        assert np.mean(dead) == pytest.approx(0.5, abs=0.02) and np.all(hidden.bias[dead] == 0)
        assert np.mean(hidden.bias > 0) == pytest.approx(0.25, abs=0.02)


def test_every_synapse_is_off_by_a_share_of_its_own_without_bias():
    clean = large()
    noisy = WeightNoise(0.3).apply(clean, noise())
    for before, after in zip(clean.projections, noisy.projections, strict=True):
        assert isinstance(after.connectivity, Individual)
        (pre, post, weight), (pre_2, post_2, weight_2) = (p.connectivity.synapses() for p in (before, after))
        assert np.array_equal(pre, pre_2) and np.array_equal(post, post_2)
        off = weight_2 / weight - 1
        n = len(off)
        assert off.std() == pytest.approx(0.3, rel=0.02) and abs(off.mean()) < 4 * 0.3 / np.sqrt(n)
        assert len(np.unique(off.round(12))) > 0.99 * n


def test_synapses_of_a_convolution_share_no_weight_any_more():
    clean = small()
    noisy = WeightNoise(0.1).apply(clean, noise())
    before, after = (n.projections[0].connectivity for n in (clean, noisy))
    assert len(np.unique(before.synapses()[2])) < 0.1 * before.n_synapses
    assert len(np.unique(after.synapses()[2])) == after.n_synapses == before.n_synapses


@pytest.mark.parametrize(("bits", "most"), [(8, 255), (4, 15), (3, 7), (2, 3)])
def test_quantised_weights_have_few_equally_spaced_values_and_are_the_nearest(bits, most):
    clean = large()
    noisy = Quantisation(bits).apply(clean, noise())
    for before, after in zip(clean.projections, noisy.projections, strict=True):
        weight, quantised = before.connectivity.weight, after.connectivity.weight
        step = np.abs(weight).max() / (2 ** (bits - 1) - 1)
        assert most / 2 < len(np.unique(quantised)) <= most
        assert np.allclose(quantised / step, np.rint(quantised / step))
        assert np.abs(quantised - weight).max() <= step / 2 * (1 + 1e-9)


def test_quantisation_keeps_the_kind_of_connectivity_and_quantises_each_part_of_a_composition():
    clean = small()
    noisy = Quantisation(2).apply(clean, noise())
    kinds = [[type(p.connectivity) for p in network.projections] for network in (clean, noisy)]
    assert kinds[0] == kinds[1]
    dense = Dense((4,), (3,), stream(1, "dense").normal(0, 1, (3, 4)))
    other = Dense((3,), (2,), stream(2, "dense").normal(0, 1, (2, 3)))
    parts = Composition((4,), (2,), (dense, other))
    projection = replace(clean.projections[0], connectivity=parts)
    populations = Population(projection.pre, (4,)), Population(projection.post, (2,), LIF())
    quantised = Quantisation(2).apply(SpikingNetwork(populations, (projection,)), noise())
    for part in quantised.projections[0].connectivity.parts:
        assert len(np.unique(np.abs(part.weight[part.weight != 0]))) == 1


def test_failures_of_transmission_add_up_and_every_projection_has_numbers_of_its_own():
    once = TransmissionFailure(0.5).apply(large(), noise())
    twice = TransmissionFailure(0.5).apply(once, stream(2, "noise"))
    assert [p.failure.probability for p in once.projections] == [0.5] * 3
    assert [p.failure.probability for p in twice.projections] == [0.75] * 3
    assert len({p.failure.key for p in once.projections}) == 3


def test_spikes_are_lost_on_the_way_from_the_input_and_from_every_layer():
    network = SpikeLoss(0.3).apply(large(), noise())
    lossy = {p.name: p.axons.loss for p in network.populations if p.axons is not None}
    assert lossy == {"input": 0.3, "hidden": 0.3}
    assert not network["hidden"].axons.delay.any()


def test_delays_are_uniform_up_to_twice_their_mean_and_come_on_top_of_the_common_one():
    network = AxonalDelay(3e-3).apply(with_common_delay(large(), 2e-3), noise())
    delay = network["hidden"].axons.delay
    assert delay.mean() == pytest.approx(5e-3, rel=0.02)
    assert delay.min() >= 2e-3 and delay.max() <= 8e-3
    assert (delay - 2e-3).std() == pytest.approx(6e-3 / np.sqrt(12), rel=0.02)
    assert np.all(with_common_delay(large(), 2e-3)["input"].axons.delay == 2e-3)
    lossy = SpikeLoss(0.3).apply(network, noise())
    assert np.array_equal(lossy["hidden"].axons.delay, delay)


def test_a_noisy_conductance_is_never_negative():
    network = convert(every_layer(), LIF(), ExponentialConductance(5e-3))
    noisy = WeightNoise(0.8).apply(network, noise())
    for before, after in zip(network.projections, noisy.projections, strict=True):
        if after.synapse is not None:
            was, weights = before.connectivity.synapses()[2], after.connectivity.synapses()[2]
            assert np.all(weights >= 0) and not np.array_equal(weights, was)


def test_mismatch_keeps_the_membrane_from_the_time_constant_of_the_adaptation():
    neuron = AdaptiveLIF(tau_m=20e-3, tau_a=22e-3)
    tau_m = TimeConstantMismatch(0.1).apply(large(neuron), noise())["hidden"].values["tau_m"]
    assert np.abs(tau_m / 22e-3 - 1).min() > 0.0109
    assert tau_m.std() / tau_m.mean() == pytest.approx(0.1, rel=0.05)
