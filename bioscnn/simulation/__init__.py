"""A spiking network and a stimulus become a recording."""

from bioscnn.simulation.recording import PopulationRecording, Recording
from bioscnn.simulation.simulate import Device, Progress, simulate, simulate_batches

__all__ = [
    "Device",
    "PopulationRecording",
    "Progress",
    "Recording",
    "simulate",
    "simulate_batches",
]
