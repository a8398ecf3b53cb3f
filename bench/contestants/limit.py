"""The hand-written C program with the model of bioscnn: the practical limit of one core."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.contestants.bioscnn import network_of
from bench.environments import ENVIRONMENTS
from bench.limit import Limit, LimitRun
from bench.problem import Problem
from bioscnn.encoding import pixel_currents
from bioscnn.network import OUTPUT, READOUT


class ByHand:
    """The program, compiled, with a network; it takes the images one by one, whatever the batch."""

    def __init__(self, problem: Problem, folder: Path) -> None:
        self.network, self.config = network_of(problem)
        self.readout, self.program = problem.readout, Limit.build(folder)

    def run(self, images: NDArray[np.float32]) -> LimitRun:
        """Simulate images."""
        keys = self.config.simulation
        stimulus = pixel_currents(images, keys.n_steps, keys.dt)
        return self.program.run(self.network, stimulus, self.readout)

    def classify(self, images: NDArray[np.float32], batch: int, variant: str) -> NDArray[np.int64]:
        """Return the class of each image, shape (n,)."""
        return self.run(images).classes

    def spikes(self, images: NDArray[np.float32], batch: int, variant: str) -> list[float]:
        """Return the spikes of each population before the output per image."""
        counts = self.run(images).spikes
        return [float(counts[n].sum()) / len(images) for n in counts if n not in (OUTPUT, READOUT)]


def load(problem: Problem) -> ByHand:
    """Return the program with the network of a problem."""
    return ByHand(problem, ENVIRONMENTS / "limit")
