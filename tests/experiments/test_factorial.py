"""The factorial of the ladder: its cells, games whose answer is known, and networks of other seeds."""

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from bioscnn.datasets import load_dataset
from bioscnn.errors import UserError
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.executors import Where
from bioscnn.experiments.ladder import LadderExperiment
from bioscnn.experiments.ladder.cells import ALL, FACTORS, NEEDS, combinations_of, contexts_of
from bioscnn.experiments.ladder.factorial import (
    Factorial,
    context_rows,
    effect_rows,
    shapley_rows,
    shapley_weights,
)
from bioscnn.experiments.ladder.rungs import rungs_of
from bioscnn.experiments.ladder.verdict import verdict_of_factorial
from bioscnn.experiments.retrained import training_units
from bioscnn.experiments.run import run_experiment
from bioscnn.experiments.unit import Measure
from bioscnn.readout import READOUTS
from bioscnn.seeds import stream
from bioscnn.studies import read_study
from bioscnn.studies.training import TrainingExamples
from bioscnn.studies.watcher import Unwatched
from tests.experiments.conftest import no_pages

STUDY = Path(__file__).parents[2] / "sims" / "mnist.toml"
LEAK, REFRACTORY, CURRENT, DELAY = FACTORS
TRIALS = 40


def game(value, networks=1, noise=0.0, spread=0.0):
    """A factorial in which every outcome of a cell is what a function of it says, give or take chance."""
    rng = stream(1, "game")
    each = rng.normal(0, noise, (networks, TRIALS)) + spread * np.arange(networks)[:, None]
    values = {cell: value(cell) + each * len(cell) for cell in combinations_of()}
    right = {cell: np.tile(np.arange(TRIALS) < TRIALS * value(cell), (networks, 1)) for cell in values}
    return Factorial({"accuracy": right, "latency_ms": values, "spikes": values})


def test_every_rung_of_the_ladder_is_a_cell_and_shares_its_unit():
    experiment = LadderExperiment(read_study(STUDY, ["dataset.trials=20"]), factorial=True)
    units = experiment.plan(Bench(None))
    rungs = {u.variant: u.id for u in units if u.condition == "as converted"}
    cells = {u.condition: u.id for u in units if u.variant == "as shipped"}
    on_the_way = [" + ".join(ALL[:n]) or "none" for n in range(len(ALL) + 1)]
    assert [cells[name] for name in on_the_way] == list(rungs.values())
    assert len(cells) == len(set(cells.values())) == 36


def test_what_needs_another_piece_is_left_out_where_that_is_missing():
    cells = list(combinations_of())
    assert len(cells) == len(set(cells)) == 36
    assert sum(cell <= set(FACTORS) for cell in cells) == 16
    assert not any(factor in cell and need not in cell for cell in cells for factor, need in NEEDS.items())
    assert [len(contexts_of(factor)) for factor in ALL] == [8, 8, 8, 8, 12, 12]


def test_a_shapley_value_is_the_mean_over_all_orders():
    rng = stream(2, "any game")
    values = {cell: rng.normal() for cell in combinations_of()}
    total = 0.0
    for factor in FACTORS:
        gains = []
        for order in permutations(FACTORS):
            before = frozenset(order[: order.index(factor)])
            gains.append(values[before | {factor}] - values[before])
        own = sum(weight * values[cell] for cell, weight in shapley_weights(factor).items())
        assert own == pytest.approx(np.mean(gains))
        total += own
    whole = values[frozenset(FACTORS)] - values[frozenset()]
    assert total == pytest.approx(whole), "they share out the whole"


def test_two_pieces_that_only_work_together_share_and_interact():
    """Latency 10 with both the leak and the current, 3 more with a delay: a game that is solved by hand."""
    found = game(lambda cell: 10.0 * ({LEAK, CURRENT} <= cell) + 3.0 * (DELAY in cell))
    shapley = {r["factor"]: r["difference"] for r in shapley_rows(found) if r["outcome"] == "latency_ms"}
    assert shapley == pytest.approx({LEAK: 5, REFRACTORY: 0, CURRENT: 5, DELAY: 3})
    effects = {
        (r["factor"], r["other"]): r["difference"] for r in effect_rows(found) if r["outcome"] == "latency_ms"
    }
    assert effects[LEAK, CURRENT] == pytest.approx(10) and effects[LEAK, DELAY] == pytest.approx(0)
    assert effects[LEAK, ""] == pytest.approx(5) and effects["conductances", ""] == pytest.approx(0)


def test_an_interval_over_networks_is_wider_where_they_differ():
    alike, apart = (
        next(r for r in shapley_rows(game(len, 5, 0.1, spread)) if r["outcome"] == "spikes")
        for spread in (0.0, 1.0)
    )
    assert alike["seeds"] == apart["seeds"] == 5 and alike["trials"] == TRIALS
    assert apart["high"] - apart["low"] > 5 * (alike["high"] - alike["low"])
    assert {row["family"] for row in effect_rows(game(len))} == {"main effects and interactions"}


def test_the_verdict_says_whose_sign_the_order_decides():
    def right(cell):
        return 0.5 + (0.4 if CURRENT in cell else -0.4) * (LEAK in cell)

    found = game(right)
    *_, order = verdict_of_factorial(shapley_rows(found), effect_rows(found), context_rows(found), "digits")
    assert (
        "sign" in order and "leak from \N{MINUS SIGN}40.00 points" in order and "leak with synaptic" in order
    )
    unsure = [row | {"significant": False} for row in effect_rows(found)]
    *_, sign = verdict_of_factorial(shapley_rows(found), unsure, context_rows(found), "digits")
    assert "sign" in sign and "interact" not in sign
    *_, pairs = verdict_of_factorial(shapley_rows(found), effect_rows(found), [], "digits")
    assert "sign" not in pairs and pairs.startswith("Pieces interact in the accuracy")
    plain = game(lambda cell: 0.5)
    *_, order = verdict_of_factorial(shapley_rows(plain), effect_rows(plain), context_rows(plain), "digits")
    assert order.startswith("No significant interaction")


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"networks": 2}, "--networks"),
        ({"epochs": 2}, "--epochs"),
        ({"factorial": True, "networks": 0}, "--networks"),
        ({"factorial": True, "epochs": 0}, "--epochs"),
    ],
)
def test_networks_without_a_factorial_and_none_of_them_are_refused(options, key):
    with pytest.raises(UserError) as caught:
        LadderExperiment(read_study(STUDY), **options).plan(Bench(None))
    assert caught.value.key == key


def test_a_network_that_no_recipe_made_is_not_trained_again():
    pytest.importorskip("torch")
    with pytest.raises(UserError, match="no recipe") as caught:
        training_units("my.onnx", 1)
    assert (caught.value.key, caught.value.value) == ("network.model", "my.onnx")
    seeds = [unit.options["seed"] for unit in training_units("mnist-small-relu", 2)]
    assert seeds == [2, 3], "the shipped network has seed 1"
    assert [u.options for u in training_units("mnist-small-relu", 1, 4)] == [
        {"recipe": "mnist-small-relu", "seed": 1, "epochs": 4}
    ]


def counted(unit, bench):
    """An outcome that counts the pieces of a cell, and the bytes of the network that it is given."""
    config, n = unit.study.config, 4
    synapse, neuron = config.synapse, config.neuron
    pieces = [neuron.model != "if", neuron.t_ref > 0, synapse.tau_s > 1e-3, synapse.delay > 0]
    network = bench.given[unit.needs[0]]["onnx"].sum() % 97 if unit.needs else 0
    label = np.zeros(n, np.int16)
    return {
        "label": label, "chosen": np.zeros((len(READOUTS), n), np.int16), "ann": label,
        "latency_ms": np.arange(n) + [1.0, 2.0, 4.0, 8.0] @ np.array(pieces),
        "spikes": np.arange(n) + int(network), "synops": np.arange(n),
    }  # fmt: skip


COUNTED = Measure(counted)
TIMED = Measure(lambda unit, bench: {"ratio": np.ones(2)})


def test_networks_are_trained_from_their_seeds_and_every_cell_is_shown_to_each(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    digits = load_dataset("mnist", "validation").take(64)
    shown = TrainingExamples(digits.intensities(), digits, (1, 28, 28))
    monkeypatch.setattr("bioscnn.studies.training.load_training_examples", lambda *_: shown)
    monkeypatch.setenv("BIOSCNN_CACHE", str(tmp_path / "cache"))
    for name in ("RUNG", "TIME"):
        fake = f"tests.experiments.test_factorial:{'COUNTED' if name == 'RUNG' else 'TIMED'}"
        monkeypatch.setattr(f"bioscnn.experiments.ladder.experiment.{name}", fake)
    rungs = "bioscnn.experiments.ladder.experiment.rungs_of"
    monkeypatch.setattr(rungs, lambda study, own: rungs_of(study, own)[:2])
    study = read_study(STUDY, ["dataset.trials=4", "simulation.jobs=1"])
    experiment = LadderExperiment(study, factorial=True, networks=2, epochs=1)

    def climb(results):
        where = Where(1)
        return run_experiment(experiment, where=where, data=None, results=results, progress=Unwatched())

    done = climb(tmp_path / "a")
    tables = done.analysis.tables
    assert {row["networks"] for row in tables["factorial"]} == {2} and len(tables["factorial"]) == 36
    latency = {r["factor"]: r["difference"] for r in tables["shapley"] if r["outcome"] == "latency_ms"}
    assert latency == pytest.approx(dict(zip(FACTORS, (1, 2, 4, 8), strict=True)))
    assert done.computed == 2 + 1 + 2 + 2 * 36
    spikes = [row["spikes"] for row in tables["factorial"]]
    assert len(set(spikes)) == 1 and tables["factorial"][0]["spikes_high"] > spikes[0] + 3
    assert 'id="factorial"' in (done.folder / "report.html").read_text()
    with no_pages():
        again = climb(tmp_path / "a")
    assert again.computed == 0 and again.analysis.tables == tables
