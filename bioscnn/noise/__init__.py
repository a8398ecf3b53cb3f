"""What is done to spike trains to learn what their times and their counts carry."""

from bioscnn.noise.combined import Combined
from bioscnn.noise.counts import Delete, Equalise, FirstSpike
from bioscnn.noise.parse import PERTURBATIONS, parse_perturbation
from bioscnn.noise.perturbation import Perturbation
from bioscnn.noise.segments import SACCADE_ENDS, RemoveSegment, Reorder
from bioscnn.noise.timing import Collapse, Jitter, Redistribute, Reverse, Shift, ShuffleIntervals

__all__ = [
    "PERTURBATIONS",
    "SACCADE_ENDS",
    "Collapse",
    "Combined",
    "Delete",
    "Equalise",
    "FirstSpike",
    "Jitter",
    "Perturbation",
    "Redistribute",
    "RemoveSegment",
    "Reorder",
    "Reverse",
    "Shift",
    "ShuffleIntervals",
    "parse_perturbation",
]
