"""The noise experiment: its tables and verdict on numbers whose answer is known, and its refusals."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bioscnn.ann import Dense, Flatten, LayerGraph, write_onnx
from bioscnn.errors import UserError
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.classify import RULES
from bioscnn.experiments.experiment import Done
from bioscnn.experiments.noise import NoiseExperiment
from bioscnn.experiments.noise.conditions import Amount, amount_of, kinds_of
from bioscnn.experiments.noise.networks import NETWORKS, QUESTIONS, ComparedNetwork, networks_of
from bioscnn.experiments.noise.tables import Results, accuracy_rows, comparison_rows, loss_rows
from bioscnn.experiments.noise.verdict import verdict_of
from bioscnn.experiments.readouts import agreement
from bioscnn.experiments.unit import Unit
from bioscnn.noise import NOISES
from bioscnn.studies import read_study

N = 400
AMOUNT = Amount(N, (1, 3, 5), (1, 2, 3, 4))
LABELS = np.arange(N) % 10
SIMS = Path(__file__).parents[2] / "sims"
STUDY = read_study(SIMS / "mnist.toml")


def answers(share, *who):
    """Right in a share of the trials, chosen anew for each unit."""
    rng = np.random.default_rng([int(1e6 * share), *(hash_of(part) for part in who)])
    right = rng.permutation(np.arange(N) < round(share * N))
    return np.where(right, LABELS, (LABELS + 1) % 10).astype(np.int16)


def hash_of(part):
    return sum(map(ord, part)) if isinstance(part, str) else int(part)


def outcome(share, ann, *who):
    chosen = np.tile(answers(share, *who), (len(RULES), 1))
    found = {
        "chosen": chosen, "label": LABELS.astype(np.int16), "latency_ms": np.full(N, 20.0),
        "spikes": np.full(N, 2000),
    }  # fmt: skip
    return found | ({"ann": answers(share, *who)} if ann else {})


def results(shares, kinds):
    """Networks of these shares of right answers, clean and in each noise."""
    units, outcomes = [], {}
    for network, (clean, noisy) in shares.items():
        for name, share in zip(("clean", *kinds), (clean, *noisy), strict=True):
            for severity in (0,) if name == "clean" else AMOUNT.severities:
                for seed in (1,) if name == "clean" else AMOUNT.seeds:
                    ann = name == "clean" or NOISES[name].acts_on in ("images", "events")
                    named = {"who": [network, name, severity, seed]}
                    unit = Unit(network, name, STUDY, "m:M", named, severity=severity)
                    units.append(unit)
                    # Networks of equal accuracy are right in the same trials: nothing differs by chance.
                    outcomes[unit.id] = outcome(share, ann, name, severity, seed)
    done = Done(tuple(units), outcomes, {})
    return Results(done, tuple(shares), {name: NOISES[name] for name in kinds}, AMOUNT, "peak-potential")


def compared(table):
    return {(row["question"], row["noise"]): row for row in comparison_rows(table)}


def losses(table):
    return {row["noise"]: row for row in loss_rows(table)}


def test_losses_are_ordered_and_significant_where_they_are_there():
    kinds = ["gaussian-noise", "occlusion", "quantisation", "spike-loss"]
    table = results({"soft LIF": (0.9, (0.9, 0.3, 0.6, 0.8))}, kinds)
    rows = losses(table)
    assert list(rows) == ["occlusion", "quantisation", "spike-loss", "gaussian-noise"]
    assert [row["difference"] for row in rows.values()] == pytest.approx([0.6, 0.3, 0.1, 0.0])
    assert [row["significant"] for row in rows.values()] == [True, True, True, False]
    sentence = verdict_of(table, loss_rows(table), comparison_rows(table), "MNIST")[0]
    places = [sentence.index(word) for word in ("occlusion", "quantisation", "spike loss", "Gaussian")]
    assert places == sorted(places)


def test_a_difference_that_is_there_is_found():
    kinds = ["gaussian-noise", "blur", "spike-loss"]
    shares = {"soft LIF": (0.9, (0.5, 0.5, 0.5)), "noise-trained": (0.9, (0.8, 0.6, 0.5))}
    rows = compared(results(shares, kinds))
    expected = {"seen in training": 0.3, "not seen in training": 0.1, "all": 0.4 / 3, "all images": 0.2}
    for noise, difference in expected.items():
        row = rows["noise-training", noise]
        assert row["difference"] == pytest.approx(difference) and row["significant"]
        assert row["low"] < difference < row["high"] and row["low_holm"] > 0
    assert not rows["noise-training", "spike-loss"]["significant"]


def test_nothing_is_significant_where_nothing_differs():
    shares = {"soft LIF": (0.9, (0.6, 0.6)), "fine-tuned": (0.9, (0.6, 0.6)), "retina": (0.9, (0.6, 0.6))}
    table = results(shares, ["gaussian-noise", "spike-loss"])
    rows = compared(table)
    assert not any(row["significant"] for row in rows.values())
    assert all(row["low_holm"] <= 0 <= row["high_holm"] for row in rows.values())
    sentences = verdict_of(table, loss_rows(table), list(rows.values()), "MNIST")
    assert not any("helps" in sentence or "harms" in sentence for sentence in sentences[:-1])


@pytest.mark.parametrize(
    ("clean", "noisy", "judged"),
    [(0.95, 0.7, "helps both"), (0.8, 0.7, "helps only in noise"), (0.95, 0.3, "helps only without noise"),
     (0.8, 0.3, "helps neither")],
)  # fmt: skip
def test_a_retina_with_its_gain_control_is_judged_without_noise_and_in_it(clean, noisy, judged):
    shares = {"soft LIF": (0.85, (0.5, 0.5)), "retina": (clean, (noisy, 0.5))}
    table = results(shares, ["gaussian-noise", "spike-loss"])
    rows = compared(table)
    assert rows["retina", "all images"]["difference"] == pytest.approx(noisy - 0.5)
    assert judged in verdict_of(table, loss_rows(table), list(rows.values()), "MNIST")[-1]


def test_questions_and_what_is_exploratory_are_families_of_their_own():
    shares = {"soft LIF": (0.9, (0.5, 0.5)), "noise-trained": (0.9, (0.8, 0.6))}
    rows = comparison_rows(results(shares, ["gaussian-noise", "blur"]))
    assert {row["noise"] for row in rows if row["family"] == "questions"} == {"clean", "all images"}
    assert {row["family"] for row in rows} == {"questions", "exploratory"}
    for family in ("questions", "exploratory"):
        members = [row for row in rows if row["family"] == family]
        least = min(members, key=lambda row: row["p"])
        assert least["p_holm"] == pytest.approx(min(1, least["p"] * len(members)))


def test_a_mean_over_kinds_says_how_much_it_depends_on_the_menu():
    shares = {"soft LIF": (0.9, (0.5, 0.5, 0.5)), "fine-tuned": (0.9, (0.9, 0.5, 0.5))}
    rows = compared(results(shares, ["gaussian-noise", "blur", "spike-loss"]))
    mean = rows["fine-tuning", "all"]
    # Of three kinds, one helps by 40 points: menus of three hold it none to three times.
    assert (mean["menu_low"], mean["menu_high"]) == (0.0, pytest.approx(0.4))
    assert rows["fine-tuning", "gaussian-noise"]["menu_low"] is None


def test_networks_of_several_training_seeds_are_compared_over_them():
    kinds = ["gaussian-noise", "spike-loss"]
    table = results({"soft LIF": (0.9, (0.6, 0.6)), "fine-tuned": (0.9, (0.7, 0.7))}, kinds)
    retrained = replace(table, retrained=True)
    assert retrained.loss("spike-loss").varied == ("trials", "training seeds", "noise seeds")
    assert table.loss("spike-loss").varied == ("trials", "noise seeds")


def test_one_network_alone_is_compared_with_its_ann_where_that_sees_the_noise():
    rows = comparison_rows(results({"mine": (0.9, (0.5, 0.5))}, ["gaussian-noise", "spike-loss"]))
    assert {(row["question"], row["noise"]) for row in rows} == {
        ("spiking", noise) for noise in ("clean", "gaussian-noise", "all images", "all")
    }


def test_accuracies_have_one_row_per_severity_and_an_interval_that_holds_them():
    rows = accuracy_rows(results({"soft LIF": (0.9, (0.5,))}, ["quantisation"]))
    assert [(row["method"], row["severity"], row["amount"]) for row in rows] == [
        ("spiking", 0, ""), ("ann", 0, ""),
        ("spiking", 1, "8 bits"), ("spiking", 3, "4 bits"), ("spiking", 5, "2 bits"),
    ]  # fmt: skip
    assert all(row["low"] < row["accuracy"] < row["high"] for row in rows)
    assert rows[1]["latency_ms"] is None and rows[2]["latency_ms"] == 20 and rows[2]["spikes"] == 2000


@pytest.mark.parametrize("study", ["mnist", "mnist-foveal", "nmnist", "caltech"])
def test_each_network_runs_as_the_study_of_its_data_set_would(study):
    config = read_study(SIMS / f"{study}.toml").config
    (same,) = [network for network in NETWORKS[config.dataset.name] if network.is_of(config)]
    assert same.of(read_study(SIMS / f"{study}.toml"), config.dataset.trials).config == config


def test_a_study_of_another_network_or_encoding_stands_alone():
    (own,) = networks_of(read_study(SIMS / "mnist.toml", ["network.model=mnist-large"]))
    assert own == ComparedNetwork("mnist-large", "mnist-large", "the network of the study")
    (own,) = networks_of(read_study(SIMS / "nmnist.toml", ["encoding.bin_size=2"]))
    assert own.model == "nmnist-small-fine-tuned"


def test_networks_that_cannot_have_the_neuron_are_left_out_unless_they_are_asked_for():
    changes = ["network.model=mnist-small-relu", "neuron.model=adaptive-lif"]
    study = read_study(SIMS / "mnist.toml", changes)
    experiment = NoiseExperiment(study, quick=True, kinds=("blur",), trials=20)
    assert [*experiment.compared] == ["ReLU"]
    assert experiment.left_out == ("soft LIF", "fine-tuned", "noise-trained", "retina")
    assert {unit.variant for unit in experiment.plan(Bench(None))} == {"ReLU"}
    with pytest.raises(UserError, match="rate curve of a LIF neuron"):
        NoiseExperiment(study, quick=True, networks=("soft LIF",)).plan(Bench(None))
    assert not NoiseExperiment(read_study(SIMS / "mnist.toml"), quick=True).left_out


def test_every_question_pairs_networks_of_some_data_set():
    names = [{network.name for network in networks} for networks in NETWORKS.values()]
    for pair in (pair for pairs in QUESTIONS.values() for pair in pairs):
        assert any(set(pair) <= known for known in names)


def test_trials_are_the_fewer_of_the_usual_ones_and_those_of_the_study():
    assert amount_of(STUDY.config, quick=False, trials=None).trials == 500
    few = read_study(SIMS / "mnist.toml", ["dataset.trials=40", "simulation.seed=7"]).config
    assert amount_of(few, quick=True, trials=None) == Amount(40, (2, 4), (7, 8))
    assert amount_of(few, quick=False, trials=90) == Amount(90, (1, 2, 3, 4, 5), (7, 8, 9, 10, 11))


def test_the_noises_are_those_that_fit_data_and_neurons():
    images, recordings = (read_study(SIMS / f"{name}.toml").config for name in ("mnist", "nmnist"))
    assert {kind.acts_on for kind in kinds_of([images], (), quick=False).values()} == {"images", "network"}
    acts_on = {kind.acts_on for kind in kinds_of([recordings], (), quick=False).values()}
    assert acts_on == {"events", "spikes", "network"}
    without_leak = read_study(SIMS / "mnist.toml", ["neuron.model=if"]).config
    assert "membrane-noise" in kinds_of([images], (), quick=False)
    assert "membrane-noise" not in kinds_of([without_leak], (), quick=False)


@pytest.mark.parametrize(
    ("study", "changes", "kinds", "key"),
    [
        ("mnist", (), ("gausian-noise",), "--kinds"),
        ("mnist", (), ("blur", "event-loss"), "--kinds"),
        ("nmnist", (), ("blur",), "--kinds"),
        ("mnist", (), ("blur", "blur"), "--kinds"),
        ("mnist", ("noise.blur.severity=2",), (), "noise"),
    ],
)
def test_what_does_not_fit_is_refused_in_the_plan(study, changes, kinds, key):
    experiment = NoiseExperiment(read_study(SIMS / f"{study}.toml", changes), quick=True, kinds=kinds)
    with pytest.raises(UserError) as error:
        experiment.plan(Bench(None))
    assert key in (error.value.key or "") or kinds[0] in str(error.value)


def test_networks_are_trained_before_those_that_begin_with_them_and_before_they_are_simulated():
    pytest.importorskip("torch")
    experiment = NoiseExperiment(
        STUDY, kinds=("blur",), trials=20, training_seeds=2, networks=("soft LIF", "fine-tuned")
    )
    bench, done = Bench(None), Done((), {}, {})
    rounds = []
    while units := experiment.plan(bench) if not rounds else experiment.next_round(done, bench):
        rounds.append(units)
        outcomes = done.outcomes | {unit.id: {"onnx": np.array([len(rounds)], np.uint8)} for unit in units}
        done = Done((*done.units, *units), outcomes, {})
    first, second, third = rounds
    assert [(unit.options["recipe"], unit.options["seed"]) for unit in first] == [
        ("mnist-small", 1),
        ("mnist-small", 2),
    ]
    assert [unit.needs for unit in second] == [(done.need(unit),) for unit in first]
    of = {
        units[0].options["recipe"]: {unit.options["seed"]: done.need(unit) for unit in units}
        for units in (first, second)
    }
    for name, model in (("soft LIF", "mnist-small"), ("fine-tuned", "mnist-small-fine-tuned")):
        clean = [unit for unit in third if (unit.variant, unit.condition) == (name, "clean")]
        assert [unit.needs[0] for unit in clean] == list(of[model].values())
        noisy = [unit for unit in third if (unit.variant, unit.condition) == (name, "blur")]
        assert len(noisy) == 10  # five severities, a network and a noise of each seed
        assert all(unit.needs == (of[model][unit.study.config.simulation.seed],) for unit in noisy)


def test_what_holds_for_one_readout_only_is_said():
    rows = [
        {"readout": rule, "noise": noise, "difference": difference, "significant": significant}
        for rule in RULES
        for noise, difference, significant in (
            ("blur", 0.1, True),
            ("loss", -0.1 if rule == "first-spike" else 0.1, rule != "spike-count"),
            ("jitter", 0.1, rule == "spike-count"),
        )
    ]
    sentence = agreement(rows, "peak-potential", ("noise",))
    assert "2 significant" in sentence and "1 held by all 5 readouts" in sentence
    assert "not significant by spike-count (1)" in sentence and "opposite sign by first-spike (1)" in sentence
    assert "another readout alone: spike-count (1)" in sentence


@pytest.mark.parametrize(
    ("options", "key"),
    [({"training_seeds": 1}, "--training-seeds"), ({"training_examples": 9}, "--training-examples"),
     ({"networks": ("soft",)}, "--networks")],
)  # fmt: skip
def test_a_factor_of_one_level_and_networks_that_are_none_are_refused(options, key):
    with pytest.raises(UserError) as error:
        NoiseExperiment(STUDY, quick=True, **options).plan(Bench(None))
    assert error.value.key == key


def test_losses_beyond_the_largest_are_counted_and_gains_are_named():
    kinds = ["gaussian-noise", "occlusion", "quantisation", "spike-loss", "blur", "weight-noise"]
    table = results({"soft LIF": (0.8, (0.7, 0.1, 0.2, 0.3, 0.6, 0.95))}, kinds)
    first = verdict_of(table, loss_rows(table), [], "MNIST")[0]
    assert "less to 2 other kinds;" in first
    assert first[first.index("gains by") :].startswith("gains by weight noise (15.0 points")


def test_a_network_trained_in_noise_is_judged_beside_filters_that_were_not_tried():
    table = results({"soft LIF": (0.9, (0.5,)), "noise-trained": (0.9, (0.8,))}, ["gaussian-noise"])
    assert "needs no biology, does:" in verdict_of(table, [], comparison_rows(table), "MNIST")[-1]
    assert "was not asked" in verdict_of(table, [], [], "MNIST")[-1]


def test_without_noise_a_retina_is_judged_by_clean_images_alone():
    table = results({"soft LIF": (0.5, ()), "retina": (0.9, ())}, [])
    rows = comparison_rows(table)
    assert {row["noise"] for row in rows} == {"clean"}
    claim = verdict_of(table, [], rows, "MNIST")[-1]
    assert "helps only without noise" in claim and "in noise:" not in claim


def test_a_network_has_no_rows_of_a_noise_that_does_not_reach_it():
    table = results({"soft LIF": (0.9, (0.5, 0.5)), "retina": (0.9, (0.5, 0.5))}, ["blur", "spike-jitter"])
    reached = [u for u in table.done.units if (u.variant, u.condition) != ("soft LIF", "spike-jitter")]
    rows = accuracy_rows(replace(table, done=Done(tuple(reached), table.done.outcomes, {})))
    assert {(row["network"], row["noise"]) for row in rows} == {
        ("soft LIF", "clean"), ("soft LIF", "blur"), ("retina", "clean"), ("retina", "blur"),
        ("retina", "spike-jitter"),
    }  # fmt: skip


def test_a_noise_of_known_neurons_and_of_axons_is_left_out_where_there_are_none():
    own = [f"neuron.model={SIMS / 'neurons' / 'exponential.toml'}", "network.model=mnist-small-relu"]
    usual, ours, genn = (
        kinds_of([read_study(SIMS / "mnist.toml", changes).config], (), quick=False)
        for changes in ([], own, ["simulation.device=genn"])
    )
    lost = {kind.needs_known_neuron for name, kind in usual.items() if name not in ours}
    assert lost == {True} and not any(kind.needs_known_neuron for kind in ours.values())
    assert {*usual} - {*genn} == {"axonal-delay", "spike-loss", "transmission-failure"}


def test_noises_that_reach_other_networks_alone_are_refused():
    currents, spikes = (
        read_study(SIMS / "mnist.toml", changes).config for changes in ([], ["encoding.kind=poisson"])
    )
    assert [*kinds_of([currents, spikes], ("spike-jitter", "blur"), quick=False)] == ["blur", "spike-jitter"]
    with pytest.raises(UserError) as error:
        kinds_of([currents, spikes], ("spike-jitter",), quick=False)
    assert error.value.key == "--kinds"


def test_a_network_without_a_recipe_is_not_trained_anew(tmp_path):
    pytest.importorskip("torch")
    write_onnx(LayerGraph("own", (1, 28, 28), (Flatten(), Dense(np.ones((10, 784))))), tmp_path / "own.onnx")
    study = read_study(SIMS / "mnist.toml", [f"network.model={tmp_path / 'own.onnx'}"])
    with pytest.raises(UserError) as error:
        NoiseExperiment(study, quick=True, training_seeds=2).plan(Bench(None))
    assert (error.value.key, error.value.value) == ("network.model", str(tmp_path / "own.onnx"))
