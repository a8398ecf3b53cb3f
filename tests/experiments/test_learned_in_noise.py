"""Converted beside learned networks: equal labels and digits, one seed for all, families named beforehand."""

import json
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("torch")

from analysis.learned_in_noise.__main__ import costs, wide
from analysis.learned_in_noise.contestants import (
    COMPETITIVE,
    CONTESTANTS,
    CONVOLUTIONAL,
    FEW,
    FINE_TUNED,
    LIKELIHOOD,
    NOISE_TRAINED,
    RATE,
    TIME,
    UNDISTORTED,
    VALIDATION,
    Amount,
    Converted,
)
from analysis.learned_in_noise.experiment import MEASURES, LearnedInNoise
from analysis.learned_in_noise.few_labels import relabelled
from analysis.learned_in_noise.measure import BELOW, CARD, classify_learned, learned_study, with_noise
from analysis.learned_in_noise.tables import (
    ALL_IMAGES,
    CLEAN,
    PRIMARY,
    Results,
    accuracy_rows,
    comparison_rows,
    cost_rows,
)
from bioscnn.errors import UserError
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.classify import RULES
from bioscnn.experiments.experiment import Done
from bioscnn.experiments.noise.experiment import with_noise as with_noise_of
from bioscnn.experiments.unit import Unit
from bioscnn.noise import NOISES
from bioscnn.simulation.simulate import Silent
from bioscnn.stdp.network import read_network
from bioscnn.stdp.rule import rule_of
from bioscnn.stdp.study import read_learned_study
from bioscnn.studies import read_study

AMOUNT = Amount(3, 400, 50, 200, 100)
RIGHT = {
    RATE: 0.9,
    UNDISTORTED: 0.6,
    FINE_TUNED: 0.9,
    NOISE_TRAINED: 0.9,
    TIME: 0.8,
    COMPETITIVE: 0.7,
    CONVOLUTIONAL: 0.9,
}
SECONDS = 8.0


def outcome_of(unit):
    """Answers of which a known share of those scored is right; the second training of seed 2 was resumed."""
    if "network" in unit.condition:
        interrupted = unit.needs and unit.options.get("seed") == 2
        return {"cpu_seconds": np.array(np.nan if interrupted else SECONDS)}
    n, place = AMOUNT.shown, np.arange(AMOUNT.shown) - AMOUNT.looked_at
    label, wrong = np.zeros(n, np.int16), (place < 0) | (place >= RIGHT[unit.variant] * AMOUNT.trials)
    # In noise of images the convolutional network has a fifth of its right answers wrong.
    if unit.variant == CONVOLUTIONAL and [noise.acts_on for noise in unit.study.config.noise.values()] == [
        "images"
    ]:
        wrong |= place < 0.2 * AMOUNT.trials
    chosen = wrong.astype(np.int16)
    answers = {"label": label, "spikes": np.full(n, 7), "synops": np.array(5.0)}
    if isinstance(CONTESTANTS[unit.variant], Converted):
        return answers | {"chosen": np.tile(chosen, (len(RULES), 1)), "latency_ms": np.full(n, 9.0)}
    likely = {"chosen_likelihood": label} if unit.variant == COMPETITIVE else {}
    more = {"trial_ms": np.array(350.0), "input_spikes": np.full(n, 3)}
    return answers | likely | more | {"chosen": chosen}


@pytest.fixture(scope="module")
def experiment():
    return LearnedInNoise(read_study("mnist"), AMOUNT)


@pytest.fixture(scope="module")
def results(experiment):
    return finished(experiment)


def finished(experiment):
    done, units = Done((), {}, {}), experiment.plan(None)
    while units:
        outcomes = {**done.outcomes, **{unit.id: outcome_of(unit) for unit in units}}
        done = Done((*done.units, *units), outcomes, {})
        units = experiment.next_round(done, None)
    return Results(done, experiment.noises, experiment.amount)


def labels_of(unit):
    """The labels that a training is told, those that choose its epoch among them."""
    if "learned" in unit.options:
        keys = learned_study(unit).config.learning
        return getattr(keys, "label_examples", keys.examples)
    return unit.options["training"]["examples"] + VALIDATION - unit.options["training"]["validation_from"]


def test_all_networks_are_told_equally_many_labels_and_none_has_a_teacher(results):
    trainings = results.done.where(condition="training network")
    few = [unit for unit in trainings if FEW in unit.variant]
    assert len(trainings) == AMOUNT.seeds * 11 and len(few) == AMOUNT.seeds * 2
    assert {labels_of(unit) for unit in trainings if unit not in few} == {AMOUNT.labels}
    told = [unit.options["labels"] for unit in results.done.where(condition=FEW) if "labels" in unit.options]
    assert {*map(labels_of, few), *told} == {AMOUNT.few.labels} == {AMOUNT.labels // 10}
    assert not any("teacher" in unit.options.get("training", {}) for unit in trainings)


def test_what_is_left_out_is_neither_trained_nor_compared(experiment):
    less = finished(LearnedInNoise(experiment.study, replace(AMOUNT, seeds=2, without=(FINE_TUNED, FEW))))
    assert less.names == [RATE, UNDISTORTED, NOISE_TRAINED, TIME, COMPETITIVE, LIKELIHOOD, CONVOLUTIONAL]
    assert not [unit for unit in less.done.units if FINE_TUNED in unit.variant or FEW in unit.condition]
    assert sum(row["role"] == PRIMARY for row in comparison_rows(less)) == 8


def test_a_seed_shows_all_networks_the_same_digits_and_noise(results):
    for noise in ("gaussian-noise", "occlusion"):
        shown = {
            (
                unit.study.config.dataset.split,
                unit.study.config.dataset.trials,
                unit.study.config.simulation.seed,
            )
            for name in CONTESTANTS
            for unit in results.units(name, noise)
        }
        assert shown == {("test", AMOUNT.shown, seed) for seed in (1, 2, 3)}


def test_differences_asked_in_advance_are_a_family_of_twelve(results):
    rows = comparison_rows(results)
    primary = {(row["first"], row["second"], row["noise"]): row for row in rows if row["role"] == PRIMARY}
    assert len(primary) == 12
    worse = primary[COMPETITIVE, RATE, CLEAN]
    assert worse["difference"] == pytest.approx(-0.2) and worse["finding"] == "loss"
    better = primary[COMPETITIVE, UNDISTORTED, FEW]
    assert better["difference"] == pytest.approx(0.1) and better["finding"] == "gain"
    equal = primary[CONVOLUTIONAL, RATE, CLEAN]
    assert equal["difference"] == 0 and equal["p_holm"] == 1
    assert primary[CONVOLUTIONAL, RATE, ALL_IMAGES]["difference"] == pytest.approx(-0.2)
    assert primary[CONVOLUTIONAL, UNDISTORTED, ALL_IMAGES]["difference"] == pytest.approx(0.1)
    # A family is corrected by itself: the smallest of its p values is multiplied by its size.
    least = min(primary.values(), key=lambda row: row["p"])
    assert least["p_holm"] == pytest.approx(min(1, 12 * least["p"]))


def test_the_control_is_trained_as_rates_are_but_on_digits_as_they_are():
    usual, control = (
        asdict(CONTESTANTS[name].recipe(0, AMOUNT).settings(AMOUNT.training)) for name in (RATE, UNDISTORTED)
    )
    differing = {key for key, value in usual.items() if control[key] != value}
    assert differing == {"rotation", "shift", "scaling", "shear", "warp"}
    assert not any(control[key] for key in differing)


def test_a_noise_that_a_network_cannot_have_leaves_its_cell_empty(results):
    table = wide(pd.DataFrame(accuracy_rows(results))).set_index("noise")
    assert np.isnan(table.loc["weight-noise", f"{CONVOLUTIONAL} (%)"])
    assert np.isnan(table.loc["spike-jitter", f"{COMPETITIVE} (%)"])
    assert table.loc["weight-noise", f"{COMPETITIVE} (%)"] == pytest.approx(70)
    images = [name for name, noise in NOISES.items() if noise.acts_on == "images"]
    assert not table.loc[[CLEAN, *images]].isna().any(axis=None)
    assert table.loc["blur", f"{LIKELIHOOD} (%)"] == 100


def test_a_training_costs_all_its_steps_and_an_interrupted_one_is_left_out(results):
    table = costs(pd.DataFrame(cost_rows(results))).set_index("network")
    seconds = table["training (processor s)"]
    assert seconds[RATE] == SECONDS and seconds[TIME] == 2 * SECONDS
    assert np.isnan(results.training_seconds(TIME)[1])
    assert (table["labels"] == AMOUNT.labels).all()
    assert table.loc[COMPETITIVE, "digits"] == 55_000
    assert (table.loc[[RATE, TIME, CONVOLUTIONAL], "digits"] == AMOUNT.labels).all()
    assert table.loc[COMPETITIVE, "trial (ms)"] == 350 and table.loc[TIME, "trial (ms)"] == 37


@pytest.mark.parametrize("noise", [None, "gaussian-noise", "spike-loss", "quantisation"])
def test_a_learned_network_sees_what_a_converted_one_sees(noise):
    name = "mnist-stdp-convolutional"
    study = read_study("mnist", ["dataset.trials=30"])
    study = study if noise is None else with_noise_of(study, NOISES[noise].at(3), 4)
    bench = Bench(None)
    shown = bench.input(study.config).examples
    network = read_network(name, "convolutional", 784, shown.classes)
    given = {**network.arrays, CARD: np.array(json.dumps(network.card)), "cpu_seconds": np.array(1.0)}
    bench.given["it"] = given
    options = {"learned": name, "changes": []}
    unit = Unit("it", "noise", study, f"{MEASURES}:CLASSIFY_LEARNED", options, needs=("it",))
    outcome = classify_learned(unit, bench)
    assert (outcome["label"] == shown.labels).all() and outcome["trial_ms"] == 45
    lost = 0.3 if noise == "spike-loss" else 0.0
    whole = network_spikes(network, shown)
    assert outcome["input_spikes"].mean() == pytest.approx((1 - lost) * whole, rel=0.05 if lost else 1e-12)
    assert np.mean(outcome["chosen"] == outcome["label"]) > 0.3


@pytest.mark.parametrize("name", ["mnist-stdp-convolutional", "mnist-stdp-400"])
def test_a_network_labelled_anew_knows_the_classes_of_those_labels_alone(name):
    shown = Bench(None).clean(read_study("mnist", ["dataset.trials=300"]).config).examples
    rule = "convolutional" if name.endswith("convolutional") else "competitive"
    network = read_network(name, rule, 784, shown.classes)
    swapped = replace(shown, labels=9 - shown.labels)
    config = read_learned_study(name.removesuffix("-400")).config
    told = relabelled(network, swapped.take(250), 1)
    said = rule_of(rule).classify(config, told, shown.take(slice(250, 300)), Silent())
    assert np.mean(said.chosen == 9 - shown.labels[250:]) > 0.6
    assert all((told.arrays[k] == network.arrays[k]).all() for k in ("weight", "first", "second")
               if k in network.arrays)  # fmt: skip


def network_spikes(network, shown):
    """Spikes of the retina per image, by another way: how many of its coefficients reach the least."""
    from bioscnn.stdp.convolutional.classify import keys_of
    from bioscnn.stdp.convolutional.retina import retina_spikes

    keys = keys_of(network)
    return retina_spikes(shown.intensities(), keys.retina, keys.neuron).n_spikes / len(shown)


WEIGHT = np.linspace(0, 1, 400, dtype=np.float16).reshape(4, 100)
THETA = np.linspace(0.02, 0.06, 100, dtype=np.float32)


class TestNoiseOfWhatWasLearned:
    def change(self, noise, severity=3):
        learned = {"weight": WEIGHT, "kept_theta": THETA}
        return with_noise(learned, NOISES[noise].at(severity), np.random.default_rng(1))

    def test_quantised_weights_have_few_values(self):
        weight = self.change("quantisation")["weight"]  # 4 bits
        assert len(np.unique(weight)) == 8 and np.abs(weight - WEIGHT).max() <= 0.5 / 7 + 1e-3

    def test_noisy_weights_are_off_by_their_share_and_never_negative(self):
        weight = self.change("weight-noise", 5)["weight"].astype(float)  # 0.8
        assert weight.min() == 0
        off = (weight / np.maximum(WEIGHT.astype(float), 1e-9))[WEIGHT > 0.1]
        assert 0.5 < off.std() < 0.9

    def test_dead_neurons_get_nothing(self):
        weight = self.change("dead-neurons", 5)["weight"]  # 0.4
        dead = ~weight.any(axis=0)
        assert 0.25 < dead.mean() < 0.55
        assert (weight[:, ~dead] == WEIGHT[:, ~dead]).all()

    def test_thresholds_keep_their_mean_distance_from_rest(self):
        theta = THETA.astype(float)
        factors = (self.change("threshold-mismatch")["kept_theta"] + BELOW) / (theta + BELOW)  # 0.2
        assert factors.mean() == pytest.approx(1, abs=0.06) and factors.std() == pytest.approx(0.2, abs=0.06)

    @pytest.mark.parametrize("noise", ["weight-noise", "threshold-mismatch", "dead-neurons"])
    def test_shared_kernels_have_no_noise_of_single_synapses_and_neurons(self, noise):
        with pytest.raises(UserError, match=noise):
            with_noise({"first": WEIGHT, "second": WEIGHT}, NOISES[noise].at(3), None)
