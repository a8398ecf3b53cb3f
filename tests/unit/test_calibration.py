"""Rates stand for the activations of a ReLU network, though no rate curve of a LIF neuron is straight."""

from pathlib import Path

import numpy as np
import pytest

from bioscnn.ann import Add, AveragePool2d, Conv2d, Dense, Flatten, LayerGraph, Node, ReLU
from bioscnn.conversion import convert, normalise, rate_codes, spread_start, stage_outputs
from bioscnn.encoding import pixel_currents
from bioscnn.errors import UserError
from bioscnn.network import V_0
from bioscnn.neurons import IF, LIF, ExponentialCurrent
from bioscnn.seeds import stream
from bioscnn.simulation import Device, simulate
from bioscnn.studies import read_study

SIMS = Path(__file__).parents[2] / "sims"
SHAPE = (1, 8, 8)
NEURON, SETTLING, DURATION, DT = LIF(), 0.1, 0.3, 1e-3


def images(n, seed=1):
    return stream(seed, "images").random((n, *SHAPE)).astype(np.float32)


def residual_network():
    """Three convolutions, a residual sum, and the average over all pixels."""
    rng = stream(5, "weights")

    def conv(before, after):
        weight = rng.normal(0, 1, (after, before, 3, 3)) / np.sqrt(9 * before)
        return Conv2d(weight, rng.normal(0, 0.2, after), padding=(1, 1, 1, 1))

    return LayerGraph(
        "residual",
        SHAPE,
        (
            Node("first", conv(1, 6), ("image",)),
            Node("rectified", ReLU(), ("first",)),
            Node("branch", conv(6, 6), ("rectified",)),
            Node("of branch", ReLU(), ("branch",)),
            Node("second", conv(6, 6), ("of branch",)),
            Node("sum", Add(), ("second", "rectified")),
            Node("of sum", ReLU(), ("sum",)),
            Node("average", AveragePool2d((8, 8), (8, 8)), ("of sum",)),
            Node("flat", Flatten(), ("average",)),
            Node("logits", Dense(rng.normal(0, 1, (4, 6)), np.zeros(4)), ("flat",)),
        ),
    )


def error_of_averages(method):
    """Return the mean error of the averages over all pixels, in shares of their root mean square."""
    graph, shown = residual_network(), images(6)
    normalisation = normalise(graph, images(100, seed=2), NEURON, method=method, percentile=99.0)
    network = convert(graph, NEURON, ExponentialCurrent(5e-3), normalisation=normalisation)
    stimulus = pixel_currents(shown, round((SETTLING + DURATION) / DT), DT)
    outputs = list(stage_outputs(graph, shown))
    name, activation = outputs[-2][0].name, outputs[-2][2]
    recorded = simulate(spread_start(network, 1), stimulus, Device("numpy"), record=[name])
    spikes = recorded.from_step(round(SETTLING / DT))[name].spikes
    code = rate_codes([stage for stage, _, _ in outputs], NEURON, normalisation)[name]
    decoded = code.activation(spikes.counts().reshape(activation.shape) / DURATION)
    averages, wanted = decoded.mean(axis=(2, 3)), activation.mean(axis=(2, 3))
    return np.sqrt(np.mean((averages - wanted) ** 2) / np.mean(wanted**2))


def test_averages_over_the_pixels_behind_a_residual_sum_are_those_of_the_trained_network():
    """Where small activations are summed up, what is wrong in each of them does not average out."""
    assert error_of_averages("rate-matched") < 0.06
    assert error_of_averages("channel-wise") > 0.12


def test_nothing_is_put_right_where_rates_are_the_activations():
    graph, x, neuron = residual_network(), images(100), IF()
    linear, matched = (
        normalise(graph, x, neuron, method=method, percentile=100.0).codes
        for method in ("channel-wise", "rate-matched")
    )
    for name, code in linear.items():
        assert np.allclose(matched[name].slope, code.slope, rtol=1e-3), name
        assert np.allclose(matched[name].offset, code.offset, atol=1e-3 * neuron.current(200.0)), name


def test_neurons_begin_at_all_potentials_below_the_threshold_and_the_readout_at_rest():
    graph = residual_network()
    normalisation = normalise(graph, images(20), NEURON)
    network = spread_start(convert(graph, NEURON, ExponentialCurrent(5e-3), normalisation=normalisation), 3)
    for population in network.neurons:
        assert (V_0 in population.values) == population.spikes
    start = network["conv1"].values[V_0]
    assert start.min() >= 0 and start.max() < NEURON.V_th
    assert start.mean() == pytest.approx(NEURON.V_th / 2, rel=0.1)


def test_what_has_no_known_threshold_begins_at_rest(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('[simulation]\nstart = "spread"\n')
    assert read_study(path).config.simulation.start == "spread"
    with pytest.raises(UserError) as refusal:
        read_study(path, [f"neuron.model={SIMS / 'neurons' / 'exponential.toml'}"])
    assert refusal.value.key == "simulation.start"
