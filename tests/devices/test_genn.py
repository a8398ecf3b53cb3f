"""Programs by GeNN: what is written for them, and what they are not asked for."""

import re
from dataclasses import replace

import brian2
import numpy as np
import pytest

from bioscnn.conversion import convert
from bioscnn.errors import UserError
from bioscnn.network import MembraneNoise, Population, SpikingNetwork
from bioscnn.neurons import LIF, ExponentialCurrent, LeakyIntegrator
from bioscnn.simulation import Device, simulate
from bioscnn.simulation.genn_build import _of_the_engine, _reading, build_model
from bioscnn.simulation.genn_shape import GeNNShape
from bioscnn.simulation.reference import simulate_reference
from bioscnn.simulation.shape import ProgramShape
from bioscnn.studies import read_study
from bioscnn.studies.prepare import prepare
from tests.genn import requires_brian2genn, requires_genn
from tests.networks import currents, every_layer
from tests.unit.test_study import SIMS

GENN = Device("genn", "float64", use_gpu=False)


def network(seed=6, **keywords):
    return convert(every_layer(seed=seed), LIF(**keywords), ExponentialCurrent(5e-3))


@pytest.fixture(scope="module", params=[False, True], ids=["cpu", "gpu"])
def source(request, tmp_path_factory):
    """What is written for a network, as one text a file, and whether it is for a GPU."""
    from bioscnn.simulation.genn_build import generate_genn

    folder = tmp_path_factory.mktemp("genn")
    generate_genn(GeNNShape(network(), False, "float64", "explicit", 0.5e-3, request.param), folder)
    return {path.name: path.read_text() for path in folder.glob("*.cpp")}, request.param


@requires_brian2genn
def test_every_variable_returns_to_rest_before_each_trial(source):
    engine = source[0]["engine.cpp"]
    for population in ("conv2", "dense1", "output"):
        for variable, value in (
            ("V", "0"),
            ("I_syn", "0"),
            ("not_refractory", "true"),
            ("lastspike", "-10000"),
        ):
            assert re.search(rf"fill_n\({variable}{population}, \d+, {value}\);", engine)
            assert f"push{variable}{population}ToDevice();" in engine
    assert "fill_n(Vreadout" in engine and "lastspikereadout" not in engine
    assert "pushI_stimconv1ToDevice();" in engine and "pushI_stimconv2ToDevice();" not in engine


@requires_brian2genn
def test_nothing_changes_the_bits_of_a_result(source):
    model = source[0]["magicnetwork_model.cpp"]
    assert "_clip(const T value, const double a_min, const double a_max)" in model
    assert "_clip(const float" not in model
    assert "optimizeCode" not in model and "fast-math" not in model
    assert ("--fmad=false" in model) == source[1]
    assert "model.setPrecision(GENN_DOUBLE)" in model and "model.setDT(0.0005)" in model


@requires_brian2genn
def test_a_step_writes_no_stimulus_back(source):
    model = source[0]["magicnetwork_model.cpp"]
    assert model.count('{"I_stim", "double", VarAccess::READ_ONLY}') == len(network().neurons)
    assert '{"V", "double"}' in model and '{"w", "double"}' in model


@requires_brian2genn
def test_a_thread_handles_a_spike_on_a_gpu(source):
    assert ("SpanType::PRESYNAPTIC" in source[0]["magicnetwork_model.cpp"]) == source[1]


@requires_brian2genn
def test_brian2_is_afterwards_what_it_was(tmp_path):
    from bioscnn.simulation.genn_build import generate_genn

    before = brian2.prefs.as_file, brian2.get_device()
    generate_genn(GeNNShape(network(), False, "float32", "explicit", 1e-3, False), tmp_path)
    assert (brian2.prefs.as_file, brian2.get_device()) == before


@requires_brian2genn
def test_weights_and_parameters_need_no_other_program_but_the_time_step_does():
    shape = GeNNShape(network(), False, "float64", "explicit", 1e-3, False)
    assert replace(shape, network=network(seed=9, tau_m=15e-3)).key() == shape.key()
    for other in ({"dt": 0.5e-3}, {"use_gpu": True}, {"precision": "float32"}, {"spike_input": True}):
        assert replace(shape, **other).key() != shape.key()


def with_cells(made, cells):
    """The same network with other cells in a population."""
    populations = (cells if p.name == cells.name else p for p in made.populations)
    return SpikingNetwork(tuple(populations), made.projections)


def test_the_step_of_a_neuron_is_compiled_in_as_coefficients():
    made = network(tau_m=20e-3)
    shape = GeNNShape(made, False, "float64", "explicit", 0.5e-3)
    found, plain = (kind.parameters(made["dense1"]) for kind in (shape, ProgramShape(made, False, "float64")))
    assert plain.items() < found.items() and found["V_from_V"] == pytest.approx(np.exp(-0.5 / 20))
    assert set(found) - set(plain) == {"V_from_V", "V_from_I_syn", "V_from_I_stim", "I_syn_from_I_syn"}
    assert shape.injection("conv1") is None
    cells = replace(made["dense1"], values={"tau_m": np.full(made["dense1"].size, 10e-3)})
    assert replace(shape, network=with_cells(made, cells)).parameters(cells) == plain


def test_a_program_of_genn_reads_each_array_once():
    cells = Population("readout", (5,), LeakyIntegrator(), values={"V_0": np.zeros(5)})
    made = with_cells(network(), cells)
    lines = _reading(GeNNShape(made, False, "float64", "explicit", 1e-3, True)).split("\n")
    assert lines[0] == "#ifndef BACKEND_NAMESPACE" and lines[-1] == "#endif"
    read = [re.fullmatch(r'bioscnn::File\("(.*)", "rb"\)\.read_all\((.*), (.*)\);', x) for x in lines[1:-1]]
    sizes = {found[1]: found[3] for found in read}
    assert len(sizes) == len(lines) - 2
    assert all(found[2].split(".")[0].endswith(found[1].replace(".", "_")) for found in read)
    assert sizes["conv1.V_th"] == sizes["conv1.n_steps"] == sizes["conv1.V_from_V"] == "1"
    assert sizes["conv1.I_stim"] == str(made["conv1"].size) and sizes["readout.V_0"] == "5"
    assert sizes["dense1_to_output.w"] == "_dynamic_array_dense1_to_output_w.size()"
    assert "readout.n_steps" not in sizes and "input_to_conv1.w" not in sizes


def test_what_rests_and_what_is_driven_is_told_to_the_engine():
    made = network()
    noisy = replace(made["conv2"], noise=MembraneNoise(1e-3, 1), values={"V_0": np.zeros(made["conv2"].size)})
    made = with_cells(made, noisy)
    told = _of_the_engine(GeNNShape(made, False, "float64", "explicit", 1e-3, True))
    assert told["source"] == ""
    assert _of_the_engine(GeNNShape(made, True, "float64", "explicit", 1e-3, True))["source"] == "input"
    conv1, conv2, *_, readout = told["populations"]
    spiking = {"V": "0", "I_syn": "0", "not_refractory": "true", "lastspike": "-10000"}
    assert conv1["rest"] | {"I_syn": "0"} == conv2["rest"] == spiking
    assert [conv1[key] for key in ("name", "size", "channels", "spikes", "driven", "noisy", "starts")] == [
        "conv1", made["conv1"].size, 4, True, True, False, False,
    ]  # fmt: skip
    assert [conv2[key] for key in ("driven", "noisy", "starts")] == [False, True, True]
    assert readout["rest"] == {"V": "0", "I_syn": "0"} and not readout["spikes"]


def test_genn_is_told_where_headers_lie_and_whether_to_use_a_cpu(tmp_path, monkeypatch):
    monkeypatch.setenv("GENN_PATH", "/genn")
    for use_gpu, switch in ((True, []), (False, ["-c"])):
        shape = GeNNShape(network(), False, "float64", "explicit", 1e-3, use_gpu)
        include = f"{tmp_path}:{tmp_path}/brianlib/randomkit"
        assert build_model(shape, tmp_path) == [
            "/genn/bin/genn-buildmodel.sh", *switch, "-i", include, "magicnetwork_model.cpp",
        ]  # fmt: skip


def test_without_genn_a_study_is_refused_before_its_data_are_read(monkeypatch):
    monkeypatch.delenv("GENN_PATH", raising=False)
    monkeypatch.setattr("bioscnn.studies.image_input.ImageInput.load", None)
    with pytest.raises(UserError, match="GENN_PATH is not set"):
        prepare(read_study(SIMS / "mnist.toml", ["simulation.device=genn"]), None)
    with pytest.raises(UserError, match="GENN_PATH is not set"):
        simulate(network(), currents(1), GENN)


def test_a_key_of_genn_is_not_written_for_other_devices():
    assert "use_gpu" not in read_study(SIMS / "mnist.toml").toml()
    assert "use_gpu = true" in read_study(SIMS / "mnist.toml", ["simulation.device=genn"]).toml()


class TestOnACPU:
    pytestmark = requires_genn

    def test_parameters_weights_stimuli_and_the_duration_change_without_a_compiler(self, monkeypatch):
        simulate(network(), currents(5), GENN)
        monkeypatch.setattr("bioscnn.simulation.program.build", None)
        changed = network(seed=9, tau_m=15e-3, t_ref=3e-3, V_th=15e-3)
        for stimulus in (currents(9), currents(4, n_steps=50)):
            recorded = simulate(changed, stimulus, GENN, record=["output"])
            oracle = simulate_reference(changed, stimulus)
            assert recorded["output"].spikes == oracle["output"].spikes

    def test_single_precision_moves_few_spikes(self):
        stimulus = currents(50)
        single = simulate(network(), stimulus, replace(GENN, precision="float32"))
        oracle = simulate_reference(network(), stimulus)
        for population in network().neurons:
            one, other = (recorded[population.name].counts_by_trial for recorded in (single, oracle))
            assert np.abs(one - other).sum() <= 0.01 * other.sum()

    def test_potentials_are_kept_only_where_asked_for(self):
        recorded = simulate(network(), currents(3), GENN, record=["output"], potentials=["readout"])
        assert recorded["output"].potentials is None and recorded["conv1"].spikes is None
        assert recorded["readout"].potentials.shape == (3, 30, 5)
