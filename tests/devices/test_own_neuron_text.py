"""A user's neuron whose text is awkward: names that templates use too, conditions that `or` joins."""

from __future__ import annotations

import pytest

from bioscnn.ann import ReLU
from bioscnn.conversion import convert, normalise
from bioscnn.network import SpikingNetwork
from bioscnn.neurons import Definition, EquationNeuron, ExponentialCurrent
from bioscnn.simulation import Device, simulate
from tests.networks import currents, every_layer, images

CELL = {
    "equations": "dV/dt = (R_m*(I_syn + I_stim) - V)/tau_m : volt (unless refractory)",
    "threshold": "V > V_th",
    "reset": "V = 0*volt",
    "refractory": "t_ref",
    "method": "exponential_euler",
    "parameters": {"tau_m": "20 ms", "t_ref": "2 ms", "R_m": "100 Mohm", "V_th": "20 mV"},
}
DEVICES = [Device("numpy"), Device("cpp_standalone", "float64")]


def network_of(**changes: object) -> SpikingNetwork:
    """A network of every layer whose neurons are `CELL` with other texts."""
    neuron = EquationNeuron(Definition.of_table("cell", CELL | changes))
    graph = every_layer(ReLU())
    normalisation = normalise(graph, images(50), neuron, max_rate=300.0)
    return convert(graph, neuron, ExponentialCurrent(5e-3), normalisation=normalisation)


def spikes_of(network: SpikingNetwork, device: Device, n: int = 6) -> dict[str, object]:
    names = [population.name for population in network.neurons if population.spikes]
    recording = simulate(network, currents(n), device, record=names)
    return {name: recording[name].spikes for name in names}


def test_parameters_may_have_the_names_of_variables_in_our_templates():
    """A parameter k was read as the index of the loop in which the template uses it."""
    names = ("k", "n", "first", "block", "held_V", "bits", "neuron", "waiting", "crossed", "words")
    product = "*".join(names)
    network = network_of(
        equations=f"dV/dt = (R_m*(I_syn + I_stim) - V*{product})/tau_m : volt (unless refractory)",
        threshold=f"V*{product} > V_th",
        reset=f"V = V - {product}*V_th",
        parameters=CELL["parameters"] | dict.fromkeys(names, 1.0),
    )
    one, other = (spikes_of(network, device) for device in DEVICES)
    assert sum(train.n_spikes for train in one.values()) > 1000
    assert one == other


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.name)
def test_conditions_joined_by_or_keep_trials_apart(device):
    """The rule of the last step holds for both of them."""
    network = network_of(threshold="V > V_th or V > 2*V_th")
    stimulus = currents(6)
    names = [population.name for population in network.neurons if population.spikes]
    together = simulate(network, stimulus, device, record=names)
    for name in names:
        assert together[name].spikes.step.max(initial=0) < stimulus.n_steps - 1
    for trial in (1, 5):
        alone = simulate(network, stimulus[trial : trial + 1], device, record=names)
        for name in names:
            assert together[name].spikes[trial : trial + 1] == alone[name].spikes
    assert together["conv1"].spikes.n_spikes > 500
