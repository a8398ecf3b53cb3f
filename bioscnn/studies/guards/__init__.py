"""What could be silently wrong with a run: findings that its summary, its report and the terminal show."""

from bioscnn.studies.guards.data import at_chance, few_trials, findings_of_data, labels_shifted
from bioscnn.studies.guards.finding import Finding
from bioscnn.studies.guards.repetition import simulate_again
from bioscnn.studies.guards.simulation import at_ceiling, findings_of_simulation

__all__ = [
    "Finding",
    "at_ceiling",
    "at_chance",
    "few_trials",
    "findings_of_data",
    "findings_of_simulation",
    "labels_shifted",
    "simulate_again",
]
