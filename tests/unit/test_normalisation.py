"""What the rates of a ReLU network stand for, in networks of a few neurons."""

from dataclasses import replace

import numpy as np
import pytest

from bioscnn.ann import INPUT, Add, Concat, Conv2d, Dense, Flatten, LayerGraph, LIFRate, Node, ReLU
from bioscnn.conversion import (
    calibration,
    check_max_rate,
    convert,
    normalisation,
    normalise,
    rate_codes,
    spread_start,
    stage_outputs,
)
from bioscnn.conversion.calibration import calibrate
from bioscnn.conversion.lif_network import as_lif_network
from bioscnn.conversion.rate_code import RateCode
from bioscnn.conversion.rate_matching import matched_currents, observed_rate
from bioscnn.errors import UserError
from bioscnn.network import V_0, SpikingNetwork
from bioscnn.neurons import IF, LIF, AdaptiveLIF, EquationNeuron, ExponentialCurrent
from bioscnn.seeds import stream
from tests.unit.test_rate_curve import LINEAR

FIRST = np.array([[1.0, 2.0], [3.0, -1.0], [-1.0, -1.0]])
"""Of three neurons, the last of which never fires."""
LAST = np.array([[1.0, 0.5, 0.0], [-1.0, 1.0, 0.0]])
IMAGES = stream(1, "images").random((40, 2, 1, 1)).astype(np.float32)


def network(first):
    layers = Flatten(), Dense(first), ReLU(), Dense(LAST, np.array([0.5, 0.0]))
    return LayerGraph("small", (2, 1, 1), layers)


GRAPH = network(FIRST)
BEFORE = IMAGES.reshape(40, 2).astype(np.float64) @ FIRST.T
HIDDEN = np.maximum(BEFORE, 0)
LOGITS = HIDDEN @ LAST.T + [0.5, 0.0]
CENTRED = LOGITS - LOGITS.mean(axis=1, keepdims=True)


@pytest.mark.parametrize("percentile", [70.0, 100.0])
@pytest.mark.parametrize("method", ["channel-wise", "layer-wise"])
def test_an_activation_at_the_scale_stands_for_the_highest_rate(method, percentile):
    neuron, max_rate = LIF(), 120.0
    codes = normalise(GRAPH, IMAGES, neuron, method=method, percentile=percentile, max_rate=max_rate).codes
    layer = np.percentile(HIDDEN, percentile)
    own = np.percentile(HIDDEN, percentile, axis=0)
    scale = np.full(3, layer) if method == "layer-wise" else [*own[:2], layer]
    np.testing.assert_allclose(codes["dense1"].unit, np.array(scale) / max_rate, rtol=1e-5)
    largest = np.percentile(CENTRED.max(axis=1), percentile)
    np.testing.assert_allclose(codes["output"].unit, [largest / max_rate] * 2, rtol=1e-5)
    for code in codes.values():
        np.testing.assert_allclose(code.offset, neuron.rheobase)
        at_scale = code.current(code.activation(np.full((1, len(code.unit)), max_rate)))
        np.testing.assert_allclose(neuron.rate(at_scale), max_rate, rtol=1e-6)


def test_logits_that_are_all_alike_have_a_scale_of_1():
    layers = Flatten(), Dense(FIRST), ReLU(), Dense(np.ones((2, 3)))
    codes = normalise(LayerGraph("alike", (2, 1, 1), layers), IMAGES, LIF(), method="channel-wise").codes
    assert codes["output"].unit.tolist() == [1 / 200] * 2


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"neuron": "lif"}, "neuron"),
        ({"method": "other"}, "network.normalisation"),
        ({"percentile": 0}, "network.percentile"),
        ({"percentile": 100.1}, "network.percentile"),
        ({"max_rate": 0.0}, "network.max_rate"),
        ({"max_rate": 500.0}, "network.max_rate"),
        ({"images": -IMAGES, "graph": network(np.abs(FIRST))}, "dense1"),
        ({"images": -IMAGES, "graph": network(np.abs(FIRST)), "method": "channel-wise"}, "dense1"),
    ],
)
def test_what_cannot_be_normalised_is_refused_by_its_key(change, key):
    asked = {"graph": GRAPH, "images": IMAGES, "neuron": LIF()} | change
    with pytest.raises(UserError) as refusal:
        normalise(asked.pop("graph"), asked.pop("images"), asked.pop("neuron"), **asked)
    assert refusal.value.key == key


@pytest.mark.parametrize(
    ("t_ref", "dt", "highest", "expected"),
    [
        (2e-3, 0.0, 499.9, "less than 500 Hz, for t_ref = 2 ms"),
        (2e-3, 2e-3, 250.0, "less than 250 Hz, for t_ref = 2 ms in steps of 2 ms"),
        (0.0, 1e-3, 1000.0, "less than 1000 Hz, for t_ref = 0 ms in steps of 1 ms"),
        (0.0, 0.0, 1e6, ""),
    ],
)
def test_the_highest_rate_is_one_that_steps_and_refractory_period_allow(t_ref, dt, highest, expected):
    neuron = LIF(t_ref=t_ref)
    check_max_rate(neuron, highest, dt)
    for rate in (-1.0, 0.0):
        with pytest.raises(UserError) as refusal:
            check_max_rate(neuron, rate, dt)
        assert (refusal.value.key, refusal.value.expected) == ("network.max_rate", "above 0 Hz")
    if expected:
        with pytest.raises(UserError) as refusal:
            check_max_rate(neuron, 1.01 * highest, dt)
        assert refusal.value.expected == expected
        assert refusal.value.fix == "lower network.max_rate, neuron.t_ref" + " or simulation.dt" * bool(dt)


def test_rates_that_the_curve_of_a_neuron_does_not_have_are_refused_with_its_reason(monkeypatch):
    def current(self, rate):
        raise ValueError("up to 90 Hz")

    monkeypatch.setattr(EquationNeuron, "current", current)
    with pytest.raises(UserError) as refusal:
        check_max_rate(EquationNeuron(LINEAR), 100.0)
    assert (refusal.value.value, refusal.value.expected) == ("100 Hz", "up to 90 Hz")


@pytest.mark.parametrize("spikes_come_in", [False, True])
def test_matched_codes_are_fitted_to_what_really_arrives(spikes_come_in):
    """The last neuron of the layer, which is silent, is fitted to all pairs of its layer."""
    neuron, window, max_rate = LIF(), 0.1, 100.0
    keys = {"window": window, "max_rate": max_rate, "spikes_come_in": spikes_come_in}
    made = normalise(GRAPH, IMAGES, neuron, percentile=100, **keys)
    code = made.codes["dense1"]
    scale = np.array([*BEFORE.max(axis=0)[:2], BEFORE.max()])
    np.testing.assert_allclose(code.unit, scale / max_rate, rtol=1e-5)
    pairs = (BEFORE / scale).T
    every = pairs.reshape(1, -1)[:, ::3][:, :40]
    x = np.concatenate([pairs[:2], every])
    fits = matched_currents(neuron, x, np.maximum(x, 0), max_rate, window, fluctuating=spikes_come_in)
    np.testing.assert_allclose(code.offset, fits[:, 0], rtol=1e-3)
    np.testing.assert_allclose(code.slope * scale, fits[:, 1], rtol=1e-3)
    stages = [stage for stage, _, _ in stage_outputs(GRAPH, IMAGES)]
    rates = observed_rate(neuron, code.current(BEFORE), window, fluctuating=spikes_come_in)
    np.testing.assert_allclose(made.observed(stages[0], code.current(BEFORE)), rates)
    np.testing.assert_allclose(made.activation(stages[0], BEFORE), rates * code.unit)
    behind = np.full((1, 2), 0.9 * neuron.rheobase)
    assert np.all(made.observed(stages[1], behind) == observed_rate(neuron, behind, window, fluctuating=True))


def test_a_sample_of_many_activations_is_fitted(monkeypatch):
    monkeypatch.setattr(normalisation, "_SAMPLES", 10)
    few = normalise(GRAPH, IMAGES, LIF(), percentile=100, window=0.1, max_rate=100.0).codes["dense1"]
    scale = BEFORE.max(axis=0)[:2]
    x = (BEFORE[::4, :2] / scale).T
    fits = matched_currents(LIF(), x, np.maximum(x, 0), 100.0, 0.1)
    np.testing.assert_allclose(few.slope[:2] * scale, fits[:, 1], rtol=1e-3)
    monkeypatch.setattr(normalisation, "_SAMPLES", 2**16)
    monkeypatch.setattr(normalisation, "_SAMPLES_IN_ALL", 30)
    fewer = normalise(GRAPH, IMAGES, LIF(), percentile=100, window=0.1, max_rate=100.0).codes["dense1"]
    np.testing.assert_allclose(fewer.slope, few.slope)


def test_classes_are_put_right_by_the_line_of_least_squares():
    x = np.array([[0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 2.0, 3.0], [5.0, 5.0, 5.0, 5.0]])
    y = np.array([[1.0, 3.0, 5.0, 8.0], [3.0, 2.0, 1.0, 0.0], [1.0, 2.0, 3.0, 4.0]])
    gain, shift = normalisation._regression(x, y)
    np.testing.assert_allclose([gain[0], shift[0]], np.polyfit(x[0], y[0], 1))
    # Never turned round, and left as it is where it tells nothing.
    assert gain[1:].tolist() == [1, 1] and shift[1:].tolist() == [0, -2.5]


def test_each_population_is_calibrated_on_what_the_ones_before_it_send(monkeypatch):
    """Every rate shows twice its activation: what arrives is doubled in each layer."""
    rng = stream(2, "weights")
    layers = (Flatten(), Dense(rng.random((4, 2))), ReLU(), Dense(rng.random((3, 4))), ReLU(),
              Dense(rng.random((2, 3))))  # fmt: skip
    graph, seen = LayerGraph("deep", (2, 1, 1), layers), []
    monkeypatch.setattr(calibration, "_IMAGES_AT_ONCE", 7)

    def choose(stage, before, arriving):
        seen.append((stage.name, len(before), float(np.mean(arriving) / np.mean(before))))
        np.testing.assert_allclose(arriving, seen[-1][2] * before, rtol=1e-4, atol=1e-6)
        n = before.shape[1]
        return RateCode(np.zeros(n), np.full(n, 1e-9), np.full(n, 0.02))

    codes = calibrate(graph, IMAGES, choose, lambda stage, current: 100e9 * current)
    assert list(codes) == ["dense1", "dense2", "output"]
    assert [name for name, _, _ in seen] == list(codes) and {n for _, n, _ in seen} == {40}
    assert [ratio for _, _, ratio in seen] == pytest.approx([1, 2, 4], rel=1e-4)
    monkeypatch.setattr(calibration, "_MOST_ACTIVATIONS", 9 * 12)
    calibrate(graph, IMAGES, choose, lambda stage, current: 100e9 * current)
    assert {n for _, n, _ in seen[3:]} == {12}


def test_a_code_holds_for_one_neuron_and_max_pooling_has_that_of_what_it_reads():
    made = normalise(GRAPH, IMAGES, LIF())
    with pytest.raises(ValueError, match="normalised for LIF"):
        convert(GRAPH, LIF(tau_m=10e-3), ExponentialCurrent(5e-3), normalisation=made)
    stages = [stage for stage, _, _ in stage_outputs(GRAPH, IMAGES)]
    assert rate_codes(stages, LIF(), made) == made.codes


def test_codes_lead_from_activations_to_currents_and_from_rates_to_activations():
    code = RateCode(np.array([1.0, 2.0]), np.array([10.0, 20.0]), np.array([0.5, 0.1]))
    x = np.array([[[1.0, 2.0], [3.0, 4.0]]])
    assert code.current(x).tolist() == [[[11, 21], [62, 82]]]
    assert code.rate(x).tolist() == [[[2, 4], [30, 40]]]
    assert code.activation(code.rate(x)).tolist() == x.tolist()


def test_only_a_chain_of_weighted_layers_of_lif_neurons_is_a_network_of_lif_rates():
    made = normalise(GRAPH, IMAGES, LIF())
    with pytest.raises(UserError, match="only a network of LIF neurons") as refusal:
        as_lif_network(GRAPH, normalise(GRAPH, IMAGES, AdaptiveLIF()))
    assert refusal.value.value == "AdaptiveLIF"
    nodes = [Node("flat", Flatten(), (INPUT,)), Node("a", Dense(FIRST), ("flat",)), Node("f", ReLU(), ("a",)),
             Node("b", Dense(FIRST), ("flat",)), Node("sum", Add(), ("f", "b")),
             Node("out", Dense(LAST), ("sum",))]  # fmt: skip
    branches = LayerGraph("branches", (2, 1, 1), nodes)
    with pytest.raises(UserError, match="only a chain"):
        as_lif_network(branches, normalise(branches, IMAGES, LIF()))
    two = LayerGraph("two", (2, 1, 1), (Flatten(), Dense(FIRST), Dense(np.eye(3)), ReLU(), Dense(LAST)))
    with pytest.raises(UserError, match="one weighted layer before each activation") as refusal:
        as_lif_network(two, made)
    assert refusal.value.value == "Flatten, Dense, Dense"


def test_weights_of_groups_and_flattened_pixels_are_scaled_by_their_channels():
    """As a network of LIF rates, without simulation: the currents are those of the codes."""
    rng, neuron = stream(4, "groups"), LIF()
    layers = (Conv2d(rng.normal(size=(4, 2, 1, 1)), rng.normal(size=4)), ReLU(),
              Conv2d(rng.normal(size=(4, 2, 1, 1)), rng.normal(size=4), groups=2), ReLU(), Flatten(),
              Dense(rng.normal(size=(3, 16)), rng.normal(size=3)))  # fmt: skip
    graph = LayerGraph("groups", (2, 2, 2), layers)
    x = rng.random((30, 2, 2, 2)).astype(np.float32)
    made = normalise(graph, x, neuron, method="channel-wise")
    written = as_lif_network(graph, made)
    assert [type(layer) for layer in written.layers] == [Conv2d, LIFRate, Conv2d, LIFRate, Flatten, Dense]
    one, other = (
        convert(g, neuron, ExponentialCurrent(5e-3), normalisation=n)
        for g, n in ((graph, made), (written, None))
    )
    for p, q in zip(one.projections, other.projections, strict=True):
        first, second = (projection.connectivity.matrix().toarray() for projection in (p, q))
        np.testing.assert_allclose(second, first, rtol=1e-5, atol=1e-6 * np.abs(first).max())
    for p, q in zip(one.neurons, other.neurons, strict=True):
        np.testing.assert_allclose(q.bias, p.bias, rtol=1e-5, atol=1e-15)


def test_a_start_below_the_threshold_needs_a_threshold():
    made = convert(GRAPH, LIF(), ExponentialCurrent(5e-3), normalisation=normalise(GRAPH, IMAGES, LIF()))
    one, again, other = (spread_start(made, seed)["dense1"].values[V_0] for seed in (1, 1, 2))
    assert np.array_equal(one, again) and not np.array_equal(one, other)
    own = EquationNeuron(LINEAR)
    cells = tuple(replace(p, neuron=own) if p.name == "dense1" else p for p in made.populations)
    with pytest.raises(ValueError, match="the threshold of 'linear' is an expression"):
        spread_start(SpikingNetwork(cells, made.projections), 1)


def test_concatenated_dense_branches_are_columns_of_one_layer():
    nodes = [Node("flat", Flatten(), (INPUT,)), Node("a", Dense(FIRST), ("flat",)), Node("f", ReLU(), ("a",)),
             Node("b", Dense(2 * FIRST), ("flat",)), Node("g", ReLU(), ("b",)),
             Node("joined", Concat(), ("f", "g")),
             Node("out", Dense(np.hstack([LAST, -LAST])), ("joined",))]  # fmt: skip
    graph = LayerGraph("joined", (2, 1, 1), nodes)
    made = normalise(graph, IMAGES, IF(), method="none")
    spiking = convert(graph, IF(), ExponentialCurrent(5e-3), normalisation=made)
    into = {p.pre: p.connectivity.matrix().toarray() for p in spiking.onto("output")}
    np.testing.assert_allclose(into["dense1"], -into["dense2"])
    charge = IF().current(200.0) / 200 / 5e-3
    np.testing.assert_allclose(into["dense1"], charge * (LAST - LAST.mean(axis=0)))
