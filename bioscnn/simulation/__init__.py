"""A spiking network and a stimulus become a recording."""

from bioscnn.simulation.recording import PopulationRecording, Recording
from bioscnn.simulation.simulate import DEVICES, PRECISIONS, Progress, simulate, simulate_batches

__all__ = [
    "DEVICES",
    "PRECISIONS",
    "PopulationRecording",
    "Progress",
    "Recording",
    "simulate",
    "simulate_batches",
]
