"""The codes experiment: rates against spike times, trained alike."""

from bioscnn.experiments.codes.experiment import CodesExperiment

__all__ = ["CodesExperiment"]
