"""What the times of spikes carry that their number does not: controls, perturbations, decoders, a verdict."""

from bioscnn.studies.timing.run import Timing, run_timing

__all__ = ["Timing", "run_timing"]
