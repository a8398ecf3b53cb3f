"""What reaches the first neurons of the network."""

from bioscnn.encoding.currents import FULL_INTENSITY, Currents, Stimulus, pixel_currents
from bioscnn.encoding.event_frames import event_frames
from bioscnn.encoding.events import event_spikes, input_shape
from bioscnn.encoding.foveal_pit import FOVEAL_PIT, DifferenceOfGaussians, find_cells, responses
from bioscnn.encoding.front_end import FrontEnd
from bioscnn.encoding.gain import gain_control, stretched
from bioscnn.encoding.latency import latency
from bioscnn.encoding.lif_layer import lif_layer
from bioscnn.encoding.poisson import poisson
from bioscnn.encoding.rank_order import RankCode, rank_order
from bioscnn.encoding.reconstruction import (
    SHARES,
    WANTED,
    Quality,
    explained,
    fitted,
    quality,
    rank_table,
    reconstruct,
    share_needed,
)
from bioscnn.encoding.spike_times import spike_times
from bioscnn.spikes import SpikeTrains

__all__ = [
    "FOVEAL_PIT",
    "FULL_INTENSITY",
    "SHARES",
    "WANTED",
    "Currents",
    "DifferenceOfGaussians",
    "FrontEnd",
    "Quality",
    "RankCode",
    "SpikeTrains",
    "Stimulus",
    "event_frames",
    "event_spikes",
    "explained",
    "find_cells",
    "fitted",
    "gain_control",
    "input_shape",
    "latency",
    "lif_layer",
    "pixel_currents",
    "poisson",
    "quality",
    "rank_order",
    "rank_table",
    "reconstruct",
    "responses",
    "share_needed",
    "spike_times",
    "stretched",
]
