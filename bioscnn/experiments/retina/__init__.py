"""The retina experiment: which of its cells help, clean and in noise."""

from bioscnn.experiments.retina.experiment import RetinaExperiment

__all__ = ["RetinaExperiment"]
