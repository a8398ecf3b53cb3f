"""Layers in a chain or with branches: checked shapes, one fingerprint."""

import numpy as np
import pytest

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
    read_onnx,
    write_onnx,
)
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
    assert small_graph(name="other") != small_graph() != "small"


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
        ([BatchNorm2d([1, 1], [0, 0], [0, 0], [1, 1])], "layers[0], BatchNorm2d"),
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


@pytest.mark.parametrize("shape", [(4, 4), (1, 1, 4, 4), (1, 0, 4)])
def test_an_input_that_is_no_image_is_refused(shape):
    with pytest.raises(UserError) as refusal:
        LayerGraph("bad", shape, (Flatten(), Dense(np.ones((2, 16)))))
    assert (refusal.value.key, refusal.value.value) == ("input_shape", shape)


def branching(*extra):
    """A sum and a concatenation of branches, each with the input or a layer by name."""
    rng = np.random.default_rng(3)
    nodes = (
        Node("first", Conv2d(rng.normal(size=(2, 1, 3, 3)), padding=(1, 1, 1, 1)), (INPUT,)),
        Node("rectified", ReLU(), ("first",)),
        Node("second", Conv2d(rng.normal(size=(2, 2, 1, 1))), ("rectified",)),
        Node("sum", Add(), ("second", "rectified")),
        Node("both", Concat(), ("sum", INPUT)),
        Node("largest", MaxPool2d((2, 2), (2, 2)), ("both",)),
        Node("flat", Flatten(), ("largest",)),
        Node("logits", Dense(rng.normal(size=(3, 12))), ("flat",)),
    )
    return LayerGraph("branching", (1, 4, 4), (*nodes, *extra))


def test_branches_join_by_name():
    graph, x = branching(), np.random.default_rng(4).random((5, 1, 4, 4))
    assert not graph.is_chain
    assert graph.shapes[3:6] == ((2, 4, 4), (3, 4, 4), (3, 2, 2))
    out = graph.evaluate(x)
    np.testing.assert_array_equal(out["sum"], out["second"] + out["rectified"])
    np.testing.assert_array_equal(out["both"], np.concatenate([out["sum"], x], axis=1))
    blocks = out["both"].reshape(5, 3, 2, 2, 2, 2)
    np.testing.assert_array_equal(out["largest"], blocks.max(axis=(3, 5)))
    np.testing.assert_array_equal(out["logits"], graph.forward(x))


def test_a_graph_with_branches_is_written_and_read_as_itself(tmp_path):
    graph = branching()
    write_onnx(graph, tmp_path / "branching.onnx")
    assert read_onnx(tmp_path / "branching.onnx") == graph


def test_what_a_layer_takes_is_part_of_the_fingerprint():
    nodes = branching().nodes
    other = LayerGraph(
        "branching", (1, 4, 4), (*nodes[:3], Node("sum", Add(), ("second", "first")), *nodes[4:])
    )
    assert other.sha256() != branching().sha256()


@pytest.mark.parametrize(
    ("node", "problem"),
    [
        (Node("more", ReLU(), ("later",)), "does not come before it"),
        (Node("sum", ReLU(), ("logits",)), "two layers have one name"),
        (Node("more", ReLU(), ("logits", "logits")), "takes one input"),
        (Node("more", ReLU(), ()), "takes one input"),
        (Node("more", Add(), ("logits", "flat")), "only equal shapes"),
        (Node("more", Concat(), ("logits", "sum")), "one size"),
        (Node("more", Flatten(), ("sum",)), None),
    ],
)
def test_a_layer_that_fits_nowhere_is_refused(node, problem):
    if problem is None:
        assert branching(node).n_classes == 32
        return
    with pytest.raises(UserError, match=problem):
        branching(node)


def test_scalings_of_images_and_of_vectors():
    image, vector = np.ones((1, 2, 2, 2)), np.ones((1, 2))
    scale = Scale([2, 3], [0.5, -1])
    assert scale.forward(image)[0, :, 0, 0].tolist() == [2.5, 2]
    assert scale.forward(vector).tolist() == [[2.5, 2]]
    by_pixel = Scale([2, 3], np.arange(8).reshape(2, 2, 2))
    assert by_pixel.forward(image)[0, 1].tolist() == [[7, 8], [9, 10]]
    with pytest.raises(UserError, match="3 channels reach a scaling of 2"):
        scale.output_shape((3, 2, 2))
    with pytest.raises(UserError, match="do not fit the image"):
        by_pixel.output_shape((2, 3, 3))
