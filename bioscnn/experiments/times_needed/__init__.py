"""The times-needed experiment: networks trained and tested on recordings whose spike times are destroyed."""

from bioscnn.experiments.times_needed.experiment import TimesNeededExperiment

__all__ = ["TimesNeededExperiment"]
