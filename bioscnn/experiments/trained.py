"""Trained networks as outcomes of units: the ONNX file as an array of bytes."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from bioscnn.ann import LayerGraph, read_onnx, write_onnx


def onnx_bytes(graph: LayerGraph) -> NDArray[np.uint8]:
    """Return the ONNX file of a network, shape (n_bytes,)."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        write_onnx(graph, path)
        return np.frombuffer(path.read_bytes(), np.uint8)


def network_of(onnx: NDArray[np.uint8]) -> LayerGraph:
    """Return the network of an ONNX file that `onnx_bytes` returned."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        path.write_bytes(onnx.tobytes())
        return read_onnx(path)
