"""The trained network as a graph of layers: read, write, run, train."""

from bioscnn.ann.activations import LIFRate, ReLU
from bioscnn.ann.graph import INPUT, Layer, LayerGraph, Node
from bioscnn.ann.joins import Add, Concat
from bioscnn.ann.keras.reader import read_keras
from bioscnn.ann.linear import Conv2d, Dense, Flatten
from bioscnn.ann.models import read_card, read_model, shipped_models
from bioscnn.ann.onnx.reader import read_onnx
from bioscnn.ann.onnx.writer import write_onnx
from bioscnn.ann.pooling import AveragePool2d, MaxPool2d
from bioscnn.ann.scaling import BatchNorm2d, Scale

__all__ = [
    "INPUT",
    "Add",
    "AveragePool2d",
    "BatchNorm2d",
    "Concat",
    "Conv2d",
    "Dense",
    "Flatten",
    "LIFRate",
    "Layer",
    "LayerGraph",
    "MaxPool2d",
    "Node",
    "ReLU",
    "Scale",
    "read_card",
    "read_keras",
    "read_model",
    "read_onnx",
    "shipped_models",
    "write_onnx",
]
