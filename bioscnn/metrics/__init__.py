"""Numbers about spike trains and about what they decide."""

from bioscnn.metrics.activity import decision_latency, spikes_per_trial, synaptic_operations_per_trial
from bioscnn.metrics.statistics import Proportion, accuracy, confusion_matrix, wilson

__all__ = [
    "Proportion",
    "accuracy",
    "confusion_matrix",
    "decision_latency",
    "spikes_per_trial",
    "synaptic_operations_per_trial",
    "wilson",
]
