"""Networks trained on destroyed times: what is destroyed, what is compared, what the verdict may say."""

import json
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from bioscnn.datasets import mnist
from bioscnn.errors import UserError
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.classify import RULES
from bioscnn.experiments.times_needed import TimesNeededExperiment, kinds
from bioscnn.experiments.times_needed.kinds import COUNTS, FRAMES, KINDS, ORIGINAL, SPIKING
from bioscnn.experiments.times_needed.tables import PRIMARY, Answers, accuracy_rows, comparison_rows
from bioscnn.experiments.times_needed.verdict import verdict_of
from bioscnn.studies import read_study
from tests.browser.conftest import assert_everything_fits, open_alone
from tests.experiments.toy import conduct
from tests.hostile import NAME, assert_nothing_ran, write_with_names

RULE = "mean-potential"
STUDY = "sims/nmnist.toml"


def answers(**shares):
    """What networks are right in: 95 % of 1,000 recordings in 5 seeds, but where told otherwise by kind."""

    def right(name):
        rng = np.random.default_rng(1)
        return rng.permuted(np.tile(np.arange(1000) < 1000 * shares.get(name, 0.95), (5, 1)), axis=1)

    spiking = {kind: {rule: right(kind) for rule in RULES} for kind in KINDS}
    return Answers(spiking, {kind: right(f"{FRAMES} {kind}") for kind in KINDS}, right(COUNTS))


def test_the_family_that_was_asked_in_advance_is_corrected_by_itself():
    rows = comparison_rows({"real": answers(collapsed=0.85)}, RULE)
    primary = [row for row in rows if row["role"] == PRIMARY]
    asked = [(SPIKING, kind, ORIGINAL) for kind in KINDS if kind != ORIGINAL] + [(SPIKING, ORIGINAL, COUNTS)]
    assert [(row["network"], row["kind"], row["against"]) for row in primary] == asked
    assert {row["readout"] for row in primary} == {RULE}
    collapsed = primary[0]
    assert collapsed["p_holm"] == pytest.approx(5 * collapsed["p"]) and collapsed["finding"] == "loss"
    assert {row["seeds"] for row in rows} == {5}
    assert {row["family"] for row in rows} == {"primary, real", "exploratory, real"}


@pytest.mark.parametrize(
    ("shares", "answer"),
    [
        ({"collapsed": 0.8, "shuffled within pixels": 0.8}, "does worse"),
        ({"collapsed": 0.8}, "needs no times"),
        ({"shuffled within pixels": 0.8}, "needs no times"),
    ],
)
def test_times_are_needed_only_if_every_way_to_do_without_them_loses(shares, answer):
    """Equal answers in 1,000 recordings and 5 seeds exclude a point."""
    given = {"real": answers(**shares)}
    tables = {"accuracy": accuracy_rows(given, RULE), "comparisons": comparison_rows(given, RULE)}
    summary = {"dataset": "nmnist", "tested": {"real": 1000}, "amount": {"seeds": 5}, "margin": 0.01}
    assert answer in verdict_of(summary, tables)[0]


def embedded(split, folder, *, download):
    """Embedded digits that stand for those of training, which would have to be downloaded."""
    digits = mnist.load_embedded()
    return replace(digits.take(slice(1000, None)), split=split) if split == "train" else digits


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("BIOSCNN_DATA", raising=False)
        tiny = kinds.Amount(seeds=2, examples=20, epochs=1, spike_examples=4, spike_epochs=1, choosing=4)
        patch.setitem(kinds.QUICK, "nmnist", tiny)
        patch.setattr(kinds, "ARCHITECTURE", "4c5s3")
        patch.setattr(mnist, "load_mnist", embedded)
        study = read_study(STUDY, ["dataset.trials=20", "encoding.bin_size=2"])
        yield conduct(TimesNeededExperiment(study, quick=True), tmp_path_factory.mktemp("needed"))


def test_networks_of_one_seed_begin_alike_and_learn_from_what_is_left(done):
    """All kinds are tested by all seeds; where only times are destroyed, what sees counts sees no change."""
    assert done.summary["units"] == 2 * (len(KINDS) + 1) * 2
    accuracy = done.analysis.tables["accuracy"]
    assert {(row["tested"], row["n"], row["seeds"]) for row in accuracy} == {("simulated", 20, 2)}
    assert len(accuracy) == len(KINDS) * (len(RULES) + 1) + 1
    readouts = done.analysis.tables["readouts"]
    assert {row["readout"] for row in readouts} == set(RULES) and len(readouts) == len(RULES) * len(KINDS)
    assert json.loads((done.folder / "summary.json").read_text())["amount"]["seeds"] == 2


@pytest.mark.browser
@pytest.mark.usefixtures("undrawn")
def test_its_page_runs_no_name(browser, done, tmp_path):
    assert_nothing_ran(browser, write_with_names(TimesNeededExperiment.page, done, tmp_path), 3, NAME)


@pytest.mark.browser
def test_its_page_opens_alone_and_fits(browser, done):
    page = open_alone(browser, done.folder / "report.html", 390)
    sections = ("summary", "accuracy", "primary", "tables", "methods", "provenance")
    assert_everything_fits(page, 390, sections, n_pictures=1)
    page.close()


@pytest.mark.parametrize(
    ("key", "study", "changes", "seeds"),
    [
        ("dataset.name", "sims/mnist.toml", [], 2),
        ("--seeds", STUDY, [], 1),
        ("simulation.duration", STUDY, ["simulation.duration=200 ms"], 2),
        ("neuron, synapse", STUDY, ["synapse.model=conductance"], 2),
    ],
)
def test_bad_input_is_refused_by_name(key, study, changes, seeds):
    with pytest.raises(UserError) as refused:
        TimesNeededExperiment(read_study(study, changes), quick=True, seeds=seeds).plan(Bench(None))
    assert refused.value.key == key
