"""Rates against spike times: trained alike, refused where they cannot be, and what the verdict may say."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("torch")

from bioscnn.datasets import mnist
from bioscnn.errors import UserError
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.codes import CodesExperiment, contestants
from bioscnn.experiments.codes.contestants import (
    CODES,
    JITTER,
    RATE,
    TIME,
    UNTUNED,
    Amount,
    first_recipe,
    second_recipe,
)
from bioscnn.experiments.codes.experiment import MEASURES
from bioscnn.experiments.codes.measure import jittered, over_time
from bioscnn.experiments.codes.tables import ACCURACY, CLEAN, EXPLORATORY, PRIMARY, SPIKES
from bioscnn.experiments.codes.verdict import soonest, verdict_of
from bioscnn.experiments.trained import onnx_bytes
from bioscnn.experiments.unit import Unit
from bioscnn.noise import NOISES
from bioscnn.studies import read_study
from tests.browser.conftest import assert_everything_fits, open_alone
from tests.experiments.toy import conduct
from tests.hostile import NAME, assert_nothing_ran, write_with_names

STUDY = "sims/mnist.toml"
TINY = Amount(2, 40, 1, 1, (0.1, 0.3), 20, 20, 10, (1, 2))
SHARED = {
    "epochs", "batch_size", "teacher_weight", "teacher_sees", "temperature", "weight_decay", "rotation",
    "shift", "scaling", "shear", "mirror", "warp", "noise", "seed", "dt", "tau_s", "spike_penalty",
}  # fmt: skip


def embedded(split, folder, *, download):
    """Embedded digits that stand for those of other splits, which would have to be downloaded."""
    digits = mnist.load_embedded()
    return digits if split == "validation" else replace(digits.take(slice(1000, None)), split=split)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("BIOSCNN_DATA", raising=False)
        patch.setattr(contestants, "QUICK", TINY)
        patch.setattr("bioscnn.experiments.codes.experiment.QUICK", TINY)
        few = {name: NOISES[name] for name in ("occlusion", "spike-jitter", "spike-loss")}
        patch.setattr(contestants, "NOISES", few)
        patch.setattr(
            "bioscnn.experiments.codes.experiment.PARAMETERS", {"dt 2 ms": {"simulation": {"dt": "2 ms"}}}
        )
        patch.setattr(mnist, "load_mnist", embedded)
        study = read_study(STUDY, ["dataset.trials=20"])
        study = study.changed(training={"layers": "4c5s3"})
        yield conduct(CodesExperiment(study, quick=True), tmp_path_factory.mktemp("codes"))


def test_both_codes_are_trained_alike(tmp_path):
    study = read_study(STUDY)
    assert contestants.training_of(study)["teacher"] == "mnist-large-relu"
    for stage in (first_recipe, second_recipe):
        given = (TINY.price, TINY) if stage is second_recipe else (TINY,)
        rate, time = (stage(study.changed(**keys), code, *given) for code, keys in _keys())
        assert (rate.teacher, rate.examples) == (time.teacher, time.examples) == ("mnist-large-relu", 40)
        settings = rate.settings(40), time.settings(40)
        for name in SHARED:
            assert getattr(settings[0], name) == getattr(settings[1], name), name
    assert settings[0].spike_penalty == 0.3


def _keys():
    yield RATE, {}
    yield TIME, {"network": {"code": "time", "scale": 1.0}, "encoding": {"kind": "spike-time"},
                 "readout": {"rule": "last-potential"}}  # fmt: skip


def test_every_network_meets_every_condition(done):
    rows = pd.DataFrame(done.analysis.tables["conditions"])
    asked = {(CLEAN, ""), (JITTER, "0.5 ms"), (JITTER, "1 ms"), ("spike-loss", "0.1"), ("spike-loss", "0.2"),
             ("dt 2 ms", "")}  # fmt: skip
    found = set(zip(rows["condition"], rows["setting"], strict=True))
    assert asked < found and "spike-jitter" not in set(rows["condition"])
    assert all(set(some["code"]) == set(CODES) for _, some in rows.groupby(["condition", "setting"]))
    clean = pd.DataFrame(done.analysis.tables["clean"]).set_index(["code", "price"])
    assert clean.loc[RATE, "input_spikes"].eq(0).all() and clean.loc[TIME, "input_spikes"].gt(50).all()
    assert clean.loc[TIME, "trial_ms"].eq(19).all(), "two windows of nine steps, and one"
    assert clean.loc[RATE, "stimulus_flop"].gt(0).all() and clean.loc[TIME, "stimulus_flop"].eq(0).all()


def test_the_primary_family_is_that_of_the_plan(done):
    rows = [row for row in done.analysis.tables["comparisons"] if row["role"] == PRIMARY]
    asked = [
        (CLEAN, "", ACCURACY),
        (CLEAN, "", SPIKES),
        ("spike-loss", "0.1", ACCURACY),
        (JITTER, "1 ms", ACCURACY),
    ]
    assert [(row["condition"], row["setting"], row["outcome"]) for row in rows] == asked
    assert {row["price"] for row in rows} == {0.3} and {row["seeds"] for row in rows} == {2}
    assert rows[1]["difference"] == pytest.approx(
        np.subtract(
            *(row["spikes"] for row in reversed(done.analysis.tables["clean"]) if row["price"] == 0.3)
        )
    )


def test_spikes_and_answers_of_a_part_of_a_trial_are_those_of_a_shorter_one(done):
    rows = pd.DataFrame(done.analysis.tables["front"])
    of_rates = rows[(rows["code"] == RATE) & (rows["price"] == 0.3)]
    assert of_rates["spikes"].is_monotonic_increasing and of_rates["time_ms"].iloc[-1] == 30
    assert set(rows.loc[rows["price"] == UNTUNED, "code"]) == {RATE}
    assert rows["on_front_of_spikes"].any() and not rows["on_front_of_spikes"].all()


def test_spikes_that_move_by_nothing_do_what_they_did_and_others_do_not():
    study = read_study("sims/mnist-time.toml", ["dataset.trials=3", "simulation.device=numpy"])
    bench = Bench(None)
    bench.given["network"] = {"onnx": onnx_bytes(bench.read(study.config.network.model))}
    ends = [study.config.simulation.n_steps]
    unit = Unit("", "", study, f"{MEASURES}:JITTERED", {"sd": 0.0, "ends": ends}, needs=("network",))
    as_they_are, moved_by_nothing = over_time(unit, bench), jittered(unit, bench)
    for array in ("label", "chosen", "spikes"):
        assert np.array_equal(as_they_are[array], moved_by_nothing[array]), array
    moved = jittered(replace(unit, options={"sd": 5e-3}), bench)
    assert not np.array_equal(moved["spikes"], as_they_are["spikes"])


@pytest.mark.parametrize(
    ("key", "study", "changes", "seeds"),
    [
        ("encoding, neuron, synapse", "sims/nmnist.toml", [], 2),
        ("network.code", "sims/mnist-time.toml", [], 2),
        ("encoding, neuron, synapse", STUDY, ["encoding.kind=poisson"], 2),
        ("training.layers", STUDY, ["training.layers=8c5s2 mp2"], 2),
        ("noise", STUDY, ["noise.blur.severity=1"], 2),
        ("--seeds", STUDY, [], 1),
        ("--seeds", STUDY, [], 0),
    ],
)
def test_what_a_code_cannot_take_is_refused(key, study, changes, seeds):
    with pytest.raises(UserError) as refused:
        CodesExperiment(read_study(study, changes), quick=True, seeds=seeds).plan(Bench(None))
    assert refused.value.key == key


def _rows(**findings):
    """Return tables in which spike times fire fewer spikes, and differ as the findings say."""

    def row(condition, outcome, finding, difference=0.0):
        interval = dict.fromkeys(("difference", "low", "high", "low_holm", "high_holm"), difference)
        return {"role": PRIMARY, "condition": condition, "setting": "1", "severity": 1, "outcome": outcome,
                "finding": finding, "p_holm": 0.001, "significant": True, **interval}  # fmt: skip

    compared = [
        row(CLEAN, ACCURACY, findings["clean"]), row(CLEAN, SPIKES, "", -900),
        row(JITTER, ACCURACY, findings["jitter"]), row("spike-loss", ACCURACY, findings["lost"]),
    ]  # fmt: skip
    same = {"price": 0.1, "accuracy": 0.98, "low": 0.97, "high": 0.99, "synops": 9e4, "latency_ms": 20}
    clean = [
        {**same, "code": RATE, "spikes": 1800, "trial_ms": 30},
        {**same, "code": TIME, "spikes": 900, "trial_ms": 37},
    ]
    read = ((RATE, 12, 0.5), (RATE, 15, 0.981), (RATE, 30, 0.99), (TIME, 37, 0.98))
    front = [dict(zip(("code", "time_ms", "validation_accuracy"), one, strict=True)) for one in read]
    front = [{**row, "price": 0.1} for row in front]
    return {"comparisons": compared, "clean": clean, "front": front}


def test_a_code_is_chosen_only_for_what_differs():
    summary = {"n": 1000, "dataset": "mnist", "margin": 0.01, "amount": {"seeds": 5, "prices": [0.1]}}
    tables = _rows(clean="equivalent", jitter="loss", lost="not settled")
    assert soonest(tables["front"], 0.1) == 15
    choice = verdict_of(summary, tables)[-1]
    times, rates = choice.partition("rates")[::2]
    assert "spikes are what costs" in times and JITTER in rates and "after 15 ms, not 37 ms" in rates
    assert "spike-loss" not in choice and "equivalent on clean images" in choice
    tables = _rows(clean="gain", jitter="gain", lost="gain")
    assert "for accuracy" in verdict_of(summary, tables)[-1].partition("rates")[0]


def test_kinds_of_noise_are_named_as_exploratory_and_equal_spikes_choose_nothing():
    summary = {"n": 1000, "dataset": "mnist", "margin": 0.01, "amount": {"seeds": 5, "prices": [0.1]}}
    tables = _rows(clean="equivalent", jitter="equivalent", lost="equivalent")
    tables["comparisons"][1]["significant"] = False
    noisy = tables["comparisons"][0] | {"role": EXPLORATORY, "severity": 3, "finding": "loss"}
    tables["comparisons"] += [noisy | {"condition": kind} for kind in ("blur", "blur", "occlusion")]
    choice = verdict_of(summary, tables)[-1]
    assert "(exploratory) in noise of the kinds blur and occlusion" in choice.partition("rates")[2]
    assert "spikes are what costs" not in choice


@pytest.mark.parametrize(("difference", "small"), [(0.002, True), (0.02, False)])
def test_what_differs_by_less_than_would_matter_is_called_so(difference, small):
    summary = {"n": 1000, "dataset": "mnist", "margin": 0.01, "amount": {"seeds": 5, "prices": [0.1]}}
    tables = _rows(clean="gain", jitter="not settled", lost="not settled")
    tables["comparisons"][0] |= dict.fromkeys(("difference", "low_holm", "high_holm"), difference)
    assert ("less than would matter" in verdict_of(summary, tables)[-1]) == small


def test_intervals_beside_a_corrected_p_are_corrected():
    summary = {"n": 1000, "dataset": "mnist", "margin": 0.01, "amount": {"seeds": 5, "prices": [0.1]}}
    tables = _rows(clean="loss", jitter="loss", lost="loss")
    for row in tables["comparisons"]:
        row |= {"low": -0.02, "high": -0.01, "low_holm": -0.03, "high_holm": -0.001}
    assert all("2.0" not in sentence and "3.0" in sentence for sentence in verdict_of(summary, tables)[:2])


@pytest.mark.browser
@pytest.mark.usefixtures("undrawn")
def test_its_page_runs_no_name(browser, done, tmp_path):
    assert_nothing_ran(browser, write_with_names(CodesExperiment.page, done, tmp_path), 3, NAME)


@pytest.mark.browser
def test_its_page_opens_alone_and_fits(browser, done):
    page = open_alone(browser, done.folder / "report.html", 390)
    sections = ("summary", "front", "primary", "noise", "tables", "methods", "provenance")
    assert_everything_fits(page, 390, sections, n_pictures=1)
    page.close()
