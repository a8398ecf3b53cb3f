"""The plain Brian2 script of a network gives the same spikes, in an interpreter without bioscnn."""

import ast
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from bioscnn.ann import AveragePool2d, Conv2d, Dense, Flatten, LayerGraph, ReLU
from bioscnn.conversion import convert, normalise
from bioscnn.encoding import pixel_currents
from bioscnn.errors import UserError
from bioscnn.network import SpikingNetwork
from bioscnn.neurons import (
    LIF,
    AdaptiveLIF,
    Definition,
    EquationNeuron,
    ExponentialConductance,
    ExponentialCurrent,
)
from bioscnn.noise import AxonalDelay, NoisyMembrane, NoisyMembraneXi, SpikeLoss, TransmissionFailure
from bioscnn.readout import decisions
from bioscnn.script import Model, script_of, write_script
from bioscnn.seeds import stream
from bioscnn.simulation import Device, simulate
from bioscnn.studies import read_study
from tests.devices.test_branches import branching
from tests.devices.test_branches import images as images_of_branching
from tests.devices.test_own_neuron_text import CELL
from tests.devices.test_time_code import network as in_windows
from tests.devices.test_time_code import shown as shown_in_windows
from tests.networks import currents, every_layer, images, spikes
from tests.plain_brian2 import differing, found_by, run_scripts

TRIALS = 4
CLASSES = ("plain", "with 'quotes'", 'with """three"""', "two\nlines", "Motorräder")


def of_conductances():
    """Adaptive neurons with conductances, noisy membranes, and delays of their own."""
    neuron, graph = AdaptiveLIF(), every_layer(ReLU())
    normalisation = normalise(graph, images(50), neuron, max_rate=300.0)
    network = convert(graph, neuron, ExponentialConductance(), normalisation=normalisation)
    for noise in (NoisyMembrane(2e-3), AxonalDelay(2e-3)):
        network = noise.apply(network, stream(1, noise.name))
    return network, currents(TRIALS), "peak-potential"


def of_branches():
    """Max pooling, a sum and a concatenation, under input spikes."""
    graph = branching()
    normalisation = normalise(graph, images_of_branching(50), LIF(), max_rate=300.0)
    network = convert(graph, LIF(), ExponentialCurrent(), normalisation=normalisation, input_rate=200.0)
    raster = stream(9, "input spikes").random((TRIALS, 29, network.source.size)) < 0.2
    trial, step, neuron = np.nonzero(raster)
    size = {"n_trials": TRIALS, "size": network.source.size, "n_steps": 30, "dt": 1e-3}
    return network, type(spikes(1)).from_events(trial, step, neuron, **size), "spike-count"


def of_hidden_rows():
    """Pooling that leaves out the last row and column, before a convolution that pads."""
    rng = stream(11, "hidden rows")
    weights = [
        rng.normal(0.1, 0.4, shape).astype(np.float32) for shape in ((4, 1, 4, 4), (5, 4, 3, 3), (3, 45))
    ]
    layers = (
        Conv2d(weights[0]), ReLU(), AveragePool2d((2, 2), (2, 2)),
        Conv2d(weights[1], padding=(1, 1, 1, 1)), ReLU(), Flatten(), Dense(weights[2]),
    )  # fmt: skip
    graph = LayerGraph("hidden rows", (1, 10, 10), layers)
    pixels = rng.random((50, 1, 10, 10)).astype(np.float32)
    network = convert(
        graph, LIF(), ExponentialCurrent(), normalisation=normalise(graph, pixels, LIF(), max_rate=300.0)
    )
    assert any(min(getattr(p.connectivity, "padding", (0,))) < 0 for p in network.projections)
    return network, pixel_currents(pixels[:TRIALS], 30, 1e-3), "mean-potential"


def of_spike_times():
    """The time code, with noisy membranes, max pooling and spikes that are handed on."""
    network = NoisyMembrane(0.5e-3).apply(in_windows(), stream(1, "noise"))
    return network, shown_in_windows(windows=5)[:TRIALS], "first-spike"


def of_own_neuron():
    """A user's neuron with names that the script has for something else, and the name of a module."""
    names = ("data", "duration", "n_trials", "np", "conv1", "np_reset")
    product = "*".join(names)
    table = CELL | {
        "equations": f"dV/dt = (R_m*(I_syn + I_stim) - V*{product})/tau_m : volt (unless refractory)",
        "reset": "step = V - V_th; V = step",
        "parameters": CELL["parameters"] | dict.fromkeys(names, 1.0),
    }
    neuron, graph = EquationNeuron(Definition.of_table("neurons/np", table)), every_layer(ReLU())
    normalisation = normalise(graph, images(50), neuron, max_rate=300.0)
    network = convert(graph, neuron, ExponentialCurrent(), normalisation=normalisation)
    return network, currents(TRIALS), "first-spike"


def model_of(network: SpikingNetwork, stimulus: object, rule: str = "mean-potential") -> Model:
    return Model(("a study",), network, stimulus, np.arange(TRIALS), CLASSES, rule)


@pytest.mark.slow
def test_the_script_gives_the_same_spikes_and_classes(tmp_path):
    made = (of_conductances, of_branches, of_hidden_rows, of_spike_times, of_own_neuron)
    cases = {tmp_path / f"{make.__name__}.py": make() for make in made}
    for file, case in cases.items():
        script = script_of(model_of(*case), f"{file.stem}.npz")
        file.write_text(script.text)
        np.savez(file.with_suffix(".npz"), **script.arrays)
    run_scripts([*cases])
    for file, (network, stimulus, rule) in cases.items():
        found, chosen = found_by(file, network, stimulus.dt, stimulus.n_steps, TRIALS)
        recording = simulate(network, stimulus, Device("numpy"), record=[*found, "readout"])
        assert set(differing(found, recording).values()) == {0}, file.stem
        assert all(train.n_spikes for train in found.values()), file.stem
        assert chosen.tolist() == decisions(recording, rule)[:, -1].tolist(), file.stem


def test_no_text_of_a_study_becomes_code():
    """Names of studies, classes and networks end up in comments and in arrays."""
    network, stimulus, _ = convert(every_layer(), LIF(), ExponentialCurrent()), currents(TRIALS), None
    evil = 'x"""\nimport os\r\x0cos.system("x")  # {npz} \u2028import os'
    script = script_of(replace(model_of(network, stimulus), origin=(evil, evil)), "model.npz")
    tree = ast.parse(script.text)
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(node) for node in imported] == [
        "from pathlib import Path", "import numpy as np", "from brian2 import *",
    ]  # fmt: skip
    assert "os.system" not in ast.unparse(tree)
    assert script.text.isascii()


@pytest.mark.parametrize("noise", [SpikeLoss(0.1), TransmissionFailure(0.1), NoisyMembraneXi(1e-3)])
def test_noise_that_is_drawn_while_spikes_travel_is_refused(noise):
    network = noise.apply(convert(every_layer(), LIF(), ExponentialCurrent()), stream(1, "noise"))
    with pytest.raises(UserError) as refused:
        script_of(model_of(network, currents(TRIALS)), "model.npz")
    assert refused.value.key == f"noise.{noise.name}"


def test_a_script_without_its_arrays_says_in_one_sentence_where_they_belong(tmp_path):
    network = convert(every_layer(), LIF(), ExponentialCurrent())
    (tmp_path / "model.py").write_text(script_of(model_of(network, currents(TRIALS)), "model.npz").text)
    (tmp_path / "brian2.py").write_text("raise ImportError")  # is not reached
    command = [sys.executable, "model.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert str(tmp_path / "model.npz") in done.stderr


def test_a_script_that_may_have_been_edited_is_not_overwritten(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.toml").write_text("")
    (tmp_path / "model.py").write_text("mine")
    study = read_study(tmp_path / "study.toml")
    with pytest.raises(UserError, match="may have been edited"):
        write_script(study, tmp_path)
    np.savez(tmp_path / "study-brian2.npz", x_train=np.zeros(2))
    with pytest.raises(UserError) as refused:  # an archive that no script of ours reads
        write_script(study)
    assert refused.value.file.name == "study-brian2.npz"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.py", "study-brian2.npz", "study.toml"]
