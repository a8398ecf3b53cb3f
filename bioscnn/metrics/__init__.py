"""Numbers about spike trains and about what they decide."""

from bioscnn.metrics.activity import (
    Energy,
    energy_estimate,
    layer_operations,
    spikes_per_trial,
    synaptic_operations_per_trial,
)
from bioscnn.metrics.latency import decision_latency, first_informed_step, time_to_accuracy
from bioscnn.metrics.statistics import (
    Difference,
    Distance,
    Proportion,
    accuracy,
    confusion_matrix,
    mean_difference,
    paired_distance,
    wilson,
)

__all__ = [
    "Difference",
    "Distance",
    "Energy",
    "Proportion",
    "accuracy",
    "confusion_matrix",
    "decision_latency",
    "energy_estimate",
    "first_informed_step",
    "layer_operations",
    "mean_difference",
    "paired_distance",
    "spikes_per_trial",
    "synaptic_operations_per_trial",
    "time_to_accuracy",
    "wilson",
]
