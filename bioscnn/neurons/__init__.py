"""Neuron models: equation text beside its parameters and its closed form."""

from bioscnn.neurons.rates import lif_first_spike, lif_rate, postsynaptic_potential, soft_lif_rate

__all__ = ["lif_first_spike", "lif_rate", "postsynaptic_potential", "soft_lif_rate"]
