"""The hand-written C program simulates the very model that it is the limit of."""

from dataclasses import replace

import numpy as np
import pytest

from bench.limit import Limit
from bench.roofline import Core, measure_core, roofline
from bioscnn.ann import Conv2d, Dense, Flatten, LayerGraph, LIFRate, ReLU, read_model
from bioscnn.conversion import convert, normalise
from bioscnn.datasets import load_dataset
from bioscnn.encoding import pixel_currents
from bioscnn.errors import UserError
from bioscnn.network import Dense as AllToAll
from bioscnn.network import Population, Projection, SpikingNetwork
from bioscnn.neurons import IF, LIF, ExponentialCurrent, LeakyIntegrator
from bioscnn.readout import READOUTS, decisions
from bioscnn.seeds import stream
from bioscnn.simulation.recording import PopulationRecording, Recording
from bioscnn.simulation.reference import simulate_reference
from tests.networks import SHAPE, currents, every_layer, images

SYNAPSE = ExponentialCurrent(5e-3)
NEURONS = [LIF(), LIF(t_ref=0.0, reset="subtract"), IF(t_ref=3e-3), IF(reset="subtract")]


@pytest.fixture(scope="module", params=["float64", "float32"])
def limit(request, tmp_path_factory):
    return Limit.build(tmp_path_factory.mktemp("limit"), request.param)


def lopsided(activation):
    """A lively network whose kernels, strides and paddings differ between the axes, and between the sides."""
    rng = stream(3, "lopsided network")

    def weights(*shape):
        fan_in = np.prod(shape[1:])
        return rng.normal(2 / fan_in, 3 / np.sqrt(fan_in), shape).astype(np.float32)

    def bias(n):
        return rng.normal(1.2, 0.4, n).astype(np.float32)

    layers = (
        Conv2d(weights(7, 2, 3, 4), bias(7), (1, 2), (1, 0, 1, 2)),
        activation,
        Conv2d(weights(6, 7, 2, 5), bias(6), (2, 3), (0, 1, 1, 3)),
        activation,
        Conv2d(weights(19, 6, 3, 2), bias(19), (2, 1), (1, 2, 0, 0)),
        activation,
        Flatten(),
        Dense(weights(12, 19 * 6), bias(12)),
        activation,
        Dense(weights(5, 12), bias(5)),
    )
    return LayerGraph("lopsided", SHAPE, layers)


def converted(neuron):
    """The lopsided network with one neuron model, trained on its rates or normalised for them."""
    if neuron == LIF():
        return convert(lopsided(LIFRate(tau_m=20e-3, t_ref=2e-3, amplitude=10e-3)), neuron, SYNAPSE)
    graph = lopsided(ReLU())
    return convert(graph, neuron, SYNAPSE, normalisation=normalise(graph, images(100, seed=8), neuron))


def assert_same(run, oracle, precision):
    """Equal spike counts in float64; in float32 a few more or fewer."""
    for name, counts in run.spikes.items():
        expected = oracle[name].counts_by_trial
        if precision == "float64":
            assert np.array_equal(counts, expected), name
        else:
            assert np.abs(counts - expected).sum() <= 1 + expected.sum() / 500, name


@pytest.mark.slow
def test_the_limit_gives_the_spikes_of_the_oracle_on_the_shipped_network(limit):
    digits = load_dataset("mnist", "validation").take(20)
    network = convert(read_model("mnist-small"), LIF(), SYNAPSE)
    stimulus = pixel_currents(digits.intensities(), 30, 1e-3)
    oracle = simulate_reference(network, stimulus)
    assert all(oracle[p.name].counts_by_trial.min() > 0 for p in network.neurons if p.spikes)
    for rule in READOUTS:
        run = limit.run(network, stimulus, rule)
        assert_same(run, oracle, limit.precision)
        assert np.array_equal(run.classes, decisions(oracle, rule)[:, -1])
    assert 0 < run.loop_seconds < run.process_seconds
    assert 0.1 < run.peak_mb < 40


@pytest.mark.parametrize("neuron", NEURONS, ids=repr)
def test_every_neuron_model_and_odd_geometry_gives_the_spikes_of_the_oracle(limit, neuron):
    stimulus = currents(20, n_steps=60)
    # The strongest make neurons fire in the very first step, and stay above threshold behind a reset.
    stimulus = replace(stimulus, values=stimulus.values * np.geomspace(1, 100, 20, dtype=np.float32)[:, None])
    network = converted(neuron)
    oracle = simulate_reference(network, stimulus)
    assert (oracle["conv1"].spikes.step == 0).any()
    assert all(oracle[p.name].counts_by_trial.sum() > 40 for p in network.neurons if p.spikes)
    assert_same(limit.run(network, stimulus), oracle, limit.precision)


def test_what_the_limit_does_not_simulate_is_refused(limit):
    with pytest.raises(UserError, match="without groups"):
        limit.run(convert(every_layer(), LIF(), SYNAPSE), currents(1))
    with pytest.raises(UserError, match="no reset to zero"):
        limit.run(convert(every_layer(), LIF(reset="zero"), SYNAPSE), currents(1))
    with pytest.raises(UserError, match="classifiers of currents"):
        limit.run(convert(every_layer(), LIF(), SYNAPSE, input_rate=100.0), currents(1))


def small_network():
    """Two driven neurons, one output and one readout neuron behind them."""
    wire = AllToAll((2,), (2,), np.eye(2)), AllToAll((2,), (1,), np.ones((1, 2)))
    return SpikingNetwork(
        (Population("input", (2,)), Population("dense1", (2,), LIF()), Population("output", (1,), LIF()),
         Population("readout", (1,), LeakyIntegrator())),
        (Projection("input", "dense1", wire[0], None), Projection("dense1", "output", wire[1], SYNAPSE),
         Projection("dense1", "readout", wire[1], SYNAPSE)),
    )  # fmt: skip


def test_the_roofline_is_the_sum_of_traffic_and_additions():
    counts = {"dense1": [3, 4], "output": [9], "readout": [0]}
    recording = Recording(
        {name: PopulationRecording(np.zeros(2, int), np.array(count)) for name, count in counts.items()},
        n_steps=30,
        dt=1e-3,
    )
    core = Core(adds=1e3, adds_beyond=1.0, bandwidth=1e4)
    moved = 30 * (2 * 12 + 2 * 20)  # bytes
    added = 7 * 2 / 2  # 7 spikes of two synapses each, in two trials
    assert roofline(small_network(), recording, core) == pytest.approx(moved / 1e4 + added / 1e3)


def test_the_core_adds_faster_near_than_far(tmp_path):
    core = measure_core(small_network(), tmp_path)
    assert core.adds > core.adds_beyond > 1e8
    assert core.bandwidth > 1e8
