"""Cross-validation: who trains on what, what is resumed, what is refused."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("torch")

from bioscnn.ann import write_onnx
from bioscnn.datasets import load_dataset
from bioscnn.datasets.saccades import record
from bioscnn.errors import UserError
from bioscnn.simulation.simulate import Silent
from bioscnn.studies import cross_validation
from bioscnn.studies.cross_validation import cross_validate
from bioscnn.studies.study import read_study
from bioscnn.training import recipes, train
from bioscnn.training.architectures import Architecture, Convolution
from bioscnn.training.recipes import LIF_RATE, Recipe, Recordings
from bioscnn.training.settings import RateSettings, SpikeSettings

TRIAL = {"duration": 100e-3, "readout": "mean-potential", "batch_size": 16}
POOL = Recordings(pool=("validation",))
SHAPE = Architecture((2, 34, 34), (Convolution(4, (5, 5), (3, 3)),), 2, LIF_RATE)
RATES = Recipe("tiny", "nmnist", SHAPE, RateSettings(epochs=6, **TRIAL), recordings=POOL)
SPIKES = Recipe(
    "tiny-tuned", "nmnist", "tiny", SpikeSettings(epochs=1, decide_from=50e-3, **TRIAL), recordings=POOL
)
CHANGES = ["simulation.duration=100 ms"]


class Watcher(Silent):
    """Counts the trainings that begin."""

    def __init__(self):
        self.trainings = []

    def training(self, what):
        self.trainings.append(what)
        return lambda *_: None


@pytest.fixture(autouse=True)
def noughts_and_ones(monkeypatch):
    digits = load_dataset("mnist").take(400)
    digits = digits.take(np.flatnonzero(digits.labels < 2)[:60])
    recordings = replace(record(digits), classes=("0", "1"))
    monkeypatch.setattr(cross_validation, "load_recordings", lambda *_, **__: recordings)
    monkeypatch.setattr(recipes, "RECIPES", recipes.RECIPES)
    for recipe in (RATES, SPIKES):
        monkeypatch.setitem(recipes.RECIPES, recipe.name, recipe)
    return recordings


def study(*changes):
    return read_study("sims/nmnist.toml", [*CHANGES, *changes])


def run(tmp_path, recipe=SPIKES, watcher=None, **options):
    options = {"folds": 3, "data": None} | options
    return cross_validate(study(), recipe, results=tmp_path, progress=watcher or Watcher(), **options)


def test_every_recording_is_classified_once_by_a_network_that_did_not_see_it(
    tmp_path, monkeypatch, noughts_and_ones
):
    seen, tested = [], []
    original_train, original_classify = train.train, cross_validation._classify

    def spy_train(graph, spikes, labels, *rest, **options):
        seen.append({spikes[k : k + 1].neuron.tobytes() for k in range(spikes.n_trials)})
        return original_train(graph, spikes, labels, *rest, **options)

    def spy_classify(study, graph, shown, progress):
        tested.append({shown.spikes[k : k + 1].neuron.tobytes() for k in range(shown.spikes.n_trials)})
        return original_classify(study, graph, shown, progress)

    monkeypatch.setattr(train, "train", spy_train)
    monkeypatch.setattr(cross_validation, "_classify", spy_classify)
    done = run(tmp_path)
    # Two stages a fold, since the first of them, too, was trained on these recordings.
    assert len(seen) == 6
    assert len(tested) == 3
    assert len(set().union(*tested)) == sum(map(len, tested)) == 60
    for fold, recordings in enumerate(tested):
        assert not recordings & (seen[2 * fold] | seen[2 * fold + 1])

    table = pd.read_csv(done.folder / "decisions.csv")
    np.testing.assert_array_equal(table["label"], noughts_and_ones.labels)
    assert sorted(table["fold"].unique()) == [1, 2, 3]
    right = (table["mean-potential"] == table["label"]).mean()
    assert done.summary["accuracy"]["mean-potential"][0] == pytest.approx(right)
    assert right > 0.9
    assert done.summary["simulated"] is True
    assert json.loads((done.folder / "summary.json").read_text()) == done.summary


def test_a_cross_validation_that_was_interrupted_continues_with_the_same_result(tmp_path, monkeypatch):
    whole = run(tmp_path / "whole").summary
    original = cross_validation._classify

    def interrupted(*arguments):
        if len(watcher.trainings) == 4:
            raise KeyboardInterrupt
        return original(*arguments)

    watcher = Watcher()
    monkeypatch.setattr(cross_validation, "_classify", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "again", watcher=watcher)
    assert not list((tmp_path / "again").rglob("summary.json"))
    monkeypatch.setattr(cross_validation, "_classify", original)
    watcher = Watcher()
    again = run(tmp_path / "again", watcher=watcher).summary
    assert watcher.trainings == [f"fold 3 of 3: training {name}" for name in ("tiny", "tiny-tuned")]
    assert again["accuracy"] == whole["accuracy"]
    assert again["accuracy_over_time"] == whole["accuracy_over_time"]


def test_a_network_of_other_recordings_is_taken_as_it_is_and_compared(tmp_path, monkeypatch):
    write_onnx(SHAPE.initial("tiny", 1), tmp_path / "tiny.onnx")
    original = cross_validation.read_model
    monkeypatch.setattr(
        cross_validation,
        "read_model",
        lambda name: original(tmp_path / "tiny.onnx" if name == "tiny" else name),
    )
    other = replace(SPIKES, recordings=replace(POOL, source="real"))
    watcher = Watcher()
    summary = run(tmp_path, other, watcher).summary
    assert {what.split()[-1] for what in watcher.trainings} == {"tiny-tuned"}
    assert summary["began_with"] == "tiny"
    difference = summary["accuracy"]["mean-potential"][0] - summary["before"]["mean-potential"][0]
    assert summary["gained"][0] == pytest.approx(difference)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        (["synapse.tau_s=7 ms"], "synapse.tau_s"),
        (["encoding.bin_size=2"], "encoding.bin_size"),
        (["simulation.duration=200 ms"], "simulation.duration"),
    ],
)
def test_a_study_of_other_trials_than_the_recipe_is_refused(tmp_path, changes, key):
    with pytest.raises(UserError) as refusal:
        cross_validate(study(*changes), SPIKES, folds=3, data=None, results=tmp_path, progress=Watcher())
    assert refusal.value.key == key
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("folds", [1, 31])
def test_folds_that_cannot_hold_every_class_are_refused(tmp_path, folds):
    with pytest.raises(UserError, match="so many folds"):
        run(tmp_path, folds=folds)
    assert not list(tmp_path.iterdir())


def test_a_network_of_images_is_refused(tmp_path):
    with pytest.raises(UserError, match="only networks of recordings are cross-validated"):
        run(tmp_path, recipes.RECIPES["mnist-small"])
