"""What reaches the first neurons of the network."""

from bioscnn.encoding.currents import FULL_INTENSITY, Currents, pixel_currents
from bioscnn.spikes import SpikeTrains

Stimulus = Currents | SpikeTrains

__all__ = ["FULL_INTENSITY", "Currents", "SpikeTrains", "Stimulus", "pixel_currents"]
