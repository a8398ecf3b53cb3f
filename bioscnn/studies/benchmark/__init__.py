"""The shipped networks of a data set, measured side by side: accuracy, speed, spikes, energy, time step."""

from bioscnn.studies.benchmark.run import Finished, run_benchmark
from bioscnn.studies.benchmark.tasks import Benchmark, shipped_networks

__all__ = ["Benchmark", "Finished", "run_benchmark", "shipped_networks"]
