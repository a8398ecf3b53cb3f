"""Spikes of a learned network, shown again: what its times carry, and what plain Brian2 makes of it."""

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from bioscnn.cli import app
from bioscnn.errors import UserError
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.timing import LearnedTiming
from bioscnn.noise import parse_perturbation
from bioscnn.seeds import stream
from bioscnn.simulation.simulate import Silent
from bioscnn.stdp.competitive import replay
from bioscnn.stdp.run import images_and_network
from bioscnn.stdp.study import read_learned_study
from tests.experiments.conftest import no_pages
from tests.experiments.toy import conduct

CONVOLUTIONAL = "mnist-stdp-convolutional"


def loaded(study):
    shown, network = images_and_network(study, None, Silent())
    return study, network, shown


@pytest.fixture(scope="module")
def ones(trained):
    return loaded(read_learned_study(trained.with_name("ones.toml"), ["dataset.trials=12"]))


@pytest.fixture(scope="module")
def digits():
    return loaded(read_learned_study(CONVOLUTIONAL, ["dataset.trials=40"]))


@pytest.mark.parametrize("case", ["ones", "digits"])
def test_spikes_of_each_layer_shown_again_do_what_they_did(case, request, silent):
    study, network, shown = request.getfixturevalue(case)
    answered = study.rule.classify(study.config, network, shown, silent)
    once = np.ones(len(shown), bool) if case == "digits" else answered.more["presentations"] == 1
    layers = study.rule.spikes(study.config, network, shown)
    assert once.sum() > len(shown) / 2 and next(iter(layers)) == "input"
    for name, spikes in layers.items():
        chosen = study.rule.answers(study.config, network, name, spikes)
        np.testing.assert_array_equal(chosen[once], answered.chosen[once])
    np.testing.assert_array_equal(layers["input"].counts().sum(axis=1)[once], answered.spikes["input"][once])


def test_competing_neurons_hear_when_pixels_fire_and_are_read_by_counts_alone(ones):
    study, network, shown = ones
    layers = study.rule.spikes(study.config, network, shown)
    backwards = parse_perturbation("reverse")
    reversed_input = backwards.apply(layers["input"], stream(1, "none"))
    model, circuit, state = replay._shown_once(network)
    answer = replay._excitatory(model, circuit, state, reversed_input, "float64")
    assert answer != layers["excitatory"] and answer.n_spikes > 0
    for name in ("reverse", "collapse", "redistribute"):
        moved = parse_perturbation(name).apply(layers["excitatory"], stream(1, "none"))
        assert moved != layers["excitatory"]
        np.testing.assert_array_equal(*(study.rule.answers(study.config, network, "excitatory", spikes)
                                        for spikes in (moved, layers["excitatory"])))  # fmt: skip


def test_spikes_that_do_not_fit_a_presentation_are_refused(ones):
    study, network, shown = ones
    spikes = study.rule.spikes(study.config, network, shown)["input"]
    late = replace(spikes, step=np.where(np.arange(spikes.n_spikes) == spikes.n_spikes - 1, 100, spikes.step))
    for wrong in (late, replace(spikes, size=800)):
        with pytest.raises(ValueError, match="spikes"):
            study.rule.answers(study.config, network, "input", wrong)


def test_potentials_without_a_leak_count_what_arrives_whenever_it_does(digits):
    study, network, shown = digits
    layers = study.rule.spikes(study.config, network, shown)
    moved = parse_perturbation("redistribute").apply(layers["pooled"], stream(1, "none"))
    lost = parse_perturbation("delete 80 %").apply(layers["pooled"], stream(1, "none"))
    clean, other_times, fewer = (
        study.rule.answers(study.config, network, "pooled", spikes)
        for spikes in (layers["pooled"], moved, lost)
    )
    np.testing.assert_array_equal(clean, other_times)
    assert np.mean(clean == fewer) < 0.9


def test_timing_of_a_learned_network_has_the_tables_of_all_timing(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file, changes = trained.with_name("ones.toml"), ["dataset.trials=30"]
    asked = {"perturb": ("jitter 5 ms", "collapse"), "folds": 2}
    experiment = LearnedTiming.of(file, changes, read_learned_study(file, changes), **asked)
    with no_pages():
        done = conduct(experiment, tmp_path / "results")
    rows = {(row["layer"], row["label"]): row for row in done.analysis.tables["accuracy"]
            if row["method"] == "spiking network"}  # fmt: skip
    assert {layer for layer, _ in rows} == {"input", "excitatory"}
    assert rows["excitatory", "collapse"]["accuracy"] == rows["input", "clean"]["accuracy"] > 0.8
    assert {row["compared"] for row in done.analysis.tables["primary"]} == {
        "jitter 5 ms", "collapse", "counts and times against counts",
    }  # fmt: skip
    assert done.summary["duration_ms"] == 50 and done.summary["study"] == "ones"
    assert "spikes of the input" in done.analysis.verdict[0]


def test_timing_of_a_learned_study_whose_file_was_edited_measures_again(trained, tmp_path):
    file, changes = trained.with_name("edited.toml"), ["dataset.trials=30"]

    def units(text):
        file.write_text(text, encoding="utf-8")
        experiment = LearnedTiming.of(file, changes, read_learned_study(file, changes), folds=2)
        return {unit.id for unit in experiment.plan(Bench(None)) if "layer" in unit.options}

    text = trained.with_name("ones.toml").read_text(encoding="utf-8")
    other = text.replace("[learning]", '[learning]\nreadout = "likelihood"')
    assert units(text) == units(text + "# a comment\n") and not units(text) & units(other)


def test_timing_takes_time_steps_of_a_rule_that_divide_no_refractory_period():
    changes = ["learning.neuron.dt=3 ms", "simulation.seed=7"]
    learned = read_learned_study(CONVOLUTIONAL, changes)
    simulation = LearnedTiming.of(CONVOLUTIONAL, changes, learned).study.config.simulation
    assert (simulation.n_steps, simulation.dt, simulation.seed) == (15, 3e-3, 7)


@pytest.mark.parametrize(
    ("changes", "options", "key"),
    [
        (["noise.spike-loss.share=0.1"], {}, "noise"),
        ([], {"collapsed": "nmnist-collapsed"}, "--collapsed"),
        ([], {"layers": ("inhibitory",)}, "--layer"),
        (["dataset.trials=3"], {}, "dataset.trials"),
        (["dataset.trials=6"], {"folds": 2}, "dataset.trials"),
        ([], {"perturb": ("jitter 1 s",)}, "jitter.sigma"),
    ],
)
def test_timing_of_a_learned_network_refuses_what_does_not_fit(trained, changes, options, key, tmp_path):
    file = trained.with_name("ones.toml")
    with pytest.raises(UserError) as refused:
        experiment = LearnedTiming.of(file, changes, read_learned_study(file, changes), **options)
        conduct(experiment, tmp_path)
    assert refused.value.key == key


def test_plain_brian2_and_compiled_layers_fire_alike_where_sums_are_exact(digits):
    study, network, shown = digits
    plain, compiled = list(study.rule.on_devices(study.config, network, shown.take(1)))[-2:]
    assert {plain.variant.precision, compiled.variant.precision} == {"float64 exact", "float32 exact"}
    assert plain.spikes == compiled.spikes and plain.spikes["first"].n_spikes > 50
    np.testing.assert_array_equal(plain.chosen, compiled.chosen)


def test_devices_compares_a_learned_network_with_plain_brian2(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = ["devices", str(trained.with_name("ones.toml")), "--trials", "3", "--json"]
    done = CliRunner().invoke(app, command)
    rows = json.loads(done.stdout)["rows"]
    assert done.exit_code == 0 and [row["precision"] for row in rows] == ["float64", "float64", "float32"]
    assert rows[0]["spikes"] > 20 and rows[1]["identical"] and rows[1]["compared_with"]
    assert (tmp_path / "results" / "devices" / "ones" / "devices.csv").is_file()
