"""The trained network as a chain of layers: read, write, run, train."""

from bioscnn.ann.activations import LIFRate, ReLU
from bioscnn.ann.graph import Layer, LayerGraph
from bioscnn.ann.layers import AveragePool2d, BatchNorm2d, Conv2d, Dense, Flatten
from bioscnn.ann.models import read_card, read_model, shipped_models
from bioscnn.ann.onnx_reader import read_onnx
from bioscnn.ann.onnx_writer import write_onnx

__all__ = [
    "AveragePool2d",
    "BatchNorm2d",
    "Conv2d",
    "Dense",
    "Flatten",
    "LIFRate",
    "Layer",
    "LayerGraph",
    "ReLU",
    "read_card",
    "read_model",
    "read_onnx",
    "shipped_models",
    "write_onnx",
]
