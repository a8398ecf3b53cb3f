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
RATES = Recipe("tiny", "nmnist", SHAPE, RateSettings(epochs=5, **TRIAL), recordings=POOL)
SPIKES = Recipe(
    "tiny-tuned", "nmnist", "tiny", SpikeSettings(epochs=1, decide_from=50e-3, **TRIAL), recordings=POOL
)


class Watcher(Silent):
    """Counts the trainings that begin."""

    def __init__(self):
        self.trainings = []

    def training(self, what):
        self.trainings.append(what)
        return lambda *_: None


@pytest.fixture(scope="module", autouse=True)
def noughts_and_ones():
    digits = load_dataset("mnist").take(200)
    digits = digits.take(np.flatnonzero(digits.labels < 2)[:40])
    recordings = replace(record(digits), classes=("0", "1"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cross_validation, "load_recordings", lambda *_, **__: recordings)
        for recipe in (RATES, SPIKES):
            patch.setitem(recipes.RECIPES, recipe.name, recipe)
        yield recordings


def study(*changes):
    return read_study("sims/nmnist.toml", ["simulation.duration=100 ms", *changes])


def run(results, recipe=SPIKES, watcher=None, folds=2):
    return cross_validate(
        study(), recipe, folds=folds, data=None, results=results, progress=watcher or Watcher()
    )


def recordings_in(trains):
    return {trains[k : k + 1].neuron.tobytes() for k in range(trains.n_trials)}


@pytest.fixture(scope="module")
def finished(noughts_and_ones, tmp_path_factory):
    """A cross-validation, with the recordings that each training and each test saw."""
    seen, tested = [], []
    original_train, original_classify = train.train, cross_validation._classify

    def spy_train(graph, spikes, labels, *rest, **options):
        seen.append(recordings_in(spikes))
        return original_train(graph, spikes, labels, *rest, **options)

    def spy_classify(study, graph, shown, progress):
        tested.append(recordings_in(shown.spikes))
        return original_classify(study, graph, shown, progress)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "train", spy_train)
        patch.setattr(cross_validation, "_classify", spy_classify)
        return run(tmp_path_factory.mktemp("whole")), seen, tested


def test_every_recording_is_classified_once_by_a_network_that_did_not_see_it(finished):
    _, seen, tested = finished
    # Two stages a fold, since the first of them, too, was trained on these recordings.
    assert (len(seen), len(tested)) == (4, 2)
    assert len(set().union(*tested)) == sum(map(len, tested)) == 40
    for fold, recordings in enumerate(tested):
        assert not recordings & (seen[2 * fold] | seen[2 * fold + 1])


def test_decisions_and_summary_say_how_many_were_right(finished, noughts_and_ones):
    done, _, _ = finished
    table = pd.read_csv(done.folder / "decisions.csv")
    np.testing.assert_array_equal(table["label"], noughts_and_ones.labels)
    assert sorted(table["fold"].unique()) == [1, 2]
    right = (table["mean-potential"] == table["label"]).mean()
    assert done.summary["accuracy"]["mean-potential"][0] == pytest.approx(right)
    assert right > 0.8
    assert done.summary["simulated"] is True
    assert json.loads((done.folder / "summary.json").read_text()) == done.summary


def test_a_cross_validation_that_was_interrupted_continues_with_the_same_result(
    finished, tmp_path, monkeypatch
):
    original, watcher = cross_validation._classify, Watcher()

    def interrupted(*arguments):
        if len(watcher.trainings) == 4:
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr(cross_validation, "_classify", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, watcher=watcher)
    assert not list(tmp_path.rglob("summary.json"))
    monkeypatch.setattr(cross_validation, "_classify", original)
    watcher = Watcher()
    again = run(tmp_path, watcher=watcher).summary
    # The networks of the second fold were trained; only its simulation was still to do.
    assert watcher.trainings == []
    for part in ("accuracy", "accuracy_by_fold", "accuracy_over_time"):
        assert again[part] == finished[0].summary[part]


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


@pytest.mark.parametrize("folds", [1, 21])
def test_folds_that_cannot_hold_every_class_are_refused(tmp_path, folds):
    with pytest.raises(UserError, match="so many folds"):
        run(tmp_path, folds=folds)
    assert not list(tmp_path.iterdir())


def test_a_network_of_images_is_refused(tmp_path):
    with pytest.raises(UserError, match="only networks of recordings are cross-validated"):
        run(tmp_path, recipes.RECIPES["mnist-small"])


def test_a_data_set_in_place_of_a_network_is_refused_with_its_networks():
    with pytest.raises(UserError, match="several networks") as refusal:
        recipes.find_recipe("nmnist")
    assert "nmnist-small-real" in refusal.value.expected
