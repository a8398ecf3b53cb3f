"""What may be simulated on which device, in how many batches, and what is told meanwhile."""

from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from bioscnn.encoding import Currents
from bioscnn.errors import UserError
from bioscnn.network import Axons, Dense, Failure, MembraneNoise, Population, Projection, SpikingNetwork
from bioscnn.neurons import (
    LIF,
    EquationNeuron,
    ExponentialConductance,
    ExponentialCurrent,
    LeakyIntegrator,
    TimeCode,
    WindowedLIF,
    postsynaptic_potential,
    read_definition,
)
from bioscnn.simulation import Device, PopulationRecording, Recording, simulate, simulate_batches
from bioscnn.simulation.simulate import Silent
from bioscnn.spikes import SpikeTrains
from tests.unit.test_study import SIMS

simulation = import_module("bioscnn.simulation.simulate")
SYNAPSE = ExponentialCurrent(5e-3)


def one_cell(neuron=None, synapse=SYNAPSE, failure=None, **of_cell):
    cell = Population("cell", (1,), neuron or LIF(), **of_cell)
    dense = Dense((1,), (1,), np.ones((1, 1)))
    return SpikingNetwork(
        (Population("input", (1,)), cell), (Projection("input", "cell", dense, synapse, failure),)
    )


def spikes(steps=(0,), n_steps=5, dt=1e-3, n_trials=1, size=1):
    steps = np.array(steps)
    return SpikeTrains.from_events(
        0 * steps, steps, 0 * steps, n_trials=n_trials, size=size, n_steps=n_steps, dt=dt
    )


@pytest.mark.parametrize("jobs", [0, -1, 1.5, "2"])
def test_processes_are_counted_from_one(jobs):
    with pytest.raises(UserError, match="no number of processes"):
        Device(jobs=jobs)


@pytest.mark.parametrize("key", ["device", "precision", "connectivity"])
def test_a_device_that_does_not_exist_is_refused_with_those_that_do(key):
    choices = {
        "device": "cpp_standalone | numpy | genn",
        "precision": "float32 | float64",
        "connectivity": "auto | procedural | explicit",
    }
    with pytest.raises(UserError) as refusal:
        Device(**{"name" if key == "device" else key: "other"})
    assert (refusal.value.key, refusal.value.value) == (f"simulation.{key}", "other")
    assert set(refusal.value.expected.split(" | ")) == set(choices[key].split(" | "))


@pytest.mark.parametrize("name", ["numpy", "genn"])
def test_only_our_own_program_computes_connectivity(name):
    with pytest.raises(UserError, match="only the device cpp_standalone"):
        Device(name, connectivity="procedural")
    assert Device(connectivity="procedural").connectivity == "procedural"


def test_what_is_compiled_is_what_the_device_was_asked_for():
    network = one_cell()
    assert Device("numpy").program(network, True, 1e-3) is None
    shape = Device(precision="float64", connectivity="explicit").program(network, True, 1e-3)
    assert (shape.network, shape.spike_input, shape.precision, shape.connectivity) == (
        network, True, "float64", "explicit",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("network", "problem"),
    [
        (one_cell(axons=Axons(np.zeros(1))), "no delay and no lost spike"),
        (one_cell(failure=Failure(0.1, 1)), "no delay and no lost spike"),
        (one_cell(synapse=ExponentialConductance(5e-3)), "membrane with conductances"),
        (one_cell(WindowedLIF(TimeCode(20e-3, 5e-3, 1e-3), 9)), "windows open and close"),
        (one_cell(EquationNeuron(read_definition(SIMS / "neurons" / "exponential.toml"))), "come with"),
    ],
)
def test_what_genn_cannot_simulate_is_refused_with_the_way_out(network, problem):
    with pytest.raises(UserError, match=problem) as refusal:
        simulate(network, spikes(), Device("genn"))
    assert (refusal.value.key, refusal.value.value) == ("simulation.device", "genn")
    assert refusal.value.expected == "cpp_standalone | numpy"


@pytest.mark.parametrize("device", ["cpp_standalone", "genn"])
def test_xi_is_drawn_by_numpy_alone(device):
    with pytest.raises(UserError, match="xi is drawn") as refusal:
        simulate(one_cell(noise=MembraneNoise(1e-3, 1, xi=True)), spikes(), Device(device))
    assert (refusal.value.key, refusal.value.expected) == ("simulation.device", "numpy")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"stimulus": spikes(size=2)}, "1 channels"),
        ({"stimulus": Currents(np.zeros((1, 1), np.float32), 5, 1e-3)}, "for an input of spikes"),
        ({"stimulus": spikes([4])}, "in the last step"),
        ({"network": one_cell(synapse=None)}, "for an input of currents"),
        ({"record": ["input"]}, "no such population"),
        ({"potentials": ["absent"]}, "no such population"),
        ({"network": one_cell(WindowedLIF(TimeCode(20e-3, 5e-3, 0.5e-3), 9))}, "another time step"),
    ],
)
def test_what_does_not_fit_together_is_refused(change, problem):
    with pytest.raises(UserError, match=problem):
        simulate(**{"network": one_cell(), "stimulus": spikes([3]), "device": Device("numpy")} | change)


class Told(Silent):
    """What progress was told."""

    def __init__(self):
        self.stages, self.trials = [], 0

    def stage(self, what):
        self.stages.append(what)

    def trial(self):
        self.trials += 1


def test_each_trial_that_ends_is_told_once():
    for n_trials in (1, 3):
        told = Told()
        simulate(one_cell(), spikes(n_trials=n_trials), Device("numpy"), progress=told)
        assert (told.stages, told.trials) == (["simulating"], n_trials)


@contextmanager
def at_once(_):
    """A pool that does what it is given before it takes the next."""

    class Pool:
        def submit(self, work, *arguments):
            done = Future()
            done.set_result(work(*arguments))
            return done

    yield Pool()


@pytest.fixture
def batches(monkeypatch, tmp_path):
    """The batches that a program was run on, by their trials; it does nothing."""
    run = []

    def run_batch(program, shape, constants, stimulus, trials, *_):
        run.append(trials.tolist())
        counts = np.zeros(stimulus.n_trials, np.int64), np.zeros(1, np.int64)
        return Recording({"cell": PopulationRecording(*counts)}, stimulus.n_steps, stimulus.dt)

    monkeypatch.setenv("BIOSCNN_CACHE", str(tmp_path))
    monkeypatch.setattr("bioscnn.simulation.cpp_device.run_batch", run_batch)
    monkeypatch.setattr("bioscnn.simulation.program.obtain", lambda shape: None)
    monkeypatch.setattr("bioscnn.simulation.program.build", lambda shape, device: None)
    monkeypatch.setattr(simulation, "ThreadPoolExecutor", at_once)
    return run


@pytest.mark.parametrize(
    ("n_trials", "jobs", "largest", "sizes"),
    [
        (7, 1, 2000, [7]),
        (7, 2, 2000, [4, 3]),
        (7, 2, 3, [2, 2, 2, 1]),
        (7, 3, 1, [1] * 7),
        (1, 4, 2000, [1]),
        (8, 2, 4, [4, 4]),
    ],
)
def test_every_process_gets_as_many_batches_of_one_size(monkeypatch, batches, n_trials, jobs, largest, sizes):
    monkeypatch.setattr(simulation, "LARGEST_BATCH", largest)
    told = Told()
    found = list(simulate_batches(one_cell(), spikes(n_trials=n_trials), Device(jobs=jobs), progress=told))
    assert [part.n_trials for part in found] == sizes
    assert told.stages == ["compiling, usually 20 s", "simulating"]
    assert [trial for batch in batches for trial in batch] == list(range(n_trials))


def test_potentials_that_are_recorded_make_batches_smaller(monkeypatch, batches):
    monkeypatch.setattr(simulation, "RECORDED_BYTES", 2 * (4 * 5 + 1))  # one cell, five steps
    for record, potentials, sizes in (
        ((), None, [6]), (["cell"], None, [2] * 3), (["cell"], (), [6]), ((), ["cell"], [2] * 3),
    ):  # fmt: skip
        found = simulate_batches(
            one_cell(), spikes(n_trials=6), Device(), record=record, potentials=potentials
        )
        assert [part.n_trials for part in found] == sizes


def test_twice_as_many_batches_as_processes_are_begun_before_one_is_read(monkeypatch, batches):
    monkeypatch.setattr(simulation, "LARGEST_BATCH", 1)
    numbers = np.arange(10, 19)
    parts = simulate_batches(one_cell(), spikes(n_trials=9), Device(jobs=3), trials=numbers)
    begun = []
    for part in parts:
        assert part.n_trials == 1
        begun.append(len(batches))
    assert begun == [6, 7, 8, 9, 9, 9, 9, 9, 9]
    assert batches == [[number] for number in numbers]


def test_a_device_says_how_it_delivers_spikes():
    network = one_cell()
    (through,) = network.projections
    into = replace(through, synapse=None)
    failing = replace(through, failure=Failure(0.1, 1))
    assert [Device().simulates(p) for p in (through, failing, into)] == ["procedural", "listed", "current"]
    for device in (Device("numpy"), Device("genn"), Device(connectivity="explicit")):
        assert [device.simulates(p) for p in (through, into)] == ["explicit", "current"]


def test_noise_of_neurons_without_spikes_is_that_of_their_potential():
    """Of numpy: it is drawn anew in every step, and the current of the stimulus stays."""
    network = one_cell(LeakyIntegrator(), None, noise=MembraneNoise(1e-3, 3))
    stimulus = Currents(np.full((200, 1), 1e-9, np.float32), 10, 10e-3)
    V = simulate(network, stimulus, Device("numpy"), potentials=["cell"]).potentials("cell")[:, -1, 0]
    assert V.std() == pytest.approx(1e-3, rel=0.15)
    assert V.mean() == pytest.approx(LeakyIntegrator().R_m * 1e-9 * (1 - np.exp(-5)), rel=0.03)


def test_parameters_of_their_own_belong_to_their_cells():
    tau_m, V_0 = np.array([10e-3, 20e-3, 30e-3, 40e-3]), np.array([1e-3, 2e-3, 3e-3, 4e-3])
    cells = Population("cells", (2, 1, 2), LeakyIntegrator(), values={"tau_m": tau_m, "V_0": V_0})
    dense = Dense((1,), (2, 1, 2), np.zeros((4, 1)))
    network = SpikingNetwork(
        (Population("input", (1,)), cells), (Projection("input", "cells", dense, SYNAPSE),)
    )
    V = simulate(network, spikes(n_trials=2), Device("numpy"), potentials=["cells"]).potentials("cells")
    decayed = V_0 * np.exp(-1e-3 * np.arange(1, 6)[:, None] / tau_m)
    np.testing.assert_allclose(V, [decayed] * 2, rtol=1e-5)


def test_a_spike_reaches_its_synapses_after_its_delay_also_in_brian2():
    dense = Dense((1,), (1,), np.full((1, 1), 1e-9))
    source, cell = Population("input", (1,), axons=Axons(np.full(1, 2e-3))), Population("cell", (1,), LIF())
    network = SpikingNetwork((source, cell), (Projection("input", "cell", dense, SYNAPSE),))
    V = simulate(network, spikes([0]), Device("numpy"), potentials=["cell"]).potentials("cell")[0, :, 0]
    after = postsynaptic_potential(np.array([1e-3, 2e-3]), 1e-9, LIF().R_m, LIF().tau_m, 5e-3)
    np.testing.assert_allclose(V, [0, 0, 0, *after], rtol=1e-5)
