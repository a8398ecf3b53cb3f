"""What is done to spike trains to learn what their times and their counts carry; and noise of images."""

from bioscnn.noise.combined import Combined
from bioscnn.noise.counts import Delete, Equalise, FirstSpike
from bioscnn.noise.images import IMAGE_NOISES, GaussianNoise, ImageNoise, SaltAndPepper
from bioscnn.noise.parse import PERTURBATIONS, parse_perturbation
from bioscnn.noise.perturbation import Perturbation
from bioscnn.noise.segments import SACCADE_ENDS, RemoveSegment, Reorder
from bioscnn.noise.timing import Collapse, Jitter, Redistribute, Reverse, Shift, ShuffleIntervals

__all__ = [
    "IMAGE_NOISES",
    "PERTURBATIONS",
    "SACCADE_ENDS",
    "Collapse",
    "Combined",
    "Delete",
    "Equalise",
    "FirstSpike",
    "GaussianNoise",
    "ImageNoise",
    "Jitter",
    "Perturbation",
    "Redistribute",
    "RemoveSegment",
    "Reorder",
    "Reverse",
    "SaltAndPepper",
    "Shift",
    "ShuffleIntervals",
    "parse_perturbation",
]
