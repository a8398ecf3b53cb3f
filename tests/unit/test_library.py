"""What ``import bioscnn`` offers, and what it costs."""

import ast
import contextlib
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import numpy as np
import pytest
from brian2 import Quantity, second

import bioscnn
from bioscnn.ann import read_onnx
from bioscnn.errors import UserError
from bioscnn.library.wording import python_words
from bioscnn.studies import read_study
from bioscnn.studies.shipped import shipped_studies
from tests.own_data import network as events_network
from tests.own_data import photographs, recordings
from tests.runs import N_TRIALS, only_of, recorded, write_run

HEAVY = (
    "numpy",
    "pandas",
    "matplotlib",
    "scipy",
    "h5py",
    "pydantic",
    "torch",
    "brian2",
    "onnx",
    "rich",
    "typer",
)


def test_importing_the_library_is_quick_and_loads_nothing_that_it_may_not_need():
    """In time of the processor, since another process may have the machine for a while."""
    code = (
        "import sys, time; begun = time.process_time(); import bioscnn; took = time.process_time() - begun; "
        f"print(took, [m for m in {HEAVY} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, loaded = done.stdout.split(maxsplit=1)
    assert loaded == "[]\n" and float(seconds) < 0.2


MODULES = {module.name for module in iter_modules(bioscnn.__path__)}
OFFERED = sorted(set(dir(bioscnn)) - set(vars(bioscnn)) | {"run", "simulate", "LIF"})


@pytest.mark.parametrize("name", OFFERED)
def test_what_it_offers_is_there_and_documented_and_no_module_hides_it(name):
    found = getattr(bioscnn, name)
    assert found.__doc__
    if name in MODULES:  # importing it would take the place of the name
        assert found is import_module(f"bioscnn.{name}")


def test_what_it_does_not_offer_is_told():
    assert {"convert", "read_network", "run", "LIF", "plots"} <= set(dir(bioscnn))
    assert bioscnn.read_network("mnist-small").n_classes == 10
    with pytest.raises(AttributeError, match="no attribute 'read_everything'"):
        _ = bioscnn.read_everything


@pytest.mark.parametrize("verb", ["run", "plan", "cite", "read_study"])
def test_no_study_is_told_and_not_a_traceback(verb):
    with pytest.raises(UserError, match="the name of a shipped study"):
        getattr(bioscnn, verb)(None)


def test_a_script_without_trials_is_refused(tmp_path):
    for trials in (0, -3):
        with pytest.raises(UserError, match="at least 1"):
            bioscnn.brian2("mnist", trials=trials, out=tmp_path / "plain")
    assert not list(tmp_path.iterdir())


def test_a_study_is_changed_as_on_the_command_line():
    given = {
        "neuron.t_ref": "1 ms",
        "dataset.trials": np.int64(7),
        "readout.record": ["conv1", "output"],
        "noise.spike-loss.severity": 2,
        "simulation.round_t_ref": True,
        "network.model": Path("mnist-large"),
    }
    study = bioscnn.read_study("mnist", given)
    texts = ["neuron.t_ref=1 ms", "dataset.trials=7", 'readout.record=["conv1", "output"]']
    texts += ["noise.spike-loss.severity=2", "simulation.round_t_ref=true", "network.model=mnist-large"]
    same = read_study("mnist", texts)
    assert (study, study.key(), study.label) == (same, same.key(), same.label)
    again = bioscnn.read_study(bioscnn.read_study("mnist", {"dataset.trials": 7}), {"neuron.t_ref": "1 ms"})
    both = bioscnn.read_study("mnist", {"dataset.trials": 7, "neuron.t_ref": "1 ms"})
    assert (again, again.label, again.toml()) == (both, both.label, both.toml())


def test_a_table_of_a_study_is_a_mapping():
    cells = {"encoding.retina": ["on-midget"], "encoding.gain_control": "none"}
    study = bioscnn.read_study("mnist", {**cells, "encoding.full_response": {"on-midget": np.float32(0.5)}})
    assert study.config.encoding.full_response == {"on-midget": 0.5}


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"neuron.tref": "1 ms"}, "neuron.tref"),
        ({"neuron.t_ref": 1e-3}, "neuron.t_ref"),
        ({"neuron": {"t_ref": "1 ms"}}, None),
        (["neuron.t_ref=1 ms"], "changes"),
        ({"neuron.t_ref": object()}, "neuron.t_ref"),
        ({"neuron.t_ref": Quantity(1e-3, second.dim)}, "neuron.t_ref"),
        ({"encoding.retina": Quantity([1e-3, 2e-3], second.dim)}, "encoding.retina"),
    ],
)
def test_a_change_that_does_not_fit_is_refused_by_its_key(changes, key):
    for study in ("mnist", bioscnn.read_study("mnist")):
        with pytest.raises(UserError) as refused:
            bioscnn.read_study(study, changes)
        assert refused.value.key == key


def test_one_door_loads_images_and_recordings_by_the_keys_of_a_study(tmp_path):
    photographs(tmp_path / "pets", ("cat", "dog"))
    recordings(tmp_path / "moves", ("left", "right"))
    assert bioscnn.load_dataset("mnist", trials=3).images.shape == (3, 1, 28, 28)
    pets = bioscnn.load_dataset(
        f"folder:{tmp_path / 'pets'}", "train", size=(8, 9), colour="rgb", split_seed=3
    )
    assert pets.images.shape[1:] == (3, 8, 9) and "seed 3" in pets.source
    moves = bioscnn.load_dataset(f"events:{tmp_path / 'moves'}", trials=2, size=(9, 12))
    assert moves.sensor_size == (12, 9) and len(moves[1]) == 150
    for name, keys, key in (
        ("mnist", {"colour": "rgb"}, "dataset.colour"),
        ("mnist", {"trails": 3}, "dataset.trails"),
        ("mnist", {"split": "tset"}, "dataset.split"),
        ("mnist", {"mean": 0.5}, "dataset"),
        ("mnits", {}, "dataset.name"),
    ):
        with pytest.raises(UserError) as refused:
            bioscnn.load_dataset(name, **keys)
        assert refused.value.key == key


def test_a_whole_number_of_trials_may_be_a_float(tmp_path):
    pets = f"folder:{photographs(tmp_path / 'pets', ('cat', 'dog'))}"
    for trials in (3.0, np.float32(3)):
        assert len(bioscnn.load_dataset(pets, "train", trials=trials)) == 3
        assert len(bioscnn.load_dataset("mnist", trials=trials)) == 3
    moves = f"events:{recordings(tmp_path / 'moves', ('left', 'right'))}"
    assert len(bioscnn.load_dataset(moves, trials=np.float32(2), size=(9, 12))) == 2


@pytest.mark.parametrize("call", [bioscnn.export, bioscnn.run, bioscnn.train, bioscnn.brian2])
def test_a_path_with_a_zero_byte_is_refused(call):
    keys = {"to": "npz"} if call is bioscnn.export else {"changes": {"dataset.trials": 1}}
    with pytest.raises(UserError) as refused:
        call("mnist", **keys, out="a\0b")
    assert refused.value.key == "path"


DIGITS = {"dataset.trials": 4, "simulation.device": "numpy", "simulation.duration": "20 ms"}


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """A run of four digits that keeps everything, on NumPy."""
    results = tmp_path_factory.mktemp("results")
    return bioscnn.run("mnist", {**DIGITS, "readout.record": "all"}, results=results)


def test_a_run_is_read_as_tables_and_spikes(result):
    decisions, populations, summary = result.decisions, result.populations, result.summary
    assert decisions["correct"].tolist() == (decisions["true_class"] == decisions["chosen_class"]).tolist()
    assert result.accuracy.value == decisions["correct"].mean() == summary["accuracy"]["peak-potential"][0]
    assert decisions["latency_ms"].median() == summary["latency_ms"]
    assert (
        decisions["spikes"].mean()
        == result.summary["spikes_per_trial"]
        == populations["spikes_per_trial"].sum()
    )
    conv1 = result.spikes("conv1")
    row = populations.set_index("population").loc["conv1"]
    assert conv1.n_spikes / 4 == row["spikes_per_trial"]
    assert conv1.n_spikes / 4 / conv1.size / 20e-3 == pytest.approx(row["rate_Hz"])
    assert conv1.table()["time_ms"].tolist() == conv1.step.tolist()
    assert result.potentials("conv1").shape == (4, 20, conv1.size)
    again = bioscnn.read_run(result.folder)
    assert again.summary == result.summary and again.decisions.equals(decisions)
    again.decisions["correct"] = False  # a table of one's own, to work with
    assert again.accuracy == result.accuracy
    with pytest.raises(UserError) as refused:
        result.spikes("conv7")
    assert refused.value.key == "population"


def test_what_was_not_kept_is_told_with_the_fix(tmp_path):
    sparse = bioscnn.read_run(write_run(tmp_path / "run", only_of(recorded(), "output", "readout")))
    assert sparse.spikes().n_trials == len(sparse.potentials()) == len(sparse.decisions) == N_TRIALS
    for read in (sparse.spikes, sparse.potentials):
        with pytest.raises(UserError) as refused:
            read("input")
        assert refused.value.key == "population"
        with pytest.raises(UserError) as refused:
            read(next(name for name in sparse.populations["population"] if name != "output"))
        assert refused.value.key == "readout.record"
    assert not bioscnn.compare(sparse, sparse.folder).keys


def test_simulate_gives_the_spikes_of_a_run(result):
    digits = bioscnn.load_dataset("mnist", trials=4)
    network, numpy = bioscnn.convert("mnist-small"), bioscnn.Device("numpy")
    kinds = [digits, digits.intensities()]
    with contextlib.suppress(ImportError):
        kinds.append(import_module("torch").tensor(digits.intensities()))
    for shown in kinds:
        recording = bioscnn.simulate(network, shown, duration="20 ms", device=numpy, potentials=("conv1",))
        assert recording["conv2"].spikes == result.spikes("conv2")
        assert np.array_equal(recording["conv1"].potentials, result.potentials("conv1"))
    assert recording["readout"].potentials is None


def test_simulate_encodes_images_as_a_study_does():
    keys = {**DIGITS, "encoding.kind": "poisson", "encoding.input_rate": "100 Hz", "simulation.seed": 5}
    prepared, digits = bioscnn.prepare("mnist", keys), bioscnn.load_dataset("mnist", trials=4)
    device, poisson = bioscnn.Device("numpy"), bioscnn.FrontEnd("poisson", input_rate=100.0)
    network = bioscnn.convert("mnist-small", input_rate=100.0)
    same = bioscnn.simulate(network, digits, duration="20 ms", encoding=poisson, device=device, seed=5)
    studied = bioscnn.simulate(prepared.network, prepared.stimulus, device=device)
    assert same["conv3"].spikes == studied["conv3"].spikes and same["conv1"].counts_by_trial.all()


def test_simulate_shows_recordings_for_as_long_as_they_last(tmp_path):
    moves = bioscnn.load_dataset(f"events:{recordings(tmp_path / 'moves', ('left', 'right'))}", size=(9, 12))
    graph = read_onnx(events_network(tmp_path / "moves.onnx", (2, 3, 4), 2))
    network = bioscnn.convert(graph, images=np.random.default_rng(1).random((9, 2, 3, 4)), input_rate=100.0)
    recording = bioscnn.simulate(network, moves, device=bioscnn.Device("numpy"))
    last = max(int(stream.t_us[-1]) for stream in moves)
    with pytest.raises(UserError) as refused:
        bioscnn.simulate(network, moves, dt="0 ms")
    assert refused.value.key == "simulation.dt"
    assert recording.n_steps == last // 1000 + 2 and recording["output"].spikes.n_trials == len(moves)


@pytest.mark.parametrize(
    ("given", "keys", "key"),
    [
        ("mnist-small", {}, "network"),
        (None, {"stimulus": np.zeros((2, 1, 9, 9))}, "stimulus"),
        (None, {"stimulus": np.full((2, 1, 28, 28), np.nan)}, "stimulus"),
        (None, {"stimulus": np.full((2, 1, 28, 28), 200, np.uint8)}, "stimulus"),
        (None, {"encoding": bioscnn.FrontEnd("poisson")}, "encoding"),
        (None, {"encoding": "poisson"}, "encoding"),
        (None, {"device": "numpy"}, "device"),
        (None, {"seed": -1}, "seed"),
        (None, {"seed": 1.5}, "seed"),
        (None, {"stimulus": np.zeros((0, 1, 28, 28))}, "stimulus"),
        (None, {"duration": "20"}, "simulation.duration"),
        (None, {"dt": "0.3 ms", "duration": "1 ms"}, "simulation.duration"),
        (None, {"potentials": ("conv9",)}, "readout.record"),
        (None, {"potentials": "conv1"}, "potentials"),
    ],
)
def test_what_cannot_be_simulated_is_refused_by_name(given, keys, key):
    stimulus = keys.pop("stimulus", np.zeros((2, 1, 28, 28)))
    with pytest.raises(UserError) as refused:
        bioscnn.simulate(given or bioscnn.convert("mnist-small"), stimulus, **keys)
    assert refused.value.key == key


def test_an_experiment_is_conducted_quietly_and_its_tables_are_frames(tmp_path, capfd):
    study = bioscnn.read_study("mnist", DIGITS)
    experiment = bioscnn.TimeStepExperiment(study, ("1 ms", "0.5 ms"))
    findings = bioscnn.conduct(experiment, jobs=1, results=tmp_path)
    assert findings.tables["time-steps"]["dt_ms"].tolist() == [1.0, 0.5]
    assert findings.report.is_file() and findings.verdict and not findings.failed
    assert capfd.readouterr() == ("", "")


def test_errors_from_python_name_arguments_and_no_options_of_the_shell(result, tmp_path):
    (tmp_path / "there.npz").write_bytes(b"mine")
    digit, numpy = np.zeros((1, 1, 28, 28)), bioscnn.Device("numpy")
    bare = bioscnn.simulate(bioscnn.convert("mnist-small"), digit, device=numpy, potentials=())
    study = bioscnn.read_study("mnist", DIGITS)
    bare_network = bioscnn.convert("nmnist-small")
    bare_spikes = bioscnn.SpikeTrains.from_events([0], [0], [0], n_trials=1, size=9, n_steps=9, dt=1e-3)
    for function, key in (
        (lambda: bioscnn.decisions(bare, "peak"), "rule"),
        (lambda: bioscnn.decisions(bare, ["peak-potential"]), "rule"),
        (lambda: bioscnn.decisions(bare, "peak-potential"), "population"),
        (lambda: bare.spikes("conv9"), "population"),
        (lambda: bioscnn.decisions(bare.populations, "first-spike"), "recording"),
        (lambda: bioscnn.export(result, "mat"), "to"),
        (lambda: bioscnn.export(result, "npz", tmp_path / "there.npz"), None),
        (lambda: bioscnn.explain(result, trials=0), "trials"),
        (lambda: bioscnn.new_study("pets", "folder:"), "data"),
        (
            lambda: bioscnn.new_study("pets", str(photographs(tmp_path / "p", ("a", "b"))), str(tmp_path)),
            "data",
        ),
        (lambda: bioscnn.new_study("pets", "mnist", str(tmp_path), code="time"), "code"),
        (lambda: bioscnn.train("mnist", ["neuron.t_ref=1 ms"]), "changes"),
        (lambda: bioscnn.export("mnist", "nir", changes=["neuron.t_ref=1 ms"]), "changes"),
        (lambda: bioscnn.brian2("mnist", trials="3"), "trials"),
        (lambda: bioscnn.conduct(bioscnn.NoiseExperiment), "experiment"),
        (lambda: bioscnn.simulate(bare_network, bare_spikes, dt="0.1 ms"), "dt"),
        (lambda: bioscnn.conduct(bioscnn.TimeStepExperiment(study, ("1 ms",)), jobs=1), "steps"),
        (lambda: bioscnn.conduct(bioscnn.NoiseExperiment(study, kinds=("blur", "blur")), jobs=1), "kinds"),
    ):
        with pytest.raises(UserError) as refused:
            function()
        assert refused.value.key == key and "--" not in str(refused.value)
    with pytest.raises(UserError) as refused:
        bioscnn.decisions(bare, "peak")
    assert refused.value.fix == 'write "peak-potential"' and "spike-count" in refused.value.expected


@pytest.mark.parametrize(
    ("said", "calls"),
    [
        (
            "`bioscnn train pets.toml --set training.activation=relu --set network.model=pets-relu.onnx`, "
            "then the same with --on times",
            {"study": "pets.toml", "training.activation": "relu", "network.model": "pets-relu.onnx"},
        ),
        (
            "bioscnn run pets.toml --set dataset.size=[32, 48]",
            {"study": "pets.toml", "dataset.size": [32, 48]},
        ),
        ("bioscnn plan STUDY --set readout.rule=first-spike; or wait", {"readout.rule": "first-spike"}),
        ("again: `bioscnn run STUDY.toml --set readout.record=all`", {"readout.record": "all"}),
    ],
)
def test_a_command_that_an_error_proposes_becomes_a_call_that_can_be_typed(said, calls):
    text = python_words(said)
    (call,) = re.findall(r"bioscnn\.\w+\(.*?\)", text)
    study, changes = ast.parse(call, mode="eval").body.args
    named = {"study": study.value} if isinstance(study, ast.Constant) else {}
    assert named | ast.literal_eval(changes) == calls
    if "--on" in said:
        assert text.endswith('`, then the same with on="times"')


def test_every_option_that_an_error_names_has_a_name_in_python():
    """What is left are options of other programs, or of commands that Python does not have."""
    said = set()
    for path in sorted(Path(bioscnn.__file__).parent.rglob("*.py")):
        if not {"cli", "claims", "printing", "reproduce", "doctor"} & {*path.parts}:
            for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("UserError", "refuse"):
                    texts = (x.value for x in ast.walk(call) if isinstance(x, ast.Constant))
                    said |= {text for text in texts if isinstance(text, str) and "--" in text}
    left = {option for text in said for option in re.findall(r"--[a-z-]+", python_words(text))}
    assert len(said) > 25 and left <= {"--force-reinstall", "--no-deps", "--nthreads", "--nworkers", "--docs"}


def test_progress_is_shown_where_it_is_asked_for(capfd):
    digit, numpy = bioscnn.load_dataset("mnist", trials=1), bioscnn.Device("numpy")
    bioscnn.simulate(bioscnn.convert("mnist-small"), digit, device=numpy, progress=True)
    assert "simulating ..." in capfd.readouterr().err


def test_a_run_and_a_study_are_exported_to_what_each_can_be(result, tmp_path):
    with np.load(bioscnn.export(result, "npz", tmp_path / "run.npz")) as arrays:
        assert np.array_equal(arrays["conv1_step"], result.spikes("conv1").step)
    for given, to, keys in (
        (result, "nir", {}),
        (bioscnn.read_study("mnist"), "npz", {}),
        (result.folder, "csv", {"changes": {"neuron.t_ref": "1 ms"}}),
        (result, "mat", {}),
    ):
        with pytest.raises(UserError):
            bioscnn.export(given, to, tmp_path / "nothing", **keys)
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("wrong", [3, None, b"x", ["a"], np.zeros(3), True], ids=repr)
def test_what_is_no_study_and_no_run_is_refused_by_name(wrong):
    for function in (bioscnn.read_study, bioscnn.plan, bioscnn.cite, bioscnn.brian2, bioscnn.train):
        with pytest.raises(UserError) as refused:
            function(wrong)
        assert refused.value.key == "study"
    for function in (bioscnn.read_run, bioscnn.explain, lambda run: bioscnn.export(run, "npz")):
        with pytest.raises(UserError) as refused:
            function(wrong)
        assert refused.value.key == "run"
    with pytest.raises(UserError):
        bioscnn.new_study(wrong)


@pytest.mark.parametrize("wrong", [3, None, b"x", ["a"], {"a": 1}, True], ids=repr)
def test_what_is_no_path_is_refused_by_every_reader(wrong):
    for read, key in (
        (bioscnn.read_card, "network"),
        (bioscnn.read_sweep, "file"),
        (bioscnn.read_sweep_results, "folder"),
    ):
        with pytest.raises(UserError) as refused:
            read(wrong)
        assert refused.value.key == key


@pytest.mark.parametrize("wrong", [3, None, "mnist-small"], ids=repr)
def test_what_is_no_network_that_was_read_is_refused_with_how_to_read_it(wrong, tmp_path):
    images = np.zeros((1, 1, 28, 28), np.float32)
    for act in (
        lambda: bioscnn.write_onnx(wrong, tmp_path / "a.onnx"),
        lambda: bioscnn.normalise(wrong, images, bioscnn.LIF()),
    ):
        with pytest.raises(UserError) as refused:
            act()
        assert refused.value.key == "graph" and "read_network" in refused.value.fix
    with pytest.raises(UserError) as refused:
        bioscnn.normalise(bioscnn.read_network("mnist-small"), images, wrong)
    assert refused.value.key == "neuron" and not list(tmp_path.iterdir())


def test_a_misspelt_data_set_is_told_the_nearest_name():
    with pytest.raises(UserError, match='did you mean "fashion-mnist"'):
        bioscnn.load_dataset("fashon-mnist")


@pytest.mark.parametrize(
    "card",
    [
        '{"weights_sha256": 3, "epochs": 4}',
        '{"epochs": {"1": 2}}',
        '{"settings": [1]}',
        '{"classes": 3}',
        "[]",
    ],
)
def test_what_is_no_card_is_refused_by_its_file_and_lets_no_network_be_overwritten(tmp_path, card):
    network = tmp_path / "mnist-small.onnx"
    bioscnn.write_onnx(bioscnn.read_network("mnist-small"), network)
    before = network.read_bytes()
    network.with_suffix(".json").write_text(card)
    for function in (
        bioscnn.read_card,
        bioscnn.read_network,
        lambda file: bioscnn.cite("mnist", {"network.model": file}),
    ):
        with pytest.raises(UserError) as refused:
            function(network)
        assert refused.value.file == network.with_suffix(".json")
    pytest.importorskip("torch")
    with pytest.raises(UserError):
        bioscnn.train("mnist-small", out=tmp_path)
    assert network.read_bytes() == before


def test_a_tilde_is_a_home_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    bioscnn.write_onnx(bioscnn.read_network("mnist-small"), tmp_path / "own.onnx")
    shipped = sorted((shipped_studies() / "neurons").glob("*.toml"))[0]
    (tmp_path / "own.toml").write_bytes(shipped.read_bytes())
    (tmp_path / "studies").mkdir()
    study = tmp_path / "studies" / "own.toml"
    study.write_text('[network]\nmodel = "~/own.onnx"\n[neuron]\nmodel = "~/own.toml"\n')
    for read in (
        bioscnn.read_study("~/studies/own.toml"),
        bioscnn.read_study("mnist", {"network.model": "~/own.onnx", "neuron.model": "~/own.toml"}),
    ):
        assert read.config.network.model == str(tmp_path / "own.onnx")
        assert read.config.neuron.model == "own"
    photographs(tmp_path / "pets", ("cat", "dog"))
    assert len(bioscnn.load_dataset("folder:~/pets", "train")) > 0
    assert bioscnn.read_network("~/own.onnx").n_classes == 10
    study.write_text('[training]\nteacher = "~/own.onnx"\nstart = "~/own.onnx"\n')
    training = bioscnn.read_study(study).config.training
    assert training.teacher == training.start == str(tmp_path / "own.onnx")


@pytest.mark.parametrize(
    "keys", [{"epochs": "a"}, {"epochs": 3.5}, {"epochs": 0}, {"seed": -1}, {"seed": 2**70}, {"out": 3}]
)
def test_arguments_of_a_training_that_are_none_are_refused(tmp_path, keys):
    with pytest.raises(UserError) as refused:
        bioscnn.train("mnist-small", **{"out": tmp_path} | keys)
    assert refused.value.key in (f"training.{next(iter(keys))}", "path")
    assert not any(tmp_path.iterdir())


def test_what_is_given_to_the_library_and_is_none_of_it_is_refused():
    network = bioscnn.convert("mnist-small")
    currents = bioscnn.Currents(np.zeros((1, 784), np.float32), 5, 1e-3)
    for call, key in (
        (lambda: bioscnn.conduct(bioscnn.read_study("mnist")), "experiment"),
        (lambda: bioscnn.train("mnist", on="speed"), "on"),
        (lambda: bioscnn.simulate(network, currents, duration="30 ms"), "duration"),
    ):
        with pytest.raises(UserError) as refused:
            call()
        assert refused.value.key == key


def test_images_of_another_size_measure_no_activations():
    images = np.random.default_rng(1).random((2, 1, 20, 28))
    with pytest.raises(UserError, match="do not fit the network") as refused:
        bioscnn.convert("mnist-small-relu", images=images)
    assert refused.value.value == images.shape


def test_one_image_is_a_batch_of_one():
    image = np.random.default_rng(1).random((1, 28, 28)).astype(np.float32)
    network = bioscnn.convert("mnist-small")
    one, batch = (
        bioscnn.simulate(network, given, duration="3 ms", device=bioscnn.Device("numpy"))
        for given in (image, image[None])
    )
    assert one.n_trials == 1
    for name, population in batch.populations.items():
        np.testing.assert_array_equal(one[name].counts_by_neuron, population.counts_by_neuron)
    first, second = (bioscnn.convert("mnist-small-relu", images=given) for given in (image, image[None]))
    np.testing.assert_array_equal(first["output"].bias, second["output"].bias)
