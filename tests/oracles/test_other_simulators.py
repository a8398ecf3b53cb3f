"""The same network in NEST and in Nengo, simulators that share no code with Brian2 and none with bioscnn."""

import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pytest

from bench.simulators.compare import on_grid
from bench.simulators.exchange import Clock
from bench.simulators.measure import elsewhere, handed_over, moved, only_in_one, spiking, without_last_step
from bench.simulators.reasons import second_layer
from bioscnn.conversion import convert
from bioscnn.neurons import LIF, ExponentialCurrent
from bioscnn.noise import with_common_delay
from bioscnn.simulation.reference import simulate_reference
from tests.networks import currents, every_layer

N_STEPS, TRIALS = 30, 3
NENGO = Clock("LIF-unclipped", 1e-3, 0.0, N_STEPS)
there = partial(elsewhere, Path(sys.executable))


def needs(package):
    return pytest.mark.skipif(
        find_spec(package) is None, reason=f"{package} is not installed: pip install 'bioscnn[interop]'"
    )


def simulated(reset, dt=1e-3, delay=0.0):
    network = convert(every_layer(), LIF(reset=reset), ExponentialCurrent())
    delayed = with_common_delay(network, delay)
    return without_last_step(
        simulate_reference(delayed, currents(TRIALS, round(N_STEPS * 1e-3 / dt) + 1, dt))
    )


@pytest.fixture(scope="module")
def network():
    return handed_over(convert(every_layer(), LIF(), ExponentialCurrent()), currents(TRIALS))


@needs("nest")
def test_nest_fires_the_same_spikes_where_the_model_is_the_same(network):
    """Reset to zero, a delay of one step, threshold at the ends of steps."""
    dt = 0.5e-3
    nest = there("in_nest", network, Clock("iaf_psc_exp", dt, dt, round(N_STEPS * 1e-3 / dt)))
    own = simulated("zero", dt, delay=dt)
    for name, spikes in spiking(own).items():
        assert spikes.n_spikes > 10 and only_in_one(spiking(nest)[name], spikes) == 0
    assert nest["readout"].potentials == pytest.approx(own["readout"].potentials, abs=1e-8)


@needs("nest")
def test_the_exact_reset_finds_the_steps_of_precise_spikes_under_constant_currents(network):
    nest = there("in_nest", network, Clock("iaf_psc_exp_ps", 1e-4, 1e-3, 10 * N_STEPS))
    first, own = network.cells[0].name, simulated("exact", delay=1e-3)
    precise = on_grid(spiking(nest)[first], 1e-3)
    assert precise.n_spikes > 100 and only_in_one(precise, spiking(own)[first]) == 0
    assert only_in_one(precise, spiking(simulated("zero", delay=1e-3))[first]) > 20


@needs("nengo")
def test_nengo_fires_the_same_spikes_under_constant_currents(network):
    nengo, own = there("in_nengo", network, NENGO), simulated("exact")
    first = network.cells[0].name
    assert only_in_one(spiking(nengo)[first], spiking(own)[first]) == 0
    for name, spikes in spiking(own).items():
        assert moved(spiking(nengo)[name], spikes) < 0.1 * spikes.n_spikes


@needs("nengo")
def test_two_rules_explain_every_spike_of_nengo_that_is_another(network):
    """Nengo holds synaptic currents over a step, and charges a neuron when its refractory period ends."""
    nengo = there("in_nengo", network, NENGO)
    first, second, *_ = spiking(nengo).values()
    spiking_network = convert(every_layer(), LIF(), ExponentialCurrent())
    differing = {
        rules: only_in_one(
            second, second_layer(spiking_network, first, 0, constant=rules[0], at_release=rules[1])
        )
        for rules in ((False, False), (True, False), (False, True), (True, True))
    }
    assert differing.pop((True, True)) == 0 and min(differing.values()) > 0
