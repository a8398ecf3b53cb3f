"""A spiking network, free of any simulator: populations, and projections with procedural connectivity."""

from bioscnn.network.connectivity import Composition, Connectivity, Convolution, Dense, Pooling
from bioscnn.network.network import Population, Projection, SpikingNetwork

__all__ = [
    "Composition",
    "Connectivity",
    "Convolution",
    "Dense",
    "Pooling",
    "Population",
    "Projection",
    "SpikingNetwork",
]
