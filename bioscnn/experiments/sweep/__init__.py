"""Sweeps over the parameters of a study: designs, points, and global sensitivity."""

from bioscnn.experiments.sweep.experiment import Measured, SweepExperiment
from bioscnn.experiments.sweep.file import Sweep, read_sweep
from bioscnn.experiments.sweep.plan import SweepPlan, plan_sweep

__all__ = ["Measured", "Sweep", "SweepExperiment", "SweepPlan", "plan_sweep", "read_sweep"]
