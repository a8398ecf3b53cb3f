"""Figures: pure functions from numbers to a matplotlib `Figure`, without pyplot's global state."""

from bioscnn.plots.accuracy import accuracy_over_time
from bioscnn.plots.activity import latency_histogram, rates_by_population, spikes_histogram
from bioscnn.plots.circuit import rc_circuit
from bioscnn.plots.codes import front_of_codes
from bioscnn.plots.confusion import confusion
from bioscnn.plots.conversion import activation_rates, weight_histograms
from bioscnn.plots.evidence import class_evidence
from bioscnn.plots.factorial import effects_by_context
from bioscnn.plots.files import save, to_png, to_svg
from bioscnn.plots.filters import accuracy_in_noise, front_end_accuracies
from bioscnn.plots.input_spikes import COLOURS, POLARITIES, input_spikes
from bioscnn.plots.ladder import detail_ladder
from bioscnn.plots.layers import NeuronTrace, current_maps, image_over_steps, neuron_traces, spike_maps
from bioscnn.plots.learned import (
    accuracy_by_time,
    accuracy_while_learning,
    receptive_fields,
    spikes_of_neurons,
)
from bioscnn.plots.learning import learning_curves
from bioscnn.plots.ledger import rates_against_activations, waterfall
from bioscnn.plots.networks import networks_over_time, time_steps
from bioscnn.plots.neuron import membrane_traces, postsynaptic_potentials, rate_curves, rate_errors
from bioscnn.plots.noise import gallery, noise_curves
from bioscnn.plots.noise_effects import first_to_fall, latency_and_spikes, what_helps
from bioscnn.plots.noisy_cells import rates_in_noise, spikes_left
from bioscnn.plots.one_at_a_time import one_at_a_time
from bioscnn.plots.parameters import Outcome, Parameter
from bioscnn.plots.potentials import output_potentials
from bioscnn.plots.raster import raster
from bioscnn.plots.rates import three_rates
from bioscnn.plots.retina import cell_maps, firing_order, kernels, quality_by_share, reconstructions
from bioscnn.plots.sensitivity import effect_bars, interactions, morris_plane, sobol_bars
from bioscnn.plots.surface import response_surface
from bioscnn.plots.sweep import main_effects, parallel_coordinates
from bioscnn.plots.time_code import spike_times
from bioscnn.plots.time_step import against_time_step
from bioscnn.plots.times_needed import accuracy_by_kind
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
    primary_differences,
)
from bioscnn.plots.trial import trial
from bioscnn.plots.tuning import spatial_tuning, spikes_of_coefficients

__all__ = [
    "COLOURS",
    "POLARITIES",
    "NeuronTrace",
    "Outcome",
    "Parameter",
    "accuracy_against_jitter",
    "accuracy_by_kind",
    "accuracy_by_time",
    "accuracy_in_noise",
    "accuracy_over_time",
    "accuracy_while_learning",
    "activation_rates",
    "against_time_step",
    "cell_maps",
    "class_evidence",
    "confusion",
    "control_sets",
    "current_maps",
    "detail_ladder",
    "distance_matrix",
    "effect_bars",
    "effects_by_context",
    "firing_order",
    "first_to_fall",
    "front_end_accuracies",
    "front_of_codes",
    "gallery",
    "image_over_steps",
    "information_bars",
    "input_spikes",
    "interactions",
    "intervals_histogram",
    "kernels",
    "latency_and_spikes",
    "latency_distribution",
    "latency_histogram",
    "learning_curves",
    "main_effects",
    "membrane_traces",
    "morris_plane",
    "networks_over_time",
    "neuron_traces",
    "noise_curves",
    "one_at_a_time",
    "output_potentials",
    "parallel_coordinates",
    "perturbation_effects",
    "postsynaptic_potentials",
    "primary_differences",
    "quality_by_share",
    "raster",
    "rate_curves",
    "rate_errors",
    "rates_against_activations",
    "rates_by_population",
    "rates_in_noise",
    "rc_circuit",
    "receptive_fields",
    "reconstructions",
    "response_surface",
    "save",
    "separation_by_scale",
    "sobol_bars",
    "spatial_tuning",
    "spike_maps",
    "spike_times",
    "spikes_histogram",
    "spikes_left",
    "spikes_of_coefficients",
    "spikes_of_neurons",
    "three_rates",
    "time_steps",
    "to_png",
    "to_svg",
    "trial",
    "waterfall",
    "weight_histograms",
    "what_helps",
]
