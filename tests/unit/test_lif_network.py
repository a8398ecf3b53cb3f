"""A normalised ReLU network, written as a network of LIF rates, is the same spiking network."""

import numpy as np
import pytest

from bioscnn.ann import read_model
from bioscnn.conversion import convert, normalise
from bioscnn.conversion.lif_network import as_lif_network
from bioscnn.errors import UserError
from bioscnn.neurons import IF, LIF, ExponentialCurrent
from bioscnn.seeds import stream


@pytest.mark.parametrize("name", ["mnist-small-relu", "nmnist-small-relu", "caltech-pixels-relu"])
@pytest.mark.parametrize("t_ref", [0.0, 2e-3])
@pytest.mark.parametrize("method", ["rate-matched", "channel-wise"])
@pytest.mark.parametrize("input_rate", [None, 100.0])
def test_weights_and_biases_in_ampere_are_those_of_the_normalised_network(name, t_ref, method, input_rate):
    graph, neuron, synapse = read_model(name), LIF(t_ref=t_ref), ExponentialCurrent(5e-3)
    images = stream(1, "images").random((20, *graph.input_shape)).astype(np.float32)
    normalisation = normalise(graph, images, neuron, method=method, window=30e-3)
    normalised = convert(graph, neuron, synapse, normalisation=normalisation, input_rate=input_rate)
    written = convert(as_lif_network(graph, normalisation), neuron, synapse, input_rate=input_rate)
    for one, other in zip(normalised.neurons, written.neurons, strict=True):
        assert one.neuron == other.neuron
        assert np.allclose(one.bias, other.bias, rtol=1e-5, atol=1e-6 * np.abs(one.bias).max())
    for one, other in zip(normalised.projections, written.projections, strict=True):
        first, second = (projection.connectivity.synapses()[2] for projection in (one, other))
        assert np.allclose(first, second, rtol=1e-5, atol=1e-6 * np.abs(first).max())


def test_a_network_of_other_neurons_is_refused():
    graph = read_model("mnist-small-relu")
    images = stream(1, "images").random((20, *graph.input_shape)).astype(np.float32)
    with pytest.raises(UserError, match="LIF"):
        as_lif_network(graph, normalise(graph, images, IF()))
