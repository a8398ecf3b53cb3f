"""Cross-validation: every recording is classified by a network that was not trained on it."""

from bioscnn.experiments.crossval.experiment import CrossValidation

__all__ = ["CrossValidation"]
