"""Everything that decides what a program compiled by GeNN looks like, and its hash."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from bioscnn.network import Population
from bioscnn.simulation.procedural import Patches
from bioscnn.simulation.shape import ProgramShape

if TYPE_CHECKING:
    from bioscnn.simulation.propagator import Propagator

ENGINE = Path(__file__).parent / "genn" / "engine.cpp"
"""The loop over trials and steps, a template of ours."""


@dataclass(frozen=True)
class GeNNShape(ProgramShape):
    """Shape of a program that GeNN compiles: every synapse is listed, and the time step is compiled in.

    Parameters
    ----------
    dt : float
        Duration of a step, s.
    use_gpu : bool
        Whether it is for a GPU, or for one core of a CPU.
    """

    dt: float = 1e-3
    use_gpu: bool = True

    arguments: ClassVar[tuple[str, ...]] = ("test", "0")
    """The main of brian2genn wants two; no use is made of them."""

    def step(self, population: Population) -> Propagator | None:
        """Return the propagator of a population; None if GeNN has to solve its equations."""
        from bioscnn.simulation.propagator import propagator

        return propagator(self.network, population, self.dt)

    def parameters(self, population: Population) -> dict[str, float]:
        """Return the shared parameters, and the coefficients of a step."""
        from bioscnn.simulation.propagator import coefficients

        return {**super().parameters(population), **coefficients(self.step(population) or {})}

    def injection(self, name: str) -> Patches | None:
        """Return None: the program is told the currents of the stimulus neuron by neuron."""
        return None

    def key(self) -> str:
        """Return the hash that names the program."""
        here = Path(__file__).parent
        sources = [ENGINE, here / "genn_build.py", here / "genn_shape.py", here / "propagator.py"]
        shape = [
            super().key(), self.dt, self.use_gpu, version("brian2genn"), os.environ.get("GENN_PATH"),
            [source.read_text() for source in sources], [[*self.parameters(p)] for p in self.network.neurons],
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(shape).encode()).hexdigest()[:20]
