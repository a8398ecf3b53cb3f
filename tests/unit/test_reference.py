"""The independent simulator by hand: what pools, what listens for a window, what is lost on the way."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from bioscnn.draws import uniform
from bioscnn.encoding import Currents
from bioscnn.network import Axons, Dense, Failure, Pooling, Population, Projection, SpikingNetwork
from bioscnn.neurons import (
    IF,
    LIF,
    AdaptiveLIF,
    ExponentialConductance,
    ExponentialCurrent,
    LeadingCount,
    LeakyIntegrator,
    MaxPooling,
    NIRNeuron,
    Pulse,
    TimeCode,
    WindowedIntegrator,
    WindowedLIF,
    postsynaptic_potential,
)
from bioscnn.simulation.reference import simulate_reference
from bioscnn.spikes import SpikeTrains

SYNAPSE = ExponentialCurrent(5e-3)
CODE = TimeCode(tau_m=20e-3, tau_s=5e-3, dt=1e-3)
W = CODE.window_steps


def trains(events, size, n_steps, n_trials=1):
    """Spike trains of (step, neuron) of the first trial."""
    step, neuron = np.array(events).reshape(-1, 2).T
    return SpikeTrains.from_events(
        0 * step, step, neuron, n_trials=n_trials, size=size, n_steps=n_steps, dt=1e-3
    )


def one_cell(neuron, synapse=SYNAPSE, weight=((1e-9,),), failure=None, axons=None, **of_cell):
    weight = np.array(weight)
    source = Population("input", (weight.shape[1],), axons=axons)
    cell = Population("cell", (len(weight),), neuron, **of_cell)
    dense = Dense(source.shape, cell.shape, weight)
    return SpikingNetwork((source, cell), (Projection("input", "cell", dense, synapse, failure),))


def side_by_side(networks):
    """One network with the cells of several, ``cell0``, ``cell1``, ..., whose source is the same."""
    cells = [replace(network["cell"], name=f"cell{k}") for k, network in enumerate(networks)]
    onto = [
        replace(*network.projections, post=cell.name) for network, cell in zip(networks, cells, strict=True)
    ]
    return SpikingNetwork((networks[0].source, *cells), tuple(onto))


def test_max_pooling_fires_a_step_after_one_of_its_inputs_has_taken_the_lead():
    pooling = Pooling((1, 1, 4), (1, 1, 2), (1, 2), (0, 0, 0, 0), (1, 2), np.ones(1))
    pool = Population("pool", (1, 1, 2), MaxPooling())
    network = SpikingNetwork(
        (Population("input", (1, 1, 4)), pool), (Projection("input", "pool", pooling, LeadingCount()),)
    )
    # Neurons 0 and 1 are pooled: 0 leads with its first spike, 1 with its second, both with their third.
    events = [(1, 0), (2, 1), (3, 1), (4, 0), (6, 0), (6, 1), (2, 3)]
    found = simulate_reference(network, trains(events, 4, 10))["pool"]
    assert found.spikes.table()[["step", "neuron"]].values.tolist() == [[2, 0], [3, 1], [4, 0], [7, 0]]
    assert found.potentials[0, :, 0].tolist() == [0, 0.5, 0, 0.5, 0, 0, 1, 0, 0, 0]


def test_a_window_hears_each_spike_for_as_long_as_it_is_old_when_the_window_ends():
    weight, ages, later = np.array([[2e-10, -1e-10]]), np.array([4, 9]), 3
    opens = later + W
    events = [(opens - age, neuron) for neuron, age in enumerate(ages)]
    network = one_cell(WindowedIntegrator(CODE, opens, R_m=1e8), weight=weight)
    V = simulate_reference(network, trains(events, 2, opens + 10))["cell"].potentials[0, :, 0]
    by_hand = postsynaptic_potential(ages * 1e-3, weight[0], 1e8, CODE.tau_m, CODE.tau_s)
    assert V[opens] == pytest.approx(by_hand.sum(), rel=1e-6)
    np.testing.assert_allclose(V[opens:], V[opens] * np.exp(-np.arange(10) / 20), rtol=1e-5)


def test_a_current_is_heard_in_the_window_alone():
    opens, bias = W + 3, np.array([1e-10])
    network = one_cell(WindowedIntegrator(CODE, opens, R_m=1e8), bias=bias)
    V = simulate_reference(network, trains([], 1, 3 * W))["cell"].potentials[0, :, 0]
    assert V[3] == 0 and V[4] > 0
    charged = 1e-2 * (1 - np.exp(-W / 20))
    np.testing.assert_allclose(V[opens:], charged * np.exp(-np.arange(3 * W - opens) / 20), rtol=1e-5)


def test_a_windowed_neuron_says_once_the_value_that_is_nearest_to_its_own():
    opens, said = W, np.array([0.0, 0.2, 0.45, 0.71, 0.98, 1.6])
    jumps = 20e-3 * said / (1e8 * CODE.tau_s / (CODE.tau_m - CODE.tau_s) * CODE.heights[-1])
    network = one_cell(WindowedLIF(CODE, opens, R_m=1e8), weight=jumps[:, None])
    found = simulate_reference(network, trains([(0, 0)], 1, 3 * W))["cell"]
    ages = CODE.ages_of(said)
    expected = sorted((opens + W - age, neuron) for neuron, age in enumerate(ages) if age)
    assert found.spikes.table()[["step", "neuron"]].values.tolist() == [list(one) for one in expected]
    assert found.potentials[0, -1, 1:].tolist() == [0] * 5


def test_a_reset_takes_away_what_it_says():
    """A membrane without leak, 0.3 V_th in each step: the fourth takes it to 1.2 V_th."""
    current, left = np.array([0.3 * 20e-3 * 200e-12 / 1e-3]), {"zero": 0.0, "subtract": 0.2, "exact": 0.2}
    neurons = [IF(C_m=200e-12, V_th=20e-3, t_ref=2e-3, reset=reset) for reset in left]
    found = simulate_reference(side_by_side([one_cell(n, bias=current) for n in neurons]), trains([], 1, 8))
    for k, V in enumerate(left.values()):
        assert found[f"cell{k}"].spikes.step.tolist() == [3]
        expected = 20e-3 * np.array([0.3, 0.6, 0.9, *[V] * 3, V + 0.3, V + 0.6])
        np.testing.assert_allclose(found[f"cell{k}"].potentials[0, :, 0], expected, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("b", [0.0, 0.2e-9])
def test_the_exact_reset_is_where_the_membrane_is_that_fired_when_it_crossed(b):
    """Charged by a constant current, and then from zero since the crossing, with the jump of adaptation."""
    plain, adaptive = LIF(reset="exact", t_ref=0.0), AdaptiveLIF(reset="exact", t_ref=0.0, b=b)
    neuron = adaptive if b else plain
    to, V_th, tau_m = 31e-3, neuron.V_th, neuron.tau_m
    bias = np.array([to / neuron.R_m])
    found = simulate_reference(one_cell(neuron, bias=bias), trains([], 1, 40))["cell"]
    step, crossed = int(found.spikes.step[0]), -tau_m * np.log(1 - V_th / to)
    assert step == int(crossed / 1e-3)
    since = 1 - np.exp(-((step + 1) * 1e-3 - crossed) / tau_m)
    assert found.potentials[0, step, 0] == pytest.approx((to - neuron.R_m * b) * since, rel=1e-5, abs=1e-9)


def test_conductances_pull_the_membrane_to_their_reversal_potentials():
    neurons = LIF(V_th=1.0), IF(V_th=1.0), AdaptiveLIF(V_th=1.0)
    synapses = [ExponentialConductance(5e-3, receptor=receptor) for receptor in ("g_e", "g_i")]
    cases = list(product(neurons, synapses))
    network = side_by_side([one_cell(*case, ((4e-6,),)) for case in cases])
    found = simulate_reference(network, trains([(0, 0)], 1, 4))
    for k, (_, synapse) in enumerate(cases):
        V = found[f"cell{k}"].potentials[0, :, 0]
        towards = synapse.E_e if synapse.receptor == "g_e" else synapse.E_i
        assert V[0] == 0 and V[2] == pytest.approx(towards, rel=1e-2)


def test_a_leak_relaxes_and_a_membrane_without_one_stays():
    values, conductance = {"V_0": np.array([5e-3])}, ExponentialConductance(5e-3)
    cases = list(product((LIF(), IF()), (SYNAPSE, conductance)))
    network = side_by_side([one_cell(*case, values=values) for case in cases])
    found = simulate_reference(network, trains([], 1, 4, 2))
    for k, (neuron, _) in enumerate(cases):
        kept = np.exp(-np.arange(1, 5) / 20) if isinstance(neuron, LIF) else np.ones(4)
        np.testing.assert_allclose(found[f"cell{k}"].potentials[:, :, 0], [5e-3 * kept] * 2, rtol=1e-6)
    charging = one_cell(IF(C_m=200e-12), conductance, bias=np.array([0.1e-9]))
    charged = simulate_reference(charging, trains([], 1, 4))["cell"].potentials[0, :, 0]
    np.testing.assert_allclose(charged, 0.5e-3 * np.arange(1, 5), rtol=1e-6)


def test_a_membrane_without_a_leak_sums_up_behind_conductances_that_have_all_but_closed():
    """After a spike they fall by a factor of exp(-10) each step, to nothing in the end."""
    network = one_cell(IF(C_m=200e-12), ExponentialConductance(0.1e-3), ((1e-12,),), bias=np.array([0.02e-9]))
    V = simulate_reference(network, trains([(0, 0)], 1, 90))["cell"].potentials[0, :, 0]
    assert np.diff(V)[2:] == pytest.approx(0.1e-3, rel=1e-4)


def test_spikes_travel_and_get_lost_and_synapses_fail_as_chance_says():
    n, key = 40, 5
    axons = Axons(np.full(n, 2e-3), loss=0.3, key=key)
    events = [(step, neuron) for step in (0, 3) for neuron in range(n)]
    weight = 1e-9 * 2.0 ** -np.arange(n)
    network = one_cell(LeakyIntegrator(), weight=weight[None], axons=axons, failure=Failure(0.4, 6))
    V = simulate_reference(network, trains(events, n, 8))["cell"].potentials[0, :, 0]
    I, by_hand, numbers = 0.0, [0.0], np.arange(n)
    decay, leak, R_m = np.exp(-1 / 5), np.exp(-1 / 20), LeakyIntegrator().R_m
    for step in range(8):
        by_hand.append(by_hand[-1] * leak + R_m * I * 5 / 15 * (leak - decay))
        I *= decay
        if step in (2, 5):
            sent = uniform(key, 0, step - 2, numbers) >= 0.3
            I += weight @ (sent & (uniform(6, 0, step, numbers, 0) >= 0.4))
    np.testing.assert_allclose(V, by_hand[1:], rtol=1e-5)
    sure = replace(network.projections[0], failure=Failure(0.0, 6))
    certain = SpikingNetwork((Population("input", (n,)), network["cell"]), (sure,))
    assert simulate_reference(certain, trains(events, n, 8))["cell"].potentials[0, 1, 0] == pytest.approx(
        R_m * weight.sum() * 5 / 15 * (leak - decay), rel=1e-5
    )


def test_currents_of_the_stimulus_charge_each_trial_by_itself():
    network = one_cell(LeakyIntegrator(), None, ((1.0, 2.0),))
    values = np.array([[1e-10, 0], [0, 1e-10], [0, 0]], np.float32)
    V = simulate_reference(network, Currents(values, 5, 1e-3))["cell"].potentials[:, :, 0]
    charged = LeakyIntegrator().R_m * 1e-10 * (1 - np.exp(-np.arange(1, 6) / 20))
    np.testing.assert_allclose(V, np.outer([1, 2, 0], charged), rtol=1e-6)


@pytest.mark.parametrize(
    ("most", "V", "steps"),
    [
        (1, [0, 1.5, 1.5, 0.5, 0.5], [[1, 2, 3]]),
        (2, [0, 0.5, 0.5, 0.5, 0.5], [[1, 2], [1]]),
        (3, [0, 0.5, 0.5, 0.5, 0.5], [[1, 2], [1], []]),
    ],
)
def test_a_neuron_of_several_spikes_in_a_step_fires_once_for_each_threshold_passed(most, V, steps):
    """A pulse of 2.5 V_th, and one of 1 V_th a step later; each spike takes V_th away."""
    neuron = NIRNeuron("IF", reset="subtract", most=most, at_threshold=True, R=1e3)
    levels = [replace(neuron, level=level) for level in range(1, most + 1)]
    network = side_by_side([one_cell(level, Pulse(), ((2.5, 1.0),)) for level in levels])
    found = simulate_reference(network, trains([(0, 0), (1, 1)], 2, 5))
    for k in range(most):
        assert found[f"cell{k}"].potentials[0, :, 0].tolist() == V
        assert found[f"cell{k}"].spikes.step.tolist() == steps[k]


@pytest.mark.parametrize(
    ("reset", "V"),
    [
        ("v_reset", [0.3, 0.15, 0.075, 0.0375]),
        ("subtract", [0.7, 0.35, 0.175, 0.0875]),
        ("subtract-later", [1.2, 0.1, 0.05, 0.025]),
    ],
)
def test_a_neuron_of_a_nir_graph_is_reset_as_its_framework_does(reset, V):
    """Its membrane loses half in a step, and takes up half of a pulse of 2.4."""
    neuron = NIRNeuron("LIF", reset=reset, tau=2e-3, V_reset=0.3, V_drop=0.5)
    found = simulate_reference(one_cell(neuron, Pulse(), ((2.4,),)), trains([(0, 0)], 1, 5))["cell"]
    assert found.spikes.step.tolist() == [1]
    np.testing.assert_allclose(found.potentials[0, 1:, 0], V, rtol=1e-6)


@pytest.mark.parametrize(
    ("step", "V"),
    [
        ("euler", [0, 0, 0.25, 0.25, 0.1875]),
        ("current-first", [0, 0.25, 0.25, 0.1875, 0.125]),
        ("current-jumps", [0, 0.5, 0.5, 0.375, 0.25]),
    ],
)
def test_frameworks_differ_in_when_the_membrane_sees_a_current(step, V):
    """Half of the current, and of the potential, are lost in a step."""
    neuron = NIRNeuron("CubaLIF", step, fires=False, tau=2e-3, tau_syn=2e-3)
    found = simulate_reference(one_cell(neuron, Pulse(), ((1.0,),)), trains([(0, 0)], 1, 5))["cell"]
    np.testing.assert_allclose(found.potentials[0, :, 0], V, rtol=1e-6)


def test_an_exact_step_relaxes_and_a_bias_waits_for_its_step():
    neuron = NIRNeuron("LIF", "exponential", fires=False, tau=20e-3, R=2.0, begin=2)
    found = simulate_reference(one_cell(neuron, Pulse(), bias=np.array([0.5])), trains([], 1, 6))["cell"]
    expected = np.maximum(0, 1 - np.exp(-(np.arange(6) - 1) / 20))
    np.testing.assert_allclose(found.potentials[0, :, 0], expected, rtol=1e-5)
