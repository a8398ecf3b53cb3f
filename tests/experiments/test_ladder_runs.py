"""A ladder from end to end: what it equals, what its folder holds, and its page."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bioscnn.datasets import load_dataset
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.executors import Where
from bioscnn.experiments.ladder import LadderExperiment
from bioscnn.experiments.ladder.measure import loaded_rung
from bioscnn.experiments.ladder.rungs import rungs_of
from bioscnn.experiments.run import run_experiment
from bioscnn.network import OUTPUT, READOUT
from bioscnn.simulation import simulate
from bioscnn.studies import read_study
from bioscnn.studies.prepare import prepare
from bioscnn.studies.scores import Scores
from bioscnn.studies.training import TrainingExamples
from bioscnn.studies.watcher import Unwatched
from tests.browser.conftest import (
    assert_everything_fits,
    assert_verdict_is_read_without_scrolling,
    open_alone,
)
from tests.experiments.conftest import no_pages

STUDY = Path(__file__).parents[2] / "sims" / "mnist.toml"
OWN = STUDY.parent / "neurons" / "exponential.toml"
FEW = ["dataset.trials=20", "simulation.jobs=1"]
RUNGS = "bioscnn.experiments.ladder.experiment.rungs_of"
SECTIONS = ("summary", "ladder", "rungs", "numbers", "changes", "methods", "provenance")


@pytest.fixture(scope="module", autouse=True)
def few_repeats():
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("BIOSCNN_DATA", raising=False)
        patch.setattr("bioscnn.experiments.ladder.measure.REPEATS", 1)
        yield


def climb(results, *changes, **options):
    experiment = LadderExperiment(read_study(STUDY, [*FEW, *changes]), **options)
    return run_experiment(experiment, where=Where(1), data=None, results=results, progress=Unwatched())


def some_rungs(study, own):
    """The first, a textbook, the highest rung and a user's own one, each compared with the one before."""
    every = rungs_of(study, own)
    chosen = [every[0], every[3], every[6], every[7]]
    return tuple(replace(rung, below=b.name if b else None) for b, rung in pairwise([None, *chosen]))


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RUNGS, some_rungs)
        return climb(tmp_path_factory.mktemp("ladder"), neuron=OWN)


@pytest.mark.parametrize("place", range(4))
def test_a_rung_is_the_run_of_its_study(done, place):
    study = read_study(STUDY, [*FEW, "network.model=mnist-small-relu"])
    rung, row = some_rungs(study, OWN)[place], done.analysis.tables["ladder"][place]
    prepared = prepare(rung.study, None)
    recording = simulate(prepared.network, prepared.stimulus, prepared.device, record={OUTPUT, READOUT})
    rule = prepared.study.config.readout.rule
    scores = Scores(prepared.network, rule, recording.n_trials)
    scores.add(recording)
    summary = scores.summary(prepared.graph, prepared.examples.labels)
    assert row["rung"] == rung.name
    assert row["accuracy"] == summary["accuracy"][rule][0]
    assert row["latency_ms"] == pytest.approx(summary["latency_ms"])
    for name in ("spikes", "synops"):
        assert row[name] == pytest.approx(summary[f"{name}_per_trial"])


@pytest.mark.usefixtures("without_pages")
def test_a_piece_that_changes_nothing_makes_no_difference(tmp_path, monkeypatch):
    def with_nothing(study, own):
        same, *_ = rungs_of(study, own)
        return same, replace(same, name="+ nothing", piece="nothing", changes={}, below=same.name)

    monkeypatch.setattr(RUNGS, with_nothing)
    found = climb(tmp_path).analysis
    compared = [row for row in found.tables["comparisons"] if row["second"] == "IF"]
    assert [row["difference"] for row in compared] == [0, 0, 0, 0]
    assert [row["p_holm"] for row in compared] == [1, 1, 1, 1]
    assert not any(row["significant"] for row in compared)


def test_the_layer_that_encodes_images_has_the_same_neurons_on_every_rung():
    rungs = rungs_of(read_study(STUDY, ["dataset.trials=2", "encoding.kind=lif-layer"]))
    bench, encoder = Bench(None), rungs[-1].study.config.neuron.model_dump()
    first, *others = (loaded_rung(rung.study, encoder, bench).input.spikes for rung in rungs)
    own = bench.input(rungs[0].study.config).spikes
    assert all(np.array_equal(first.step, other.step) for other in others)
    assert not np.array_equal(first.step, own.step), "a layer without a refractory period fires as much"


def test_rungs_with_a_twin_are_fine_tuned_and_the_others_say_why_not(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    digits = load_dataset("mnist", "validation").take(96)
    shown = TrainingExamples(digits.intensities(), digits, (1, 28, 28))
    monkeypatch.setattr("bioscnn.studies.training.load_training_examples", lambda *_: shown)
    monkeypatch.setattr(RUNGS, lambda study, own: rungs_of(study, own)[:2])
    monkeypatch.setattr("bioscnn.experiments.ladder.fine_tuning.EXAMPLES", {"images": 64})
    monkeypatch.setattr("bioscnn.experiments.ladder.fine_tuning.VALIDATION", 32)
    first = climb(tmp_path, fine_tuned=True)
    before = first.analysis.tables["ladder"][1]
    integrators, leaky = pd.read_csv(first.folder / "fine-tuned.csv").to_dict("records")
    assert "only LIF neurons" in integrators["why_not"] and np.isnan(integrators["accuracy"])
    assert leaky["spikes"] > 0 and leaky["spikes"] != before["spikes"]
    assert leaky["difference"] == pytest.approx(leaky["accuracy"] - before["accuracy"])
    assert first.summary["trained_on"] == 64
    assert "64 training examples" in (first.folder / "report.html").read_text().replace("\u00a0", " ")
    assert (first.folder / "networks" / "2-LIF.onnx").stat().st_size > 1000
    (unit,) = (
        row.file for row in pd.read_csv(first.folder / "units.csv").itertuples() if row.measure[-4:] == "TUNE"
    )
    (first.folder / unit).unlink()
    with no_pages():
        again = climb(tmp_path, fine_tuned=True)
    assert again.computed == 1, "the same training comes to the same network, whose trials are kept"
    assert again.analysis.tables["fine-tuned"] == first.analysis.tables["fine-tuned"]


def test_the_folder_has_every_rung_its_state_and_its_time(done):
    table = pd.read_csv(done.folder / "ladder.csv")
    assert table["state"].tolist() == ["V", "V I_syn", "V I_a g_e g_i", "V I_syn"]
    assert table["own"].tolist() == [False] * 3 + [True]
    assert table["time"].iloc[0] == 1 and (table["time"] > 0).all()
    assert (table["spikes"] > 0).all() and (table["synops"] > table["spikes"]).all()
    comparisons = pd.read_csv(done.folder / "comparisons.csv")
    assert len(comparisons) == len(table) + 4 * (len(table) - 1)
    assert done.summary["network"] == "mnist-small-relu"


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_opens_without_an_error_or_a_request_and_everything_on_it_fits(browser, done, width):
    page = open_alone(browser, done.folder / "report.html", width)
    assert_verdict_is_read_without_scrolling(page, done.summary["verdict"])
    assert_everything_fits(page, width, SECTIONS, n_pictures=1)
    text = page.inner_text("main")
    assert "exponential (own)" in text and "Delta_T" in text
    page.close()
