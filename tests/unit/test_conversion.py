from contextlib import nullcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioscnn.ann import (
    INPUT,
    Add,
    AveragePool2d,
    BatchNorm2d,
    Concat,
    Conv2d,
    Dense,
    Flatten,
    LayerGraph,
    LIFRate,
    MaxPool2d,
    Node,
    ReLU,
    Scale,
)  # fmt: skip
from bioscnn.conversion import METHODS, check_max_rate, convert, normalise, simplified
from bioscnn.conversion.rate_matching import linear_current, matched_currents
from bioscnn.conversion.stages import stages
from bioscnn.encoding import FULL_INTENSITY, pixel_currents
from bioscnn.errors import UserError
from bioscnn.network import OUTPUT, READOUT
from bioscnn.neurons import IF, LIF, AdaptiveLIF, ExponentialConductance, ExponentialCurrent
from bioscnn.seeds import stream
from bioscnn.simulation import Device
from bioscnn.simulation.equations import input_current
from bioscnn.simulation.reference import simulate_reference
from bioscnn.studies.provenance import describe_network
from tests.conversions import assert_currents_are_pre_activations
from tests.networks import every_layer, images

SYNAPSE = ExponentialCurrent(5e-3)


def test_the_simplified_network_computes_the_same():
    rng = stream(3, "batch norm")

    def norm(n):
        return BatchNorm2d(*(rng.uniform(0.5, 1.5, n).astype(np.float32) for _ in range(4)), epsilon=1e-5)

    graph = LayerGraph(
        "norms everywhere",
        (2, 6, 6),
        (norm(2), Conv2d(rng.normal(size=(3, 2, 3, 3)).astype(np.float32), None), norm(3), ReLU(), norm(3),
         AveragePool2d((2, 2), (2, 2)), norm(3), Flatten(), ReLU(),
         Dense(rng.normal(size=(2, 12)).astype(np.float32), None)),
    )  # fmt: skip
    x = rng.random((20, 2, 6, 6))
    simple = simplified(graph)
    assert not any(isinstance(layer, BatchNorm2d) for layer in simple.layers)
    assert np.allclose(simple.forward(x), graph.forward(x), rtol=1e-5, atol=1e-5)


def test_scalings_go_into_the_weights_before_and_behind_them():
    rng = stream(7, "scalings")
    scales = [Scale(rng.uniform(0.5, 2, 3), rng.normal(size=3)) for _ in range(2)]
    conv, dense = Conv2d(rng.normal(size=(3, 2, 3, 3)), None), Dense(rng.normal(size=(2, 48)), None)
    graph = LayerGraph("scalings", (2, 6, 6), (conv, scales[0], ReLU(), scales[1], Flatten(), dense))
    simple = simplified(graph)
    assert [type(layer) for layer in simple.layers] == [Conv2d, ReLU, Flatten, Dense]
    x = rng.random((5, 2, 6, 6))
    np.testing.assert_allclose(simple.forward(x), graph.forward(x), rtol=1e-5)


def test_a_scaling_that_two_layers_take_stays_for_the_other():
    rng = stream(11, "scalings")
    scale = Scale(rng.uniform(0.5, 2, 2), rng.normal(size=2))
    flat = [
        Node("flat", Flatten(), ("scaled",)),
        Node("dense", Dense(rng.normal(size=(3, 8))), ("flat",)),
    ]
    conv = [
        Node("conv", Conv2d(rng.normal(size=(3, 2, 2, 2))), ("scaled",)),
        Node("pixels", Flatten(), ("conv",)),
    ]
    x = rng.random((5, 2, 2, 2))
    for branches in ([*flat, *conv], [*conv, *flat]):
        nodes = [Node("scaled", scale, (INPUT,)), *branches, Node("sum", Add(), ("dense", "pixels"))]
        graph = LayerGraph("two", (2, 2, 2), nodes)
        np.testing.assert_allclose(simplified(graph).forward(x), graph.forward(x), rtol=1e-5)


def test_a_scaling_of_a_flattened_image_that_two_layers_take_becomes_synapses():
    rng = np.random.default_rng(1)
    nodes = (
        Node("conv", Conv2d(rng.normal(size=(2, 1, 2, 2))), (INPUT,)),
        Node("relu", ReLU(), ("conv",)),
        Node("flat", Flatten(), ("relu",)),
        Node("scaled", Scale(rng.random(18), rng.normal(size=18)), ("flat",)),
        Node("sum", Add(), ("scaled", "flat")),
        Node("dense", Dense(rng.normal(size=(3, 18))), ("sum",)),
    )
    graph = LayerGraph("scaled", (1, 4, 4), nodes)
    assert_currents_are_pre_activations(graph, rng.random((20, 1, 4, 4)))


POOL, MEAN = MaxPool2d((2, 2), (2, 2)), AveragePool2d((2, 2), (2, 2))
UP, DOWN = (Scale(sign * np.ones(3), np.ones(3)) for sign in (1, -1))


@pytest.mark.parametrize(
    ("layers", "kinds"),
    [
        ([POOL, ReLU(), Flatten()], [ReLU, MaxPool2d]),
        ([POOL, Flatten(), ReLU()], [ReLU, MaxPool2d]),
        ([POOL, UP, ReLU(), Flatten()], [ReLU, MaxPool2d]),
        ([POOL, DOWN, ReLU(), Flatten()], [MaxPool2d, Scale, ReLU]),
        ([ReLU(), UP, POOL, Flatten()], [ReLU, MaxPool2d]),
        ([ReLU(), DOWN, POOL, Flatten()], [ReLU, Scale, MaxPool2d]),
        ([ReLU(), POOL, ReLU(), Flatten()], [ReLU, MaxPool2d]),
        ([ReLU(), MEAN, POOL, Flatten()], [ReLU, AveragePool2d, ReLU, MaxPool2d]),
        ([MEAN, POOL, ReLU(), Flatten()], [AveragePool2d, ReLU, MaxPool2d]),
    ],
)
def test_activations_come_before_what_only_chooses_among_them(layers, kinds):
    """A scaling that no negative factor turns round goes past max pooling, into the weights."""
    rng = stream(12, "order")
    layers = [Conv2d(rng.normal(size=(3, 2, 3, 3)), rng.normal(size=3)), *layers]
    size = LayerGraph("flat", (2, 6, 6), layers).n_classes
    graph = LayerGraph("order", (2, 6, 6), [*layers, Dense(rng.normal(size=(2, size)))])
    simple, x = simplified(graph), rng.random((5, 2, 6, 6))
    np.testing.assert_allclose(simple.forward(x), graph.forward(x), rtol=1e-5, atol=1e-6)
    assert [type(layer) for layer in simple.layers] == [Conv2d, *kinds, Flatten, Dense]


def test_groups_that_see_one_population_each_make_one_population_each():
    rng, x = stream(13, "groups"), stream(13, "x").random((5, 2, 3, 3)).astype(np.float32)
    nodes = []
    for name in "ab":
        nodes += [Node(f"to {name}", Conv2d(rng.normal(size=(2, 2, 2, 2)), rng.normal(size=2)), (INPUT,)),
                  Node(name, ReLU(), (f"to {name}",))]  # fmt: skip
    for groups, populations in ((2, 4), (4, 4), (1, 3)):
        grouped = Conv2d(rng.normal(size=(4, 4 // groups, 2, 2)), rng.normal(size=4), groups=groups)
        end = [Node("joined", Concat(), ("a", "b")), Node("grouped", grouped, ("joined",)),
               Node("fires", ReLU(), ("grouped",)), Node("flat", Flatten(), ("fires",)),
               Node("logits", Dense(rng.normal(size=(2, 4))), ("flat",))]  # fmt: skip
        graph = LayerGraph("groups", (2, 3, 3), [*nodes, *end])
        assert len(stages(simplified(graph))) == populations + 1
        assert_currents_are_pre_activations(graph, x)


def test_concatenations_that_are_cut_differently_are_added_and_seen_in_groups():
    """Of 2 and 2 channels, and of 1 and 3: a grouped convolution sees each in two groups."""
    rng, sizes = stream(8, "cuts"), {"a": 2, "b": 2, "c": 1, "d": 3}
    nodes = []
    for name, n in sizes.items():
        conv = Conv2d(rng.normal(size=(n, 2, 3, 3)), rng.normal(size=n))
        nodes += [Node(f"to {name}", conv, (INPUT,)), Node(name, ReLU(), (f"to {name}",))]
    grouped = [Conv2d(rng.normal(size=(6, 2, 2, 2)), rng.normal(size=6), groups=2) for _ in range(2)]
    nodes += [
        Node("ab", Concat(), ("a", "b")),
        Node("cd", Concat(), ("c", "d")),
        Node("sum", Add(), ("ab", "cd")),
        Node("of sum", Conv2d(rng.normal(size=(6, 4, 2, 2)), None), ("sum",)),
        Node("seen ab", grouped[0], ("ab",)),
        Node("seen cd", grouped[1], ("cd",)),
        Node("all", Add(), ("of sum", "seen ab", "seen cd")),
        Node("fires", ReLU(), ("all",)),
        Node("flat", Flatten(), ("fires",)),
        Node("logits", Dense(rng.normal(size=(3, 54)), rng.normal(size=3)), ("flat",)),
    ]
    x = rng.random((20, 2, 6, 6)).astype(np.float32)
    assert_currents_are_pre_activations(LayerGraph("cuts", (2, 6, 6), nodes), x)


@pytest.mark.parametrize(("n_sums", "few"), [(9, True), (10, False)])
def test_sums_that_double_their_paths_are_refused_beyond_a_thousand(n_sums, few):
    nodes = [Node("flat", Flatten(), (INPUT,)), Node("0", Dense(np.eye(2), None), ("flat",))]
    nodes += [Node(str(k + 1), Add(), (str(k), str(k))) for k in range(n_sums)]
    nodes += [Node("fires", ReLU(), (str(n_sums),)), Node("logits", Dense(np.eye(2), None), ("fires",))]
    graph = LayerGraph("sums", (2, 1, 1), nodes)
    with nullcontext() if few else pytest.raises(UserError, match="too many linear paths") as raised:
        assert len(stages(graph)[0].block.paths) == 2**n_sums
    assert few or raised.value.value == "1,024 paths"


@pytest.mark.parametrize(
    ("factor", "shift", "right"), [(2.0, 1.0, True), (-2.0, 1.0, False), (2.0, -1.0, False)]
)
def test_max_pooling_of_scaled_activations_needs_that_none_is_negative(factor, shift, right):
    rng = stream(9, "pooling")
    conv = Conv2d(rng.normal(size=(3, 2, 3, 3)), rng.normal(size=3))
    scale = Scale(np.array([1.0, factor, 1.0]), np.array([0.0, shift, 0.0]))
    pool, dense = MaxPool2d((2, 2), (2, 2)), Dense(rng.normal(size=(2, 3)), None)
    mean = AveragePool2d((2, 2), (2, 2))
    layers = conv, ReLU(), mean, scale, pool, Flatten(), dense
    graph, x = LayerGraph("pooled", (2, 6, 6), layers), rng.random((20, 2, 6, 6)).astype(np.float32)
    with nullcontext() if right else pytest.raises(UserError, match="max pooling reads what no neurons fire"):
        assert_currents_are_pre_activations(graph, x)


def test_max_pooling_of_the_image_needs_spikes():
    pool, dense = MaxPool2d((2, 2), (2, 2)), Dense(np.ones((2, 8)), None)
    graph = LayerGraph("image", (2, 4, 4), (pool, Flatten(), dense))
    assert convert(graph, IF(), SYNAPSE, normalisation=normalise(graph, images(5)[:, :, :4, :4], IF()),
                   input_rate=100.0)  # fmt: skip
    with pytest.raises(UserError, match="max pooling compares spikes, and currents come in"):
        convert(graph, IF(), SYNAPSE, normalisation=normalise(graph, images(5)[:, :, :4, :4], IF()))


def test_the_currents_into_the_first_layer_are_its_pre_activations_in_rheobases():
    graph, neuron = every_layer(), LIF(V_th=15e-3, R_m=50e6)
    network = convert(graph, neuron, SYNAPSE)
    x = images(4)
    current = input_current(network, network["conv1"], pixel_currents(x, 30, 1e-3).values)
    pre_activation = LayerGraph.activations(graph, x)[1]  # behind the batch norm
    assert np.allclose(current / neuron.rheobase, pre_activation.reshape(4, -1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("activation", ["lif", "relu"])
def test_with_time_the_rates_become_the_activations(activation):
    """In every layer, once the transient is over: what remains of an error is not the conversion's."""
    kind = LIFRate(20e-3, 2e-3, 10e-3) if activation == "lif" else ReLU()
    graph = every_layer(kind)
    x = images(3)
    if activation == "lif":
        network = convert(graph, LIF(), SYNAPSE)
    else:
        normalisation = normalise(graph, images(200, seed=8), IF())
        network = convert(graph, IF(), SYNAPSE, normalisation=normalisation)
    recorded = simulate_reference(network, pixel_currents(x, 3000, 1e-3))
    outputs = [a for layer, a in zip(graph.layers, graph.activations(x), strict=True) if layer is kind]
    for name, activity in zip(("conv1", "conv2", "dense1"), outputs, strict=True):
        spikes = recorded[name].spikes
        late = spikes.step >= 500  # the transient is over
        counts = np.zeros((3, spikes.size))
        np.add.at(counts, (spikes.trial()[late], spikes.neuron[late]), 1)
        unit = 10e-3 if activation == "lif" else normalisation.codes[name].unit
        got = (counts / 2.5).reshape(activity.shape) * np.reshape(unit, (-1, *[1] * (activity.ndim - 2)))
        assert np.corrcoef(got.ravel(), activity.ravel())[0, 1] > 0.99, name
        assert np.abs(got - activity).mean() < 0.05 * np.abs(activity).mean() + 0.01, name


def test_output_and_readout_get_the_same_logits():
    graph = every_layer()
    network = convert(graph, LIF(), SYNAPSE)
    assert network[OUTPUT].bias.tolist() == network[READOUT].bias.tolist()
    into = {name: network.onto(name)[0].connectivity.matrix().toarray() for name in (OUTPUT, READOUT)}
    assert np.array_equal(into[OUTPUT], into[READOUT])
    assert not network[READOUT].spikes


def test_at_the_working_potential_a_spike_lets_the_current_of_its_weight_through():
    """Excitation and inhibition at receptors of their own, none with a negative conductance."""
    graph, synapse = every_layer(), ExponentialConductance(5e-3)
    currents, conductances = (convert(graph, LIF(), kind) for kind in (SYNAPSE, synapse))
    for name, V in (("conv2", LIF().working_potential), (READOUT, 0.0)):
        (wire,), both = currents.onto(name), {p.synapse.receptor: p for p in conductances.onto(name)}
        weights = {receptor: p.connectivity.matrix().toarray() for receptor, p in both.items()}
        assert all(w.min() == 0 and w.max() > 0 for w in weights.values())
        flowing = weights["g_e"] * (synapse.E_e - V) + weights["g_i"] * (synapse.E_i - V)
        assert np.allclose(flowing, wire.connectivity.matrix().toarray(), rtol=1e-12, atol=1e-24)
    for told, projection in zip(
        describe_network(conductances, Device())["projections"], conductances.projections, strict=True
    ):
        weights = projection.connectivity.synapses()[2]
        if projection.synapse is not None:
            assert told["n_synapses"] == np.count_nonzero(weights > 0) > 0
    assert len(conductances.pathways) == len([p for p in currents.projections if p.synapse])


def test_a_spike_carries_the_charge_of_its_weight():
    graph = every_layer()
    short, long = (convert(graph, LIF(), ExponentialCurrent(tau_s)) for tau_s in (2.5e-3, 5e-3))
    weights = [n.onto("conv2")[0].connectivity.synapses()[2] for n in (short, long)]
    assert np.allclose(weights[0] * 2.5e-3, weights[1] * 5e-3)


def test_input_spikes_at_the_input_rate_carry_what_currents_carry():
    graph = every_layer()
    analog, spiking = convert(graph, LIF(), SYNAPSE), convert(graph, LIF(), SYNAPSE, input_rate=80.0)
    a, s = (n.onto("conv1")[0].connectivity.synapses()[2] for n in (analog, spiking))
    assert np.allclose(a * FULL_INTENSITY, s * 80.0 * SYNAPSE.tau_s)


@pytest.mark.parametrize("method", ["channel-wise", "rate-matched"])
def test_the_scale_of_a_channel_is_the_percentile_of_its_activations(method):
    graph = every_layer(ReLU())
    x = images(50)
    behind = graph.activations(x)[2]
    by_channel = np.percentile(np.moveaxis(behind, 1, 0).reshape(4, -1), 90.0, axis=1)
    code = normalise(graph, x, LIF(), method=method, percentile=90.0, max_rate=150.0).codes["conv1"]
    assert np.allclose(code.unit * 150.0, by_channel, rtol=1e-5)


def test_layer_wise_has_one_scale_a_layer_and_none_has_none():
    graph = every_layer(ReLU())
    x = images(50)
    whole = normalise(graph, x, LIF(), method="layer-wise", percentile=90.0).codes["conv1"]
    assert np.allclose(whole.unit * 200.0, np.percentile(graph.activations(x)[2], 90.0), rtol=1e-5)
    for code in normalise(graph, x, LIF(), method="none").codes.values():
        assert np.allclose(code.unit, 1 / 200.0)
        assert np.allclose(code.current(np.ones((1, len(code.unit)))), LIF().current(200.0))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("neuron", [LIF(), LIF(t_ref=0.0), IF(), IF(t_ref=2e-3)], ids=repr)
def test_what_is_not_positive_is_silent(method, neuron):
    graph = every_layer(ReLU())
    for code in normalise(graph, images(50), neuron, method=method).codes.values():
        z = np.array([[-1.0], [0.0]]) * np.ones(len(code.unit))
        assert np.all(neuron.rate(code.current(z)) == 0)


NEURONS = [LIF(), LIF(t_ref=0.0), LIF(tau_m=5e-3, t_ref=1e-3), IF(t_ref=2e-3), AdaptiveLIF()]


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(NEURONS),
    st.floats(0.3, 3.0),
    st.floats(0.05, 0.4),
    st.floats(20.0, 300.0),
    st.sampled_from([30e-3, 0.1, np.inf]),
    st.integers(0, 5),
)
def test_matched_rates_are_nearer_to_the_activations_than_linear_ones(
    neuron, shape, spread, max_rate, window, seed
):
    """Whatever the distribution of the activations, the neuron, the highest rate and the window."""
    x = stream(seed, "activations").gamma(shape, spread, 2000)

    def error(current):
        offset, slope = current
        observed = np.maximum(neuron.mean_rate(offset + slope * x, window) - 0.5 / window, 0)
        return np.sqrt(np.mean((observed - max_rate * x) ** 2))

    linear = linear_current(neuron, max_rate)
    (matched,) = matched_currents(neuron, x[None], x[None], max_rate, window)
    assert matched[0] <= linear[0] * (1 + 1e-12)  # up to rounding
    assert error(matched) <= error(linear) * 1.01  # the two may be the same but for the end of the search


def test_the_matched_rate_of_a_neuron_with_a_straight_rate_curve_is_exact():
    x = stream(4, "activations").gamma(0.6, 0.2, 2000)
    matched = matched_currents(IF(), x[None], x[None], 200.0)
    assert np.allclose(matched, linear_current(IF(), 200.0), rtol=1e-6, atol=1e-18)


def test_a_channel_that_is_silent_on_the_images_is_matched_to_the_activations_of_its_layer():
    """Its currents are nearly those of the other channel, and not those of a straight rate curve."""
    rng = stream(10, "silent channel")
    dense = Dense(np.repeat(rng.normal(size=(1, 6)), 2, axis=0), np.array([0.0, -100.0]))
    graph = LayerGraph("silent", (6, 1, 1), (Flatten(), dense, ReLU(), Dense(np.eye(2), None)))
    x = rng.random((200, 6, 1, 1)).astype(np.float32)
    found = normalise(graph, x, LIF(), method="rate-matched", window=0.1, max_rate=100.0)
    code = next(iter(found.codes.values()))
    straight, _ = linear_current(LIF(), 100.0)
    assert code.offset[0] < 0.85 * straight
    assert code.offset[1] == pytest.approx(code.offset[0], rel=0.1)


@pytest.mark.parametrize(("dt", "limit"), [(0.0, 500.0), (1e-3, 1000 / 3)])
def test_a_rate_that_the_neuron_cannot_reach_is_refused(dt, limit):
    check_max_rate(LIF(), limit - 1, dt)
    with pytest.raises(UserError, match=r"network\.max_rate") as raised:
        check_max_rate(LIF(), limit + 1, dt)
    assert f"{limit:.4g} Hz" in str(raised.value)


@pytest.mark.parametrize("method", METHODS)
def test_a_ceiling_that_no_image_reaches_takes_the_scale_of_what_it_limits(method):
    rng = stream(5, "ceiling")
    weights = rng.uniform(0, 1, (4, 3)), rng.normal(size=(2, 4))
    nodes = (
        Node("flat", Flatten(), (INPUT,)),
        Node("first", Dense(weights[0]), ("flat",)),
        Node("above", Scale(np.ones(4), np.full(4, -6.0)), ("first",)),
        Node("low", ReLU(), ("first",)),
        Node("high", ReLU(), ("above",)),
        Node("taken", Scale(-np.ones(4), np.zeros(4)), ("high",)),
        Node("relu6", Add(), ("low", "taken")),
        Node("out", Dense(weights[1]), ("relu6",)),
    )
    graph = LayerGraph("ceiling", (1, 1, 3), nodes)
    x = rng.random((50, 1, 1, 3)).astype(np.float32)
    limited = np.clip(9 * x[:, 0, 0] @ weights[0].T, 0, 6)
    np.testing.assert_allclose(graph.forward(9 * x), limited @ weights[1].T, atol=1e-4)
    low, high, _ = normalise(graph, x, LIF(), method=method).codes.values()
    np.testing.assert_allclose(low.unit, high.unit)


def test_what_cannot_be_converted_exactly_is_refused():
    dense = Dense(np.ones((2, 4), np.float32), None)
    with pytest.raises(UserError, match="needs a normalisation"):
        convert(every_layer(ReLU()), LIF(), SYNAPSE)
    for neuron in (IF(), AdaptiveLIF()):
        with pytest.raises(UserError, match="rate curve of a LIF"):
            convert(every_layer(), neuron, SYNAPSE)
    with pytest.raises(UserError, match="ends in an activation"):
        convert(LayerGraph("end", (1, 2, 2), (Flatten(), dense, LIFRate())), LIF(), SYNAPSE)
    with pytest.raises(UserError, match="without a weighted layer"):
        convert(LayerGraph("first", (1, 2, 2), (LIFRate(), Flatten(), dense)), LIF(), SYNAPSE)
    with pytest.raises(UserError, match="percentile"):
        normalise(every_layer(ReLU()), images(5), LIF(), percentile=0)
    with np.errstate(all="ignore"), pytest.raises(UserError, match="become infinite"):
        normalise(every_layer(ReLU()), 1e38 * images(5), LIF())


@pytest.mark.parametrize("rate", [0.0, -100.0, np.nan, np.inf, "100 Hz"])
def test_input_spikes_have_a_positive_rate(rate):
    with pytest.raises(UserError) as refused:
        convert(every_layer(), LIF(), SYNAPSE, input_rate=rate)
    assert refused.value.key == "encoding.input_rate"


def test_the_part_after_a_population_is_what_its_spikes_drive():
    network = convert(every_layer(), LIF(), SYNAPSE)
    names = [population.name for population in network.neurons]
    first, *others = names
    part = network.after(first)
    assert part.source.name == first and [population.name for population in part.neurons] == others
    assert {projection.post for projection in part.projections} == set(others)
    assert not network.after(READOUT).projections
    with pytest.raises(ValueError, match="not driven by its spikes alone"):
        network.after(network.source.name)
