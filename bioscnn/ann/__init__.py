"""The trained network as a chain of layers: read, write, run, train."""

from bioscnn.ann.activations import LIFRate, ReLU
from bioscnn.ann.graph import Layer, LayerGraph
from bioscnn.ann.layers import AveragePool2d, BatchNorm2d, Conv2d, Dense, Flatten

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
]
