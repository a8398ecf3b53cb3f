"""The retina experiment: what its cells are worth at equal gain control, and a search for the best ones."""

from bioscnn.experiments.retina.experiment import RetinaExperiment
from bioscnn.experiments.retina.search import CellSearch

__all__ = ["CellSearch", "RetinaExperiment"]
