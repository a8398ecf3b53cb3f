"""A spiking network and a stimulus become a recording."""

from bioscnn.simulation.equations import equations_of, input_current
from bioscnn.simulation.recording import PopulationRecording, Recording
from bioscnn.simulation.simulate import Device, Progress, simulate, simulate_batches

__all__ = [
    "Device",
    "PopulationRecording",
    "Progress",
    "Recording",
    "equations_of",
    "input_current",
    "simulate",
    "simulate_batches",
]
