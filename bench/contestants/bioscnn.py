"""bioscnn: the study of the problem, simulated by compiled programs in one or two processes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.problem import Problem, intensities
from bioscnn.ann import read_model
from bioscnn.encoding import pixel_currents
from bioscnn.ledger.conditions import spiking_network
from bioscnn.network import OUTPUT, READOUT, SpikingNetwork
from bioscnn.readout import decisions
from bioscnn.simulation import Device, simulate
from bioscnn.studies.config import StudyConfig
from bioscnn.studies.prepare import conditions_of
from bioscnn.studies.study import read_study


def network_of(problem: Problem) -> tuple[SpikingNetwork, StudyConfig]:
    """Return the spiking network of a problem, and its study."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study.toml"
        path.write_text(problem.study, encoding="utf-8")
        config = read_study(path).config
    calibration = None if problem.calibration is None else intensities(problem.calibration)
    return spiking_network(conditions_of(config), read_model(config.network.model), calibration), config


class Bioscnn:
    """A variant is a list of words: ``jobs=1``, ``jobs=2``, ``all-spikes``."""

    def __init__(self, problem: Problem) -> None:
        self.network, self.config = network_of(problem)
        self.readout = problem.readout

    def classify(self, images: NDArray[np.float32], batch: int, variant: str) -> NDArray[np.int64]:
        """Return the class of each image, shape (n,); bioscnn chooses its batches itself."""
        words, keys = variant.split(), self.config.simulation
        jobs = next(int(word.removeprefix("jobs=")) for word in words if word.startswith("jobs="))
        record = [OUTPUT]
        if "all-spikes" in words:
            record = [population.name for population in self.network.neurons]
        stimulus = pixel_currents(images, keys.n_steps, keys.dt)
        device = Device(keys.device, keys.precision, jobs)
        recording = simulate(self.network, stimulus, device, record=record, potentials=[READOUT])
        return decisions(recording, self.readout)[:, -1]

    def spikes(self, images: NDArray[np.float32], batch: int, variant: str) -> float:
        """Return the spikes of all populations before the output for an image."""
        keys = self.config.simulation
        stimulus = pixel_currents(images, keys.n_steps, keys.dt)
        recording = simulate(self.network, stimulus, Device(keys.device, keys.precision))
        counts = [
            recording[population.name].counts_by_trial.sum()
            for population in self.network.neurons
            if population.name not in (OUTPUT, READOUT)
        ]
        return float(sum(counts)) / len(images)


def load(problem: Problem) -> Bioscnn:
    """Return the network of a problem."""
    return Bioscnn(problem)
