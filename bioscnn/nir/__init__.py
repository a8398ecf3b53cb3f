"""NIR, the Neuromorphic Intermediate Representation: its graphs run as they are."""

from bioscnn.nir.build import Built, Stimulus, build
from bioscnn.nir.frameworks import FRAMEWORKS, RESETS, Choices
from bioscnn.nir.graph import Graph, Node, read_graph
from bioscnn.nir.model import SUFFIX, NIRModel, read_nir
from bioscnn.nir.write import Exported, write_nir

__all__ = [
    "FRAMEWORKS",
    "RESETS",
    "SUFFIX",
    "Built",
    "Choices",
    "Exported",
    "Graph",
    "NIRModel",
    "Node",
    "Stimulus",
    "build",
    "read_graph",
    "read_nir",
    "write_nir",
]
