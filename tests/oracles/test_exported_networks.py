"""Networks as Keras, torch and quantisers export them: onnxruntime's logits, or refused by name.

Some of the files lie in ``tests/data/networks``; all of them where ``BIOSCNN_CASES`` names their folder.
"""

import os
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

pytest.importorskip("torch")

from bench import architectures
from bioscnn.ann import Add, Concat, read_onnx
from bioscnn.errors import UserError
from tests.conversions import assert_currents_are_pre_activations

OWN = Path(__file__).parents[1] / "data" / "networks"
CASES = Path(os.environ["BIOSCNN_CASES"]) / "networks" if "BIOSCNN_CASES" in os.environ else OWN

READ = (
    "batchnorm1d-behind-dense", "batchnorm1d-behind-flatten", "ceil-mode-without-effect",
    "clamp-as-relu-clip", "clamp-as-relu-max", "concat", "conv-gap-flatten-trained",
    "deep-12-convolutions-trained", "depthwise-separable-trained", "float64",
    "global-average-pooling-squeeze", "global-average-pooling-torch-default", "keras-cnn-export",
    "keras-cnn-nhwc", "keras-global-pooling-nchw", "keras-max-pooling-nhwc", "logits-all-negative-trained",
    "logits-over-temperature", "max-pooling", "max-pooling-torch-default", "mean-over-space",
    "normalisation-inside", "normalised-outside-trained", "relu6", "residual-add", "scaled-relu",
    "uint8-input-cast", "view-dynamic-batch", "weights-through-identity", "zero-pad-before-pool-opset-8",
    "zero-pad-constantofshape",
)  # fmt: skip
REFUSED = {
    "int8-qdq": ("x_QuantizeLinear", "before it is quantised"),
    "softmax-over-batch": ("Softmax", ""),
    "training-mode-opset-13": ("BatchNormalization", "model.eval()"),
}


def file_of(name):
    found = [folder / f"{name}.onnx" for folder in (OWN, CASES) if (folder / f"{name}.onnx").exists()]
    if not found:
        pytest.skip("needs the files of BIOSCNN_CASES")
    return found[0]


def expected_logits(path, x):
    """Compute the logits, those before a softmax, in ONNX's runtime, or in its reference where it cannot."""
    model = onnx.load(path)
    last = model.graph.node[-1]
    if last.op_type == "Softmax":
        model.graph.output[0].name = last.input[0]
        model.graph.node.remove(last)
    for value in model.graph.input:
        if value.type.tensor_type.elem_type == onnx.TensorProto.UINT8:
            value.type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    given = model.graph.input[0]
    shape = [d.dim_value for d in given.type.tensor_type.shape.dim]
    images = x.transpose(0, 2, 3, 1) if shape[3] == 1 else x
    if given.type.tensor_type.elem_type == onnx.TensorProto.DOUBLE:
        from onnx.reference import ReferenceEvaluator

        run = ReferenceEvaluator(model).run
        images = images.astype(np.float64)
    else:
        run = onnxruntime.InferenceSession(model.SerializeToString()).run
    return np.concatenate([run(None, {given.name: image[None]})[0].reshape(1, -1) for image in images])


@pytest.mark.parametrize("name", READ)
def test_an_exported_network_is_read_with_its_logits(name):
    path = file_of(name)
    graph = read_onnx(path)
    assert graph.input_shape == (1, 28, 28)
    x = np.random.default_rng(1).random((3, 1, 28, 28), np.float32)
    expected = expected_logits(path, x)
    np.testing.assert_allclose(graph.forward(x), expected, atol=1e-5 * max(1, np.abs(expected).max()))


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_spiking_network_does_is_refused_by_the_name_of_its_node(name):
    node, fix = REFUSED[name]
    with pytest.raises(UserError) as refusal:
        read_onnx(file_of(name))
    assert node in refusal.value.key
    assert fix in (refusal.value.fix or refusal.value.expected)


def test_branches_stay_branches():
    added, joined = (read_onnx(file_of(name)) for name in ("residual-add", "concat"))
    assert any(isinstance(layer, Add) for layer in added.layers)
    assert any(isinstance(layer, Concat) for layer in joined.layers)
    assert not added.is_chain


@pytest.mark.parametrize("name", architectures.ARCHITECTURES)
def test_a_torch_network_is_read_with_its_logits_and_converted_with_its_currents(name, tmp_path):
    path = tmp_path / "network.onnx"
    architectures.export(name, path)
    graph = read_onnx(path)
    assert architectures.logits_error(graph, path, softmax="softmax" in name) < 1e-5
    assert_currents_are_pre_activations(graph, architectures.images(20, seed=2))
