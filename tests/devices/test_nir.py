"""Neurons of NIR graphs: the same spikes and potentials on every device, whosever step they take."""

import numpy as np
import pytest

from bioscnn.encoding import Currents
from bioscnn.errors import UserError
from bioscnn.network import Axons, Convolution, Dense, Population, Projection, SpikingNetwork
from bioscnn.neurons import NIRNeuron, Pulse
from bioscnn.seeds import stream
from bioscnn.simulation import Device, simulate
from bioscnn.simulation.reference import simulate_reference

SHAPE = (2, 4, 4)

NEURONS = {
    "euler": NIRNeuron("LIF", V_th=0.2),
    "integrator": NIRNeuron("IF", R=60.0, at_threshold=True, reset="subtract", begin=2),
    "exponential": NIRNeuron("LIF", "exponential", V_th=0.2, reset="subtract", at_threshold=True),
    "several": NIRNeuron("LIF", "exponential", V_th=0.05, V_drop=0.05, reset="subtract", most=3),
    "second": NIRNeuron("LIF", "exponential", V_th=0.05, V_drop=0.05, reset="subtract", most=3, level=2),
    "later": NIRNeuron("LIF", "current-first", V_th=0.2, V_drop=0.2, reset="subtract-later", begin=1),
    "synaptic": NIRNeuron("CubaLIF", V_th=0.15, V_reset=-0.05, w_in=3.0),
    "first": NIRNeuron("CubaLIF", "current-first", V_th=0.15, V_drop=0.15, reset="subtract-later"),
    "jumping": NIRNeuron("CubaLIF", "current-jumps", V_th=0.15),
    "silent": NIRNeuron("CubaLIF", "current-jumps", fires=False),
}


def network():
    """One population of every kind of step, each driven by the stimulus, by itself and by the one before."""
    rng = stream(1, "nir")
    populations = [Population("input", SHAPE)]
    projections, before = [], None
    for name, neuron in NEURONS.items():
        values = {"tau": rng.uniform(5e-3, 2e-2, 32)} if "tau" in neuron.parameters else {}
        if neuron.most > 1:
            values = {}
        axons = Axons(rng.integers(0, 3, 32) * 1e-3) if name == "jumping" else None
        populations.append(Population(name, SHAPE, neuron, rng.normal(0, 0.05, 32), values, axons))
        kernel = rng.normal(0.1, 0.4, (2, 2, 3, 3)) * 1e9
        projections.append(
            Projection("input", name, Convolution(SHAPE, SHAPE, (1, 1), (1, 1, 1, 1), kernel), None)
        )
        if neuron.fires:
            recurrent = Dense(SHAPE, SHAPE, rng.normal(0, 0.2, (32, 32)))
            projections.append(Projection(name, name, recurrent, Pulse()))
        if before is not None:
            window = Convolution(SHAPE, SHAPE, (1, 1), (1, 1, 1, 1), rng.normal(0, 0.4, (2, 2, 3, 3)))
            projections.append(Projection(before, name, window, Pulse()))
        before = name
    return SpikingNetwork(tuple(populations), tuple(projections))


def stimulus():
    return Currents((stream(2, "image").random((3, 32)) * 1e-9).astype(np.float32), 40, 1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(
    "device",
    [
        Device("numpy"),
        Device("cpp_standalone", "float64", jobs=2),
        Device("cpp_standalone", "float64", connectivity="explicit"),
    ],
    ids=["numpy", "procedural", "explicit"],
)
def test_every_device_gives_the_spikes_of_the_reference(device):
    expected = simulate_reference(network(), stimulus())
    found = simulate(network(), stimulus(), device, record=list(NEURONS))
    for name in NEURONS:
        one, other = expected[name].spikes, found[name].spikes
        assert np.array_equal(one.trial_start, other.trial_start), name
        assert np.array_equal(one.step, other.step) and np.array_equal(one.neuron, other.neuron), name
        assert one.n_spikes > 50 or not NEURONS[name].fires
        assert np.allclose(expected[name].potentials, found[name].potentials, rtol=1e-4, atol=1e-5)


def test_genn_refuses_them():
    populations = (network()["input"], Population("one", SHAPE, NEURONS["euler"]))
    kernel = Projection("input", "one", Dense(SHAPE, SHAPE, np.eye(32)), None)
    with pytest.raises(UserError, match="GeNN simulates the neurons that come with bioscnn"):
        simulate(SpikingNetwork(populations, (kernel,)), stimulus(), Device("genn"))
