"""`bioscnn train` of a user's own study: from data to a network that spikes."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("torch")

import bioscnn
from bioscnn.ann import LIFRate, MaxPool2d, read_card, read_model
from bioscnn.cli import app
from bioscnn.errors import UserError
from bioscnn.studies import read_study
from bioscnn.studies.new import new_study
from bioscnn.studies.recipe import recipe_of
from bioscnn.studies.recipes import find_recipe, find_recipes
from bioscnn.studies.training import load_training_examples, made_otherwise, network_file, train_recipe
from tests.own_data import network as write_network
from tests.own_data import photographs, recordings
from tests.processes import ROOT

CLASSES = ("cat", "dog", "horse")


@pytest.fixture(scope="module")
def photographed(tmp_path_factory):
    """A folder of colour photographs, and the study that `bioscnn new` writes for it."""
    folder = tmp_path_factory.mktemp("photographed")
    photographs(folder / "photographs", CLASSES, n=20)
    with contextlib.chdir(folder):
        return folder, new_study("pets", "folder:photographs").file


@pytest.fixture
def pets(photographed, tmp_path, monkeypatch):
    """The study in the current folder."""
    shutil.copytree(photographed[0], tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return photographed[1]


def type_in(*words, code=0):
    done = CliRunner().invoke(app, list(map(str, words)), catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.stdout


def test_from_photographs_to_a_network_that_spikes_rightly(pets, tmp_path):
    said = type_in("train", pets, "--epochs", 40, "--set", "training.layers=8c3s2 8c3s2")
    assert re.search(r" run pets\.toml$", said, re.MULTILINE), "what decides training decides no run"
    assert "--on spikes" in said
    card = read_card(tmp_path / "pets.onnx")
    assert card["classes"] == list(CLASSES) and card["data"]["train"]["n"] == 42
    assert card["command"] == "bioscnn train pets.toml --set 'training.layers=8c3s2 8c3s2' --epochs 40"
    assert card["validation"]["accuracy"] == 1
    summary = json.loads(type_in("run", pets, "--set", "simulation.device=numpy", "--json"))
    assert summary["accuracy"]["mean-potential"][0] == 1
    type_in("train", pets, "--on", "spikes", "--set", "simulation.duration=40 ms")
    tuned = read_card(tmp_path / "pets-fine-tuned.onnx")
    assert tuned["started_from"] == "pets.onnx" and tuned["started_from_sha256"] == card["weights_sha256"]
    assert tuned["settings"]["decide_from"] == pytest.approx(16e-3)
    assert not list(tmp_path.glob("*.checkpoint.npz"))


def test_fine_tuning_says_what_the_network_was_before_and_whether_it_was_better(pets):
    shape = ("--set", "training.layers=8c3s2 8c3s2", "--set", "simulation.duration=40 ms")
    type_in("train", pets, "--epochs", 40, *shape)
    tune = ("train", pets, "--on", "spikes", "--epochs", 1, *shape)
    said = type_in(*tune, "--set", "training.spikes.learning_rate=1e-12")
    tuned = read_card("pets-fine-tuned.onnx")
    assert tuned["spiking_before"] == tuned["spiking"] and "keep the one" not in said
    said = type_in(*tune, "--set", "training.spikes.learning_rate=1")
    spoilt = read_card("pets-fine-tuned.onnx")
    assert spoilt["spiking_before"] == tuned["spiking"] and "keep the one" in " ".join(said.split())
    assert spoilt["spiking"]["accuracy"] < tuned["spiking"]["accuracy"]


@pytest.mark.parametrize("kind", ["npz", "events"])
def test_arrays_of_floats_and_recordings_in_three_formats_are_learnt(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    if kind == "events":
        recordings(tmp_path / "data", ("left", "right"), n=24)
    else:
        y = np.arange(300) % 3
        x = np.random.default_rng(1).random((300, 1, 12, 12)) / 2
        for row, label in enumerate(y):
            x[row, 0, 4 * label : 4 * label + 4] += 0.5
        np.savez("data.npz", x=x, y=y)
    study = read_study(
        new_study("own", f"{kind}:data{'.npz' if kind == 'npz' else ''}").file, ["training.layers=8c3 d16"]
    )
    file, card = train_recipe(recipe_of(study).changed(seed=2, epochs=20), None)
    assert file == Path("own.onnx")
    assert card["validation"]["accuracy"] > 0.8 and card["settings"]["seed"] == 2
    assert (card["spiking"]["n"], "recordings" in card) == (card["validation"]["n"], kind == "events")


def test_recordings_whose_events_all_come_after_the_trial_are_not_trained_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in recordings(tmp_path / "data", ("left", "right")).glob("*/*"):
        t = np.sort(np.random.default_rng(1).integers(0, 40_000, 150)) + 1_600_000_000_000_000
        path.unlink()
        np.savez(
            path.with_suffix(".npz"), x=np.zeros(150, int), y=np.zeros(150, int), t=t, p=np.zeros(150, int)
        )
    study = new_study("late", "events:data").file
    with pytest.raises(UserError, match="no event") as refused:
        bioscnn.train(study, epochs=1)
    assert refused.value.key == "simulation.duration" and not list(tmp_path.glob("late.onnx"))


def test_photographs_that_do_not_fit_into_memory_train_the_same_network(pets, tmp_path, monkeypatch):
    recipe = recipe_of(read_study(pets)).changed(None, 2)
    cards = []
    for most in (10**9, 1000):
        monkeypatch.setattr("bioscnn.large_arrays.IN_MEMORY", most)
        cards.append(train_recipe(recipe, None, tmp_path / str(most))[1])
    assert cards[0]["weights_sha256"] == cards[1]["weights_sha256"]


def test_rectifiers_and_max_pooling_are_trained_where_the_neuron_has_no_rate(pets):
    own = ["neuron.model=if", "training.layers=4c3 bn mp2 8c3", "training.epochs=1"]
    file, card = train_recipe(recipe_of(read_study(pets, own)), None)
    graph = read_model(file)
    assert any(isinstance(layer, MaxPool2d) for layer in graph.layers) and card["spiking"] is None


def test_rates_of_lif_neurons_are_not_tuned_on_spike_times_and_what_the_fix_says_is(pets, tmp_path):
    shorter = ("--epochs", 1, "--set", "training.layers=4c3s2")
    type_in("train", pets, *shorter)
    with pytest.raises(UserError, match="trained on the rates of LIF neurons") as refused:
        train_recipe(find_recipe("pets.toml", [], "times"), None)
    assert (refused.value.key, refused.value.value) == ("training.start", "pets.onnx")
    command, then = re.fullmatch(r"`(.*)`, then the same with (.*)", refused.value.fix).groups()
    words = shlex.split(command)[1:]
    said = type_in(*words, *shorter)
    assert "--on times" in said and read_card("pets-relu.onnx")["validation"]["n"] == 9
    said = type_in(*words, *then.split(), *shorter[:2])
    assert read_card("pets-relu-time.onnx")["started_from"] == "pets-relu.onnx"
    run = shlex.split(said.replace("\\\n", "").strip().splitlines()[-1])[1:]
    summary = json.loads(type_in(*run, "--set", "simulation.device=numpy", "--json"))
    assert summary["readout"] == "last-potential" and summary["duration_ms"] == 19


def test_a_network_to_begin_with_and_a_teacher_lie_beside_the_study(pets, tmp_path, monkeypatch):
    train_recipe(recipe_of(read_study(pets, ["training.epochs=1"])), None)
    text = pets.read_text().replace('model = "pets.onnx"', 'model = "more.onnx"')
    text = "\n".join(line for line in text.splitlines() if not line.startswith("layers"))
    study = tmp_path / "more.toml"
    study.write_text(f'{text}\nstart = "pets.onnx"\nteacher = "pets.onnx"\n')
    monkeypatch.chdir("/")
    file, card = train_recipe(recipe_of(read_study(study)).changed(seed=None, epochs=1), None)
    assert file == tmp_path / "more.onnx"
    assert (
        card["teacher_sha256"] == card["started_from_sha256"] == read_model(tmp_path / "pets.onnx").sha256()
    )


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        (["training.layers=8c3 huh"], "training.layers"),
        (["training.epochs=0"], "training.epochs"),
        (["training.epoch=3"], "training.epoch"),
        (["training.mirror=2"], "training.mirror"),
        (["training.learning_rate=nan"], "training.learning_rate"),
        (["training.average=1"], "training.average"),
        (["training.precision=float16"], "training.precision"),
        (["training.spikes.decide_from=1 s"], "decide_from"),
        (["training.start=mnist-small"], "training.start"),
        (["training.teacher=mnist-small"], "training.teacher"),
        (["training.teacher=none.onnx"], None),
        (["training.on=spikes"], "training.batch_size"),
        (["training.temperature=3"], "training.temperature"),
        (["training.event_loss=0.2"], "training.event_loss"),
        (["training.validation_from=9"], "training.validation_from"),
        (["training.examples=1000"], "training.examples"),
        (["training.activation=lif", "neuron.model=if"], "training.activation"),
        (["network.model=pets.keras"], "network.model"),
        (["network.model=.onnx"], "network.model"),
        (["network.model=.."], "network.model"),
        (["network.model=/dev/null"], "network.model"),
        (['network.model="a\\u001b[31m.onnx"'], "network.model"),
        (["dataset.mean=0.5"], "dataset.mean"),
        (["encoding.gain=2"], "encoding.gain"),
        (["training.activation=relu", "training.rate_noise=5 Hz"], "training.rate_noise"),
        (["training.activation=relu", "training.shortest_window=9 ms"], "training.shortest_window"),
        (["neuron.model=if", "training.slope_width=0.2"], "training.slope_width"),
        (["encoding.kind=lif-layer"], "encoding.input_rate"),
    ],
)
def test_what_cannot_be_trained_is_refused_and_leaves_nothing(pets, tmp_path, changes, key):
    before = sorted(tmp_path.iterdir())
    stage = "spikes" if "decide_from" in changes[0] else None
    with pytest.raises(UserError) as refused:
        study = read_study(pets, changes)
        if stage:
            train_recipe(recipe_of(study).changed(None, 1), None)
            before = sorted(tmp_path.iterdir())
        train_recipe(recipe_of(study, stage), None)
    assert key is None or refused.value.key == key
    assert sorted(tmp_path.iterdir()) == before


def test_places_that_take_no_network_are_refused_before_training(pets, tmp_path):
    (tmp_path / "pets.json").mkdir()
    for out in (None, Path("/proc"), tmp_path / ("x" * 300), Path("/dev/null")):
        with pytest.raises(UserError) as refused:
            train_recipe(recipe_of(read_study(pets)).changed(None, 1), None, out, pytest.fail)
        assert refused.value.file is not None
    assert not list(tmp_path.glob("*.npz")) and not any((tmp_path / "pets.json").iterdir())


@pytest.mark.parametrize(
    "changes",
    [
        ["synapse.tau_s=20 ms"], ["neuron.reset=zero"], ["synapse.model=conductance"], ["synapse.delay=1 ms"],
        ["encoding.kind=poisson"], ["encoding.kind=lif-layer", "encoding.input_rate=500 Hz"],
        ["network.weight_scale=2"], ["simulation.start=spread"],
    ],
)  # fmt: skip
def test_what_has_no_twin_is_trained_on_rates_and_refused_on_spikes(pets, changes):
    study = read_study(pets, changes)
    card = train_recipe(recipe_of(study).changed(None, 1), None)[1]
    assert card["spiking"] is None
    with pytest.raises(UserError) as refused:
        recipe_of(study, "spikes")
    assert refused.value.key == "training.on"


def test_fine_tuning_for_another_neuron_simulates_that_neuron(pets):
    layers, other = "training.layers=8c3s2 8c3s2", ["neuron.t_ref=8 ms", "neuron.tau_m=15 ms"]
    train_recipe(recipe_of(read_study(pets, [layers])).changed(None, 1), None)
    study = read_study(pets, [layers, *other])
    file, card = train_recipe(recipe_of(study, "spikes").changed(None, 1), None)
    rates = [layer for layer in read_model(file).layers if isinstance(layer, LIFRate)]
    assert [(rate.tau_m, rate.t_ref) for rate in rates] == [(15e-3, 8e-3)] * 2
    done = bioscnn.run(study, {"network.model": str(file), "simulation.device": "numpy"})
    assert done.decisions["spikes"].mean() == pytest.approx(card["spiking"]["spikes_per_image"])


def test_the_card_of_a_study_that_was_read_says_the_whole_command(pets):
    layers = {"training.layers": "8c3s2"}
    study = bioscnn.read_study(pets, layers)
    bioscnn.train(study, epochs=1)
    card = bioscnn.train(study, {"simulation.duration": "20 ms"}, on="spikes", epochs=1)[1]
    words = shlex.split(card["command"])[2:]
    assert words[:-2] == [
        "pets.toml", "--on", "spikes", "--set", 'training.layers="8c3s2"',
        "--set", 'simulation.duration="20 ms"',
    ]  # fmt: skip
    changes = [word for word in words[:-2] if "=" in word]
    assert (
        find_recipe(words[0], changes, "spikes").config
        == bioscnn.read_study(study, {"simulation.duration": "20 ms"}).config
    )


@pytest.mark.parametrize("key", ["start", "teacher"])
@pytest.mark.parametrize(("shape", "n_classes"), [((3, 5, 5), 3), (None, 4)])
def test_a_network_that_does_not_fit_the_recipe_is_refused(pets, tmp_path, key, shape, n_classes):
    lines = [line for line in pets.read_text().splitlines() if not line.startswith("layers")]
    pets.write_text("\n".join([*lines, f'{key} = "other.onnx"\n']))
    recipe = recipe_of(read_study(pets))
    shape = shape or load_training_examples(recipe, "train", None).shape
    write_network(tmp_path / "other.onnx", shape, n_classes)
    with pytest.raises(UserError, match="does not fit the examples") as refused:
        train_recipe(recipe, None)
    assert refused.value.key == f"training.{key}" and str(n_classes) in refused.value.value
    assert not (tmp_path / "pets.onnx").exists()


def test_a_teacher_of_other_classes_is_refused(pets, tmp_path):
    train_recipe(recipe_of(read_study(pets)).changed(None, 1), None)
    photographs(tmp_path / "others", ("cat", "cow", "dog"), n=20)
    others = new_study("others", "folder:others").file
    with pytest.raises(UserError, match="other classes") as refused:
        train_recipe(recipe_of(read_study(others, ["training.teacher=pets.onnx"])), None)
    assert refused.value.value == "pets.onnx: cat, dog, horse"
    assert not (tmp_path / "others.onnx").exists()


def test_the_card_of_a_changed_study_says_the_command_that_makes_the_same_network(pets, tmp_path):
    (tmp_path / "sub").mkdir()
    text = pets.read_text().replace("folder:photographs", "folder:../photographs")
    (tmp_path / "sub" / "pets.toml").write_text(text)
    study = bioscnn.read_study("sub/pets.toml").changed(training={"layers": "8c3s2", "mirror": 0.5})
    card = bioscnn.train(study, epochs=1)[1]
    assert card["command"].startswith("bioscnn train sub/pets.toml --set ")
    (tmp_path / "sub" / "pets.onnx").unlink()
    type_in(*shlex.split(card["command"])[1:])
    assert read_card(tmp_path / "sub" / "pets.onnx")["weights_sha256"] == card["weights_sha256"]


def test_keys_of_lif_rates_are_refused_with_rectifiers_to_begin_with(pets, tmp_path):
    train_recipe(recipe_of(read_study(pets, ["training.activation=relu", "training.epochs=1"])), None)
    text = "\n".join(x for x in pets.read_text().splitlines() if not x.startswith("layers"))
    more = tmp_path / "more.toml"
    more.write_text(text.replace('model = "pets.onnx"', 'model = "more.onnx"') + '\nstart = "pets.onnx"\n')
    with pytest.raises(UserError) as refused:
        train_recipe(recipe_of(read_study(more, ["training.spike_penalty=1"])), None)
    assert refused.value.key == "training.spike_penalty" and not (tmp_path / "more.onnx").exists()


def test_a_network_to_begin_with_keeps_its_activation(tmp_path):
    tables = '[training]\nstart = "mnist-small"\nactivation = "relu"\n'
    (tmp_path / "more.toml").write_text(tables)
    with pytest.raises(UserError, match=r"training\.activation"):
        read_study(tmp_path / "more.toml")


def test_the_price_on_spikes_is_that_of_the_rates_unless_fine_tuning_has_its_own(pets):
    own = "training.spikes.spike_penalty=0"
    for changes, price in (([], 5), ([own], 0)):
        recipe = recipe_of(read_study(pets, ["training.spike_penalty=5", *changes]), "spikes")
        assert recipe.settings(40).spike_penalty == price


def test_no_epochs_are_refused_and_not_those_of_the_study(pets):
    for on in ("rates", "spikes"):
        recipe = recipe_of(read_study(pets), on).changed(None, 0)
        with pytest.raises(UserError, match="epochs"):
            recipe.settings(40)


def test_spikes_need_a_network_to_begin_with():
    with pytest.raises(UserError) as refused:
        read_study(ROOT / "sims" / "mnist.toml", ["training.on=spikes"])
    assert refused.value.key == "training.start"


def test_a_duration_to_be_found_later_is_no_hindrance(pets):
    (recipe,) = find_recipes(str(pets), ["simulation.duration=auto"])
    assert recipe.config.simulation.duration == 30e-3


def test_training_on_spikes_without_a_network_says_where_it_is_looked_for(pets, tmp_path):
    with pytest.raises(UserError) as refused:
        train_recipe(recipe_of(read_study(pets), "spikes"), None)
    assert refused.value.file == Path("pets.onnx")


def test_a_recipe_is_found_by_the_name_of_its_network_and_of_its_fine_tuned_one():
    assert find_recipe("mnist-small").stage == "rates"
    tuned = find_recipe("mnist-small-fine-tuned")
    assert (tuned.stage, tuned.start, tuned.name) == ("spikes", "mnist-small", "mnist-small-fine-tuned")
    assert find_recipe("nmnist-small-real").stage == "spikes"


def test_a_network_that_another_recipe_made_is_known_before_it_is_replaced(pets, tmp_path):
    recipe = recipe_of(read_study(pets)).changed(None, 1)
    assert made_otherwise(network_file(recipe, tmp_path), recipe) is None
    file, _ = train_recipe(recipe, None, tmp_path)
    assert made_otherwise(file, recipe) is None
    other = recipe_of(read_study(pets, ["training.activation=relu"])).changed(4, 1)
    assert made_otherwise(network_file(other, tmp_path), other) == recipe.command


@pytest.mark.parametrize(("batches", "left"), [(1, set()), (3, {"new", "nets", "pets.checkpoint.npz"})])
def test_a_training_that_is_interrupted_leaves_its_folder_if_there_is_a_checkpoint(
    pets, tmp_path, batches, left
):
    before = {path.name for path in tmp_path.rglob("*")}

    def interrupt(done, total, records):
        if done == batches:
            raise KeyboardInterrupt

    recipe = recipe_of(read_study(pets, ["training.layers=4c3s2"]))  # two batches an epoch
    with pytest.raises(KeyboardInterrupt):
        train_recipe(recipe, None, tmp_path / "new" / "nets", interrupt)
    assert {path.name for path in tmp_path.rglob("*")} - before == left


@pytest.mark.slow
def test_a_training_that_is_killed_goes_on_to_the_same_bits(pets, tmp_path):
    command = [sys.executable, "-m", "bioscnn", "train", "pets.toml", "--epochs", "6"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    checkpoint = tmp_path / "pets.checkpoint.npz"
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not checkpoint.exists():
            time.sleep(0.005)
        process.kill()
    assert process.returncode == -signal.SIGKILL, "it had ended before it was killed"
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    first = read_model(tmp_path / "pets.onnx")
    for ending in ("onnx", "json"):
        (tmp_path / f"pets.{ending}").unlink()
    train_recipe(recipe_of(read_study(pets)).changed(None, 6), None)
    assert read_model(tmp_path / "pets.onnx").sha256() == first.sha256()
    assert not list(tmp_path.glob("*.checkpoint.npz"))
