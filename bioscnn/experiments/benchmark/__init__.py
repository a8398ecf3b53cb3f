"""The shipped networks of a data set, measured side by side: accuracy, speed, spikes, energy, time step."""

from bioscnn.experiments.benchmark.experiment import BenchmarkExperiment
from bioscnn.experiments.benchmark.networks import shipped_networks

__all__ = ["BenchmarkExperiment", "shipped_networks"]
