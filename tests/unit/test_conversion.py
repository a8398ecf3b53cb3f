import numpy as np
import pytest

from bioscnn.ann import (
    AveragePool2d,
    BatchNorm2d,
    Conv2d,
    Dense,
    Flatten,
    LayerGraph,
    LIFRate,
    ReLU,
)  # fmt: skip
from bioscnn.conversion import MAX_RATE, convert, normalise, simplified
from bioscnn.encoding import FULL_INTENSITY, pixel_currents
from bioscnn.errors import UserError
from bioscnn.network import OUTPUT, READOUT
from bioscnn.neurons import IF, LIF, ExponentialCurrent
from bioscnn.seeds import stream
from bioscnn.simulation.equations import input_current
from bioscnn.simulation.reference import simulate_reference
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
        normalisation = normalise(graph, images(200, seed=8))
        network = convert(graph, IF(), SYNAPSE, normalisation=normalisation)
    recorded = simulate_reference(network, pixel_currents(x, 3000, 1e-3))
    outputs = [a for layer, a in zip(graph.layers, graph.activations(x), strict=True) if layer is kind]
    for name, activity in zip(("conv1", "conv2", "dense1"), outputs, strict=True):
        spikes = recorded[name].spikes
        late = spikes.step >= 500  # the transient is over
        counts = np.zeros((3, spikes.size))
        np.add.at(counts, (spikes.trial()[late], spikes.neuron[late]), 1)
        unit = 10e-3 if activation == "lif" else normalisation.scales[name] / MAX_RATE
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


def test_normalisation_takes_the_percentile_of_each_channel():
    graph = every_layer(ReLU())
    x = images(50)
    scales = normalise(graph, x, percentile=90.0).scales
    behind = graph.activations(x)[2]
    by_channel = np.percentile(np.moveaxis(behind, 1, 0).reshape(4, -1), 90.0, axis=1)
    assert np.allclose(scales["conv1"], by_channel, rtol=1e-5)
    whole = normalise(graph, x, percentile=90.0, channel_wise=False).scales["conv1"]
    assert np.allclose(whole, np.percentile(behind, 90.0), rtol=1e-5)


def test_what_cannot_be_converted_exactly_is_refused():
    dense = Dense(np.ones((2, 4), np.float32), None)
    with pytest.raises(UserError, match="needs a normalisation"):
        convert(every_layer(ReLU()), LIF(), SYNAPSE)
    with pytest.raises(UserError, match="rate curve of a LIF"):
        convert(every_layer(), IF(), SYNAPSE)
    with pytest.raises(UserError, match="ends in an activation"):
        convert(LayerGraph("end", (1, 2, 2), (Flatten(), dense, LIFRate())), LIF(), SYNAPSE)
    with pytest.raises(UserError, match="without a weighted layer"):
        convert(LayerGraph("first", (1, 2, 2), (LIFRate(), Flatten(), dense)), LIF(), SYNAPSE)
    with pytest.raises(UserError, match="percentile"):
        normalise(every_layer(ReLU()), images(5), percentile=0)
