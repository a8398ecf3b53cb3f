"""Networks that cannot be right are refused from the command line; nothing is simulated or written."""

import json

import numpy as np
import onnx
import pytest

from bioscnn.ann import BatchNorm2d, Conv2d, Dense, Flatten, LayerGraph, LIFRate, write_onnx
from bioscnn.seeds import stream
from tests.cli.test_commands import STUDY
from tests.program import assert_refused, bioscnn


def network(input_shape=(1, 28, 28), n_classes=10):
    """A network with a convolution, batch normalisation and a dense layer, of random weights."""
    rng = stream(1, "a network of the user")
    conv = Conv2d(rng.normal(size=(2, input_shape[0], 5, 5)), rng.normal(size=2), stride=(4, 4))
    norm = BatchNorm2d(*(rng.uniform(0.5, 1.5, 2) for _ in range(4)))
    size = int(np.prod(norm.output_shape(conv.output_shape(input_shape))))
    dense = Dense(rng.normal(size=(n_classes, size)), rng.normal(size=n_classes))
    return LayerGraph("mine", input_shape, (conv, norm, LIFRate(), Flatten(), dense))


def spoilt(path, which, values):
    """Write `network` with one of its stored arrays replaced, as a broken export would."""
    write_onnx(network(), path)
    model = onnx.load(path)
    arrays = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    name = [key for key in arrays if key in model.graph.node[which[0]].input][which[1]]
    tensor = next(t for t in model.graph.initializer if t.name == name)
    tensor.CopyFrom(onnx.numpy_helper.from_array(values(arrays[name]).astype(np.float32), name))
    onnx.save(model, path)


def with_bad_numbers(*bad):
    def change(array):
        changed = array.copy()
        changed.ravel()[: len(bad)] = bad
        return changed

    return change


@pytest.mark.parametrize(
    ("which", "bad", "layer", "count"),
    [
        ((0, 0), (np.nan,), "layers[0], Conv2d, weight", "1 of 50 values"),
        ((0, 1), (np.inf, np.nan), "layers[0], Conv2d, bias", "2 of 2 values"),
        ((1, 3), (np.nan,), "layers[1], BatchNorm2d, variance", "1 of 2 values"),
    ],
)
def test_numbers_that_are_not_finite_are_refused_by_file_layer_and_count(tmp_path, which, bad, layer, count):
    spoilt(tmp_path / "mine.onnx", which, with_bad_numbers(*bad))
    done = bioscnn(tmp_path, "run", STUDY, "--set", "network.model=mine.onnx")
    assert_refused(done, f"{count} are not finite", "mine.onnx", layer, "fix:")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.onnx"]


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (network((1, 14, 14)), ["does not fit the data", "(1, 14, 14)", "(1, 28, 28)", "fix:"]),
        (network((3, 28, 28)), ["does not fit the data", "(3, 28, 28)", "(1, 28, 28)", "fix:"]),
        (network(n_classes=7), ["number of classes", "mine.onnx has 7", "10, the classes of mnist", "fix:"]),
    ],
    ids=["size", "channels", "classes"],
)
def test_a_network_for_other_data_is_refused(tmp_path, made, words):
    write_onnx(made, tmp_path / "mine.onnx")
    done = bioscnn(tmp_path, "run", STUDY, "--set", "network.model=mine.onnx")
    assert_refused(done, "file:     mine.onnx", "network.model", *words)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.onnx"]


def test_a_convolution_of_other_channels_than_reach_it_is_refused_by_node(tmp_path):
    spoilt(tmp_path / "mine.onnx", (0, 0), lambda kernels: np.repeat(kernels, 3, axis=1))
    done = bioscnn(tmp_path, "plan", STUDY, "--set", "network.model=mine.onnx")
    assert_refused(done, "1 channels reach a convolution of 3", "mine.onnx", "(Conv)", "an input of 3")


@pytest.mark.parametrize(
    "words",
    [
        ("run", STUDY, "--set", "network.model=mine.onnx"),
        ("plan", STUDY, "--set", "network.model=mine.onnx"),
        ("convert", "mine.onnx"),
        ("benchmark", "mnist", "--study", STUDY, "--network", "mine.onnx", "--split", "validation"),
    ],
    ids=lambda words: words[0],
)
def test_a_card_of_other_weights_is_refused_wherever_the_network_is_read(tmp_path, words):
    write_onnx(network(), tmp_path / "mine.onnx")
    (tmp_path / "mine.json").write_text(json.dumps({"weights_sha256": "ab" * 32}))
    done = bioscnn(tmp_path, *words)
    assert_refused(done, "mine.json", "weights_sha256", "ab" * 32, network().sha256(), "fix:")
    assert {path.name for path in tmp_path.iterdir()} == {"mine.onnx", "mine.json"}
