"""The time-step experiment: what a coarser clock changes in accuracy, latency and spikes."""

from bioscnn.experiments.time_step.experiment import TimeStepExperiment

__all__ = ["TimeStepExperiment"]
