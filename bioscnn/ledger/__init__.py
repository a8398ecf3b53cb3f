"""Why a spiking network is less accurate than the trained one: each cause by itself, and what is left."""

from bioscnn.ledger.conditions import Case, Conditions, spiking_network
from bioscnn.ledger.layers import LayerComparison, compare_layers
from bioscnn.ledger.ledger import AS_RUN, Entry, Ledger, causes_alone, draw_up
from bioscnn.ledger.outcomes import spiking_classes

__all__ = [
    "AS_RUN",
    "Case",
    "Conditions",
    "Entry",
    "LayerComparison",
    "Ledger",
    "causes_alone",
    "compare_layers",
    "draw_up",
    "spiking_classes",
    "spiking_network",
]
