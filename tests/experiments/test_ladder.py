"""The rungs of the ladder as studies, and the arithmetic of its tables and its verdict."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bioscnn.ann import Dense, Flatten, LayerGraph, LIFRate, write_onnx
from bioscnn.errors import UserError
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.ladder import LadderExperiment
from bioscnn.experiments.ladder.fine_tuning import settings_for, why_not
from bioscnn.experiments.ladder.rungs import DELAYED, Rung, rungs_of
from bioscnn.experiments.ladder.tables import RungResult, comparison_rows, fine_tuned_rows, ladder_rows
from bioscnn.experiments.ladder.verdict import verdict_of
from bioscnn.readout import READOUTS
from bioscnn.statistics import difference, proportion
from bioscnn.studies import read_study

SIMS = Path(__file__).parents[2] / "sims"
STUDIES = ("mnist", "nmnist", "caltech", "mnist-foveal")


def ladder_of(name="mnist", *changes):
    return rungs_of(read_study(SIMS / f"{name}.toml", changes))


@pytest.mark.parametrize("name", STUDIES)
def test_every_rung_changes_only_what_it_says_of_the_rung_below(name):
    rungs = ladder_of(name)
    below = read_study(SIMS / f"{name}.toml").config.model_dump()
    for rung in rungs:
        tables = rung.study.config.model_dump()
        changed = {
            f"{table}.{key}"
            for table, keys in tables.items()
            for key, value in keys.items()
            if below[table].get(key) != value
        }
        # The keys of a model come with it, at their defaults.
        new = {key for key in changed if key.split(".")[1] not in below[key.split(".")[0]]}
        assert changed - new <= set(rung.changes), rung.name
        assert changed or rung is rungs[0]
        below = tables
    assert [rung.below for rung in rungs] == [None, *(rung.name for rung in rungs[:-1])]


def test_a_study_with_another_neuron_keeps_its_numbers_for_the_rung_of_that_neuron():
    changes = "neuron.model=adaptive-lif", "neuron.b=0.1 nA", "synapse.model=conductance", "synapse.E_e=80 mV"
    configs = [rung.study.config for rung in ladder_of("mnist", *changes)]
    assert [config.neuron.model for config in configs] == ["if", *["lif"] * 4, *["adaptive-lif"] * 2]
    assert [config.synapse.model for config in configs] == [*["current"] * 6, "conductance"]
    assert (configs[5].neuron.b, configs[6].synapse.E_e) == (0.1e-9, 80e-3)


def test_photographs_climb_with_a_network_that_needs_no_retina():
    bottom = LadderExperiment(read_study("caltech")).rungs[0].study.config
    assert (bottom.network.model, bottom.encoding.retina) == ("caltech-pixels-relu", ())
    assert bottom.encoding.kind == "lif-layer"


def test_a_network_of_rectified_linear_units_climbs_itself():
    study = read_study("mnist", ["network.model=mnist-small-relu"])
    assert LadderExperiment(study).rungs[0].study.config.network.model == "mnist-small-relu"


def test_a_network_of_ones_own_that_belongs_to_one_neuron_is_refused_with_how_to_get_another(tmp_path):
    layers = (Flatten(), Dense(np.ones((5, 784))), LIFRate(), Dense(np.ones((10, 5))))
    write_onnx(LayerGraph("own", (1, 28, 28), layers), tmp_path / "own.onnx")
    error = refused(f"network.model={tmp_path / 'own.onnx'}")
    assert error.key == "network.model" and "is shipped" not in error.expected
    assert "--set training.activation=relu --set network.model=own-relu.onnx`" in error.fix
    assert error.fix.endswith("then --set network.model=own-relu.onnx")


@pytest.mark.parametrize("name", ["ncaltech101", "mnist-foveal"])
def test_a_data_set_without_such_a_network_says_which_is_missing(name):
    with pytest.raises(UserError, match=f"no {name}.*-relu is shipped") as raised:
        LadderExperiment(read_study(name)).plan(Bench(None))
    assert "network.model=results/models/" in raised.value.fix


def test_a_neuron_of_ones_own_has_the_synapses_of_the_delayed_rung_and_is_compared_with_it():
    own = SIMS / "neurons" / "exponential.toml"
    *ladder, last = rungs_of(read_study(SIMS / "mnist.toml"), own)
    assert last.own and not any(rung.own for rung in ladder)
    assert (last.name, last.below, last.changes) == ("exponential (own)", DELAYED, {"neuron.model": own.name})
    below = next(rung for rung in ladder if rung.name == DELAYED)
    assert last.study.config.synapse == below.study.config.synapse
    assert last.study.config.neuron.is_own


def test_a_study_that_has_a_piece_itself_keeps_its_numbers_and_only_from_its_rung_on():
    changes = "neuron.t_ref=4 ms", "synapse.tau_s=3 ms", "synapse.delay=2 ms"
    configs = [rung.study.config for rung in ladder_of("mnist", *changes)]
    assert [config.neuron.t_ref for config in configs[:4]] == [0, 0, 4e-3, 4e-3]
    assert [config.synapse.tau_s for config in configs[:5]] == [2e-5, 2e-5, 2e-5, 3e-3, 3e-3]
    assert [config.synapse.delay for config in configs[:5]] == [0, 0, 0, 0, 2e-3]


@pytest.mark.parametrize("dt", ["0.1 ms", "0.3 ms", "3 ms"])
def test_pieces_that_a_study_does_not_have_come_in_whole_steps(dt):
    changes = f"simulation.dt={dt}", "simulation.duration=30 ms", "neuron.t_ref=0 ms", "synapse.tau_s=5 ms"
    for rung in ladder_of("mnist", *changes):
        config = rung.study.config
        for time in (config.neuron.t_ref, config.synapse.delay):
            assert time / config.simulation.dt == pytest.approx(round(time / config.simulation.dt))
    assert config.neuron.t_ref > 0 and config.synapse.delay > 0


def refused(*changes, name="mnist", **options):
    with pytest.raises(UserError) as caught:
        LadderExperiment(read_study(SIMS / f"{name}.toml", changes), **options).plan(Bench(None))
    return caught.value


@pytest.mark.parametrize(
    ("changes", "key", "told"),
    [
        (("noise.blur.severity=2",), "noise", "without noise"),
        (("simulation.device=genn",), "simulation.device", "axonal delay"),
        (("network.model=mnist-foveal",), "network.model", "mnist-small-relu"),
        (("dataset.trials=1",), "dataset.trials", "nothing can be told"),
        (("network.max_rate=500 Hz",), "network.max_rate", "'+ refractory period'"),
    ],
)  # fmt: skip
def test_what_has_no_ladder_is_refused_in_the_plan(changes, key, told):
    error = refused(*changes)
    assert error.key == key and told in str(error)


def test_a_neuron_that_is_not_there_is_named(tmp_path):
    error = refused(neuron=tmp_path / "nothing.toml")
    assert error.file == tmp_path / "nothing.toml"


N, RULE = 400, "peak-potential"
LABELS = np.arange(N) % 10


def result(name, wrong, latency, spikes, below=None, **more):
    """A rung whose readout is wrong in some of the trials; the other readouts are wrong in all."""
    chosen = np.tile((LABELS + 1) % 10, (len(READOUTS), 1))
    chosen[list(READOUTS).index(RULE)] = np.where(np.isin(np.arange(N), wrong), (LABELS + 1) % 10, LABELS)
    rung = Rung(name, f"the {name}", {"neuron.model": name}, read_study(SIMS / "mnist.toml"), below, **more)
    outcome = {
        "label": LABELS,
        "chosen": chosen,
        "latency_ms": latency,
        "spikes": spikes,
        "synops": 10 * spikes,
    }
    return RungResult(rung, outcome, RULE, ("V", "I_syn"), 1.5)


@pytest.fixture
def three():
    """A rung, one that is worse and slower, and one with the same answers as the second but fewer spikes."""
    rng = np.random.default_rng(4)
    latency, spikes = rng.integers(8, 20, N).astype(float), rng.poisson(300, N)
    return [
        result("a", range(10), latency, spikes),
        result("b", range(60), latency + 2 + rng.normal(0, 0.5, N), spikes, "a"),
        result("c", range(60), latency + 2, spikes - rng.integers(10, 30, N), "b"),
    ]


def test_the_table_says_what_the_trials_came_to(three):
    first = ladder_rows(three)[0]
    share = proportion(np.arange(N) >= 10)
    assert [first[f"accuracy{end}"] for end in ("", "_low", "_high")] == [share.value, share.low, share.high]
    assert first["latency_ms"] == np.median(three[0].outcome["latency_ms"])
    assert first["spikes"] == three[0].outcome["spikes"].mean()
    assert first["synops"] == pytest.approx(10 * first["spikes"])
    assert first["spikes_low"] < first["spikes"] < first["spikes_high"]
    assert (first["state"], first["variables"], first["time"], first["n"]) == ("V I_syn", 2, 1.5, N)


def test_differences_are_those_of_the_same_trials_and_one_family(three):
    ann = np.where(np.arange(N) < 5, (LABELS + 1) % 10, LABELS)
    rows = comparison_rows(three, ann)
    table = {(row["first"], row["second"], row["outcome"]): row for row in rows}
    assert len(table) == len(rows) == 3 + 2 * 4
    assert {row["family"] for row in rows} == {"ladder"}
    expected = difference(three[1].correct, three[0].correct)
    lost = table["b", "a", "accuracy"]
    assert (lost["difference"], lost["low"], lost["high"]) == (expected.value, expected.low, expected.high)
    assert lost["difference"] == -50 / N and lost["significant"]
    assert lost["p"] < lost["p_holm"] <= len(rows) * lost["p"]
    same = table["c", "b", "accuracy"]
    assert same["difference"] == 0 and same["p"] == 1 and not same["significant"]
    assert table["b", "a", "latency_ms"]["difference"] == pytest.approx(2, abs=0.1)
    assert table["c", "b", "spikes"]["high"] < -18
    assert table["b", "a", "spikes"]["difference"] == 0 and not table["b", "a", "spikes"]["significant"]
    assert table["a", "ANN", "accuracy"]["difference"] == -5 / N


def verdict(results, comparisons):
    return verdict_of([one.rung for one in results], ladder_rows(results), comparisons, 1.0, "digits")


def test_the_verdict_names_significant_changes_alone(three):
    comparisons = comparison_rows(three, LABELS)
    accuracy, latency, spikes, whole = verdict(three, comparisons)
    assert "falls with the b (\N{MINUS SIGN}12.50 points [" in accuracy
    assert accuracy.endswith("no significant change was found with the c.")
    assert "later with the b (+2.0 ms [" in latency and "the c" not in latency
    assert "fewer with the c (\N{MINUS SIGN}" in spikes and "the b" not in spikes
    assert "from 97.50 % to 85.00 % (trained network: 100.00 %)" in whole
    none = [row | {"significant": False} for row in comparisons]
    assert not any("the b" in sentence for sentence in verdict(three, none))


def test_a_neuron_of_ones_own_stands_beside_the_ladder_in_the_verdict(three):
    first = three[0].outcome
    own = result("own", range(200), first["latency_ms"], first["spikes"], "b", own=True)
    comparisons = comparison_rows([*three, own], LABELS)
    assert "to 85.00 %" in verdict([*three, own], comparisons)[-1]
    assert {row["second"] for row in comparisons if row["first"] == "own"} == {"b", "ANN"}


def test_what_fine_tuning_gains_is_the_difference_to_the_same_trials_before(three):
    none, gained = fine_tuned_rows(
        [replace(three[0], why_not="no twin"), replace(three[1], tuned=three[0].outcome)]
    )
    assert none == {"rung": "a", "why_not": "no twin"}
    assert gained["difference"] == 50 / N and gained["significant"] and gained["family"] == "fine-tuning"
    assert gained["accuracy"] == 1 - 10 / N


def test_ladders_stand_on_the_rung_that_they_name():
    names = [rung.name for rung in ladder_of()]
    assert names.index(DELAYED) == 4 and names[0] == "IF"


@pytest.mark.parametrize(
    ("place", "changes", "reason"),
    [
        (0, (), "only LIF neurons"), (1, (), ""), (2, (), ""), (3, (), ""), (4, (), "delay"),
        (5, (), "only LIF neurons"), (6, (), "only LIF neurons"), (3, ("neuron.reset=zero",), "reset"),
        (3, ("network.model=my.onnx",), "no recipe"),
    ],
)  # fmt: skip
def test_a_rung_is_fine_tuned_where_it_has_a_differentiable_twin(place, changes, reason):
    config = ladder_of("mnist", "network.model=mnist-small-relu", *changes)[place].study.config
    told = why_not(config)
    assert reason in told and bool(reason) == bool(told)


def test_a_rung_is_fine_tuned_under_its_own_conditions():
    changes = "network.model=nmnist-small-relu", "simulation.duration=200 ms", "encoding.input_rate=80 Hz"
    settings = settings_for(ladder_of("nmnist", *changes)[1].study.config)
    assert (settings.epochs, settings.duration, settings.tau_s) == (1, 0.2, 2e-5)
    assert (settings.input_rate, settings.frame, settings.readout) == (80, 50e-3, "mean-potential")
    assert settings.decide_from / settings.duration == pytest.approx(1 / 3, abs=0.01)
