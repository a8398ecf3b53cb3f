"""bioscnn: the study of the problem, simulated by compiled programs in one or two processes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.problem import Problem, Stimulus, count
from bioscnn.ann import read_model
from bioscnn.encoding import SpikeTrains, pixel_currents
from bioscnn.encoding import Stimulus as Simulated
from bioscnn.ledger.conditions import spiking_network
from bioscnn.network import OUTPUT, READOUT, SpikingNetwork
from bioscnn.readout import final_decisions
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
    graph = read_model(config.network.model)
    return spiking_network(conditions_of(config), graph, problem.calibration), config


def simulated(stimulus: Stimulus, config: StudyConfig) -> Simulated:
    """Return what a network is given: the currents of images, or input spikes as they are."""
    if isinstance(stimulus, SpikeTrains):
        return stimulus
    return pixel_currents(stimulus, config.simulation.n_steps, config.simulation.dt)


class Bioscnn:
    """A variant is a list of words: ``jobs=1``, ``jobs=2``, ``all-spikes``."""

    def __init__(self, problem: Problem) -> None:
        self.network, self.config = network_of(problem)
        self.readout = problem.readout

    def classify(self, stimulus: Stimulus, batch: int, variant: str) -> NDArray[np.int64]:
        """Return the class of each example, shape (n,); bioscnn chooses its batches itself."""
        words, keys = variant.split(), self.config.simulation
        jobs = next(int(word.removeprefix("jobs=")) for word in words if word.startswith("jobs="))
        record = [OUTPUT]
        if "all-spikes" in words:
            record = [population.name for population in self.network.neurons]
        device = Device(keys.device, keys.precision, jobs)
        shown = simulated(stimulus, self.config)
        recording = simulate(self.network, shown, device, record=record, potentials=[READOUT])
        return final_decisions(recording, self.readout)

    def spikes(self, stimulus: Stimulus, batch: int, variant: str) -> list[float]:
        """Return the spikes of each population before the output per example."""
        keys = self.config.simulation
        shown = simulated(stimulus, self.config)
        recording = simulate(self.network, shown, Device(keys.device, keys.precision))
        return [
            float(recording[population.name].counts_by_trial.sum()) / count(stimulus)
            for population in self.network.neurons
            if population.name not in (OUTPUT, READOUT)
        ]


def load(problem: Problem) -> Bioscnn:
    """Return the network of a problem."""
    return Bioscnn(problem)
