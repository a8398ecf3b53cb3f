"""The timing experiment: what the times of spikes carry that their number does not."""

from bioscnn.experiments.timing.conditions import CLEAN
from bioscnn.experiments.timing.controls import SETS, control_rows, decode_sets
from bioscnn.experiments.timing.experiment import TimingExperiment
from bioscnn.experiments.timing.learned import LearnedTiming
from bioscnn.experiments.timing.measure import SPIKING
from bioscnn.experiments.timing.tables import accuracy_rows, compared_rows

__all__ = [
    "CLEAN",
    "SETS",
    "SPIKING",
    "LearnedTiming",
    "TimingExperiment",
    "accuracy_rows",
    "compared_rows",
    "control_rows",
    "decode_sets",
]
