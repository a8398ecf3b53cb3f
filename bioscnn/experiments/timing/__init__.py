"""The timing experiment: what the times of spikes carry that their number does not."""

from bioscnn.experiments.timing.experiment import TimingExperiment
from bioscnn.experiments.timing.learned import LearnedTiming

__all__ = ["LearnedTiming", "TimingExperiment"]
