"""The rungs of the ladder as studies, and the arithmetic of its tables and its verdict."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bioscnn.errors import UserError
from bioscnn.metrics import median_interval, paired_distance, wilson
from bioscnn.simulation.simulate import Silent
from bioscnn.studies import read_study
from bioscnn.studies.ladder import run_ladder
from bioscnn.studies.ladder.fine_tuning import settings_for, why_not
from bioscnn.studies.ladder.rungs import DELAYED, Rung, rungs_of
from bioscnn.studies.ladder.tables import Climbed, comparison_rows, fine_tuned_rows, ladder_rows
from bioscnn.studies.ladder.verdict import verdict_of

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
        run_ladder(
            read_study(SIMS / f"{name}.toml", changes),
            data=None, results=Path("nowhere"), progress=Silent(), **options,
        )  # fmt: skip
    assert not Path("nowhere").exists()
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
def test_what_has_no_ladder_is_told_before_any_simulation(changes, key, told):
    error = refused(*changes)
    assert error.key == key and told in str(error)


def test_a_neuron_that_is_not_there_is_named(tmp_path):
    error = refused(neuron=tmp_path / "nothing.toml")
    assert error.file == tmp_path / "nothing.toml"


N = 400
LABELS = np.arange(N) % 10


def climbed(name, wrong, latency, spikes, below=None, **more):
    """A rung that is wrong in some of the trials."""
    chosen = np.where(np.isin(np.arange(N), wrong), (LABELS + 1) % 10, LABELS)
    rung = Rung(name, f"the {name}", {"neuron.model": name}, read_study(SIMS / "mnist.toml"), below, **more)
    found = {
        "chosen": chosen.astype(np.int16),
        "latency_ms": latency,
        "spikes": spikes,
        "synops": 10 * spikes,
    }
    return Climbed(rung, found, ["V", "I_syn"], 1.5)


@pytest.fixture
def three():
    """A rung, one that is worse and slower, and one with the same answers as the second but fewer spikes."""
    rng = np.random.default_rng(4)
    latency, spikes = rng.integers(8, 20, N).astype(float), rng.poisson(300, N)
    return [
        climbed("a", range(10), latency, spikes),
        climbed("b", range(60), latency + 2 + rng.normal(0, 0.5, N), spikes, "a"),
        climbed("c", range(60), latency + 2, spikes - rng.integers(10, 30, N), "b"),
    ]


def test_the_table_says_what_the_trials_came_to(three):
    first = ladder_rows(three, LABELS)[0]
    share = wilson(N - 10, N)
    assert [first[f"accuracy{end}"] for end in ("", "_low", "_high")] == [share.value, share.low, share.high]
    assert first["latency_ms"] == np.median(three[0].found["latency_ms"])
    assert first["spikes"] == three[0].found["spikes"].mean()
    assert first["synops"] == pytest.approx(10 * first["spikes"])
    assert first["spikes_low"] < first["spikes"] < first["spikes_high"]
    assert (first["state"], first["variables"], first["time"], first["n"]) == ("V I_syn", 2, 1.5, N)


def test_differences_are_those_of_the_same_trials_and_corrected_for_all_tests(three):
    ann = np.where(np.arange(N) < 5, (LABELS + 1) % 10, LABELS)
    rows = comparison_rows(three, LABELS, ann)
    table = {(row["first"], row["second"], row["outcome"]): row for row in rows}
    assert len(table) == len(rows) == 3 + 2 * 4
    right = [one.found["chosen"] == LABELS for one in three]
    expected = paired_distance(right[0], right[1])
    lost = table["b", "a", "accuracy"]
    assert (lost["difference"], lost["low"], lost["high"]) == (expected.value, expected.low, expected.high)
    assert lost["p"] == 2 * 0.5**50 and lost["told"]
    assert lost["p"] < lost["p_holm"] <= len(rows) * lost["p"]
    same = table["c", "b", "accuracy"]
    assert same["difference"] == 0 and same["p"] == 1 and not same["told"]
    assert table["b", "a", "latency_ms"]["difference"] == pytest.approx(2, abs=0.1)
    assert table["c", "b", "spikes"]["high"] < -18
    assert table["b", "a", "spikes"]["difference"] == 0 and not table["b", "a", "spikes"]["told"]
    assert table["a", "ANN", "accuracy"]["difference"] == -5 / N


def test_the_verdict_claims_nothing_beyond_the_intervals(three):
    rows = ladder_rows(three, LABELS)
    comparisons = comparison_rows(three, LABELS, LABELS)
    rungs = [one.rung for one in three]
    accuracy, latency, spikes, whole = verdict_of(rungs, rows, comparisons, 1.0, "digits")
    assert accuracy.startswith("On digits, accuracy falls with the b (\N{MINUS SIGN}12.50 points [")
    assert accuracy.endswith("; with the c, nothing changes that can be told from chance.")
    assert latency.startswith("Decisions come later with the b (+2.0 ms [")
    assert spikes.startswith("Spikes become fewer with the c (\N{MINUS SIGN}")
    assert whole.startswith(
        "From a to all of it, accuracy goes from 97.50 % to 85.00 % (trained network: 100"
    )
    for row in comparisons:
        row["told"] = False
    assert (
        "no piece of biology changes the accuracy" in verdict_of(rungs, rows, comparisons, 1.0, "digits")[0]
    )


@pytest.mark.parametrize(("apart", "words"), [(0.02, "above all with the b"), (0.001, "with the b (")])
def test_a_piece_comes_first_above_all_only_where_the_intervals_part(three, apart, words):
    rungs, rows = [one.rung for one in three], ladder_rows(three, LABELS)
    comparisons = comparison_rows(three, LABELS, LABELS)
    for row in comparisons:
        value = {"b": -0.03 - apart, "c": -0.03}.get(row["first"], 0.0)
        row |= {"difference": value, "low": value - 0.005, "high": value + 0.005, "told": True}
    sentence = verdict_of(rungs, rows, comparisons, 1.0, "digits")[0]
    assert f"falls {words}" in sentence and ("less with the c" in sentence) == (apart > 0.01)


def test_a_neuron_of_ones_own_stands_beside_the_ladder_in_the_verdict(three):
    own = climbed("own", range(200), three[0].found["latency_ms"], three[0].found["spikes"], "b", own=True)
    every = [*three, own]
    rows, comparisons = ladder_rows(every, LABELS), comparison_rows(every, LABELS, LABELS)
    last = verdict_of([one.rung for one in every], rows, comparisons, 1.0, "digits")[-1]
    assert "to 85.00 %" in last
    compared = {row["second"] for row in comparisons if row["first"] == "own"}
    assert compared == {"b", "ANN"}


@pytest.mark.parametrize("n", [1, 5, 6, 60, 1001])
def test_the_interval_of_a_median_holds_it_in_19_of_20_samples(n):
    rng = np.random.default_rng(n)
    samples = rng.exponential(1.0, (2000, n))
    found = np.array([median_interval(sample) for sample in samples])
    assert (found[:, 1] <= found[:, 0]).all() and (found[:, 0] <= found[:, 2]).all()
    if n >= 6:
        share = np.mean((found[:, 1] <= np.log(2)) & (np.log(2) <= found[:, 2]))
        assert 0.94 < share < 0.985


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


def test_what_fine_tuning_gains_is_told_against_the_same_trials_before(three):
    better = replace(three[1], tuned=three[0].found, why_not="")
    rows = fine_tuned_rows([replace(three[0], why_not="no twin"), better], LABELS)
    assert rows[0] == {"rung": "a", "why_not": "no twin"}
    assert rows[1]["difference"] == 50 / N and rows[1]["told"] and rows[1]["p"] == 2 * 0.5**50
    assert rows[1]["accuracy"] == 1 - 10 / N
