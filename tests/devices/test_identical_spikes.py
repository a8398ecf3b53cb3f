"""Every device gives the same spikes as an independent simulator: integers, all populations."""

from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from bioscnn.ann import ReLU
from bioscnn.conversion import convert, normalise
from bioscnn.encoding import Currents
from bioscnn.errors import UserError
from bioscnn.network import Dense, Population, Projection, SpikingNetwork
from bioscnn.neurons import (
    IF,
    LIF,
    AdaptiveLIF,
    EquationNeuron,
    ExponentialConductance,
    ExponentialCurrent,
    read_definition,
)
from bioscnn.simulation import Device, Recording, simulate
from bioscnn.simulation.cpp_device import constant_files, run_batch
from bioscnn.simulation.program import build, obtain
from bioscnn.simulation.reference import simulate_reference
from bioscnn.simulation.shape import ProgramShape
from tests.genn import requires_genn
from tests.networks import currents, every_layer, images, spikes

pytestmark = pytest.mark.slow

SYNAPSE = ExponentialCurrent(5e-3)
CPP, NUMPY = Device("cpp_standalone", "float64", jobs=2), Device("numpy")
GENN = Device("genn", "float64", jobs=2, use_gpu=False)
DEVICES = [
    pytest.param(NUMPY, id="numpy"),
    pytest.param(CPP, id="cpp_standalone"),
    pytest.param(GENN, id="genn", marks=requires_genn),
]
EXPLICIT = replace(CPP, connectivity="explicit")
"""Every synapse is listed, as by Brian2; `CPP` computes them from kernels where it can."""
TRIALS = 50
SIMS = Path(__file__).parents[2] / "sims"


def names(network):
    return [population.name for population in network.neurons]


def assert_identical(one, other, network):
    """All spikes equal as integers, potentials to the last bits of float32."""
    for name in names(network):
        assert one[name].spikes == other[name].spikes, name
        assert np.array_equal(one[name].counts_by_trial, other[name].counts_by_trial)
        assert np.array_equal(one[name].counts_by_neuron, other[name].counts_by_neuron)
        scale = np.abs(other[name].potentials).max()
        assert np.allclose(one[name].potentials, other[name].potentials, rtol=1e-5, atol=1e-6 * scale)


@pytest.fixture(scope="module", params=["currents", "spikes"])
def case(request):
    """A converted network with every layer type, its stimulus, and what the oracle makes of it."""
    if request.param == "currents":
        network, stimulus = convert(every_layer(), LIF(), SYNAPSE), currents(TRIALS)
    else:
        network, stimulus = convert(every_layer(), LIF(), SYNAPSE, input_rate=100.0), spikes(TRIALS)
    return network, stimulus, simulate_reference(network, stimulus)


def test_the_network_is_lively_in_every_layer(case):
    network, _, oracle = case
    for population in network.neurons:
        if population.spikes:
            counts = oracle[population.name].counts_by_neuron
            assert counts.sum() > 2 * TRIALS
            assert 0.2 < np.mean(counts > 0)


@pytest.mark.parametrize("device", DEVICES)
def test_a_device_gives_the_spikes_of_the_oracle(case, device):
    network, stimulus, oracle = case
    assert_identical(simulate(network, stimulus, device, record=names(network)), oracle, network)


@pytest.mark.parametrize("device", DEVICES)
def test_trials_in_a_row_equal_trials_alone(case, device):
    network, stimulus, _ = case
    few = stimulus[:3]
    together = simulate(network, few, device, record=names(network))
    alone = Recording.concatenate(
        [simulate(network, few[k : k + 1], device, record=names(network)) for k in range(3)]
    )
    for name in names(network):
        assert together[name].spikes == alone[name].spikes
        assert np.array_equal(together[name].potentials, alone[name].potentials)


@pytest.mark.parametrize("device", DEVICES)
def test_every_model_and_reset_rule_is_the_same_on_every_device(device):
    models = {
        "conv1": LIF(reset="subtract", t_ref=0.0),
        "conv2": IF(reset="zero", t_ref=1e-3),
        "dense1": IF(reset="exact", t_ref=3e-3),
        "output": LIF(reset="zero", t_ref=1e-3),
    }
    graph = every_layer(ReLU())
    converted = convert(graph, LIF(), SYNAPSE, normalisation=normalise(graph, images(100, seed=8), LIF()))
    mixed = [replace(p, neuron=models.get(p.name, p.neuron)) for p in converted.populations]
    network, stimulus = SpikingNetwork(tuple(mixed), converted.projections), currents(TRIALS)
    oracle = simulate_reference(network, stimulus)
    assert all(oracle[name].counts_by_neuron.sum() > TRIALS for name in models)
    assert_identical(simulate(network, stimulus, device, record=names(network)), oracle, network)


@pytest.mark.parametrize("device", [NUMPY, CPP, EXPLICIT], ids=["numpy", "procedural", "explicit"])
def test_conductances_are_the_same_on_every_device_under_every_model_and_reset_rule(device):
    network, stimulus = convert(every_layer(), LIF(), ExponentialConductance(5e-3)), currents(TRIALS)
    models = {"conv2": IF(t_ref=1e-3), "dense1": AdaptiveLIF(), "output": AdaptiveLIF(reset="subtract")}
    mixed = [replace(p, neuron=models.get(p.name, p.neuron)) for p in network.populations]
    network = SpikingNetwork(tuple(mixed), network.projections)
    oracle = simulate_reference(network, stimulus)
    assert all(oracle[name].counts_by_neuron.sum() > TRIALS for name in models)
    assert_identical(simulate(network, stimulus, device, record=names(network)), oracle, network)


@pytest.mark.parametrize("device", [*DEVICES, pytest.param(EXPLICIT, id="explicit")])
def test_adaptation_is_the_same_on_every_device(device):
    models = {
        "conv1": AdaptiveLIF(tau_a=50e-3, b=0.1e-9),
        "conv2": AdaptiveLIF(reset="subtract"),
        "output": AdaptiveLIF(reset="zero", tau_a=10e-3),
    }
    converted = convert(every_layer(), LIF(), SYNAPSE)
    adaptive = [replace(p, neuron=models.get(p.name, p.neuron)) for p in converted.populations]
    network, stimulus = SpikingNetwork(tuple(adaptive), converted.projections), currents(TRIALS)
    oracle = simulate_reference(network, stimulus)
    unadapted = simulate_reference(converted, stimulus)
    for name in models:
        assert TRIALS < oracle[name].counts_by_neuron.sum() < unadapted[name].counts_by_neuron.sum()
    assert_identical(simulate(network, stimulus, device, record=names(network)), oracle, network)


@pytest.mark.parametrize("synapse", [SYNAPSE, ExponentialConductance(5e-3)], ids=["current", "conductance"])
def test_a_neuron_of_ones_own_is_the_same_in_numpy_and_in_compiled_programs(synapse):
    neuron = EquationNeuron(read_definition(SIMS / "neurons" / "exponential.toml"))
    graph = every_layer(ReLU())
    normalisation = normalise(graph, images(50, seed=8), neuron)
    network, stimulus = convert(graph, neuron, synapse, normalisation=normalisation), currents(10)
    one, *others = (
        simulate(network, stimulus, device, record=names(network)) for device in (NUMPY, CPP, EXPLICIT)
    )
    assert all(one[name].counts_by_neuron.sum() > 10 for name in ("conv1", "conv2", "dense1"))
    for other in others:
        assert_identical(one, other, network)


def test_genn_refuses_conductances():
    network = convert(every_layer(), LIF(), ExponentialConductance(5e-3))
    with pytest.raises(UserError, match=r'synapse\.model to "current"'):
        simulate(network, currents(1), Device("genn", use_gpu=False))


def test_trials_stay_apart_after_minutes_of_simulated_time():
    """From 64 s on, a second clock of 300*dt comes a step late beside dt = 0.1 ms in Brian2's C++."""
    network, stimulus = convert(every_layer(), LIF(), SYNAPSE), currents(40, n_steps=300, dt=1e-4)
    rounds = 60
    repeated = replace(stimulus, values=np.tile(stimulus.values, (rounds, 1)))
    assert repeated.n_trials * repeated.n_steps * repeated.dt == pytest.approx(72)
    device = Device("cpp_standalone", "float64")
    once = simulate(network, stimulus, device, record=["output"])["output"].spikes
    shape = ProgramShape(network, False, "float64")
    whole = run_batch(
        obtain(shape), shape, constant_files(shape), repeated, np.arange(40 * rounds), ["output"], [],
        lambda: None, Event(),
    )  # fmt: skip
    for k in range(rounds):
        assert whole["output"].spikes[40 * k : 40 * (k + 1)] == once


def test_parameters_weights_stimuli_and_the_clock_change_without_a_compiler(monkeypatch):
    stimulus = currents(5)
    simulate(convert(every_layer(), LIF(), SYNAPSE), stimulus, CPP)

    def refuse(shape):
        raise AssertionError("compiled again")

    monkeypatch.setattr("bioscnn.simulation.program.build", refuse)
    changed = convert(every_layer(seed=9), LIF(tau_m=15e-3, t_ref=3e-3, V_th=15e-3), ExponentialCurrent(4e-3))
    for other in (currents(9), currents(9, n_steps=70, dt=0.5e-3)):
        recorded = simulate(changed, other, CPP, record=names(changed))
        assert_identical(recorded, simulate_reference(changed, other), changed)


def test_a_file_of_the_wrong_size_ends_the_program_and_leaves_no_old_value_in_use():
    network, stimulus = convert(every_layer(), LIF(), SYNAPSE), currents(3)
    shape = ProgramShape(network, False, "float64")
    program = obtain(shape) or build(shape)
    constants, told = constant_files(shape), (stimulus, np.arange(3))
    for name in ("conv1_to_conv2.w", "conv2_to_dense1.w", "conv1.w", "dense1.tau_m", "output.I_stim"):
        for wrong in (constants[name][:-1], np.append(constants[name], 1.0)):
            with pytest.raises(UserError, match=f"{name}: (shorter|longer) than the program expects"):
                run_batch(program, shape, constants | {name: wrong}, *told, (), (), lambda: None, Event())


def test_what_is_recorded_does_not_change_what_happens(case):
    network, stimulus, oracle = case
    bare = simulate(network, stimulus, CPP)
    for name in names(network):
        assert bare[name].spikes is None and bare[name].potentials is None
        assert np.array_equal(bare[name].counts_by_neuron, oracle[name].counts_by_neuron)


def test_input_spikes_in_the_last_step_are_refused():
    network, stimulus = convert(every_layer(), LIF(), SYNAPSE, input_rate=100.0), spikes(2, n_steps=30)
    late = replace(stimulus, n_steps=int(stimulus.step.max()) + 1)
    with pytest.raises(UserError, match="last step"):
        simulate(network, late, NUMPY)


def test_a_stimulus_that_does_not_fit_is_refused():
    network = convert(every_layer(), LIF(), SYNAPSE)
    with pytest.raises(UserError, match="144 channels"):
        simulate(network, Currents(np.zeros((1, 10), np.float32), 30, 1e-3), NUMPY)
    with pytest.raises(UserError, match="an input of currents"):
        simulate(network, spikes(1), NUMPY)
    with pytest.raises(UserError, match="no such population"):
        simulate(network, currents(1), NUMPY, record=["conv9"])


def test_equal_time_constants_are_refused_since_the_solution_divides_by_their_difference():
    with pytest.raises(UserError, match="must differ"):
        SpikingNetwork(
            (Population("input", (1,)), Population("cell", (1,), LIF(tau_m=5e-3))),
            (Projection("input", "cell", Dense((1,), (1,), np.ones((1, 1))), SYNAPSE),),
        )
