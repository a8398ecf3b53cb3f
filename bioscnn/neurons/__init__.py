"""Neuron and synapse models: equation text beside its parameters and its closed form."""

from bioscnn.neurons.adaptive import AdaptiveLIF
from bioscnn.neurons.conductance import EXCITATORY, INHIBITORY, ExponentialConductance
from bioscnn.neurons.definition import Definition
from bioscnn.neurons.equation_neuron import EquationNeuron
from bioscnn.neurons.integrate_and_fire import IF
from bioscnn.neurons.lif import LIF, LeakyIntegrator
from bioscnn.neurons.max_pooling import LeadingCount, MaxPooling
from bioscnn.neurons.model import RESET_RULES, NeuronModel, SpikingNeuron
from bioscnn.neurons.neuron_file import read_definition
from bioscnn.neurons.nir import NIRNeuron, Pulse
from bioscnn.neurons.rates import lif_first_spike, lif_rate, postsynaptic_potential, soft_lif_rate
from bioscnn.neurons.synapse import NO_SYNAPSES, ExponentialCurrent
from bioscnn.neurons.time_code import TimeCode
from bioscnn.neurons.windowed import Windowed, WindowedIntegrator, WindowedLIF

Synapse = ExponentialCurrent | ExponentialConductance
"""A synapse model."""

__all__ = [
    "EXCITATORY",
    "IF",
    "INHIBITORY",
    "LIF",
    "NO_SYNAPSES",
    "RESET_RULES",
    "AdaptiveLIF",
    "Definition",
    "EquationNeuron",
    "ExponentialConductance",
    "ExponentialCurrent",
    "LeadingCount",
    "LeakyIntegrator",
    "MaxPooling",
    "NIRNeuron",
    "NeuronModel",
    "Pulse",
    "SpikingNeuron",
    "Synapse",
    "TimeCode",
    "Windowed",
    "WindowedIntegrator",
    "WindowedLIF",
    "lif_first_spike",
    "lif_rate",
    "postsynaptic_potential",
    "read_definition",
    "soft_lif_rate",
]
