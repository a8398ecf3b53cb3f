"""Noise of images, events, spikes and networks; and what is done to spike trains to learn what they carry."""

from bioscnn.noise.axons import AxonalDelay, SpikeLoss, with_common_delay
from bioscnn.noise.catalogue import NOISES, find_noise, read_noises
from bioscnn.noise.combined import Combined
from bioscnn.noise.counts import Delete, Equalise, FirstSpike
from bioscnn.noise.events import BackgroundActivity, EventJitter, EventLoss, EventNoise, HotPixels
from bioscnn.noise.images import (
    Blur,
    Brightness,
    Contrast,
    GaussianNoise,
    ImageNoise,
    Occlusion,
    SaltAndPepper,
    ShotNoise,
    SpeckleNoise,
)
from bioscnn.noise.networks import NetworkNoise, with_scaled_weights
from bioscnn.noise.neurons import (
    DeadNeurons,
    NoisyMembrane,
    NoisyMembraneXi,
    StuckNeurons,
    ThresholdMismatch,
    TimeConstantMismatch,
)
from bioscnn.noise.noise import Noise
from bioscnn.noise.parse import PERTURBATIONS, parse_perturbation
from bioscnn.noise.perturbation import Perturbation
from bioscnn.noise.polarities import MergePolarities
from bioscnn.noise.segments import SACCADE_ENDS, RemoveSegment, Reorder, ShuffleSegments
from bioscnn.noise.spikes import SpikeJitter
from bioscnn.noise.synapses import Quantisation, TransmissionFailure, WeightNoise
from bioscnn.noise.timing import Collapse, Jitter, Redistribute, Reverse, Shift, ShuffleIntervals
from bioscnn.noise.warps import Rotation, Scaling, Shear, Translation

__all__ = [
    "NOISES",
    "PERTURBATIONS",
    "SACCADE_ENDS",
    "AxonalDelay",
    "BackgroundActivity",
    "Blur",
    "Brightness",
    "Collapse",
    "Combined",
    "Contrast",
    "DeadNeurons",
    "Delete",
    "Equalise",
    "EventJitter",
    "EventLoss",
    "EventNoise",
    "FirstSpike",
    "GaussianNoise",
    "HotPixels",
    "ImageNoise",
    "Jitter",
    "MergePolarities",
    "NetworkNoise",
    "Noise",
    "NoisyMembrane",
    "NoisyMembraneXi",
    "Occlusion",
    "Perturbation",
    "Quantisation",
    "Redistribute",
    "RemoveSegment",
    "Reorder",
    "Reverse",
    "Rotation",
    "SaltAndPepper",
    "Scaling",
    "Shear",
    "Shift",
    "ShotNoise",
    "ShuffleIntervals",
    "ShuffleSegments",
    "SpeckleNoise",
    "SpikeJitter",
    "SpikeLoss",
    "StuckNeurons",
    "ThresholdMismatch",
    "TimeConstantMismatch",
    "Translation",
    "TransmissionFailure",
    "WeightNoise",
    "find_noise",
    "parse_perturbation",
    "read_noises",
    "with_common_delay",
    "with_scaled_weights",
]
