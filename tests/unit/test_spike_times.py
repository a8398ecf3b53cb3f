"""The windows, weights and potentials of networks of the time code, of a few neurons each."""

import numpy as np
import pytest

from bioscnn.ann import INPUT, Add, Conv2d, Dense, Flatten, LayerGraph, LIFRate, MaxPool2d, Node, ReLU
from bioscnn.conversion import convert_to_times, rounded_activations, time_scales
from bioscnn.conversion.spike_times import steps_needed
from bioscnn.encoding import pixel_currents, spike_times
from bioscnn.errors import UserError
from bioscnn.neurons import (
    IF,
    LIF,
    ExponentialConductance,
    ExponentialCurrent,
    TimeCode,
    WindowedIntegrator,
    WindowedLIF,
)
from bioscnn.seeds import stream
from bioscnn.simulation.reference import simulate_reference

CODE = TimeCode(tau_m=20e-3, tau_s=5e-3, dt=1e-3)
W, SYNAPSE, NEURON = CODE.window_steps, ExponentialCurrent(5e-3), LIF(R_m=80e6, V_th=15e-3)
SHAPE = (2, 2, 2)
IMAGES = stream(1, "images").random((4, *SHAPE)).astype(np.float32)


def skipping():
    """A layer, its sum with the image, and a layer of a sum of both."""
    rng = stream(2, "weights")

    def conv(n_in, n_out):
        return Conv2d(rng.normal(0.2, 1, (n_out, n_in, 1, 1)) / np.sqrt(n_in), rng.normal(0, 0.1, n_out))

    nodes = (
        Node("a", conv(2, 2), (INPUT,)),
        Node("f", ReLU(), ("a",)),
        Node("with image", Add(), ("f", INPUT)),
        Node("g", ReLU(), ("with image",)),
        Node("b", conv(2, 2), ("g",)),
        Node("with f", Add(), ("b", "f")),
        Node("flat", Flatten(), ("with f",)),
        Node("logits", Dense(rng.normal(size=(3, 8)), rng.normal(size=3)), ("flat",)),
    )
    return LayerGraph("skipping", SHAPE, nodes)


GRAPH = skipping()
SCALES = time_scales(GRAPH, IMAGES, 100)


def opens(network):
    return {p.name: p.neuron.opens for p in network.neurons}


@pytest.mark.parametrize("travel", [0, 2])
def test_each_layer_listens_in_the_window_after_the_last_of_its_inputs(travel):
    network = convert_to_times(GRAPH, NEURON, SYNAPSE, 1e-3, delay=travel * 1e-3)
    step = W + travel
    assert opens(network) == {
        "conv1": step, "input_later1": step, "sum1": 2 * step, "conv1_later1": 2 * step,
        "output": 3 * step, "readout": 3 * step,
    }  # fmt: skip
    kinds = {p.name: type(p.neuron) for p in network.neurons}
    assert kinds.pop("readout") is WindowedIntegrator and set(kinds.values()) == {WindowedLIF}
    assert {p.neuron.V_th for p in network.neurons if p.spikes} == {15e-3}
    assert {p.neuron.R_m for p in network.neurons if p.spikes} == {80e6}
    assert steps_needed(network) == 3 * step + 1
    assert steps_needed(network, output_fires=True) == 3 * step + W + 1


def test_a_current_flows_in_every_window_and_needs_nobody_to_hand_it_on():
    network = convert_to_times(GRAPH, NEURON, SYNAPSE, 1e-3, spikes_come_in=False)
    assert opens(network) == {
        "conv1": W, "sum1": 2 * W, "conv1_later1": 2 * W, "output": 3 * W, "readout": 3 * W,
    }  # fmt: skip


@pytest.mark.parametrize("spikes_come_in", [True, False])
@pytest.mark.parametrize("scales", [SCALES, 1.5])
def test_potentials_at_the_end_are_the_logits_of_what_spikes_say(spikes_come_in, scales):
    network = convert_to_times(GRAPH, NEURON, SYNAPSE, 1e-3, scales=scales, spikes_come_in=spikes_come_in)
    n_steps = steps_needed(network)
    pixels = IMAGES.reshape(4, -1)
    stimulus = spike_times(pixels, CODE, n_steps) if spikes_come_in else pixel_currents(IMAGES, n_steps, 1e-3)
    V = simulate_reference(network, stimulus)["readout"].potentials[:, -1]
    said = rounded_activations(GRAPH, IMAGES, CODE, scales, spikes_come_in=spikes_come_in)["output"]
    of_1 = scales["output"] if isinstance(scales, dict) else scales
    evidence = V / NEURON.V_th * NEURON.R_m / network["readout"].neuron.R_m * of_1
    np.testing.assert_allclose(evidence, said, atol=1e-5 * np.abs(said).max())
    assert np.abs(said - (GRAPH.forward(IMAGES) - GRAPH.forward(IMAGES).mean(axis=1)[:, None])).max() > 1e-3


def test_max_pooling_takes_a_step_and_says_what_it_reads():
    conv = Conv2d(np.ones((1, 2, 1, 1)) / 2)
    pool, dense = MaxPool2d((2, 2), (1, 1)), Dense(np.array([[1.0], [-1.0]]), np.zeros(2))
    graph = LayerGraph("pooled", SHAPE, (conv, ReLU(), pool, Flatten(), dense))
    network = convert_to_times(graph, NEURON, SYNAPSE, 1e-3, scales={"conv1": 0.8, "output": 2.0})
    assert {p.name: getattr(p.neuron, "opens", None) for p in network.neurons} == {
        "conv1": W, "pool1": None, "output": 2 * W + 1, "readout": 2 * W + 1,
    }  # fmt: skip
    V = simulate_reference(network, spike_times(IMAGES.reshape(4, -1), CODE, 2 * W + 2))["readout"].potentials
    mean = CODE.quantised(IMAGES).mean(axis=1).reshape(4, -1)
    largest = 0.8 * CODE.quantised(mean / 0.8).max(axis=1)
    evidence = V[:, -1] / NEURON.V_th * NEURON.R_m / network["readout"].neuron.R_m * 2.0
    np.testing.assert_allclose(evidence, np.outer(largest, [1, -1]), atol=1e-5)


def test_the_scale_of_a_layer_is_the_percentile_of_its_largest_activations():
    values = GRAPH.evaluate(IMAGES, lambda node, x: node.layer.forward(*x))
    largest = values["f"].reshape(4, -1).max(axis=1)
    for percentile in (100, 50):
        assert time_scales(GRAPH, IMAGES, percentile)["conv1"] == pytest.approx(
            np.percentile(largest, percentile)
        )
    assert list(SCALES) == ["conv1", "sum1", "output"]
    logits = values["logits"] - values["logits"].mean(axis=1, keepdims=True)
    assert SCALES["output"] == pytest.approx(logits.max())


def test_a_silent_layer_takes_the_largest_scale_before_it():
    rng = stream(3, "silent")
    silent = Dense(np.zeros((2, 3)), -np.ones(2))
    layers = (Flatten(), Dense(rng.random((3, 8))), ReLU(), silent, ReLU(), Dense(np.ones((2, 2))))
    scales = time_scales(LayerGraph("silent", SHAPE, layers), IMAGES, 100)
    assert scales["dense2"] == scales["output"] == scales["dense1"] > 1
    first = (Flatten(), Dense(np.zeros((2, 8)), -np.ones(2)), ReLU(), Dense(np.ones((2, 2))))
    assert set(time_scales(LayerGraph("first", SHAPE, first), IMAGES, 100).values()) == {1.0}


@pytest.mark.parametrize(("neuron", "synapse"), [(IF(), SYNAPSE), (LIF(), ExponentialConductance(5e-3))])
def test_the_time_code_is_one_of_lif_neurons_with_currents(neuron, synapse):
    with pytest.raises(UserError, match="LIF neurons with synaptic currents") as refusal:
        convert_to_times(GRAPH, neuron, synapse, 1e-3)
    assert refusal.value.value == f"time, of {type(neuron).__name__} with {type(synapse).__name__}"


def test_a_network_of_rates_says_nothing_by_single_spikes():
    rates = LayerGraph("rates", SHAPE, (Flatten(), Dense(np.ones((2, 8))), LIFRate(), Dense(np.ones((2, 2)))))
    with pytest.raises(UserError, match="trained on the rates of LIF neurons"):
        convert_to_times(rates, NEURON, SYNAPSE, 1e-3)
