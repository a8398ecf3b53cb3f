"""Numbers about spike trains and about what they decide."""

from bioscnn.metrics.activity import decision_latency, spikes_per_trial, synaptic_operations_per_trial
from bioscnn.metrics.statistics import (
    Difference,
    Proportion,
    accuracy,
    confusion_matrix,
    mean_difference,
    wilson,
)

__all__ = [
    "Difference",
    "Proportion",
    "accuracy",
    "confusion_matrix",
    "decision_latency",
    "mean_difference",
    "spikes_per_trial",
    "synaptic_operations_per_trial",
    "wilson",
]
