"""Chance in a network is the same on every device: spikes equal those of an independent simulator."""

from dataclasses import replace

import numpy as np
import pytest

from bioscnn.conversion import convert
from bioscnn.errors import UserError
from bioscnn.network import Axons, Failure, Individual, MembraneNoise, Projection, SpikingNetwork
from bioscnn.neurons import IF, LIF, ExponentialCurrent
from bioscnn.seeds import stream
from bioscnn.simulation import Device, Recording, simulate
from bioscnn.simulation.procedural import delivery
from bioscnn.simulation.reference import simulate_reference
from tests.devices.test_identical_spikes import DEVICES, GENN, assert_identical, names
from tests.genn import requires_genn
from tests.networks import currents, every_layer, spikes

pytestmark = pytest.mark.slow

SYNAPSE = ExponentialCurrent(5e-3)
TRIALS, STEPS = 6, 60
NUMPY, CPP = (Device(name, "float64", jobs=2) for name in ("numpy", "cpp_standalone"))


def changed(network, populations=None, projections=None):
    """Populations that fire, and projections through synapses, changed one by one."""
    return SpikingNetwork(
        tuple(populations(p) if populations and p.spikes else p for p in network.populations),
        tuple(projections(p) if projections and p.synapse else p for p in network.projections),
    )


def with_own_values(network):
    rng = stream(1, "mismatch")

    def mismatched(population):
        V_th = population.neuron.V_th * rng.lognormal(sigma=0.2, size=population.size)
        tau_m = population.neuron.tau_m * rng.lognormal(sigma=0.2, size=population.size)
        return replace(population, values={"V_th": V_th, "tau_m": np.maximum(tau_m, 6e-3)})

    return changed(network, mismatched)


def with_noise(network):
    return changed(network, lambda p: replace(p, noise=MembraneNoise(3e-3, key=len(p.name) + p.size)))


def with_axons(network, loss=0.2):
    rng = stream(2, "delays")

    def axons(population):
        return replace(
            population, axons=Axons(rng.uniform(0, 5e-3, population.size), loss, key=population.size)
        )

    source, *others = changed(network, axons).populations
    return SpikingNetwork((axons(source), *others), network.projections)


def with_failures(network):
    return changed(network, projections=lambda p: replace(p, failure=Failure(0.3, key=len(p.post))))


def with_own_weights(network):
    rng = stream(3, "weights")

    def individual(projection):
        weight = projection.connectivity.synapses()[2]
        factor = rng.normal(1, 0.3, len(weight))
        return replace(projection, connectivity=Individual.of(projection.connectivity, weight * factor))

    return changed(network, projections=individual)


def with_cells_of_their_own(network):
    """What every device simulates."""
    return with_own_weights(with_noise(with_own_values(network)))


def with_everything(network):
    return with_failures(with_axons(with_cells_of_their_own(network)))


def network_and_stimulus(came_in):
    if came_in == "currents":
        return convert(every_layer(), LIF(), SYNAPSE), currents(TRIALS, STEPS)
    return convert(every_layer(), LIF(), SYNAPSE, input_rate=100.0), spikes(TRIALS, STEPS)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    ("perturb", "came_in"),
    [
        (with_noise, "currents"),
        (with_cells_of_their_own, "currents"),
        (with_axons, "spikes"),
        (with_everything, "spikes"),
    ],
)
def test_chance_gives_the_spikes_of_the_oracle(perturb, came_in, device):
    network, stimulus = network_and_stimulus(came_in)
    noisy = perturb(network)
    if device is GENN and perturb not in (with_noise, with_cells_of_their_own):
        with pytest.raises(UserError, match="knows no delay and no lost spike"):
            simulate(noisy, stimulus, device)
        return
    oracle = simulate_reference(noisy, stimulus)
    assert all(oracle[p.name].counts_by_trial.sum() > TRIALS for p in network.neurons if p.spikes)
    assert_identical(simulate(noisy, stimulus, device, record=names(network)), oracle, network)


def test_listed_synapses_are_those_of_brian():
    network, stimulus = network_and_stimulus("spikes")
    noisy = with_everything(network)
    ours, brians = (
        simulate(noisy, stimulus, Device("cpp_standalone", "float64", 2, how), record=names(network))
        for how in ("auto", "explicit")
    )
    assert_identical(ours, brians, network)


@pytest.mark.parametrize(
    "perturb", [with_own_values, with_noise, with_own_weights, with_axons, with_failures]
)
def test_each_kind_of_chance_changes_spikes(perturb):
    network, stimulus = network_and_stimulus("spikes")
    clean, noisy = (simulate_reference(one, stimulus[:2]) for one in (network, perturb(network)))
    assert any(noisy[p.name].spikes != clean[p.name].spikes for p in network.neurons)


@pytest.mark.parametrize(
    "device", [NUMPY, CPP, pytest.param(GENN, marks=requires_genn)], ids=lambda d: d.name
)
def test_chance_belongs_to_a_trial_wherever_it_is_simulated(device):
    network, stimulus = network_and_stimulus("spikes")
    noisy = with_cells_of_their_own(network) if device is GENN else with_everything(network)
    together = simulate(noisy, stimulus, device, record=names(network))
    order = np.array([5, 2, 3])
    apart = simulate(noisy, stimulus.take(order), device, record=names(network), trials=order)
    alone = Recording.concatenate(
        [
            simulate(noisy, stimulus[k : k + 1], device, record=names(network), trials=order[:1] * 0 + k)
            for k in order
        ]
    )
    for name in names(network):
        assert apart[name].spikes == together[name].spikes.take(order) == alone[name].spikes


def test_chance_that_does_nothing_changes_no_spike():
    network, stimulus = network_and_stimulus("spikes")

    def idle(part):
        if isinstance(part, Projection):
            weight = part.connectivity.synapses()[2]
            return replace(
                part, connectivity=Individual.of(part.connectivity, weight), failure=Failure(0.0, 1)
            )
        if not part.spikes:
            return replace(part, axons=part.axons and Axons(np.zeros(part.size)))
        values = {name: np.full(part.size, getattr(part.neuron, name)) for name in part.values}
        return replace(part, values=values, axons=Axons(np.zeros(part.size)), noise=MembraneNoise(0.0, 1))

    nothing = SpikingNetwork(
        tuple(map(idle, with_everything(network).populations)), tuple(map(idle, network.projections))
    )
    clean, same = (simulate(one, stimulus, CPP, record=names(network)) for one in (network, nothing))
    for name in names(network):
        assert same[name].spikes == clean[name].spikes


def test_a_delay_shifts_all_that_follows():
    network, stimulus = network_and_stimulus("spikes")

    def late(population):
        if population.axons is None:
            return population
        delay = 4e-3 if population.name == "conv1" else 0.0
        return replace(population, axons=Axons(np.full(population.size, delay)))

    delayed = SpikingNetwork(tuple(map(late, with_axons(network).populations)), network.projections)
    now, then = (simulate(one, stimulus, CPP, record=names(network)) for one in (network, delayed))
    assert then["conv1"].spikes == now["conv1"].spikes
    # Until its first spikes have arrived, the next layer knows nothing but its bias.
    first = int(now["conv1"].spikes.first_step().min())
    silent = then["conv2"].potentials[:, : first + 5]
    assert np.array_equal(silent, np.broadcast_to(silent[:1], silent.shape))
    assert not np.array_equal(silent, now["conv2"].potentials[:, : first + 5])
    assert then["conv2"].counts_by_trial.sum() < now["conv2"].counts_by_trial.sum()


def test_membrane_noise_needs_a_leak():
    network, stimulus = network_and_stimulus("currents")
    leakless = changed(network, lambda p: replace(p, neuron=IF(), noise=MembraneNoise(1e-3, 1)))
    with pytest.raises(UserError, match="without a leak"):
        simulate(leakless, stimulus, CPP)


@pytest.mark.parametrize("perturb", [with_failures, with_own_weights])
def test_synapses_that_differ_cannot_be_computed_from_a_kernel(perturb):
    projection = perturb(network_and_stimulus("spikes")[0].after("conv2")).projections[0]
    assert delivery(projection, "auto") == "listed"
    with pytest.raises(UserError, match="differ from each other, or fail one by one"):
        delivery(projection, "procedural")
