"""What a benchmark makes of its outcomes: the choice of a readout, tables, a verdict; and its plan."""

from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from bioscnn.ann import read_model
from bioscnn.errors import UserError
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.benchmark import BenchmarkExperiment, shipped_networks
from bioscnn.experiments.benchmark.experiment import HEADLINE, LONG, VALIDATION, compared_networks
from bioscnn.experiments.benchmark.markdown import tables_markdown
from bioscnn.experiments.benchmark.tables import (
    RESETS,
    TIME_STEPS,
    NetworkResult,
    network_rows,
    over_time_rows,
    time_step_rows,
)
from bioscnn.experiments.benchmark.verdict import verdict_of
from bioscnn.readout import READOUTS
from bioscnn.statistics import difference
from bioscnn.studies.study import read_study
from tests.hostile import NAME

STUDY = Path(__file__).parents[2] / "sims" / "mnist.toml"
RULES = list(READOUTS)
GRAPH = read_model("mnist-small")


def outcome(wrong: dict[str, list[int]], n: int = 50, steps: int = 30):
    """Trials of class 1: all are wrong in the first half of the trial, in the second those named."""
    chosen = np.ones((len(RULES), n), dtype=np.int16)
    for rule, trials in wrong.items():
        chosen[RULES.index(rule), trials] = 0
    right = np.repeat((chosen == 1).sum(axis=1)[:, None], steps, axis=1)
    right[:, : steps // 2] = 0
    ann = np.ones(n, dtype=np.int16)
    ann[0] = 0
    return {
        "label": np.ones(n, np.int16), "ann": ann, "chosen": chosen, "right_by_step": right,
        "spikes": np.full(n, 100), "synops": np.full(n, 5000), "updates": np.array(3e4),
    }  # fmt: skip


def result(**changes) -> NetworkResult:
    usual = outcome({"mean-potential": [0, 1, 2], "peak-potential": [3]})
    steps = {(reset, dt): usual for dt in TIME_STEPS for reset in RESETS}
    return replace(NetworkResult("mine", GRAPH, read_study(STUDY), usual, usual, usual, steps), **changes)


def row_of(network):
    return network_rows([network], over_time_rows([network]))[0]


def test_validation_images_choose_the_best_readout_and_the_first_of_equals():
    worse = {rule: [0] for rule in RULES}
    assert result(validation=outcome(worse)).rule == "mean-potential"
    better = worse | {"last-potential": [], "spike-count": []}
    assert result(validation=outcome(better)).rule == "last-potential"


def test_the_images_that_accuracies_are_reported_on_choose_nothing():
    reported = outcome({rule: [0, 1] for rule in RULES if rule != "first-spike"})
    assert row_of(result(headline=reported))["readout"] == "last-potential"


def test_the_row_of_a_network_counts_what_was_lost_and_won_beside_the_trained_one():
    headline = outcome({"last-potential": [3, 4]})
    row = row_of(result(headline=headline))
    assert (row["ann_accuracy"], row["snn_accuracy"]) == (0.98, 0.96)
    expected = difference(headline["chosen"][RULES.index("last-potential")] == 1, headline["ann"] == 1)
    assert row["difference"] == pytest.approx(-0.02) and (row["lost"], row["won"]) == (2, 1)
    assert (row["low"], row["high"], row["p"]) == (expected.low, expected.high, expected.p)
    assert row["ann_to_spiking"] == row["ann_flop"] / (0.08 * 5e3 + 0.25 * 3e4)
    assert (row["time_to_95_ms"], row["time_to_98_ms"]) == (16, 16)


def test_time_steps_are_compared_with_the_finest_exact_one_on_the_same_trials():
    usual = result()
    steps = dict(usual.time_steps) | {("zero", 1e-3): outcome({"last-potential": list(range(5, 15))})}
    rows = {(row["reset"], row["dt_ms"]): row for row in time_step_rows([replace(usual, time_steps=steps)])}
    changed, reference = rows["zero", 1.0], rows["exact", 0.1]
    assert changed["difference"] == pytest.approx(-0.2) and changed["significant"]
    assert (changed["lost"], changed["same_class"]) == (10, 0.8)
    assert (reference["low"], reference["high"], reference["p"]) == (0, 0, None)
    assert {row["family"] for row in rows.values()} == {"time steps"}


def test_the_verdict_names_significant_differences_alone():
    worse, same = result(headline=outcome({"last-potential": list(range(1, 20))})), result(network="other")
    networks = network_rows([worse, same], over_time_rows([worse, same]))
    best, spiking, steps = verdict_of(networks, time_step_rows([worse, same]), "digits")
    assert "of 2 spiking networks other classifies most images" in best
    assert "mine (\N{MINUS SIGN}36.0 points [" in spiking
    assert spiking.endswith("was found for other.")
    assert "No significant change" in steps


def test_markdown_says_never_and_names_the_command():
    network = result(long=outcome({"last-potential": [0, 1]}))
    text = tables_markdown([row_of(network)], time_step_rows([network]), "bioscnn benchmark mine")
    assert "| 16, never |" in text
    assert "by `bioscnn benchmark mine`: 50 validation images" in text
    widths = {line.count("|") for line in text.splitlines() if line.startswith("|")}
    assert widths == {11, 6}


def test_the_headline_is_a_trial_of_its_own_and_not_a_part_of_the_long_one():
    benchmark = BenchmarkExperiment("mnist", STUDY, ("mnist-small",), "validation", time_step_trials=200)
    units = benchmark.plan(Bench(None))
    configs = {unit.condition: unit.study.config for unit in units}
    assert [configs[name].simulation.n_steps for name in (VALIDATION, HEADLINE, LONG)] == [30, 30, 100]
    assert configs[HEADLINE].dataset.trials == 5000
    steps = [config for name, config in configs.items() if name.startswith("reset")]
    assert {config.dataset.trials for config in steps} == {200}
    cases = {(config.neuron.reset, config.simulation.dt) for config in steps}
    assert cases == {(reset, dt) for reset in RESETS for dt in TIME_STEPS}


@pytest.mark.parametrize(
    ("changes", "told"),
    [(("noise.blur.severity=2",), "without noise"), (("encoding.kind=poisson",), "networks of images")],
)
def test_a_benchmark_refuses_in_its_plan_what_it_is_not_about(changes, told):
    benchmark = BenchmarkExperiment("mnist", STUDY, ("mnist-small",), "validation", changes=changes)
    with pytest.raises(UserError, match=told):
        benchmark.plan(Bench(None))


def test_networks_of_noise_of_a_front_end_or_of_another_code_are_not_compared(monkeypatch):
    cards = {
        "a-plain": {"settings": {"noise": 0.0}},
        "a-older": {"settings": {"epochs": 3}},  # from before there was noise
        "a-unknown": None,
        "a-noisy": {"settings": {"noise": 0.5}},
        "a-retina": {"encoding": {}},
        "a-times": {"code": {"kind": "time"}},
        "b-plain": {},
    }
    monkeypatch.setattr("bioscnn.experiments.benchmark.networks.shipped_models", lambda: list(cards))
    monkeypatch.setattr("bioscnn.experiments.benchmark.networks.read_card", cards.get)
    assert shipped_networks("a") == ("a-plain", "a-older", "a-unknown")


@pytest.mark.parametrize(
    ("networks", "file", "split", "words"),
    [
        (None, "sims/mnist.toml", "test", ""),
        (
            ("mnist-small",),
            "own.toml",
            "validation",
            " --network mnist-small --study own.toml --split validation",
        ),
    ],
)
def test_the_command_says_what_is_not_usual(networks, file, split, words):
    given = networks or compared_networks("mnist")
    assert BenchmarkExperiment("mnist", Path(file), given, split).command == f"bioscnn benchmark mnist{words}"


def test_a_document_shows_the_name_of_a_network_as_it_is_and_takes_it_for_no_markup():
    markdown = pytest.importorskip("markdown_it").MarkdownIt("commonmark").enable("table")
    name = f"a `b` | {NAME} ``c``"
    network = result(network=name)
    rows = network_rows([network], over_time_rows([network]))
    html = markdown.render(tables_markdown(rows, time_step_rows([network]), f"bioscnn benchmark `x` {NAME}"))
    assert unescape(html).count(name) == 1 + len(RESETS) and f"`x` {NAME}" in unescape(html)
    assert "<img" not in html and "<script" not in html


def test_a_significant_change_is_named_with_its_reset_and_step_and_no_others_are_spoken_of():
    worse = outcome({"last-potential": list(range(1, 20))})
    steps = dict(result().time_steps) | {("zero", 1e-3): outcome({"last-potential": list(range(5, 15))})}
    network = result(headline=worse, time_steps=steps)
    networks = network_rows([network], over_time_rows([network]))
    _, spiking, changed = verdict_of(networks, time_step_rows([network]), "digits")
    assert "no significant change" not in spiking
    assert "differs significantly for mine with reset zero in steps of 1 ms" in changed
