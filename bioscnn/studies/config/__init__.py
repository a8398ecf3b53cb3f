"""The keys of a study file: what may be written, what is assumed where nothing is."""

from bioscnn.studies.config.dataset import PREPROCESSING, Dataset
from bioscnn.studies.config.encoding import KEYS_OF_ENCODINGS, Encoding
from bioscnn.studies.config.study import StudyConfig
from bioscnn.studies.config.tables import FILE_OF_A_NEURON, KEYS_OF_NEURONS, KEYS_OF_SYNAPSES, Neuron, Synapse
from bioscnn.studies.config.values import Count, Seed, Table

__all__ = [
    "FILE_OF_A_NEURON",
    "KEYS_OF_ENCODINGS",
    "KEYS_OF_NEURONS",
    "KEYS_OF_SYNAPSES",
    "PREPROCESSING",
    "Count",
    "Dataset",
    "Encoding",
    "Neuron",
    "Seed",
    "StudyConfig",
    "Synapse",
    "Table",
]
