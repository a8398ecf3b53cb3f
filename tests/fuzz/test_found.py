"""What damaged and hostile files have found: each of these ended in a traceback, or without an end."""

from __future__ import annotations

import json
import shutil

import h5py
import nir
import numpy as np
import onnx
import pytest

from bioscnn.ann import ReLU, read_onnx, write_onnx
from bioscnn.errors import UserError
from bioscnn.fingerprint import ROOT
from bioscnn.nir import read_graph
from bioscnn.studies.describe import describe_conversion
from bioscnn.studies.recipes import find_recipes
from tests.networks import every_layer
from tests.unit.nir.graphs import chain, lif, weights


def test_a_network_of_other_images_than_the_usual_data_is_not_normalised_on_them(tmp_path):
    write_onnx(every_layer(ReLU()), tmp_path / "net.onnx")
    with pytest.raises(UserError, match="does not fit the data") as raised:
        describe_conversion(str(tmp_path / "net.onnx"))
    assert raised.value.file == tmp_path / "net.onnx" and "(2, 9, 8)" in raised.value.value


@pytest.mark.parametrize("name", [5, None, ["nmnist"], {"name": "nmnist"}])
def test_a_card_whose_data_have_a_name_of_another_kind_is_refused(tmp_path, name):
    models = ROOT / "models"
    shutil.copy(models / "nmnist-small.onnx", tmp_path)
    card = json.loads((models / "nmnist-small.json").read_text())
    card["data"]["train"]["name"] = name
    (tmp_path / "nmnist-small.json").write_text(json.dumps(card))
    with pytest.raises(UserError, match="does not say what it was trained on") as raised:
        describe_conversion(str(tmp_path / "nmnist-small.onnx"))
    assert raised.value.file == tmp_path / "nmnist-small.json"


def test_a_file_that_says_that_bioscnn_wrote_it_may_have_any_order_of_axes(tmp_path):
    write_onnx(every_layer(), tmp_path / "net.onnx")
    model = onnx.load(tmp_path / "net.onnx")
    for dimension, size in zip(model.graph.input[0].type.tensor_type.shape.dim[1:], (9, 8, 2), strict=True):
        dimension.dim_value = size
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "height"
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(UserError) as raised:
        read_onnx(tmp_path / "net.onnx")
    assert raised.value.file == tmp_path / "net.onnx"


def test_the_type_of_a_graph_is_a_text(tmp_path):
    nir.write(tmp_path / "g.nir", chain(nir.Linear(weights(3, 4)), lif(3), shape=(4,), out=3))
    with h5py.File(tmp_path / "g.nir", "r+") as file:
        del file["node/type"]
        file["node/type"] = np.zeros(3)
    with pytest.raises(UserError, match="not a NIR graph") as raised:
        read_graph(tmp_path / "g.nir")
    assert raised.value.file == tmp_path / "g.nir"


def test_a_study_that_cannot_be_trained_is_named(tmp_path):
    study = tmp_path / "mine.toml"
    study.write_text('[dataset]\nname = "mnist"\n[network]\nmodel = "a\\nb"\n')
    with pytest.raises(UserError, match="no name of a network") as raised:
        find_recipes(str(study))
    assert raised.value.file == study
