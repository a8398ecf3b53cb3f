"""Neuron and synapse models: equation text beside its parameters and its closed form."""

from bioscnn.neurons.integrate_and_fire import IF
from bioscnn.neurons.lif import LIF, LeakyIntegrator
from bioscnn.neurons.model import RESET_RULES, NeuronModel, SpikingNeuron, in_whole_steps
from bioscnn.neurons.rates import lif_first_spike, lif_rate, postsynaptic_potential, soft_lif_rate
from bioscnn.neurons.synapse import NO_SYNAPSES, ExponentialCurrent

__all__ = [
    "IF",
    "LIF",
    "NO_SYNAPSES",
    "RESET_RULES",
    "ExponentialCurrent",
    "LeakyIntegrator",
    "NeuronModel",
    "SpikingNeuron",
    "in_whole_steps",
    "lif_first_spike",
    "lif_rate",
    "postsynaptic_potential",
    "soft_lif_rate",
]
