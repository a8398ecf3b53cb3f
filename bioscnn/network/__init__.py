"""A spiking network, free of any simulator: populations, and projections with procedural connectivity."""

from bioscnn.network.connectivity import Composition, Connectivity, Convolution, Dense, Pooling, compose
from bioscnn.network.network import OUTPUT, READOUT, Population, Projection, SpikingNetwork

__all__ = [
    "OUTPUT",
    "READOUT",
    "Composition",
    "Connectivity",
    "Convolution",
    "Dense",
    "Pooling",
    "Population",
    "Projection",
    "SpikingNetwork",
    "compose",
]
