"""The spikes of a LIF layer in closed form are those that Brian2 simulates."""

import numpy as np
import pytest

from bioscnn.datasets.mnist import load_embedded
from bioscnn.encoding import FOVEAL_PIT, Currents, gain_control, lif_layer, responses
from bioscnn.neurons import LIF
from bioscnn.simulation import Device, simulate
from tests.unit.encoding.test_lif_layer import layer

pytestmark = pytest.mark.slow

DEVICES = [Device("numpy"), Device("cpp_standalone", "float64")]


@pytest.fixture(scope="module")
def excitation():
    """All cells of the foveal pit, shown 100 digits."""
    return gain_control(responses(load_embedded().take(100).intensities(), tuple(FOVEAL_PIT.values())))


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.name)
def test_every_spike_of_a_hundred_digits_is_the_same(excitation, device):
    currents = Currents(excitation.reshape(100, -1) * np.float32(2e-9), n_steps=60, dt=1e-3)
    network = layer(LIF(), excitation.shape[1:])
    simulated = simulate(network, currents, device, record=["cells"], potentials=[])["cells"].spikes
    assert lif_layer(currents, LIF()) == simulated
    assert simulated.n_spikes > 1_000_000
