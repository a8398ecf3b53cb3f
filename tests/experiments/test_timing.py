"""The timing question: controls, conditions, tests, and what the verdict may say."""

import numpy as np
import pytest

from bioscnn.errors import UserError
from bioscnn.experiments.rows import finding
from bioscnn.experiments.timing.conditions import CLEAN, perturbations
from bioscnn.experiments.timing.measure import COLLAPSED, SPIKING
from bioscnn.experiments.timing.tables import accuracy_rows, compared_rows, primary_rows
from bioscnn.experiments.timing.verdict import facts_of, verdict_of
from bioscnn.metrics.control_sets import CONTROL_SETS, ONSET
from bioscnn.noise import parse_perturbation

LABELS = np.arange(400) % 10
METHODS = ("counts", "latencies", "ranks", "counts and times", SPIKING, COLLAPSED)
LAYERS = ("input", "conv1")
CONDITIONS = [
    parse_perturbation(label) for label in ("jitter 1 ms", "jitter 50 ms", "collapse", "equalise 2")
]
PASSED = {"set": "timing only", "label": "clean", "method": "counts", "passed": True}
SUMMARY = {
    "dataset": "nmnist", "n": 400, "layers": list(LAYERS), "simulated": False, "chance": 0.1,
}  # fmt: skip


def right_in(share, method):
    """Classes that are right in a share of the trials, others of them for each method."""
    order = np.random.default_rng(METHODS.index(method)).permutation(len(LABELS))
    chosen = LABELS.copy()
    wrong = order[round(share * len(LABELS)) :]
    chosen[wrong] = (chosen[wrong] + 1) % 10
    return chosen


def tables(conditions=CONDITIONS, **changed):
    """Tables in which every method is right in 90 %, but where told otherwise by label and method."""
    chosen = {
        (layer, label): {
            method: right_in(changed.get(f"{label}|{method}", 0.9), method)
            for method in METHODS
            if method != COLLAPSED or layer == "input"
        }
        for layer in LAYERS
        for label in (CLEAN, *(condition.label for condition in conditions))
    }
    effects, comparisons = compared_rows(chosen, LABELS, conditions)
    return {
        "primary": primary_rows(effects, comparisons),
        "accuracy": accuracy_rows(chosen, LABELS, conditions),
        "effects": effects,
        "comparisons": comparisons,
        "readouts": [],
        "controls": [PASSED],
    }


def test_the_control_sets_are_what_they_are_said_to_be():
    trains, labels = CONTROL_SETS["counts only"](1)
    first = trains.first_step()
    assert first.max() < ONSET
    assert (trains.counts() >= 1).all()
    means = np.array([first[labels == label].mean() for label in range(10)])
    assert np.ptp(means) < 1  # step; the standard error of each is 0.16
    trains, labels = CONTROL_SETS["timing only"](1)
    assert (trains.n_trials, trains.size, trains.n_steps, trains.dt) == (1000, 50, 300, 1e-3)
    assert np.bincount(labels).tolist() == [100] * 10
    means = np.array([trains.counts()[labels == label].mean() for label in range(10)])
    assert np.ptp(means) < 0.1  # spike; the standard error of each is 0.016


def test_there_is_no_verdict_if_a_control_fails():
    failed = PASSED | {"passed": False, "accuracy": 0.3, "low": 0.25, "high": 0.35, "expected": "chance"}
    (sentence,) = verdict_of(SUMMARY, tables() | {"controls": [failed]})
    assert sentence.startswith("There is no verdict") and "30.0 % [25.0, 35.0]" in sentence
    assert facts_of(SUMMARY, tables() | {"controls": [failed]}) == {}


@pytest.mark.parametrize(
    ("changed", "answer"),
    [
        ({}, "not settled"),
        ({"clean|counts": 0.6}, "carry class that their number does not"),
        ({"clean|spiking network": 0.99, "clean|time-collapsed CNN": 0.7}, "not settled"),
        ({"clean|counts and times": 0.6}, "does worse"),
    ],
)
def test_the_answer_follows_what_was_asked_in_advance(changed, answer):
    assert answer in verdict_of(SUMMARY, tables(**changed))[0]


def test_the_smallest_jitter_that_costs_accuracy_significantly_is_a_fact_of_the_verdict():
    def smallest(**changed):
        return facts_of(SUMMARY, tables(**changed))["first_loss_by_jitter_s"][SPIKING]

    assert smallest(**{"jitter 50 ms|spiking network": 0.5}) == 50e-3
    assert smallest(**{"jitter 1 ms|spiking network": 0.5}) == 1e-3
    assert smallest() is None


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({}, "In the recordings of nmnist"),
        ({"simulated": True}, "In the simulated recordings of"),
        ({"of_images": True}, "In the spikes of the input of a network that is shown images of"),
        ({"layers": ["conv1"]}, "In the spikes of conv1 of a network that is shown images of"),
    ],
)
def test_the_answer_says_whose_spikes_they_are(changed, what):
    assert verdict_of(SUMMARY | changed, tables())[0].startswith(what)


def test_the_verdict_tells_what_was_done_and_leaves_out_what_was_not():
    leaking = [*CONDITIONS, parse_perturbation("collapse + equalise 2")]
    shares = {
        "jitter 50 ms|counts and times": 0.5,
        "equalise 2|counts": 0.2,
        "collapse + equalise 2|counts and times": 0.3,
    }
    whole = " ".join(verdict_of(SUMMARY, tables(leaking, **shares)))
    assert "the smallest jitter found to cost it accuracy is 50 ms" in whole
    assert "counts are worth 20.0 %" in whole and "are worth 30.0 %" in whole
    assert "Layer by layer" in whole and "at equal intervals" in whole and "asked in advance" in whole
    none = " ".join(verdict_of(SUMMARY | {"layers": ["conv1"], "dataset": "mnist"}, tables([])))
    for words in ("jitter", "are worth", "Layer by layer", "at equal intervals", "advance", "CNN", "Iyer"):
        assert words not in none


def test_what_was_asked_in_advance_is_a_family_of_its_own_however_much_else_is_tried():
    found = tables(**{"jitter 50 ms|spiking network": 0.85, "collapse|spiking network": 0.9})
    rows = {row["compared"]: row for row in found["primary"]}
    assert list(rows) == ["jitter 50 ms", "collapse", "counts and times against counts"]
    loss = rows["jitter 50 ms"]
    assert loss["p_holm"] == pytest.approx(len(rows) * loss["p"]) and loss["finding"] == "loss"
    assert rows["collapse"]["difference"] == 0 and rows["collapse"]["finding"] == "equivalent"
    assert facts_of(SUMMARY, found)["primary"] == {name: row["finding"] for name, row in rows.items()}
    others = [row for row in found["effects"] if row["family"] == "exploratory perturbations"]
    assert len(others) + len(rows) - 1 == len(found["effects"])


def test_no_effect_is_said_only_of_an_interval_that_excludes_a_point():
    row = {"difference": 0.0, "significant": False, "low_holm": -0.009, "high_holm": 0.009}
    assert finding(row) == "equivalent"
    assert finding(row | {"high_holm": 0.011}) == "not settled"
    assert finding(row | {"significant": True, "difference": -0.005}) == "loss"


def test_rows_are_paired_and_corrected_within_their_family():
    found = tables(**{"collapse|counts": 0.5})
    rows = [row for row in found["effects"] if row["family"] != "primary"]
    row = next(r for r in rows if (r["layer"], r["label"], r["method"]) == ("input", "collapse", "counts"))
    assert (row["lost"], row["won"]) == (160, 0)
    assert row["difference"] == pytest.approx(-0.4)
    assert row["low"] < -0.4 < row["high"] < 0 and row["significant"]
    assert row["p_holm"] == pytest.approx(len(rows) * row["p"])
    assert {(r["family"], r["trials"]) for r in rows} == {("exploratory perturbations", 400)}
    assert sum(r["significant"] for r in rows) == 2, "one per layer"
    assert [r["family"] for r in found["comparisons"]].count("exploratory methods") == 6


def test_jitters_longer_than_a_third_of_the_trial_are_left_out():
    labels = [one.label for one in perturbations(30e-3, saccades=False)]
    assert "jitter 10 ms" in labels and "jitter 20 ms" not in labels
    assert not any("segment" in label or "reorder" in label for label in labels)
    assert "jitter 100 ms" in [one.label for one in perturbations(300e-3, saccades=True)]
    assert "reorder 2-3-1" in [one.label for one in perturbations(300e-3, saccades=True)]


def test_what_is_no_perturbation_is_refused():
    with pytest.raises(UserError, match="unknown perturbation"):
        perturbations(0.3, True, ["jiter 5 ms"])
    with pytest.raises(UserError, match="twice"):
        perturbations(0.3, True, ["jitter 5 ms", "jitter 5 ms"])
