"""The noise experiment: what noise destroys first, and whether the biology of a network helps."""

from bioscnn.experiments.noise.experiment import NoiseExperiment

__all__ = ["NoiseExperiment"]
