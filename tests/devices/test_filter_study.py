"""A filter study from end to end: front ends, kept units, tables, sentences."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bioscnn.errors import UserError
from bioscnn.studies import read_study
from bioscnn.studies.filters import run_filters
from bioscnn.studies.filters.choices import CLEAN, Choice, Condition, choices
from bioscnn.studies.filters.images import Amount, load_pool
from bioscnn.studies.filters.tables import best, compare, correctness
from bioscnn.studies.watcher import Unwatched

pytest.importorskip("torch")
STUDY = Path(__file__).parents[2] / "sims" / "mnist-foveal.toml"
FEW = [Choice((), False), Choice(("off-midget",), False), Choice(("off-midget",), True)]
AMOUNT = Amount(seeds=1, train=100, validation=20, test=20, epochs=1, severities=(3,))


class Watcher(Unwatched):
    """Counts the front ends that are finished, and may stop after some."""

    def __init__(self, most=None):
        self.tasks, self.most = [], most

    def task(self, what, trials, work):
        self.tasks.append(what)
        if len(self.tasks) == self.most:
            raise KeyboardInterrupt


@pytest.fixture
def small(monkeypatch, embedded_splits):
    monkeypatch.setattr("bioscnn.studies.filters.run.choices", lambda: FEW)
    monkeypatch.setattr("bioscnn.studies.filters.run.FULL", {"mnist": AMOUNT})


@pytest.fixture
def embedded_splits(monkeypatch):
    """Let the embedded digits stand for all splits, which not every machine has."""
    from bioscnn.datasets.mnist import load_embedded

    digits = load_embedded()
    monkeypatch.setattr("bioscnn.studies.filters.images.load_dataset", lambda *_, **__: digits)


def run(tmp_path, watcher):
    study = read_study(STUDY, ["simulation.jobs=1"])
    return run_filters(study, data=None, results=tmp_path, progress=watcher)


def test_an_interrupted_study_goes_on_and_comes_to_the_same_tables(small, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "a", Watcher(most=1))
    second = Watcher()
    resumed = run(tmp_path / "a", second)
    assert len(second.tasks) == 2, "the finished front end was computed again"
    whole = run(tmp_path / "b", Watcher())
    for name in ("table.csv", "means.csv", "comparisons.csv"):
        assert (resumed.folder / name).read_bytes() == (whole.folder / name).read_bytes()
    table = pd.read_csv(whole.folder / "table.csv")
    assert len(table) == len(FEW) * 3
    assert set(table.noise) == {"none", "gaussian-noise", "salt-and-pepper"}
    assert (table.n == AMOUNT.test).all() and table.spikes.gt(0).all()
    assert sorted(p.name for p in (whole.folder / "networks").glob("*.onnx")) == [
        "off-midget-rank-order-seed1.onnx", "off-midget-seed1.onnx", "pixels-seed1.onnx",
    ]  # fmt: skip
    summary = json.loads((whole.folder / "summary.json").read_text())
    assert summary["best_filtered"] in {choice.label for choice in FEW[1:]}
    assert "MNIST, clean" in summary["verdict"][0] and "points" in summary["verdict"][0]
    assert (whole.folder / "report.html").exists()


@pytest.mark.parametrize("network", ["mnist-small", "caltech-foveal-noise"])
def test_a_network_without_a_front_end_or_shown_noise_is_refused_before_any_work(network, tmp_path):
    with pytest.raises(UserError, match="no recipe") as error:
        run_filters(
            read_study(STUDY, [f"network.model={network}"]), data=None, results=tmp_path, progress=Watcher()
        )
    assert "mnist-foveal" in str(error.value) and not any(tmp_path.iterdir())


def test_an_image_has_the_same_noise_whatever_else_is_shown(embedded_splits):
    pool = load_pool(read_study(STUDY).config, AMOUNT, None)
    condition = Condition("gaussian-noise", 3)
    few, more = (pool.shown(condition, np.array(rows)) for rows in ([5, 7], [5, 6, 7]))
    assert np.array_equal(few, more[[0, 2]]) and not np.array_equal(few[0], few[1])


def test_every_combination_of_cells_is_tried_once():
    labels = [choice.label for choice in choices()]
    assert len(set(labels)) == 32 and sum("rank order" in label for label in labels) == 16
    assert sum(label.startswith("pixels") for label in labels) == 2


def rows(chosen, *, seed=1, images=(0, 1, 2, 3), validation=0.5):
    return {"seed": seed, "noise": "none", "severity": 0, "rows": list(images), "chosen": chosen,
            "ann": chosen, "spikes": 1.0, "latency_ms": 1.0, "validation_accuracy": validation}  # fmt: skip


def test_an_image_of_several_seeds_counts_once_in_a_comparison():
    labels = np.zeros(4, np.int64)
    wrong = {FEW[0]: [rows([1, 1, 0, 0], seed=s) for s in (1, 2, 3)]}
    right = {FEW[1]: [rows([0, 0, 0, 0], seed=s) for s in (1, 2, 3)]}
    (row,) = compare(wrong | right, "?", FEW[0], FEW[1], [CLEAN], labels)
    assert row["difference"] == 0.5
    assert row["p"] == 0.5, "two images won out of two, not six"
    assert correctness(wrong[FEW[0]], CLEAN, labels)[0].sum() == 6


def test_validation_images_choose_and_test_images_do_not():
    results = {
        FEW[0]: [rows([0, 0, 0, 0], validation=0.6)],
        FEW[1]: [rows([1, 1, 1, 1], validation=0.9)],
        FEW[2]: [rows([0, 1, 1, 1], validation=0.9)],
    }
    assert best(results, 0) == [FEW[1], FEW[2], FEW[0]]


def test_of_front_ends_with_as_many_right_answers_the_one_of_fewer_cells_is_chosen():
    few, many = (Choice(cells, False) for cells in (("on-parasol",), ("off-midget", "on-midget")))
    # Equal sums of fifths that differ in their last bits, added in this order.
    results = {
        many: [rows([0] * 4, seed=s, validation=v) for s, v in enumerate((0.1, 0.2, 0.3))],
        few: [rows([0] * 4, seed=s, validation=v) for s, v in enumerate((0.3, 0.2, 0.1))],
    }
    assert np.mean([0.1, 0.2, 0.3]) != np.mean([0.3, 0.2, 0.1])
    assert best(results, 0) == [few, many]
