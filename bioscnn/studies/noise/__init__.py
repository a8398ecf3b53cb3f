"""The noise study: what noise destroys first, and whether the biology of a network helps."""

from bioscnn.studies.noise.run import NoiseStudy, run_noise

__all__ = ["NoiseStudy", "run_noise"]
