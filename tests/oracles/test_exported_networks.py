"""Networks as Keras, torch and quantisers export them: onnxruntime's logits, or refused by name.

Some of the files lie in ``tests/data/networks``; all of them where ``BIOSCNN_CASES`` names their folder.
"""

import os
from pathlib import Path

import pytest

pytest.importorskip("torch")

from bench.architectures import compare, torch_networks
from bench.cases import READ, REFUSED, logits_error
from bioscnn.ann import Add, Concat, read_onnx
from bioscnn.errors import UserError
from tests.conversions import assert_currents_are_pre_activations

OWN = Path(__file__).parents[1] / "data" / "networks"
CASES = Path(os.environ["BIOSCNN_CASES"]) / "networks" if "BIOSCNN_CASES" in os.environ else OWN


def file_of(name):
    found = [folder / f"{name}.onnx" for folder in (OWN, CASES) if (folder / f"{name}.onnx").exists()]
    if not found:
        pytest.skip("needs the files of BIOSCNN_CASES")
    return found[0]


@pytest.mark.parametrize("name", READ)
def test_an_exported_network_is_read_with_its_logits(name):
    path = file_of(name)
    graph = read_onnx(path)
    assert graph.input_shape == (1, 28, 28)
    assert logits_error(graph, path) < 1e-5


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


@pytest.mark.parametrize("name", torch_networks.ARCHITECTURES)
def test_a_torch_network_is_read_with_its_logits_and_converted_with_its_currents(name, tmp_path):
    path = tmp_path / "network.onnx"
    torch_networks.export(name, path)
    graph = read_onnx(path)
    theirs = compare.onnxruntime_logits(str(path), compare.images(5))
    assert compare.logits_error(graph, theirs, softmax="softmax" in name) < 1e-5
    assert_currents_are_pre_activations(graph, compare.images(20, seed=2))
