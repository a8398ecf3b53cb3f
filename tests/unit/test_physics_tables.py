"""What analysis.physics measures, where it is known without measuring."""

import numpy as np
import pytest

from analysis.physics import matched_at, rate_under_conductances
from bioscnn.network import Dense, Population, Projection, SpikingNetwork
from bioscnn.neurons import LIF, ExponentialConductance


def test_a_neuron_under_conductances_fires_as_under_currents_at_1_4_rheobases_and_is_silent_below_1_1():
    under = rate_under_conductances(np.array([1.05, 1.4]))
    assert under[0] == 0
    assert under[1] == pytest.approx(LIF().rate(1.4 * LIF().rheobase), rel=0.01)


def test_conductances_matched_at_another_potential_open_for_the_same_current_there():
    synapse, neuron = ExponentialConductance(), LIF()
    weight = np.full((1, 2), 1e-9)
    network = SpikingNetwork(
        (Population("input", (2,)), Population("cells", (1,), neuron)),
        (Projection("input", "cells", Dense((2,), (1,), weight), synapse),),
    )
    current = weight * (synapse.E_e - 0.75 * neuron.V_th)
    for part in (0.0, 0.75, 1.0):
        (projection,) = matched_at(network, part).projections
        expected = current / (synapse.E_e - part * neuron.V_th)
        np.testing.assert_allclose(projection.connectivity.weight, expected)
