"""A ladder from end to end: what is kept, what it equals, what its folder holds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bioscnn.datasets import load_dataset
from bioscnn.metrics import synaptic_operations_by_trial, synaptic_operations_per_trial
from bioscnn.network import OUTPUT, READOUT
from bioscnn.simulation import simulate
from bioscnn.studies import read_study
from bioscnn.studies.kept import kept
from bioscnn.studies.ladder import run_ladder
from bioscnn.studies.ladder.rungs import rungs_of
from bioscnn.studies.prepare import prepare
from bioscnn.studies.scores import Scores
from bioscnn.studies.watcher import Unwatched
from bioscnn.training.data import Shown

STUDY = Path(__file__).parents[2] / "sims" / "mnist.toml"
OWN = STUDY.parent / "neurons" / "exponential.toml"
TRIALS = 20
FEW = [f"dataset.trials={TRIALS}", "simulation.jobs=1"]


class Watcher(Unwatched):
    """Counts the rungs that are simulated, and may stop before one of them."""

    def __init__(self, stop=None):
        self.tasks, self.stop = [], stop

    def task(self, what, trials, work):
        if what == self.stop:
            raise KeyboardInterrupt
        self.tasks.append(what)


@pytest.fixture(scope="module", autouse=True)
def few_repeats():
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("BIOSCNN_DATA", raising=False)
        patch.setattr("bioscnn.studies.ladder.cost.REPEATS", 1)
        yield


def climb(results, watcher=None, **options):
    progress = watcher or Watcher()
    return run_ladder(read_study(STUDY, FEW), data=None, results=results, progress=progress, **options)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    return climb(tmp_path_factory.mktemp("ladder"), neuron=OWN)


def test_an_interrupted_ladder_goes_on_and_comes_to_the_same_tables(done, tmp_path, monkeypatch):
    names = ["IF", "LIF", "+ refractory period"]
    monkeypatch.setattr(
        "bioscnn.studies.ladder.run.rungs_of", lambda study, own: rungs_of(study, own)[: len(names)]
    )
    with pytest.raises(KeyboardInterrupt):
        climb(tmp_path, Watcher(stop=names[1]))
    second = Watcher()
    resumed = climb(tmp_path, second)
    assert second.tasks == names[1:], "a finished rung was simulated again"
    for row, undisturbed in zip(resumed.rows, done.rows[: len(names)], strict=True):
        assert row | {"time": 0} == undisturbed | {"time": 0}
    (resumed.folder / "units" / "2-LIF.npz").write_bytes(b"half")
    third = Watcher()
    again = climb(tmp_path, third)
    assert third.tasks == ["LIF"]
    assert again.comparisons == resumed.comparisons and again.rows == resumed.rows


@pytest.mark.parametrize("place", [0, 3, 6, 7])
def test_a_rung_is_the_run_of_its_study(done, place):
    study = read_study(STUDY, [*FEW, "network.model=mnist-small-relu"])
    rung, row = rungs_of(study, OWN)[place], done.rows[place]
    prepared = prepare(rung.study, None)
    recording = simulate(prepared.network, prepared.stimulus, prepared.device, record={OUTPUT, READOUT})
    scores = Scores(prepared.network)
    scores.add(recording)
    rule = prepared.study.config.readout.rule
    summary = scores.summary(prepared.graph, prepared.examples.labels, rule)
    assert row["rung"] == rung.name
    assert [row[f"accuracy{end}"] for end in ("", "_low", "_high")] == summary["accuracy"][rule]
    assert row["latency_ms"] == pytest.approx(summary["latency_ms"])
    for name in ("spikes", "synops"):
        assert row[name] == pytest.approx(summary[f"{name}_per_trial"])


def test_a_piece_that_changes_nothing_makes_no_difference(tmp_path, monkeypatch):
    def with_nothing(study, own):
        same, *_ = rungs_of(study, own)
        return same, replace(same, name="+ nothing", piece="nothing", changes={}, below=same.name)

    monkeypatch.setattr("bioscnn.studies.ladder.run.rungs_of", with_nothing)
    found = climb(tmp_path)
    one, other = (kept(path) for path in sorted((found.folder / "units").glob("[12]-*.npz")))
    assert all(np.array_equal(one[name], other[name]) for name in one)
    compared = [row for row in found.comparisons if row["second"] == "IF"]
    assert [row["difference"] for row in compared] == [0, 0, 0, 0]
    assert [row["p_holm"] for row in compared] == [1, 1, 1, 1] and not any(row["told"] for row in compared)
    assert "no piece of biology changes the accuracy" in found.summary["verdict"][0]


def test_rungs_with_a_twin_are_fine_tuned_once_and_the_others_say_why_not(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    digits = load_dataset("mnist", "validation").take(96)
    shown = Shown(digits.intensities(), digits)
    monkeypatch.setattr("bioscnn.studies.ladder.run.load_training", lambda config, data: shown)
    monkeypatch.setattr("bioscnn.studies.ladder.run.rungs_of", lambda study, own: rungs_of(study, own)[:2])
    monkeypatch.setattr("bioscnn.studies.ladder.fine_tuning.EXAMPLES", {"images": 64})
    monkeypatch.setattr("bioscnn.studies.ladder.fine_tuning.VALIDATION", 32)
    first = climb(tmp_path, fine_tuned=True)
    integrators, leaky = pd.read_csv(first.folder / "fine-tuned.csv").to_dict("records")
    assert "only LIF neurons" in integrators["why_not"] and np.isnan(integrators["accuracy"])
    assert leaky["spikes"] > 0 and leaky["spikes"] != first.rows[1]["spikes"]
    assert leaky["difference"] == pytest.approx(leaky["accuracy"] - first.rows[1]["accuracy"])
    assert first.summary["trained_on"] == 64
    assert "learnt away" in (first.folder / "report.html").read_text(encoding="utf-8")
    trained = (first.folder / "networks" / "2-LIF.onnx").read_bytes()
    (first.folder / "units" / "2-LIF-fine-tuned.npz").unlink()
    again = climb(tmp_path, fine_tuned=True)
    assert (again.folder / "networks" / "2-LIF.onnx").read_bytes() == trained
    assert pd.read_csv(again.folder / "fine-tuned.csv").to_dict("records")[1] == leaky


def test_the_folder_has_all_that_the_page_is_made_from(done):
    table = pd.read_csv(done.folder / "ladder.csv")
    assert table["state"].tolist()[:5] == ["V", "V", "V", "V I_syn", "V I_syn"]
    assert table["state"].tolist()[5:] == ["V I_a I_syn", "V I_a g_e g_i", "V I_syn"]
    assert table["own"].tolist() == [False] * 7 + [True]
    assert table["time"].iloc[0] == 1 and (table["time"] > 0).all()
    assert (table["spikes"] > 0).all() and (table["synops"] > table["spikes"]).all()
    comparisons = pd.read_csv(done.folder / "comparisons.csv")
    assert len(comparisons) == len(table) + 4 * (len(table) - 1)
    page = (done.folder / "report.html").read_text(encoding="utf-8")
    assert "exponential (own)" in page and "Delta_T*exp(" in page
    assert "what does each piece of biology cost and buy?" in page
    assert (done.folder.parent / "latest").resolve() == done.folder.resolve()
    assert done.summary["network"] == "mnist-small-relu"


@pytest.mark.parametrize("model", ["mnist-small-relu", "mnist-small"])
def test_synaptic_operations_of_the_trials_have_the_mean_that_counts_of_spikes_give(model):
    prepared = prepare(read_study(STUDY, ["dataset.trials=5", f"network.model={model}"]), None)
    names = [population.name for population in prepared.network.neurons if population.spikes]
    recording = simulate(
        prepared.network, prepared.stimulus, prepared.device, record=names, potentials={READOUT}
    )
    by_trial = synaptic_operations_by_trial(prepared.network, recording)
    assert by_trial.shape == (5,) and np.ptp(by_trial) > 0
    assert by_trial.mean() == synaptic_operations_per_trial(prepared.network, recording)
