"""A learned network as a study: trained, run, and refused where it makes no sense."""

import csv
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from bioscnn.cli import app
from bioscnn.errors import UserError
from bioscnn.files import read_npz
from bioscnn.stdp.competitive import page
from bioscnn.stdp.competitive.classify import restored
from bioscnn.stdp.competitive.config import circuit_of
from bioscnn.stdp.competitive.model import FILES, SHIPPED, read_model
from bioscnn.stdp.devices import run_learned_devices
from bioscnn.stdp.network import LearnedNetwork, locate, read_network, write_network
from bioscnn.stdp.rule import Classified
from bioscnn.stdp.run import images_and_network, run_learned, train_learned
from bioscnn.stdp.study import read_learned_study


@pytest.fixture
def file(study, trained):
    return trained.with_name("ones.toml")


def changed(file, *changes):
    return read_learned_study(file, changes)


def test_a_learned_network_is_run_from_its_file_to_its_page(file, tmp_path, silent):
    study = changed(file)
    done = run_learned(study, data=None, out=None, results=tmp_path, progress=silent)
    arrays, summary = read_npz(done.folder / "run.npz"), done.summary
    share = np.mean(arrays["chosen"] == arrays["label"])
    assert summary["accuracy"][0] == share > 0.8 and summary["n_trials"] == 30
    assert summary["spikes_per_trial"] == pytest.approx(
        arrays["spikes/excitatory"].mean() + arrays["spikes/inhibitory"].mean()
    )
    page = (done.folder / "report.html").read_text()
    assert all(f'id="{name}"' in page for name in ("fields", "trial", "activity", "confusion", "network"))
    again = run_learned(study, data=None, out=None, results=tmp_path, progress=silent)
    assert again.summary["started"] == summary["started"] and again.folder == done.folder
    assert "learned/ones" in (tmp_path / "index.html").read_text()


def test_a_class_may_have_the_name_of_a_column(file, tmp_path, silent, monkeypatch):
    def named(*arguments):
        clean, network = images_and_network(*arguments)
        return replace(clean, classes=("true_class", *clean.classes[1:])), network

    monkeypatch.setattr("bioscnn.stdp.run.images_and_network", named)
    done = run_learned(changed(file), data=None, out=None, results=tmp_path, progress=silent)
    with (done.folder / "confusion.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert rows[0]["true_class_"] == "true_class" and len(rows[0]) == len(rows) + 1
    assert sum(int(row["true_class"]) for row in rows) > 0


def test_a_page_shows_no_more_receptive_fields_than_one_can_see(file, tmp_path, silent, monkeypatch):
    monkeypatch.setattr(page, "MOST_FIELDS", 5)
    done = run_learned(changed(file), data=None, out=None, results=tmp_path, progress=silent)
    assert "5 of 12 excitatory neurons" in (done.folder / "report.html").read_text()


def test_a_training_that_went_further_than_it_is_asked_to_is_refused(file, tmp_path, silent, monkeypatch):
    """What a longer training kept is no training of fewer images."""

    def stopped(*_):
        raise InterruptedError

    monkeypatch.setattr("bioscnn.stdp.run.write_network", stopped)
    with pytest.raises(InterruptedError):
        train_learned(changed(file, "learning.passes=2"), None, tmp_path, silent)
    with pytest.raises(UserError) as raised:
        train_learned(changed(file, "learning.passes=1"), None, tmp_path, silent)
    assert (raised.value.key, raised.value.value) == ("learning.passes", 1)


def test_a_learned_network_is_run_from_the_command_line(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["run", str(file), "--trials", "6", "--out", "mine"]
    printed = CliRunner().invoke(app, words)
    assert printed.exit_code == 0 and str(Path("mine") / "report.html") in printed.stdout
    summary = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert summary == json.loads((tmp_path / "mine" / "summary.json").read_text())
    assert summary["n_trials"] == 6 and not (tmp_path / "results").exists()


def test_a_learned_network_that_never_answers_has_no_latency(file, tmp_path, silent):
    study = changed(file, "noise.spike-loss.share=1", "dataset.trials=2")
    done = run_learned(study, data=None, out=None, results=tmp_path, progress=silent)
    assert json.loads((done.folder / "summary.json").read_text())["latency_ms"] is None
    assert "2 images got no answer" in done.summary["notes"][0]


def test_the_rates_on_the_page_are_those_of_all_presentations():
    card = {"circuit": {"n_inputs": 10, "n_neurons": 4, "shown": 0.5, "fewest_spikes": 5}}
    spikes = {"input": np.array([30, 10]), "excitatory": np.array([4, 2])}
    shown = Classified(np.zeros(2), spikes, more={"presentations": np.array([3, 1])})
    (table,) = page._activity(LearnedNetwork(None, {}, card), shown).parts
    assert [row["rate"] for row in table.rows] == [40 / 10 / (4 * 0.5), 6 / 4 / (4 * 0.5)]
    assert [row["spikes"] for row in table.rows] == [20, 3]


def test_the_shipped_study_is_the_recipe_of_its_network():
    study = read_learned_study("mnist-stdp")
    network = read_network(study.config.learning.network, "competitive", 784, tuple("0123456789"))
    assert network.card["learning"] == study.config.model_dump()["learning"]
    model, circuit, state = restored(network)
    assert model == read_model() and circuit == circuit_of(study.config.learning, 784)
    assert state.weight.sum(axis=0) == pytest.approx(circuit.weight_total, rel=0.01)


def test_a_key_called_by_the_file_that_it_replaces_is_answered_with_its_name():
    with pytest.raises(UserError) as raised:
        read_learned_study("mnist-stdp", ["learning.plastic=my-plastic.toml"])
    assert raised.value.fix == "write learning.synapse"


def test_noise_of_images_and_lost_spikes_act_on_a_learned_network(file, tmp_path, silent):
    def spikes(*changes):
        done = run_learned(changed(file, *changes), data=None, out=None, results=tmp_path, progress=silent)
        return done.summary["input_spikes_per_trial"]

    clean = spikes()
    assert spikes("noise.spike-loss.share=0.5") == pytest.approx(0.5 * clean, rel=0.1)
    assert spikes("noise.salt-and-pepper.severity=5") > 1.2 * clean


def test_the_same_training_is_the_same_network(file, tmp_path, silent, trained):
    again, card = train_learned(changed(file), None, tmp_path, silent)
    assert card["weights_sha256"] == json.loads(trained.with_suffix(".json").read_text())["weights_sha256"]
    assert not list(tmp_path.glob("*.part.npz")) and again.parent == tmp_path


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ("learning.rule=convolutionary", "learning.rule"),
        ("learning.neuron=3", "learning.neuron"),
        ("learning.neurons=30000", "learning.neurons"),
        ("learning.shown=0.7 ms", "learning.shown"),
        ("learning.rate=2000 Hz", "learning.rate"),
        ("learning.rest=-1 ms", "learning.rest"),
        ("learning.excitatory=/dev/null", "learning.excitatory"),
        ("noise.dead-neurons.severity=1", "noise.dead-neurons"),
        ("dataset.name=nmnist", "dataset.name"),
        ("dataset.invert=true", "dataset"),
    ],
)
def test_what_makes_no_sense_for_a_learned_network_is_refused(file, change, key):
    with pytest.raises(UserError) as raised:
        changed(file, change)
    assert raised.value.key == key


@pytest.mark.parametrize("verb", ["plan", "noise", "ladder", "time-step"])
def test_other_verbs_say_that_there_is_no_ann(file, verb):
    done = CliRunner().invoke(app, [verb, str(file)])
    assert isinstance(done.exception, UserError) and done.exception.key == "learning"


def test_labels_without_a_class_are_refused_before_training(file, tmp_path, silent):
    with pytest.raises(UserError, match="no labelled image shows class 1") as raised:
        train_learned(changed(file, "learning.label_examples=1"), None, tmp_path, silent)
    assert raised.value.key == "learning.label_examples" and not list(tmp_path.iterdir())


def test_a_network_that_does_not_fit_is_refused(file, trained, tmp_path, silent):
    network = read_network(trained, "competitive", 784, ("0", "1"))
    for wanted, key in (
        (("convolutional", 784, ("0", "1")), "rule"),
        (("competitive", 100, ("0", "1")), "n_inputs"),
        (("competitive", 784, ("0", "1", "2")), "classes"),
    ):
        with pytest.raises(UserError) as raised:
            read_network(trained, *wanted)
        assert raised.value.key == key
    with pytest.raises(UserError, match="no such learned network"):
        locate("mnist-stpd")
    broken = {
        "answers": np.zeros((2, 12), np.float32),
        "weight": network.arrays["weight"][:, :5],
        "kept_theta": network.arrays["kept_theta"][:5],
    }
    for name, array in broken.items():
        place = tmp_path / f"{name}.npz"
        write_network(place, dict(network.arrays) | {name: array}, network.card)
        study = changed(file, f"learning.network={place}")
        with pytest.raises(UserError) as raised:
            run_learned(study, data=None, out=None, results=tmp_path / "results", progress=silent)
        assert raised.value.key == name and not (tmp_path / "results").exists()
    place.with_suffix(".json").unlink()
    with pytest.raises(UserError, match="put the card"):
        run_learned(study, data=None, out=None, results=tmp_path / "results", progress=silent)


@pytest.mark.parametrize(
    "change",
    [
        "learning.neurons=11", "learning.rate=300 Hz", "learning.rest=1 s", "learning.weight_total=5",
        "learning.parameters.theta_plus=1 mV", "learning.seed=2", "learning.passes=3",
    ],
)  # fmt: skip
def test_what_was_decided_in_training_is_not_passed_off_as_changed(file, change, tmp_path, silent):
    with pytest.raises(UserError, match="another value") as raised:
        run_learned(changed(file, change), data=None, out=None, results=tmp_path / "r", progress=silent)
    assert raised.value.key == change.partition("=")[0] and not list(tmp_path.iterdir())


def test_paths_of_equations_begin_beside_the_study_and_are_written_whole(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "neuron").write_text((SHIPPED / "excitatory.toml").read_text())
    (tmp_path / "there" / "a.toml").write_text(
        file.read_text().replace("[simulation]", 'excitatory = "neuron"\n[simulation]')
    )
    study = read_learned_study("there/a.toml")
    assert study.config.learning.excitatory == "there/neuron"
    assert f'excitatory = "{tmp_path}/there/neuron"' in study.toml()


@pytest.mark.parametrize("name", ["caf\udce9.toml", ".hidden.toml"])
def test_a_name_that_is_none_for_a_folder_is_refused(file, name):
    other = file.with_name(name)
    other.write_text(file.read_text())
    with pytest.raises(UserError, match="none for a folder"):
        read_learned_study(other)
    other.unlink()


def test_a_place_that_cannot_be_written_is_refused_before_any_image(file, tmp_path, silent, monkeypatch):
    def never(*given):
        raise AssertionError("images were shown")

    (tmp_path / "results").write_text("a file")
    study = changed(file)
    for name in ("classify", "on_devices"):
        monkeypatch.setattr(type(study.rule), name, never)
    given = {"data": None, "results": tmp_path / "results", "progress": silent}
    with pytest.raises(UserError, match="cannot"):
        run_learned(study, out=None, **given)
    with pytest.raises(UserError, match="cannot"):
        run_learned_devices(study, **given)


def test_equations_in_a_pipe_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(UserError, match="no file") as raised:
        read_model(synapse=tmp_path / "pipe.toml")
    assert raised.value.value == "a pipe"


@pytest.mark.parametrize(
    ("part", "old", "new", "key"),
    [
        ("synapse", "[pre]", "[before]", "before"),
        ("synapse", "[pre]", "[[pre]]", "pre"),
        ("synapse", 'spike = "x = 1"', "", "spike"),
        ("synapse", "[parameters]", "[[parameters]]", "parameters"),
        ("synapse", "tau_x", "tau_e", "tau_e"),
        ("excitatory", "threshold", "treshold", "treshold"),
    ],
)
def test_a_file_of_equations_that_lacks_a_part_is_named_with_it(tmp_path, part, old, new, key):
    own = tmp_path / "own.toml"
    own.write_text((SHIPPED / FILES[part]).read_text().replace(old, new))
    with pytest.raises(UserError) as raised:
        read_model(**{part: own})
    assert (raised.value.key, str(raised.value.file)) == (key, str(own))


@pytest.mark.parametrize("text", ["theta += t_ref", "theta += theta_pulse", "V = 0*amp"])
def test_units_and_names_of_a_reset_are_checked_and_its_file_named(file, text, tmp_path, silent):
    own = tmp_path / "own.toml"
    own.write_text((SHIPPED / "excitatory.toml").read_text().replace("theta += theta_plus", text))
    with pytest.raises(UserError, match="Brian2 cannot simulate") as raised:
        train_learned(changed(file, f"learning.excitatory={own}"), None, tmp_path / "out", silent)
    assert raised.value.file == str(own) and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "value", "expected", "fix"),
    [
        ("theta_plus", "3 ms", "a voltage with its unit", "write one, as its file does: '0.05 mV'"),
        ("theta_plus", [1], "a voltage with its unit", "write one, as its file does: '0.05 mV'"),
        ("theta_plux", "3 mV", "theta_plus", "write theta_plus"),
        ("w_max", "1 mV", None, "write one, as its file does: 1.0"),
    ],
)
def test_a_parameter_that_no_file_of_equations_has_so_is_refused_in_the_study(
    file, tmp_path, name, value, expected, fix
):
    other = tmp_path / "other.toml"
    other.write_text(file.read_text() + f"\n[learning.parameters]\n{name} = {json.dumps(value)}\n")
    with pytest.raises(UserError) as raised:
        read_learned_study(other)
    error = raised.value
    assert (error.file, error.key, error.value) == (other, f"learning.parameters.{name}", value)
    assert error.fix == fix and (expected is None or expected in error.expected)


def test_images_that_are_not_square_are_shown_as_they_are(file, tmp_path, silent):
    with np.load(file.with_name("digits.npz")) as digits:
        low = {name: a[:, 4:24] if name.startswith("x") else a for name, a in digits.items()}
    np.savez(tmp_path / "low.npz", **low)
    changes = [f"dataset.name=npz:{tmp_path}/low.npz"]
    network, _ = train_learned(changed(file, *changes), None, tmp_path / "net", silent)
    study = changed(file, *changes, f"learning.network={network}", "dataset.trials=3")
    done = run_learned(study, data=None, out=None, results=tmp_path / "results", progress=silent)
    assert done.summary["n_trials"] == 3


def test_an_option_that_does_nothing_is_refused(file, tmp_path):
    done = CliRunner().invoke(app, ["train", str(file), "--on", "spikes", "--out", str(tmp_path / "x")])
    assert isinstance(done.exception, UserError) and done.exception.key == "--on"
    assert not list(tmp_path.iterdir())


def test_a_network_that_is_not_shipped_is_refused_with_how_to_get_it():
    with pytest.raises(UserError, match="bioscnn train"):
        locate("mnist-stdp-6400")
