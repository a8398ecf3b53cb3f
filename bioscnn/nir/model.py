"""A NIR file as the network of a study: a spiking network already, which is not converted but built."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path

from bioscnn.nir.graph import FIRING, Graph, read_graph

SUFFIX = ".nir"
"""How the path of a NIR file ends."""


@dataclass(frozen=True, eq=False)
class NIRModel:
    """What a study needs to know of a NIR graph before it is built.

    Parameters
    ----------
    graph : Graph
        The graph.
    """

    graph: Graph

    @cached_property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        return tuple(int(n) for n in self.graph.input.array("shape").ravel())

    @property
    def n_classes(self) -> int:
        """Size of the output."""
        return int(prod(self.graph.output.array("shape").ravel()))

    @property
    def fires(self) -> bool:
        """Whether the output fires."""
        final = self.graph.final
        return final is not None and self.graph.nodes[final].type in FIRING

    def takes(self, shape: tuple[int, ...]) -> bool:
        """Whether the numbers of an input of another shape are those of this one, in their order."""
        own = self.input_shape
        return own == shape or (prod(own) == prod(shape) and _long(own) in (_long(shape), (prod(shape),)))

    def sha256(self) -> str:
        """Hash nodes and edges."""
        return self.graph.sha256()


def _long(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return a shape without its axes of length 1."""
    return tuple(n for n in shape if n != 1)


def read_nir(path: Path) -> NIRModel:
    """Read a NIR file; errors as of `read_graph`."""
    return NIRModel(read_graph(path))
