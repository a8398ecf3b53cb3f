"""The tables and sentences of a noise study, on numbers whose answer is known."""

from pathlib import Path

import numpy as np
import pytest

from bioscnn.errors import UserError
from bioscnn.metrics import CrossedResamples
from bioscnn.noise import NOISES
from bioscnn.studies import read_study
from bioscnn.studies.noise.conditions import Amount, amount_of, kinds_of
from bioscnn.studies.noise.contestants import CONTESTANTS, QUESTIONS, Contestant, contestants_of
from bioscnn.studies.noise.tables import Results, accuracy_rows, comparison_rows
from bioscnn.studies.noise.verdict import verdict_of

N = 400
AMOUNT = Amount(N, (1, 3, 5), (1, 2, 3, 4))
LABELS = np.arange(N) % 10
SIMS = Path(__file__).parents[2] / "sims"


def answers(share, severities, seeds):
    """Right in a share of the trials, chosen anew for each severity and seed."""
    rng = np.random.default_rng(int(1e6 * share))
    right = rng.permuted(np.tile(np.arange(N) < round(share * N), (severities, seeds, 1)), axis=2)
    return np.where(right, LABELS, (LABELS + 1) % 10).astype(np.int16)


def unit(share, ann=None, severities=3, seeds=4):
    chosen = answers(share, severities, seeds)
    numbers = np.full(chosen.shape[:2], 20.0)
    found = {"chosen": chosen, "latency_ms": numbers, "spikes": 100 * numbers}
    return found if ann is None else found | {"ann": answers(ann, severities, seeds)}


def results(shares, kinds):
    """Contestants of these clean shares, and shares under each noise."""
    found = {}
    for contestant, (clean, noisy) in shares.items():
        found[contestant] = {"clean": unit(clean, clean, severities=1, seeds=1)}
        for name, share in zip(kinds, noisy, strict=True):
            seen = NOISES[name].acts_on in ("images", "events")
            found[contestant][name] = unit(share, share if seen else None)
    return Results(found, LABELS, {name: NOISES[name] for name in kinds}, AMOUNT)


def told(shares, kinds, title="MNIST"):
    table = results(shares, kinds)
    rows = comparison_rows(table)
    return verdict_of(table, rows, title), {(r["question"], r["noise"]): r for r in rows}


def test_what_costs_most_is_named_first_and_what_costs_nothing_is_said_to():
    kinds = ["gaussian-noise", "occlusion", "quantisation", "spike-loss", "dead-neurons"]
    (first, _, _), _ = told({"soft LIF": (0.9, (0.9, 0.3, 0.6, 0.8, 0.7))}, kinds)
    assert first.startswith(
        "In noise of severity 3, soft LIF on MNIST loses most to occlusion at 0.15 (60.0 "
    )
    named = (
        "occlusion",
        "quantisation at 4 bits (30.0",
        "dead neurons",
        "1 other kind",
        "nothing",
        "Gaussian",
    )
    places = [first.index(word) for word in named]
    assert places == sorted(places)


def test_a_difference_that_is_there_is_found_and_told():
    kinds = ["gaussian-noise", "blur", "spike-loss"]
    shares = {"soft LIF": (0.9, (0.5, 0.5, 0.5)), "noise-trained": (0.9, (0.8, 0.6, 0.5))}
    (_, helps, _), rows = told(shares, kinds)
    seen, unseen = rows["noise-training", "seen in training"], rows["noise-training", "not seen in training"]
    assert seen["difference"] == pytest.approx(0.3) and unseen["difference"] == pytest.approx(0.1)
    whole = rows["noise-training", "all"]
    assert whole["difference"] == pytest.approx(0.4 / 3) and whole["p_holm"] < 1e-3
    assert rows["noise-training", "all images"]["difference"] == pytest.approx(0.2)
    assert whole["low"] < whole["difference"] < whole["high"]
    assert "training in noise (+13.3 points" in helps and "helps" in helps
    assert "+30.0 points" in helps and "+10.0 points" in helps


def test_nothing_is_claimed_where_nothing_is():
    kinds = ["gaussian-noise", "spike-loss"]
    shares = {"soft LIF": (0.9, (0.6, 0.6)), "fine-tuned": (0.9, (0.61, 0.61)), "retina": (0.9, (0.6, 0.605))}
    (_, helps, claim), rows = told(shares, kinds)
    assert rows["fine-tuning", "all"]["difference"] == pytest.approx(0.01)
    assert "nothing helps" in helps and "harm" not in helps and "do neither" in helps
    assert "holds neither" in claim
    assert all(row["low"] <= 0 <= row["high"] and row["p_holm"] > 0.05 for row in rows.values())


def test_noise_that_costs_nothing_is_not_said_to_destroy():
    (first, _, _), _ = told({"soft LIF": (0.9, (0.895, 0.9))}, ["gaussian-noise", "spike-loss"])
    assert "loses nothing that can be told from chance to Gaussian noise and spike loss" in first


@pytest.mark.parametrize(
    ("clean", "noisy", "judged"),
    [(0.95, 0.7, "holds on"), (0.8, 0.7, "holds only in noise"), (0.95, 0.3, "holds only without noise"),
     (0.8, 0.3, "holds neither")],
)  # fmt: skip
def test_the_claim_about_filters_is_judged_without_noise_and_in_it(clean, noisy, judged):
    shares = {"soft LIF": (0.85, (0.5, 0.5)), "retina": (clean, (noisy, 0.5))}
    (_, _, claim), _ = told(shares, ["gaussian-noise", "spike-loss"])
    assert judged in claim and "Gupta and Bhattacharya 2020" in claim
    assert f"{100 * (noisy - 0.5):+.1f}".replace("-", "\N{MINUS SIGN}") in claim, "noise of the images judges"


@pytest.mark.parametrize(("noisy", "word"), [(0.8, ", does: +30.0"), (0.5, "does not either: +0.0")])
def test_of_recordings_the_last_sentence_says_what_works_without_biology(noisy, word):
    shares = {"soft LIF": (0.9, (0.5,)), "noise-trained": (0.9, (noisy,))}
    sentences, _ = told(shares, ["event-loss"], "N-MNIST")
    assert len(sentences) == 3 and word in sentences[2] and "N-MNIST" in sentences[2]


def test_one_network_alone_is_told_of_in_three_sentences_too():
    sentences, rows = told({"mine": (0.9, (0.4,))}, ["quantisation"])
    assert len(sentences) == 3 and "mine" in sentences[0] and "not asked" in sentences[2]
    assert set(rows) == {("spiking", "clean")}


def test_spikes_are_compared_with_the_ann_of_the_same_network_where_it_sees_the_noise():
    table = results({"soft LIF": (0.9, (0.5, 0.5))}, ["gaussian-noise", "spike-loss"])
    better = table.found["soft LIF"]["gaussian-noise"]["chosen"]
    better[:] = LABELS
    rows = {(row["noise"], row["first"], row["second"]): row for row in comparison_rows(table)}
    assert set(rows) == {(noise, "soft LIF", "soft LIF, ANN") for noise in ("clean", "gaussian-noise", "all")}
    assert rows["gaussian-noise", "soft LIF", "soft LIF, ANN"]["difference"] == pytest.approx(0.5)
    methods = {(row["noise"], row["method"]) for row in accuracy_rows(table)}
    assert ("gaussian-noise", "ann") in methods and ("spike-loss", "ann") not in methods


def test_accuracies_have_a_row_a_severity_and_an_interval_that_holds_them():
    rows = accuracy_rows(results({"soft LIF": (0.9, (0.5,))}, ["quantisation"]))
    assert [(row["method"], row["severity"], row["amount"]) for row in rows] == [
        ("spiking", 0, ""), ("ann", 0, ""),
        ("spiking", 1, "8 bits"), ("spiking", 3, "4 bits"), ("spiking", 5, "2 bits"),
    ]  # fmt: skip
    assert all(row["low"] < row["accuracy"] < row["high"] for row in rows)
    assert rows[1]["latency_ms"] is None and rows[2]["latency_ms"] == 20


def test_seeds_that_differ_widen_the_interval_of_trials_that_do_not():
    """All trials of a seed are right or wrong together: more trials tell nothing new."""
    scores = np.repeat([1.0, 1.0, 0.0, 1.0, 0.0], 300).reshape(1, 5, 300)
    resamples = CrossedResamples.draw(1, 5, 300, np.random.default_rng(1))
    estimate = resamples.mean(scores)
    assert estimate.low < 0.25 and estimate.high > 0.9
    independent = np.random.default_rng(2).permutation(scores.ravel()).reshape(scores.shape)
    alike = resamples.mean(independent)
    assert alike.high - alike.low < 0.15


def test_the_interval_of_trials_and_seeds_covers_the_truth_about_as_often_as_it_says():
    rng, hits = np.random.default_rng(3), 0
    resamples = CrossedResamples.draw(1, 5, 100, np.random.default_rng(4))
    for _ in range(200):
        by_trial, by_seed = rng.normal(0, 1, 100), rng.normal(0, 0.2, (5, 1))
        estimate = resamples.mean((by_trial + by_seed + rng.normal(0, 1, (5, 100)))[None])
        hits += estimate.low <= 0 <= estimate.high
    assert 0.9 < hits / 200 <= 1


@pytest.mark.parametrize("study", ["mnist", "mnist-foveal", "nmnist", "caltech"])
def test_each_contestant_runs_as_the_study_of_its_data_set_would(study):
    config = read_study(SIMS / f"{study}.toml").config
    (same,) = [one for one in CONTESTANTS[config.dataset.name] if one.is_of(config)]
    alone = same.of(read_study(SIMS / f"{study}.toml"), config.dataset.trials)
    assert alone.config == config


def test_a_study_of_another_network_or_encoding_stands_alone():
    (own,) = contestants_of(read_study(SIMS / "mnist.toml", ["network.model=mnist-large"]))
    assert own == Contestant("mnist-large", "mnist-large", "the network of the study")
    (own,) = contestants_of(read_study(SIMS / "nmnist.toml", ["encoding.bin_size=2"]))
    assert own.model == "nmnist-small-fine-tuned"


def test_every_question_pairs_contestants_of_some_data_set():
    names = [{one.name for one in line_up} for line_up in CONTESTANTS.values()]
    for pair in (pair for pairs in QUESTIONS.values() for pair in pairs):
        assert any(set(pair) <= known for known in names)


def test_trials_are_the_fewer_of_the_usual_ones_and_those_of_the_study():
    config = read_study(SIMS / "mnist.toml").config
    assert amount_of(config, quick=False, trials=None).trials == 500
    few = read_study(SIMS / "mnist.toml", ["dataset.trials=40", "simulation.seed=7"]).config
    assert amount_of(few, quick=True, trials=None) == Amount(40, (2, 4), (7, 8))
    assert amount_of(few, quick=False, trials=90) == Amount(90, (1, 2, 3, 4, 5), (7, 8, 9, 10, 11))


def test_the_noises_of_a_study_are_those_that_fit_its_data_and_its_neurons():
    images, recordings = (read_study(SIMS / f"{name}.toml").config for name in ("mnist", "nmnist"))
    assert {kind.acts_on for kind in kinds_of([images], (), quick=False).values()} == {"images", "network"}
    acts_on = {kind.acts_on for kind in kinds_of([recordings], (), quick=False).values()}
    assert acts_on == {"events", "spikes", "network"}
    without_leak = read_study(SIMS / "mnist.toml", ["neuron.model=if"]).config
    assert "membrane-noise" in kinds_of([images], (), quick=False)
    assert "membrane-noise" not in kinds_of([without_leak], (), quick=False)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("gausian-noise",), ("unknown noise", "gaussian-noise")),
        (("event-loss",), ("does not fit", "images, not recordings")),
        (("spike-jitter",), ("does not fit", "currents")),
        (("blur", "blur"), ("twice", "--kinds")),
    ],
)
def test_noises_that_make_no_sense_are_refused(asked, words):
    with pytest.raises(UserError) as error:
        kinds_of([read_study(SIMS / "mnist.toml").config], asked, quick=False)
    assert all(word in str(error.value) for word in words)
