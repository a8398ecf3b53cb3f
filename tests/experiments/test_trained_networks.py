"""Networks that units hold: an ONNX file as an array of bytes, read as every other file is."""

import numpy as np
import onnx
import pytest

from bioscnn.errors import UserError
from bioscnn.experiments.trained import network_of, onnx_bytes
from tests.networks import every_layer


def test_a_network_comes_back_from_its_bytes():
    graph = every_layer()
    assert network_of(onnx_bytes(graph)).sha256() == graph.sha256()


def test_what_a_unit_holds_in_the_place_of_a_network_is_refused():
    whole = onnx_bytes(every_layer())
    model = onnx.load_from_string(whole.tobytes())
    model.graph.node[0].op_type = "ImageDecoder"
    for content in (
        whole[: len(whole) // 2],
        np.zeros(9, np.uint8),
        np.frombuffer(model.SerializeToString(), np.uint8),
    ):
        with pytest.raises(UserError):
            network_of(content)
