"""A chain of layers: checked shapes, one fingerprint."""

import numpy as np
import pytest

from bioscnn.ann import AveragePool2d, BatchNorm2d, Conv2d, Dense, Flatten, LayerGraph, LIFRate, ReLU
from bioscnn.errors import UserError


def small_graph(weight=1.0, gamma=0.0, name="small"):
    layers = (Conv2d(np.full((2, 1, 2, 2), weight)), LIFRate(gamma=gamma), Flatten(), Dense(np.ones((3, 18))))
    return LayerGraph(name, (1, 4, 4), layers)


def test_shapes_follow_the_layers():
    graph = small_graph()
    assert graph.shapes == ((2, 3, 3), (2, 3, 3), (18,), (3,))
    assert graph.n_classes == 3


def test_logits_do_not_depend_on_the_batch(monkeypatch):
    graph, x = small_graph(), np.random.default_rng(1).random((20, 1, 4, 4))
    whole = graph.forward(x)
    monkeypatch.setattr("bioscnn.ann.graph._NUMBERS_AT_ONCE", 100)
    np.testing.assert_allclose(graph.forward(x), whole, rtol=1e-12)


def test_activations_are_the_output_of_every_layer():
    graph, x = small_graph(), np.random.default_rng(1).random((5, 1, 4, 4))
    outputs = graph.activations(x)
    assert [out.shape for out in outputs] == [(5, *shape) for shape in graph.shapes]
    np.testing.assert_array_equal(outputs[-1], graph.forward(x))


@pytest.mark.parametrize("shape", [(5, 4, 4, 1), (4, 4), (0, 1, 4, 4)])
def test_images_of_another_shape_are_refused(shape):
    with pytest.raises(UserError, match="no images for the network 'small'"):
        small_graph().forward(np.zeros(shape))


def test_the_fingerprint_sees_every_weight_and_attribute_but_not_the_name():
    graphs = [small_graph(), small_graph(weight=1 + 1e-6), small_graph(gamma=0.1)]
    assert len({graph.sha256() for graph in graphs}) == 3
    assert small_graph(name="other").sha256() == small_graph().sha256()
    assert small_graph(name="other") != small_graph()


def test_the_fingerprint_stays_what_it_is():
    digest = "8cbeebf31926844fd46526835cfb906cb1f7f45ec9e61a856622d0f39c578f49"
    assert small_graph().sha256() == digest


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused_by_layer(bad):
    with pytest.raises(UserError) as refusal:
        small_graph(weight=bad)
    assert refusal.value.key == "layers[0], Conv2d, weight"


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["gamma", "beta", "mean", "variance", "bias"])
def test_biases_and_statistics_that_are_not_finite_are_refused_by_name_and_number(name, bad):
    numbers = {key: np.ones(3) for key in ("gamma", "beta", "mean", "variance", "bias")}
    numbers[name][1:] = bad
    conv = Conv2d(np.ones((3, 1, 2, 2)), numbers.pop("bias"))
    with pytest.raises(UserError) as refusal:
        LayerGraph("bad", (1, 2, 2), (conv, BatchNorm2d(**numbers), Flatten(), Dense(np.ones((2, 3)))))
    assert name in refusal.value.key
    assert "2 of 3 values are not finite" in refusal.value.problem


@pytest.mark.parametrize(
    ("layers", "where"),
    [
        ([Conv2d(np.ones((1, 3, 2, 2)))], "layers[0], Conv2d"),
        ([Conv2d(np.ones((1, 1, 9, 2)))], "layers[0], Conv2d"),
        ([ReLU(), AveragePool2d((5, 5), (1, 1))], "layers[1], AveragePool2d"),
        ([ReLU(), Dense(np.ones((2, 16)))], "layers[1], Dense"),
        ([Flatten(), Dense(np.ones((2, 15)))], "layers[1], Dense"),
        ([Flatten(), Conv2d(np.ones((1, 1, 2, 2)))], "layers[1], Conv2d"),
        ([ReLU()], "layers"),
    ],
)
def test_a_layer_that_does_not_fit_is_refused_by_place_and_kind(layers, where):
    with pytest.raises(UserError) as refusal:
        LayerGraph("bad", (1, 4, 4), layers)
    assert refusal.value.key.startswith(where)
