"""Sweeps over the parameters of a study: designs, an engine that resumes, and global sensitivity."""

from bioscnn.studies.sweep.file import Sweep, read_sweep
from bioscnn.studies.sweep.plan import SweepPlan, plan_sweep
from bioscnn.studies.sweep.run import SweepRun, run_sweep
from bioscnn.studies.sweep.workers import Where, where_to_compute

__all__ = [
    "Sweep",
    "SweepPlan",
    "SweepRun",
    "Where",
    "plan_sweep",
    "read_sweep",
    "run_sweep",
    "where_to_compute",
]
