"""A study file as its author meets it: short, with units, and strict."""

from pathlib import Path

import pytest

from bioscnn.errors import UserError
from bioscnn.stdp.study import read_learned_study
from bioscnn.studies import read_study
from bioscnn.studies.plan import plan_study
from bioscnn.studies.recipe import why_no_times, why_no_twin
from bioscnn.studies.recipes import find_recipes

SIMS = Path(__file__).parents[2] / "sims"

EVENTS = """
[simulation]
duration = "300 ms"
dt = "1 ms"
round_t_ref = true
[dataset]
name = "nmnist"
[encoding]
kind = "events"
"""


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "study.toml"
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize("path", sorted(SIMS.glob("*.toml")), ids=lambda path: path.name)
def test_every_shipped_study_is_valid(path):
    assert read_learned_study(path) or read_study(path)


def test_an_empty_file_is_the_default_study(write):
    config = read_study(write("")).config
    assert (config.neuron.tau_m, config.simulation.n_steps) == (20e-3, 30)


def test_the_written_study_reads_back_as_itself(write):
    study = read_study(SIMS / "mnist.toml", ['neuron.t_ref="1 ms"', 'readout.record=["output", "conv1"]'])
    assert read_study(write(study.toml())).config == study.config


def test_a_study_of_images_has_no_keys_of_events(write):
    written = read_study(SIMS / "mnist.toml").toml()
    assert not [key for key in ("recordings", "input_rate", "bin_size", "frame") if f"{key} =" in written]
    study = read_study(SIMS / "ncaltech101.toml", ["encoding.frame=50 ms", "dataset.recordings=real"])
    assert read_study(write(study.toml())).config == study.config


@pytest.mark.parametrize(
    ("change", "table", "key", "value"),
    [("neuron.t_ref=1 ms", "neuron", "t_ref", 1e-3), ('neuron.t_ref="3 ms"', "neuron", "t_ref", 3e-3),
     ("dataset.trials=7", "dataset", "trials", 7),
     ("readout.rule=first-spike", "readout", "rule", "first-spike"),
     ("network.normalisation=none", "network", "normalisation", "none"),
     ("network.max_rate=0.1 kHz", "network", "max_rate", 100.0),
     ("simulation.round_t_ref=true", "simulation", "round_t_ref", True)],
)  # fmt: skip
def test_every_key_can_be_set_from_outside(change, table, key, value):
    assert getattr(getattr(read_study(SIMS / "mnist.toml", [change]).config, table), key) == value


def test_the_key_of_a_study_is_that_of_its_meaning(write):
    base = read_study(SIMS / "mnist.toml")
    assert base.key("data") == read_study(SIMS / "mnist.toml", ["simulation.jobs=7"]).key("data")
    assert base.key("data") != base.key("other data")
    assert base.key("data") != read_study(SIMS / "mnist.toml", ["neuron.t_ref=1 ms"]).key("data")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[neuron]\ntau_ref = '1 ms'", ["unknown key", "neuron.tau_ref", "write neuron.t_ref"]),
        ("[neurons]\n", ["unknown key", "write neuron"]),
        ("[neuron]\ntau_m = 20", ["neuron.tau_m", "20", 'write it as text with its unit: "20 ms"']),
        ("[neuron]\ntau_m = '20'", ["without a unit", "neuron.tau_m"]),
        ("[neuron]\ntau_m = '20 mV'", ["not a unit of time", "neuron.tau_m", "20 mV"]),
        ("[neuron]\nmodel = 'hh'", ["no such neuron", "neuron.model", "adaptive-lif", "path of a file"]),
        ("[neuron]\nb = '1 nA'", ["the neuron lif does not", "neuron.b", 'neuron.model = "adaptive-lif"']),
        ("[neuron.definition]\nequations = 'V = 1'", ["needs this key", "neuron.definition.threshold"]),
        ("[synapse]\nmodel = 'chemical'", ["synapse.model", "chemical", "conductance"]),
        ("[synapse]\nE_e = '60 mV'", ["synapse.E_e", 'synapse.model = "conductance"']),
        ("[synapse]\nmodel = 'conductance'\nE_e = '20 mV'", ["to the threshold", "synapse.E_e", "20 mV"]),
        ("[neuron]\nreset = 'hard'", ["neuron.reset", "hard", "exact"]),
        ("[dataset]\ntrials = 0", ["dataset.trials", "0"]),
        ("[dataset]\ntrials = 'many'", ["dataset.trials", "many"]),
        ("[simulation]\nduration = '30.5 ms'", ["whole number of time steps", "30.5 ms"]),
        ("[simulation]\ndt = '0 ms'", ["time step must be positive"]),
        ("[simulation]\ndt = '0.7 ms'\nduration = '7 ms'", ["neuron.t_ref", "dt = 700 us", "round_t_ref"]),
        ("[simulation]\ndevice = 'gpu'", ["simulation.device", "gpu", "cpp_standalone"]),
        ("[simulation]\nuse_gpu = false", ["only the device genn", "simulation.use_gpu"]),
        ("[synapse]\ndelay = '1.5 ms'", ["whole number of time steps", "synapse.delay", "1.5 ms"]),
        ("[synapse]\ndelay = '30 ms'", ["synapse.delay", "shorter than simulation.duration = 30 ms"]),
        ("[synapse]\ndelay = '-1 ms'", ["synapse.delay", "0 or more"]),
        ("[synapse]\ntau_s = '1 us'", ["synapse.tau_s", "1 us", "simulation.dt/50 = 20 us"]),
        ("[neuron]\ntau_m = '1 us'", ["neuron.tau_m", "1 us", "simulation.dt/50 = 20 us"]),
        ("[encoding]\nkind = 'spike-time'", ["encoding.kind", 'network.code = "time"']),
        ("noise = 3", ["not a table", "noise", "[noise.NAME]"]),
        ("[noise]\nblur = 3", ["not a table", "noise.blur", "3", "write noise.blur.severity = 2"]),
        ("[noise.blurr]\nsigma = 1", ["unknown noise", "noise.blurr", "write noise.blur"]),
        ("[noise.blur]\nsgma = 1", ["unknown key", "noise.blur.sgma", "write noise.blur.sigma"]),
        ("[noise.blur]\nsigma = 1\nseverity = 1", ["given twice", "noise.blur", "remove one of the two"]),
        ("[noise.blur]", ["no strength", "noise.blur", "either sigma, 0 px or more, or severity, 0 to 5"]),
        ("[noise.blur]\nseverity = 6", ["no such severity", "noise.blur.severity", "6", "0 to 5"]),
        ("[noise.blur]\nseverity = 1.5", ["no such severity", "noise.blur.severity", "1.5"]),
        ("[noise.blur]\nsigma = -1", ["out of range", "noise.blur.sigma", "-1 px", "0 px or more"]),
        ("[noise.blur]\nsigma = 1e308", ["out of range", "noise.blur.sigma", "1e+308", "at most 20000 px"]),
        ("[noise.blur]\nsigma = nan", ["out of range", "noise.blur.sigma", "nan"]),
        ("[noise.blur]\nsigma = true", ["not a number", "noise.blur.sigma", "True"]),
        ("[noise.occlusion]\nshare = 2", ["out of range", "noise.occlusion.share", "0 to 1"]),
        ("[noise.scaling]\nfactor = 0", ["out of range", "noise.scaling.factor", "more than 0 to 1"]),
        ("[noise.quantisation]\nbits = 2.5", ["whole number of bits", "noise.quantisation.bits", "2.5"]),
        ("[noise.axonal-delay]\nmean = 2", ["noise.axonal-delay.mean", 'with its unit: "2 ms"']),
        ("[noise.axonal-delay]\nmean = '-2 ms'", ["out of range", "-2 ms", "0 ms or more"]),
        ("[noise.event-loss]\nshare = 0.1", ["mnist consists of images", "noise.event-loss", "blur"]),
        (EVENTS + "[noise.blur]\nsigma = 1", ["nmnist consists of recordings", "noise.blur", "hot-pixels"]),
        ("[noise.spike-jitter]\nsd = '1 ms'", ["here currents do", "noise.spike-jitter", '"lif-layer"']),
        (EVENTS + "[noise.spike-jitter]\nsd = '1 s'", ["than the trial", "noise.spike-jitter.sd", "300 ms"]),
        ("[neuron]\nmodel = 'if'\n[noise.membrane-noise]\nsd = '1 mV'",
         ["needs a neuron that leaks", "noise.membrane-noise", 'neuron.model = "lif"']),
        ("[neuron]\nmodel = 'if'\n[noise.time-constant-mismatch]\ncv = 0.1", ["needs a neuron that leaks"]),
        ("[encoding]\nkind = 'events'", ["mnist consists of images", "encoding.kind", '"currents"']),
        ("[dataset]\nname = 'nmnist'", ["recordings of an event camera", "encoding.kind", '"events"']),
        ("[dataset]\nrecordings = 'real'", ["mnist is a set of images", "dataset.recordings", "nmnist"]),
        ("[encoding]\nbin_size = 2", ["does not have", "encoding.bin_size", 'encoding.kind = "events"']),
        (EVENTS + "frame = '40 ms'", ["no whole number of frames", "encoding.frame", "40 ms", "300 ms"]),
        (EVENTS + "frame = '1.5 ms'", ["no whole number of time steps", "encoding.frame", "1.5 ms"]),
        (EVENTS + "input_rate = '-5 Hz'", ["must be positive", "encoding.input_rate", "-5 Hz"]),
        (EVENTS + "input_rate = 100", ["encoding.input_rate", "100"]),
        (EVENTS + "bin_size = 0", ["encoding.bin_size", "0"]),
        (EVENTS.replace("1 ms", "0.5 us").replace("300 ms", "1 ms") + "frame = '1 ms'",
         ["timed in microseconds", "simulation.dt", "500 ns"]),
        ("[encoding]\nkind = 'poisson'\ninput_rate = '1.1 kHz'",
         ["once in a time step", "encoding.input_rate", "1.1 kHz", "1/simulation.dt = 1 kHz"]),
        ("[encoding]\nkind = 'bursts'", ["encoding.kind", "bursts", "poisson"]),
        ("[encoding]\nkeep = 0.5", ["encoding.keep", '"rank-order" or "latency"']),
        ("[encoding]\nkind = 'rank-order'\nkeep = 0", ["encoding.keep", "0"]),
        ("[encoding]\nkind = 'lif-layer'\nfull_current = '0 nA'", ["encoding.full_current", "positive"]),
        ("[encoding]\nretina = ['on-midgets']", ["encoding.retina", "on-midgets", "on-midget"]),
        ("[encoding]\nretina = ['on-midget', 'on-midget']", ["encoding.retina", "twice"]),
        ("[dataset]\nsize = [60, 80]", ["dataset.size", '"folder:PATH" or "events:PATH" or "caltech"']),
        ("neuron = 3", ["neuron", "3"]),
        ("[neuron\n", ["not a TOML file", "line 1"]),
    ],
)  # fmt: skip
def test_a_mistake_is_answered_with_file_key_value_and_fix(write, text, words):
    path = write(text)
    with pytest.raises(UserError) as raised:
        read_study(path)
    for word in [str(path), *words]:
        assert word in str(raised.value)


def test_a_missing_file_names_those_that_are_there():
    with pytest.raises(UserError, match=r"mnist\.toml"):
        read_study(SIMS / "mnits.toml")


def test_a_rounded_refractory_period_is_said_in_the_plan():
    coarse = ["simulation.dt=5 ms", "simulation.round_t_ref=true", "dataset.trials=1"]
    planned = plan_study(read_study(SIMS / "mnist.toml", coarse), None)
    assert planned.rounded is not None and "t_ref 2 ms is simulated as 0 ms" in planned.rounded
    assert plan_study(read_study(SIMS / "mnist.toml", ["dataset.trials=1"]), None).rounded is None


def test_new_models_leave_the_names_of_old_results_as_they_were():
    keys = {"mnist": "5b8cb3f8939b3291", "nmnist": "871ffbeb7f1883b7", "mnist-foveal": "c75ecb9d6ff321f2"}
    assert {name: read_study(SIMS / f"{name}.toml").key("data") for name in keys} == keys
    assert read_study(SIMS / "mnist.toml", ["neuron.model=if"]).key("data") == "69c361487f3cf412"


def test_a_study_has_the_keys_of_its_models_only(write):
    plain = read_study(SIMS / "mnist.toml")
    assert not [key for key in ("tau_a", "b =", "E_e", "E_i", "definition") if key in plain.toml()]
    changes = [
        "synapse.E_i=-15 mV",
        "neuron.b=0.1 nA",
        "neuron.model=adaptive-lif",
        "synapse.model=conductance",
    ]
    study = read_study(SIMS / "mnist.toml", changes)
    assert read_study(write(study.toml())).config == study.config
    assert (study.config.neuron.b, study.config.synapse.E_i) == (0.1e-9, -15e-3)
    # Another model on the command line leaves out what the file says of the former one.
    back = ["neuron.model=lif", "synapse.model=current"]
    assert read_study(write(study.toml()), back).key() == plain.key()


NOISY = ["noise.weight-noise.cv=0.1", "noise.axonal-delay.mean=2 ms", "noise.blur.severity=2"]


def test_a_study_with_noise_reads_back_as_itself_and_is_told_from_the_clean_one(write):
    study = read_study(SIMS / "mnist.toml", NOISY)
    again = read_study(write(study.toml()))
    assert again.config == study.config
    assert again.key() == study.key() != read_study(SIMS / "mnist.toml").key()
    # Noise of images comes before that of the network, which is in the order in which it was written.
    assert list(study.config.noise) == ["blur", "weight-noise", "axonal-delay"]


def test_a_severity_is_the_number_that_it_stands_for():
    by_severity, by_number = (
        read_study(SIMS / "mnist.toml", [f"noise.membrane-noise.{change}"])
        for change in ("severity=3", "sd=2 mV")
    )
    assert by_severity.config == by_number.config and by_severity.key() == by_number.key()


@pytest.mark.parametrize(
    "change", ["noise.blur.severity=0", "noise.contrast.factor=1", "noise.quantisation.bits=inf"]
)
def test_noise_that_changes_nothing_leaves_the_clean_study(change):
    clean = read_study(SIMS / "mnist.toml")
    study = read_study(SIMS / "mnist.toml", [change])
    assert study.config == clean.config and study.key() == clean.key() and study.toml() == clean.toml()


@pytest.mark.parametrize("change", ["neuron.t_ref", "=3", "trials=3", "neuron.=3"])
def test_a_change_that_is_none_is_refused(change):
    with pytest.raises(UserError, match=r"--set table\.key=value"):
        read_study(SIMS / "mnist.toml", [change])


def test_a_key_within_a_key_is_refused():
    with pytest.raises(UserError) as refused:
        read_study(SIMS / "mnist.toml", ["neuron.tau_m.x=3"])
    assert (refused.value.key, refused.value.value) == ("neuron.tau_m", "20 ms")


def test_layers_to_be_trained_may_be_left_to_the_size_of_the_images():
    assert read_study(SIMS / "mnist.toml", ["training.layers=auto"]).config.training.layers == "auto"


@pytest.mark.parametrize(
    ("change", "twin", "times"),
    [
        ("encoding.gain=2", "without a gain", "without a gain"),
        ("network.weight_scale=0.5", "without a scale", "without a scale"),
        ("simulation.start=spread", "begin at rest", ""),
        ("neuron.t_ref=1 ms", "", ""),
    ],
)
def test_what_cannot_be_trained_in_spikes_or_times_is_said(change, twin, times):
    config = read_study(SIMS / "mnist.toml", [change]).config
    for told, expected in ((why_no_twin(config), twin), (why_no_times(config), times)):
        assert expected in told and bool(told) == bool(expected)


@pytest.mark.parametrize(
    ("given", "key"), [({"stage": "spikes"}, "--on"), ({"changes": ["neuron.b=1"]}, "--set")]
)
def test_several_networks_are_not_trained_with_what_is_of_one(given, key):
    with pytest.raises(UserError) as refused:
        find_recipes("mnist", **given)
    assert refused.value.key == key and "mnist-small" in refused.value.expected


def test_a_network_made_of_another_one_is_not_trained_on_rates():
    with pytest.raises(UserError) as refused:
        find_recipes("mnist-small-time", stage="rates")
    assert (refused.value.key, refused.value.value) == ("training.on", "times")


@pytest.mark.parametrize("key", ["encoding.retina", "readout.record"])
def test_a_list_whose_quotes_a_shell_has_taken_is_told_how_to_quote(key):
    with pytest.raises(UserError, match="not a list") as refused:
        read_study(SIMS / "mnist.toml", [f"{key}=[output]"])
    assert refused.value.key == key and refused.value.fix == """quote all: --set 'KEY=["WORD"]'"""


@pytest.mark.parametrize("name", ["-x.toml", ".x.toml", "a\nb.toml"])
def test_a_study_whose_results_no_command_could_name_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    Path(name).write_text("")
    with pytest.raises(UserError, match="none for a folder"):
        read_study(Path(name))
