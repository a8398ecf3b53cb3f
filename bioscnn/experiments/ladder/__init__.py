"""The detail ladder: what each piece of biology costs and buys, from a bare integrator upwards."""

from bioscnn.experiments.ladder.experiment import LadderExperiment

__all__ = ["LadderExperiment"]
