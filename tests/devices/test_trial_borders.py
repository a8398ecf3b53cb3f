"""No trial reaches the next: potentials, currents, conductances, refractoriness, spikes under way, noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bioscnn.encoding import Currents
from bioscnn.network import Axons, Dense, Failure, MembraneNoise, Population, Projection, SpikingNetwork
from bioscnn.neurons import (
    LIF,
    AdaptiveLIF,
    Definition,
    EquationNeuron,
    ExponentialConductance,
    ExponentialCurrent,
    LeakyIntegrator,
)
from bioscnn.simulation import Device, Recording, numpy_device, simulate
from bioscnn.simulation.equations import border_statements

pytestmark = pytest.mark.slow

N = 6
WITH_A_VARIABLE = {
    "equations": "dV/dt = (R_m*(I_syn + I_stim - I_w) - V)/tau_m : volt (unless refractory)\n"
    "dI_w/dt = -I_w/tau_w : amp",
    "threshold": "V > V_th",
    "reset": "V = V - V_th\nI_w = I_w + I_jump",
    "refractory": "t_ref",
    "method": "exponential_euler",
    "parameters": {
        "tau_m": "20 ms", "tau_w": "50 ms", "t_ref": "8 ms", "R_m": "100 Mohm", "V_th": "20 mV",
        "I_jump": "50 pA",
    },
}  # fmt: skip


def all_to_all(weight: float) -> Dense:
    return Dense((N,), (N,), np.full((N, N), weight))


def network() -> SpikingNetwork:
    """A chain of populations, each with other things that it could remember."""
    own = EquationNeuron(Definition.of_table("own", WITH_A_VARIABLE))
    noise, axons = MembraneNoise(1e-3, key=3), Axons(np.linspace(2e-3, 9e-3, N), loss=0.1, key=4)
    populations = (
        Population("input", (N,)),
        Population("adaptive", (N,), AdaptiveLIF(t_ref=4e-3, b=0.1e-9), noise=noise, axons=axons),
        Population("own", (N,), own, bias=np.full(N, 0.1e-9), axons=axons),
        Population("conductances", (N,), AdaptiveLIF(t_ref=4e-3, b=0.02e-9)),
        Population("readout", (N,), LeakyIntegrator()),
    )
    current, conductance = ExponentialCurrent(6e-3), ExponentialConductance(6e-3)
    projections = (
        Projection("input", "adaptive", Dense((N,), (N,), np.eye(N)), None),
        Projection("adaptive", "own", all_to_all(0.6e-9), current),
        Projection("own", "conductances", all_to_all(20e-9), conductance, Failure(0.2, key=5)),
        Projection("adaptive", "conductances", all_to_all(2e-9), replace(conductance, receptor="g_i")),
        Projection("conductances", "readout", all_to_all(0.1e-9), current),
    )
    return SpikingNetwork(populations, projections)


NETWORK = network()
NAMES = [population.name for population in NETWORK.neurons]
STIMULUS = Currents(np.outer([1, 0.6], np.linspace(0.4e-9, 1e-9, N)), 40, 1e-3)


def simulated(device: Device, trials: np.ndarray) -> Recording:
    few = STIMULUS.take(trials)
    return simulate(NETWORK, few, device, record=NAMES, potentials=NAMES, trials=trials)


def alone(device: Device) -> Recording:
    return Recording.concatenate([simulated(device, np.array([k])) for k in range(2)])


def differing(one: Recording, other: Recording) -> set[str]:
    return {name for name in NAMES if not np.array_equal(one[name].potentials, other[name].potentials)}


@pytest.mark.parametrize("name", ["numpy", "cpp_standalone"])
def test_a_trial_after_others_is_the_trial_alone(name):
    device = Device(name, "float64")
    together = simulated(device, np.arange(2))
    for population in NAMES[:-1]:
        assert together[population].counts_by_trial.min() > 0
    expected = alone(device)
    assert differing(together, expected) == set()
    for population in NAMES[:-1]:
        assert together[population].spikes == expected[population].spikes


@pytest.mark.parametrize("name", ["numpy", "cpp_standalone"])
def test_neurons_are_free_at_the_start_of_each_trial_however_long_they_are_refractory(name):
    """A second is longer than some time before the first trial that a simulator might assume."""
    neuron, readout = LIF(t_ref=2.0), Population("readout", (N,), LeakyIntegrator())
    populations = (Population("input", (N,)), Population("once", (N,), neuron), readout)
    into = Projection("input", "once", Dense((N,), (N,), np.eye(N)), None)
    out = Projection("once", "readout", all_to_all(0.1e-9), ExponentialCurrent(6e-3))
    done = simulate(SpikingNetwork(populations, (into, out)), STIMULUS, Device(name), record=["once"])
    assert done["once"].counts_by_trial.tolist() == [N, N]


LEAKS = {
    "own": ("not_refractory", "lastspike", "V", "I_w", "I_syn"),
    "conductances": ("I_a", "g_e", "g_i"),
}


@pytest.fixture(scope="module")
def by_themselves():
    return alone(Device("numpy"))


@pytest.mark.parametrize(
    ("name", "variable"), [(name, variable) for name, own in LEAKS.items() for variable in own]
)
def test_whatever_is_not_brought_back_to_rest_is_seen_in_the_next_trial(
    name, variable, by_themselves, monkeypatch
):
    """The network remembers all of it: the test before would see it leak."""

    def leaky(network, population):
        lines = border_statements(network, population).splitlines()
        kept = [line for line in lines if (population.name, line.partition(" = ")[0]) != (name, variable)]
        assert len(kept) == len(lines) - (population.name == name)
        return "\n".join(kept)

    monkeypatch.setattr(numpy_device, "border_statements", leaky)
    assert name in differing(simulated(Device("numpy"), np.arange(2)), by_themselves)


def test_every_variable_of_these_neurons_leaks_in_a_test_above():
    for name, variables in LEAKS.items():
        lines = border_statements(NETWORK, NETWORK[name]).splitlines()
        others = {"V", "not_refractory", "lastspike"} if name != "own" else set()
        assert {line.partition(" = ")[0] for line in lines} - others == set(variables)
