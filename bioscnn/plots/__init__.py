"""Figures: pure functions from numbers to a matplotlib `Figure`, without pyplot's global state."""

from bioscnn.plots.accuracy import accuracy_over_time
from bioscnn.plots.activity import latency_histogram, rates_by_population, spikes_histogram
from bioscnn.plots.confusion import confusion
from bioscnn.plots.events import events
from bioscnn.plots.evidence import class_evidence
from bioscnn.plots.files import save, to_png, to_svg
from bioscnn.plots.learning import learning_curves
from bioscnn.plots.ledger import rates_against_activations, waterfall
from bioscnn.plots.networks import networks_over_time, time_steps
from bioscnn.plots.potentials import output_potentials
from bioscnn.plots.raster import raster
from bioscnn.plots.rates import three_rates
from bioscnn.plots.timing import (
    distance_matrix,
    intervals_histogram,
    latency_distribution,
    separation_by_scale,
)
from bioscnn.plots.timing_question import (
    accuracy_against_jitter,
    control_sets,
    information_bars,
    perturbation_effects,
)

__all__ = [
    "accuracy_against_jitter",
    "accuracy_over_time",
    "class_evidence",
    "confusion",
    "control_sets",
    "distance_matrix",
    "events",
    "information_bars",
    "intervals_histogram",
    "latency_distribution",
    "latency_histogram",
    "learning_curves",
    "networks_over_time",
    "output_potentials",
    "perturbation_effects",
    "raster",
    "rates_against_activations",
    "rates_by_population",
    "save",
    "separation_by_scale",
    "spikes_histogram",
    "three_rates",
    "time_steps",
    "to_png",
    "to_svg",
    "waterfall",
]
