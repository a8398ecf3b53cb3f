"""What a benchmark makes of its measurements: a choice, tables, a part of a document."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bioscnn.errors import UserError
from bioscnn.metrics import Energy
from bioscnn.readout import READOUTS
from bioscnn.studies.benchmark.markdown import Document, tables_markdown
from bioscnn.studies.benchmark.measurement import Measurement, keep, kept, measurement_key
from bioscnn.studies.benchmark.tables import Measured, network_row, over_time_rows, time_step_rows
from bioscnn.studies.benchmark.tasks import (
    RESETS,
    TIME_STEPS,
    Benchmark,
    count_images,
    shipped_networks,
    tasks_of,
)
from bioscnn.studies.prepare import prepare
from bioscnn.studies.study import read_study

STUDY = Path(__file__).parents[2] / "sims" / "mnist.toml"
RULES = list(READOUTS)


def measurement(wrong: dict[str, list[int]], n: int = 50, steps: int = 30) -> Measurement:
    """Trials of class 1: all are wrong in the first half of the trial, in the second those named."""
    chosen = np.ones((len(RULES), n), dtype=np.int64)
    for rule, trials in wrong.items():
        chosen[RULES.index(rule), trials] = 0
    right = np.repeat((chosen == 1).sum(axis=1)[:, None], steps, axis=1)
    right[:, : steps // 2] = 0
    ann = np.ones(n, dtype=np.int64)
    ann[0] = 0
    return Measurement(np.ones(n, np.int64), ann, chosen, right, 1e-3, 100.0, 5e3, Energy(4, 6, 10, 100), 2.5)


def measured(**changes: object) -> Measured:
    one = measurement({"mean-potential": [0, 1, 2], "peak-potential": [3]})
    steps = {(reset, dt): one for dt in TIME_STEPS for reset in RESETS}
    return replace(Measured("mine", "ab" * 32, one, one, one, steps), **changes)


def test_validation_images_choose_the_best_readout_and_the_first_of_equals():
    worse = {rule: [0] for rule in RULES}
    assert measurement(worse).best_rule() == "mean-potential"
    assert measurement({**worse, "last-potential": [], "spike-count": []}).best_rule() == "last-potential"


def test_the_images_that_accuracies_are_reported_on_choose_nothing():
    reported = measurement({rule: [0, 1] for rule in RULES if rule != "first-spike"})
    one = measured(headline=reported)
    assert reported.best_rule() == "first-spike"
    assert one.rule == network_row(one, "test")["readout"] == "last-potential"


def test_the_row_of_a_network_counts_what_was_lost_and_won_beside_the_trained_one():
    row = network_row(measured(headline=measurement({"last-potential": [3, 4]})), "test")
    assert (row["ann_accuracy"], row["snn_accuracy"]) == (0.98, 0.96)
    assert row["difference"] == pytest.approx(-0.02) and (row["lost"], row["won"]) == (2, 1)
    assert row["difference_low"] < -0.02 < row["difference_high"]
    assert (row["ann_to_spiking"], row["ann_to_spiking_with_stimulus"]) == (10, 5)
    assert (row["time_to_95_ms"], row["time_to_98_ms"]) == (16, 16)


def test_time_steps_are_compared_with_the_finest_exact_one_on_the_same_trials():
    one = measured()
    one.time_steps["zero", 1e-3] = measurement({"last-potential": [5, 6, 7]})
    rows = {(row["reset"], row["dt_ms"]): row for row in time_step_rows(one)}
    assert rows["zero", 1.0]["difference"] == pytest.approx(-0.06)
    assert (rows["zero", 1.0]["lost"], rows["zero", 1.0]["same_class"]) == (3, 0.94)
    assert rows["exact", 0.1]["difference_low"] == rows["exact", 0.1]["difference_high"] == 0


def test_markdown_says_never_and_names_the_command():
    one = measured(long=measurement({"last-potential": list(range(2))}))
    text = tables_markdown([network_row(one, "test")], time_step_rows(one), "bioscnn benchmark mine")
    assert "| 16, never |" in text
    assert "by `bioscnn benchmark mine`: 50 test images" in text
    widths = {line.count("|") for line in text.splitlines() if line.startswith("|")}
    assert widths == {11, 6}
    assert len(over_time_rows(one, "test")) == 30


def test_a_measurement_is_kept_whole(tmp_path):
    for number, one in enumerate((measurement({}), replace(measurement({}), ann_class=None))):
        path = tmp_path / "new" / f"{number}.npz"
        keep(one, path)
        again = kept(path)
        for name, value in vars(one).items():
            assert np.array_equal(getattr(again, name), value), name


@pytest.mark.parametrize("content", [b"", b"PK", b"no measurement"])
def test_a_damaged_measurement_counts_as_none(tmp_path, content):
    assert kept(tmp_path / "a.npz") is None
    (tmp_path / "a.npz").write_bytes(content)
    assert kept(tmp_path / "a.npz") is None


def test_a_measurement_is_repeated_when_anything_that_decides_it_changes(monkeypatch):
    def key(*changes, ann=False):
        return measurement_key(prepare(read_study(STUDY, ["dataset.trials=3", *changes]), None), ann)

    same = key()
    assert key("simulation.jobs=7") == same
    others = {key(ann=True), key("neuron.reset=zero"), key("dataset.trials=4"), key("simulation.dt=0.5 ms")}
    monkeypatch.setattr("bioscnn.studies.benchmark.measurement.code_sha256", lambda: "another")
    assert len({same, key(), *others}) == 6


def test_the_headline_is_a_trial_of_its_own_and_not_a_part_of_the_long_one():
    benchmark = Benchmark("mnist", STUDY, ("mnist-small",), split="validation", time_step_trials=200)
    tasks = tasks_of(benchmark, "mnist-small", count_images(benchmark, None), None)
    steps = [task.study.config.simulation.n_steps for task in (tasks.choice, tasks.headline, tasks.long)]
    assert steps == [30, 30, 100]
    assert tasks.headline.study.config.dataset.trials == 5000
    assert {task.study.config.dataset.trials for task in tasks.time_steps.values()} == {200}
    assert {
        (t.study.config.neuron.reset, t.study.config.simulation.dt) for t in tasks.time_steps.values()
    } == {(reset, dt) for reset in RESETS for dt in TIME_STEPS}


def test_networks_that_were_shown_noise_or_have_a_front_end_are_not_compared(monkeypatch):
    cards = {
        "a-plain": {"settings": {"noise": 0.0}},
        "a-older": {"settings": {"epochs": 3}},  # from before there was noise
        "a-unknown": None,
        "a-noisy": {"settings": {"noise": 0.5}},
        "a-retina": {"encoding": {}},
        "b-plain": {},
    }
    monkeypatch.setattr("bioscnn.studies.benchmark.tasks.shipped_models", lambda: list(cards))
    monkeypatch.setattr("bioscnn.studies.benchmark.tasks.read_card", cards.get)
    assert shipped_networks("a") == ("a-plain", "a-older", "a-unknown")


def test_a_document_can_be_filled_again_and_again(tmp_path):
    path = tmp_path / "page.md"
    path.write_text("before\n<!-- benchmark a: begin -->\n<!-- benchmark a: end -->\nafter\n")
    for content in ("first", "second"):
        Document(path, "a").write(f"{content}\n")
    assert path.read_text() == (
        "before\n<!-- benchmark a: begin -->\n\nsecond\n\n<!-- benchmark a: end -->\nafter\n"
    )


@pytest.mark.parametrize(
    "text",
    ["", "<!-- benchmark a: begin -->", "<!-- benchmark a: end --><!-- benchmark a: begin -->",
     2 * "<!-- benchmark a: begin --><!-- benchmark a: end -->"],
)  # fmt: skip
def test_a_document_without_its_two_markers_is_refused(tmp_path, text):
    (tmp_path / "page.md").write_text(text)
    with pytest.raises(UserError) as refused:
        Document(tmp_path / "page.md", "a")
    assert refused.value.fix == "add the two lines"
