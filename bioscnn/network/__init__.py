"""A spiking network, free of any simulator: populations, and projections with procedural connectivity."""

from bioscnn.network.composition import Composition, compose
from bioscnn.network.connectivity import Connectivity, Convolution, Dense, Pooling
from bioscnn.network.individual import Individual
from bioscnn.network.network import (
    OUTPUT,
    READOUT,
    V_0,
    Axons,
    Failure,
    MembraneNoise,
    Population,
    Projection,
    SpikingNetwork,
)
from bioscnn.network.sums import Sum, summed

__all__ = [
    "OUTPUT",
    "READOUT",
    "V_0",
    "Axons",
    "Composition",
    "Connectivity",
    "Convolution",
    "Dense",
    "Failure",
    "Individual",
    "MembraneNoise",
    "Pooling",
    "Population",
    "Projection",
    "SpikingNetwork",
    "Sum",
    "compose",
    "summed",
]
