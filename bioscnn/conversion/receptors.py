"""Synaptic currents become conductances: excitation and inhibition, each at receptors of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bioscnn.network import Projection
from bioscnn.neurons import EXCITATORY, INHIBITORY, ExponentialConductance, NeuronModel, SpikingNeuron


def projections_of(projection: Projection, neuron: NeuronModel) -> tuple[Projection, ...]:
    """Return the projections that a projection of currents becomes under its synapse model.

    Through a conductance g flows the current ``g (E - V)``, which depends on the potential. A weight of w, A,
    becomes ``w/(E_e - V)``, or ``|w|/(V - E_i)`` if it is negative, in S, at the working potential of the
    postsynaptic neuron (`SpikingNeuron.working_potential`), or at 0 of the readout, whose potential has
    either sign. Elsewhere less or more flows, and every open receptor shortens the time constant of the
    membrane: what this costs is not the conversion's to mend, it is what conductances are.

    Parameters
    ----------
    projection : Projection
        With the weights of a current, A.
    neuron : NeuronModel
        Its postsynaptic neuron.

    Returns
    -------
    tuple of Projection
        The same one if its synapses are no conductances; otherwise excitation and inhibition.
    """
    synapse = projection.synapse
    if not isinstance(synapse, ExponentialConductance):
        return (projection,)
    V = neuron.working_potential if isinstance(neuron, SpikingNeuron) else 0.0
    found = []
    for receptor, sign in ((EXCITATORY, 1.0), (INHIBITORY, -1.0)):
        own, connectivity = replace(synapse, receptor=receptor), projection.connectivity
        pre, post = (np.ones(shape[0]) for shape in (connectivity.pre_shape, connectivity.post_shape))
        weights = connectivity.scaled(sign * pre, own.weight_of_a_current(V) * post).rectified()
        found.append(replace(projection, connectivity=weights, synapse=own))
    return tuple(found)
