"""Cross-validation: who trains on what, what is resumed, what is refused, what its page shows."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("torch")

from bioscnn.ann import write_onnx
from bioscnn.datasets import load_dataset
from bioscnn.datasets.saccades import record
from bioscnn.errors import UserError
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.crossval import CrossValidation
from bioscnn.experiments.crossval.measure import pool_of
from bioscnn.experiments.unit import hash_of
from bioscnn.studies.recipe import recipe_of
from bioscnn.studies.recipes import find_recipe, shipped_recipes
from bioscnn.studies.study import read_study
from bioscnn.training import train
from tests.browser.conftest import assert_everything_fits, open_alone
from tests.experiments.toy import Watcher, conduct
from tests.hostile import NAME, assert_nothing_ran, write_with_names
from tests.program import cache_with_programs

TINY = read_study("sims/networks/nmnist-small.toml").changed(
    network={"model": "tiny"},
    simulation={"duration": "100 ms"},
    training={
        "layers": "4c5s3",
        "validation_from": 0,
        "folds_of": ["validation"],
        "epochs": 5,
        "batch_size": 16,
        "spikes": {"epochs": 1, "batch_size": 16, "decide_from": "50 ms"},
    },
)
RATES, SPIKES = recipe_of(TINY), recipe_of(TINY, "spikes")
OTHER = replace(recipe_of(TINY.changed(dataset={"recordings": "real"}), "spikes"), name="tiny-other")
SECTIONS = ("summary", "time", "accuracy", "folds", "tables", "methods", "provenance")


@pytest.fixture(scope="module", autouse=True)
def noughts_and_ones(tmp_path_factory):
    """Forty recordings in place of those of N-MNIST, and a network that can be begun with."""
    digits = load_dataset("mnist").take(200)
    digits = digits.take(np.flatnonzero(digits.labels < 2)[:40])
    recordings = replace(record(digits), classes=("0", "1"))
    shipped = tmp_path_factory.mktemp("shipped") / "tiny.onnx"
    write_onnx(RATES.initial((2, 34, 34), 2, 1), shipped)
    read = Bench.read
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("BIOSCNN_DATA", raising=False)
        patch.setenv("BIOSCNN_CACHE", str(cache_with_programs(tmp_path_factory.mktemp("cache"))))
        for place in ("bioscnn.experiments.crossval.folds", "bioscnn.experiments.crossval.measure"):
            patch.setattr(f"{place}.load_recordings", lambda *_, **__: recordings)
        patch.setattr("bioscnn.studies.examples.load_recordings", lambda *_, **__: recordings)
        patch.setattr(Bench, "read", lambda self, name: read(self, str(shipped) if name == "tiny" else name))
        for recipe in (RATES, SPIKES, OTHER):
            patch.setitem(shipped_recipes(), recipe.name, recipe)
        yield recordings


def experiment(*changes, recipe=SPIKES, folds=2):
    study = read_study("sims/nmnist.toml", ["simulation.duration=100 ms", *changes])
    return CrossValidation(study, recipe, folds)


def recordings_in(trains):
    return {hash_of(trains[k : k + 1].neuron, trains[k : k + 1].step) for k in range(trains.n_trials)}


@pytest.fixture(scope="module")
def done(noughts_and_ones, tmp_path_factory):
    """A cross-validation that was interrupted in the training of its second fold, and went on.

    With it the recordings that each training saw.
    """
    results, seen, original = tmp_path_factory.mktemp("results"), [], train.train

    def spy(graph, spikes, labels, *rest, progress, **options):
        def until_the_second_fold(done, total, records):
            progress(done, total, records)
            if len(seen) == 3 and len(records) == 3 and watcher.most:
                raise KeyboardInterrupt

        seen.append(recordings_in(spikes))
        return original(graph, spikes, labels, *rest, progress=until_the_second_fold, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "train", spy)
        watcher = Watcher(most=100)
        with pytest.raises(KeyboardInterrupt):
            conduct(experiment(), results, watcher)
        assert any("training fold 2, tiny: 3 of 5 epochs" in stage for stage in watcher.stages)
        watcher = Watcher()
        finished = conduct(experiment(), results, watcher)
        assert not any("fold 2, tiny: 2 of 5" in stage for stage in watcher.stages), "begun from the start"
    return finished, seen


def test_every_recording_is_classified_once_by_a_network_that_did_not_see_it(done, noughts_and_ones):
    finished, seen = done
    table = pd.read_csv(finished.folder / "decisions.csv")
    np.testing.assert_array_equal(table["label"], noughts_and_ones.labels)
    pool = pool_of(experiment().study.config, SPIKES, Bench(None)).spikes
    # Two stages per fold, since the first of them, too, was trained on these recordings; one was resumed.
    for fold, trainings in ((1, seen[:2]), (2, seen[2:])):
        tested = recordings_in(pool.take(np.flatnonzero(table["fold"] == fold)))
        assert len(tested) == 20 and all(len(training) == 20 for training in trainings)
        assert not tested & set().union(*trainings)
    assert len(seen) == 5


def test_tables_and_networks_are_those_of_the_decisions(done):
    finished, _ = done
    table, tables = pd.read_csv(finished.folder / "decisions.csv"), finished.analysis.tables
    right = table["mean-potential"] == table["label"]
    shares = {row["readout"]: row["accuracy"] for row in tables["accuracy"]}
    assert shares["mean-potential"] == pytest.approx(right.mean()) and right.mean() > 0.8
    assert tables["over-time"][-1]["accuracy"] == shares["mean-potential"]
    assert [row["accuracy"] for row in tables["folds"]] == right.groupby(table["fold"]).mean().tolist()
    assert finished.summary["simulated"] and finished.folder.parent.name == "tiny-fine-tuned-simulated"
    assert sorted(path.name for path in finished.folder.glob("*.onnx")) == [
        "fold-1-tiny-fine-tuned.onnx", "fold-1-tiny.onnx", "fold-2-tiny-fine-tuned.onnx", "fold-2-tiny.onnx",
    ]  # fmt: skip


def test_a_network_of_other_recordings_is_taken_as_it_is_and_compared(tmp_path):
    finished = conduct(experiment(recipe=OTHER), tmp_path)
    tables, rule = finished.analysis.tables, "mean-potential"
    shares = {row["network"]: row["accuracy"] for row in tables["accuracy"] if row["readout"] == rule}
    (compared,) = tables["comparisons"]
    assert compared["difference"] == pytest.approx(shares["cross-validated"] - shares["tiny, as shipped"])
    assert [path.name for path in finished.folder.glob("fold-1*")] == ["fold-1-tiny-other.onnx"]


@pytest.mark.browser
@pytest.mark.usefixtures("undrawn")
def test_its_page_runs_no_name(browser, done, tmp_path):
    assert_nothing_ran(browser, write_with_names(CrossValidation.page, done[0], tmp_path), 3, NAME)


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_its_page_opens_with_every_section(browser, done, width):
    page = open_alone(browser, done[0].folder / "report.html", width)
    assert_everything_fits(page, width, SECTIONS, n_pictures=1)
    page.close()


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
        conduct(experiment(*changes, folds=3), tmp_path)
    assert refusal.value.key == key
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("folds", [1, 21])
def test_folds_that_cannot_hold_every_class_are_refused(tmp_path, folds):
    with pytest.raises(UserError, match="so many folds"):
        conduct(experiment(folds=folds), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_network_of_images_is_refused(tmp_path):
    with pytest.raises(UserError, match="only networks of recordings are cross-validated"):
        conduct(experiment(recipe=find_recipe("mnist-small")), tmp_path)


def test_a_data_set_in_place_of_a_network_is_refused_with_its_networks():
    with pytest.raises(UserError, match="several networks") as refusal:
        find_recipe("nmnist")
    assert "nmnist-small-real" in refusal.value.expected
