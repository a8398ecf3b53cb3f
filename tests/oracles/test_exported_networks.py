"""Networks as torch exports them: onnxruntime's logits, and branches that stay branches."""

import pytest

pytest.importorskip("torch")

from bench.architectures import compare, torch_networks
from bioscnn.ann import Add, Concat, read_onnx
from tests.cases.outcomes import OWN
from tests.conversions import assert_currents_are_pre_activations


def test_branches_stay_branches():
    added, joined = (read_onnx(OWN / "networks" / f"{name}.onnx") for name in ("residual-add", "concat"))
    assert any(isinstance(layer, Add) for layer in added.layers)
    assert any(isinstance(layer, Concat) for layer in joined.layers)
    assert not added.is_chain


@pytest.mark.parametrize("name", torch_networks.ARCHITECTURES)
def test_a_torch_network_is_read_with_its_logits_and_converted_with_its_currents(name, tmp_path):
    path = tmp_path / "network.onnx"
    torch_networks.export(name, path)
    graph = read_onnx(path)
    theirs = compare.onnxruntime_logits(str(path), compare.images(5))
    assert compare.logits_error(graph, theirs, softmax="softmax" in name) < 1e-5
    assert_currents_are_pre_activations(graph, compare.images(20, seed=2))
