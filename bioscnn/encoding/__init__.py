"""What reaches the first neurons of the network."""

from bioscnn.encoding.currents import FULL_INTENSITY, Currents, pixel_currents
from bioscnn.encoding.event_frames import event_frames
from bioscnn.encoding.events import event_spikes, input_shape
from bioscnn.spikes import SpikeTrains

Stimulus = Currents | SpikeTrains

__all__ = [
    "FULL_INTENSITY",
    "Currents",
    "SpikeTrains",
    "Stimulus",
    "event_frames",
    "event_spikes",
    "input_shape",
    "pixel_currents",
]
