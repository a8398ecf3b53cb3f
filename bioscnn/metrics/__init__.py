"""Numbers about spike trains and about what they decide."""

from bioscnn.metrics.activity import (
    spikes_per_trial,
    synaptic_operations_by_trial,
    synaptic_operations_per_trial,
)
from bioscnn.metrics.confusion import confusion_matrix
from bioscnn.metrics.control_sets import CONTROL_SETS, counts_only, timing_only
from bioscnn.metrics.decoding import CODES, decode, least_trials
from bioscnn.metrics.distances import spike_time_tiling, van_rossum_distance, victor_purpura_distance
from bioscnn.metrics.energy import CLOCK, Energy, energy_estimate, footprint, layer_operations
from bioscnn.metrics.information import (
    Information,
    count_response,
    joint_response,
    latency_response,
    mutual_information,
)
from bioscnn.metrics.intervals import (
    fano_factor,
    first_spike_latency,
    first_spike_rank,
    interval_statistics,
    intervals,
)
from bioscnn.metrics.latency import decision_latency, first_informed_step, informed_steps, time_to_accuracy
from bioscnn.metrics.neo import to_neo
from bioscnn.metrics.pairs import check_comparable
from bioscnn.metrics.profiles import isi_distance, spike_distance
from bioscnn.metrics.rates import population_rate, time_averaged_rate, trial_averaged_rate
from bioscnn.metrics.separation import Separation, class_separation

__all__ = [
    "CLOCK",
    "CODES",
    "CONTROL_SETS",
    "Energy",
    "Information",
    "Separation",
    "check_comparable",
    "class_separation",
    "confusion_matrix",
    "count_response",
    "counts_only",
    "decision_latency",
    "decode",
    "energy_estimate",
    "fano_factor",
    "first_informed_step",
    "first_spike_latency",
    "first_spike_rank",
    "footprint",
    "informed_steps",
    "interval_statistics",
    "intervals",
    "isi_distance",
    "joint_response",
    "latency_response",
    "layer_operations",
    "least_trials",
    "mutual_information",
    "population_rate",
    "spike_distance",
    "spike_time_tiling",
    "spikes_per_trial",
    "synaptic_operations_by_trial",
    "synaptic_operations_per_trial",
    "time_averaged_rate",
    "time_to_accuracy",
    "timing_only",
    "to_neo",
    "trial_averaged_rate",
    "van_rossum_distance",
    "victor_purpura_distance",
]
