"""The sums of a ledger, and the causes one by one; nothing is simulated here."""

import json
from dataclasses import replace
from functools import wraps
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioscnn import plots
from bioscnn.ann import LIFRate, ReLU, read_model
from bioscnn.conversion import METHODS, normalise
from bioscnn.datasets import load_dataset
from bioscnn.ledger import Case, Conditions, draw_up, outcomes
from bioscnn.ledger import conditions as conditions_module
from bioscnn.ledger import ledger as ledger_module
from bioscnn.ledger.causes import CAUSES, Off, switch_all_off
from bioscnn.ledger.files import from_json, to_csv, to_json
from bioscnn.ledger.layers import LayerComparison, expected_rates
from bioscnn.ledger.outcomes import ann_classes
from bioscnn.neurons import IF, LIF, ExponentialCurrent
from bioscnn.report.ledger import ledger_section
from bioscnn.seeds import stream
from bioscnn.simulation import Device
from bioscnn.statistics import score_mean
from tests.browser.conftest import made_up_ledger
from tests.networks import every_layer, images

AS_TRAINED = Conditions(
    neuron=LIF(), synapse=ExponentialCurrent(5e-3), normalisation="rate-matched", percentile=99.9,
    max_rate=200.0, dt=1e-3, duration=30e-3, precision="float32",
)  # fmt: skip
EVERY_FAULT = replace(
    AS_TRAINED, neuron=LIF(tau_m=10e-3, t_ref=5e-3, reset="zero"), normalisation="none", dt=5e-3
)
LAYER = LayerComparison("conv1", 4, 2, 0.9, 1.0, 20.0, 19.0, 0.1, [0.0, 1.0], [0.0, 1.0], [[1]])
SWITCH = {cause.name: cause.switch_off for cause in CAUSES}


def case(activation=None, n=40):
    x = images(n)
    calibration = images(50, seed=8) if isinstance(activation, ReLU) else None
    return Case(every_layer(activation), x, stream(3, "labels").integers(0, 5, n), calibration)


def made_up(seed, sharpness):
    """Decisions of a spiking network that is right with a probability of its own under each condition."""

    def spiking_classes(case, wanted, *_):
        rng = stream(seed, "decisions")
        trained = ann_classes(case, AS_TRAINED)
        n = len(trained)
        return {name: np.where(rng.random(n) < sharpness, trained, rng.integers(0, 5, n)) for name in wanted}

    return spiking_classes


def wrong_by_the_time_step(n_wrong):
    """The first trials have another class than that of the trained network, unless the step is fine."""

    def spiking_classes(case, wanted, *_):
        trained = ann_classes(case, AS_TRAINED)
        wrong = np.where(np.arange(len(trained)) < n_wrong, (trained + 1) % 5, trained)
        right = ("without time step", "all off")
        return {name: trained if name in right else wrong for name in wanted}

    return spiking_classes


def test_conditions_share_a_normalisation_where_nothing_differs_that_decides_it():
    shared, longer = case(ReLU()), replace(AS_TRAINED, duration=60e-3)
    for conditions in (AS_TRAINED, replace(AS_TRAINED, synapse=ExponentialCurrent(2e-3)), longer):
        network, alone = shared.network(conditions), case(ReLU()).network(conditions)
        for ours, theirs in zip(network.projections, alone.projections, strict=True):
            assert ours.synapse == theirs.synapse
            assert np.array_equal(ours.connectivity.synapses()[2], theirs.connectivity.synapses()[2])
    first, again = (shared.normalisation(replace(AS_TRAINED, precision=p)) for p in ("float32", "float64"))
    assert first is again is not shared.normalisation(longer)


def test_a_normalisation_is_measured_once_until_something_changes_that_decides_it(tmp_path, monkeypatch):
    monkeypatch.setenv("BIOSCNN_CACHE", str(tmp_path))
    measured = []
    monkeypatch.setattr(
        conditions_module, "normalise", lambda *a, **k: measured.append(k) or normalise(*a, **k)
    )

    def codes(conditions=AS_TRAINED, graph=None, calibration=None):
        shared = case(ReLU())
        calibration = shared.calibration if calibration is None else calibration
        made = conditions_module.normalisation_for(conditions, graph or shared.graph, calibration)
        assert made.neuron == conditions.simulated_neuron and made.window == conditions.duration
        return {name: (code.offset, code.slope, code.unit) for name, code in made.codes.items()}

    first = codes()
    for conditions in (
        AS_TRAINED,
        replace(AS_TRAINED, synapse=ExponentialCurrent(2e-3), precision="float64"),
    ):
        np.testing.assert_equal(codes(conditions), first)
    assert len(measured) == 1
    for change in (
        {"neuron": LIF(tau_m=10e-3)}, {"neuron": IF()}, {"max_rate": 150.0}, {"duration": 60e-3},
        {"percentile": 99.0}, {"normalisation": "channel-wise"},
    ):  # fmt: skip
        codes(replace(AS_TRAINED, **change))
    codes(graph=every_layer(ReLU(), seed=9))
    codes(calibration=images(50, seed=9))
    assert len(measured) == 9
    for file in (tmp_path / "normalisations").iterdir():
        file.write_bytes(file.read_bytes()[:-40])
    np.testing.assert_equal(codes(), first)
    assert len(measured) == 10
    for damage in (lambda rows: rows.astype("f4"), lambda rows: rows.astype(str), lambda rows: rows * np.nan):
        for file in (tmp_path / "normalisations").iterdir():
            np.savez(file, **{name: damage(np.stack(rows)) for name, rows in first.items()})
        np.testing.assert_equal(codes(), first)
    assert len(measured) == 13


@pytest.mark.parametrize("method", METHODS)
def test_what_each_method_measures_is_kept(method, tmp_path, monkeypatch):
    monkeypatch.setenv("BIOSCNN_CACHE", str(tmp_path))
    shared, conditions = case(ReLU()), replace(AS_TRAINED, normalisation=method)
    first = conditions_module.normalisation_for(conditions, shared.graph, shared.calibration)
    monkeypatch.setattr(conditions_module, "normalise", wraps(normalise)(lambda *a, **k: pytest.fail()))
    again = conditions_module.normalisation_for(conditions, shared.graph, shared.calibration)
    assert {name: code.unit.tolist() for name, code in again.codes.items()} == {
        name: code.unit.tolist() for name, code in first.codes.items()
    }


def test_figure_table_and_sentence_give_the_intervals_that_significance_is_judged_by(monkeypatch):
    """The own interval of 7 of 40 trials leaves zero out, the corrected one does not."""
    monkeypatch.setattr(ledger_module, "spiking_classes", wrong_by_the_time_step(7))
    ledger = draw_up(case(), EVERY_FAULT, "spike-count", Device())
    parts = [entry.agreement_part for entry in ledger.entries] + list(ledger.parts.values())
    assert any(part.low > 0 or part.high < 0 for part in parts if not part.significant)
    for part in parts:
        assert part.interval == (part.low_holm, part.high_holm)
        assert part.significant == (part.interval[0] > 0 or part.interval[1] < 0)
    rows = {row["cause"]: row for row in ledger_section(ledger, [LAYER]).parts[1].rows}
    axes = plots.waterfall(ledger.ann, ledger.parts, ledger.as_run).axes[0]
    whiskers = [line.get_segments() for line in axes.collections]
    for name, part in ledger.parts.items():
        assert (rows[name]["low"], rows[name]["high"]) == part.interval
    drawn = [abs(lines[0][1][0] - lines[0][0][0]) for lines in whiskers if lines[0][0][1] == lines[0][1][1]]
    assert drawn == pytest.approx([100 * np.ptp(part.interval) for part in ledger.parts.values()])


@pytest.mark.parametrize("conditions", [AS_TRAINED, EVERY_FAULT], ids=["as trained", "every fault"])
@pytest.mark.parametrize(("seed", "sharpness"), [(1, 0.2), (2, 0.9), (3, 1.0)])
def test_the_parts_add_up_to_the_gap_exactly(monkeypatch, conditions, seed, sharpness):
    monkeypatch.setattr(ledger_module, "spiking_classes", made_up(seed, sharpness))
    ledger = draw_up(case(LIFRate(gamma=0.05)), conditions, "spike-count", Device())
    n = ledger.n_trials
    assert sum(round(n * part.value) for part in ledger.parts.values()) == round(n * ledger.gap.value)
    assert round(n * ledger.gap.value) == round(n * ledger.ann) - round(n * ledger.as_run)
    disagreements = [entry.agreement_part for entry in ledger.entries]
    disagreements += [ledger.disagreement_interaction, ledger.disagreement_unexplained]
    assert sum(round(n * part.value) for part in disagreements) == round(n * ledger.disagreement.value)


def test_a_ledger_reads_back_from_its_file_as_itself(monkeypatch):
    monkeypatch.setattr(ledger_module, "spiking_classes", made_up(1, 0.7))
    ledger = draw_up(case(), EVERY_FAULT, "spike-count", Device())
    assert from_json(to_json(ledger, [])) == (ledger, [])
    assert len(to_csv(ledger).splitlines()) == 1 + len(ledger.entries) + 3
    with pytest.raises(ValueError, match="not a ledger"):
        from_json('{"entries": []}')


@pytest.mark.parametrize("change", [{"first": "the weather"}, {"rivals": ["the weather"]}])
def test_a_ledger_that_names_a_cause_without_an_entry_is_refused(monkeypatch, change):
    monkeypatch.setattr(ledger_module, "spiking_classes", made_up(1, 0.7))
    content = json.loads(to_json(draw_up(case(), EVERY_FAULT, "spike-count", Device()), []))
    with pytest.raises(ValueError, match="the weather"):
        from_json(json.dumps(content | change))


@pytest.mark.parametrize(
    "change",
    [{"counts": [[1, 2], [3]]}, {"counts": [[1, 2]]}, {"counts": []}, {"counts": [[-1, 0], [0, 0]]},
     {"counts": [[2**70, 0], [0, 0]]}, {"expected_edges": [0.0, 2.0, 1.0]}, {"expected_edges": []},
     {"expected_edges": [0.0] * 3, "measured_edges": [0.0] * 3}],
)  # fmt: skip
def test_a_histogram_that_is_none_is_refused(change):
    content = json.loads(made_up_ledger())
    layer = {
        "counts": [[1, 2], [3, 4]],
        "measured_edges": [-1.0, 1.0, 2.0],
        "expected_edges": [0.0, 1.0, 2.0],
    }
    content["layers"][1] |= layer
    assert from_json(json.dumps(content))[1][1].counts == [[1, 2], [3, 4]]
    content["layers"][1] |= change
    with pytest.raises(ValueError, match=r"layers\.1: counts are none of bins"):
        from_json(json.dumps(content))


def test_a_ledger_of_the_version_before_is_refused(monkeypatch):
    """Its parts had a value and an interval alone."""
    monkeypatch.setattr(ledger_module, "spiking_classes", made_up(1, 0.7))
    content = json.loads(to_json(draw_up(case(), EVERY_FAULT, "spike-count", Device()), []))
    content["gap"] = {end: content["gap"][end] for end in ("value", "low", "high")}
    with pytest.raises(ValueError, match=r"ledger\.gap\.trials: Field required"):
        from_json(json.dumps(content))


def test_the_cause_that_alone_changes_decisions_is_first_and_significant(monkeypatch):
    monkeypatch.setattr(ledger_module, "spiking_classes", wrong_by_the_time_step(15))
    ledger = draw_up(case(), EVERY_FAULT, "spike-count", Device())
    assert (ledger.first, ledger.rivals) == ("time step", ())
    parts = {entry.cause: entry.agreement_part for entry in ledger.entries}
    assert parts["time step"].value == ledger.disagreement.value == 15 / 40
    assert {cause for cause, part in parts.items() if part.significant} == {"time step"}
    assert parts["time step"].p_holm > parts["time step"].p, "corrected for all parts"
    assert ledger.disagreement.significant and not ledger.disagreement_unexplained.significant


def test_no_cause_is_named_without_a_significant_part(monkeypatch):
    monkeypatch.setattr(ledger_module, "spiking_classes", made_up(1, 1.0))
    ledger = draw_up(case(), EVERY_FAULT, "spike-count", Device())
    assert ledger.first is None and ledger.rivals == ()
    assert ledger.gap.value == 0 and not ledger.gap.significant


@pytest.mark.parametrize("kind", ["lif", "soft lif", "relu"])
def test_each_cause_changes_what_it_is_named_for_and_nothing_else(kind):
    activation = {"lif": None, "soft lif": LIFRate(gamma=0.1), "relu": ReLU()}[kind]
    graph = every_layer(activation)
    touched = {
        "normalisation": {"normalisation"}, "refractory ceiling": {"neuron"}, "membrane": {"neuron"},
        "rate curve": {"rates_in_ann"}, "start-up transient": {"warm_up"},
        "finite duration": {"duration"}, "time step": {"dt"}, "reset rule": {"neuron"},
        "synaptic filter": {"synapse"}, "float32": {"precision"},
    }  # fmt: skip
    for cause in CAUSES:
        off = cause.switch_off(EVERY_FAULT, graph)
        if isinstance(off, Off):
            changed = {n for n in vars(EVERY_FAULT) if vars(EVERY_FAULT)[n] != vars(off.conditions)[n]}
            assert changed == touched[cause.name], cause.name
            assert isinstance(cause.switch_off(off.conditions, graph), str) or cause.name == "finite duration"
    applies = {cause.name for cause in CAUSES if isinstance(cause.switch_off(EVERY_FAULT, graph), Off)}
    missing = {"lif": {"normalisation", "rate curve"}, "soft lif": {"normalisation"}, "relu": set()}[kind]
    assert applies == {cause.name for cause in CAUSES if "rate" in cause.codes} - missing


def test_a_network_run_as_it_was_trained_blames_nothing_that_it_was_trained_with():
    graph = every_layer()
    reasons = {cause.name: cause.switch_off(AS_TRAINED, graph) for cause in CAUSES}
    assert "t_ref = 2 ms" in reasons["refractory ceiling"]
    assert "tau_m = 20 ms" in reasons["membrane"]
    assert "below the rheobase" in reasons["rate curve"]
    assert "exact already" in reasons["reset rule"]
    assert isinstance(SWITCH["reset rule"](replace(AS_TRAINED, neuron=IF(reset="subtract")), graph), str)


@settings(deadline=None, max_examples=60)
@given(st.floats(0.02e-3, 5e-3))
def test_a_finer_step_divides_the_old_one(dt):
    off = SWITCH["time step"](replace(AS_TRAINED, dt=dt), every_layer())
    if isinstance(off, Off):
        assert off.conditions.dt <= 0.1001e-3
        assert dt / off.conditions.dt == pytest.approx(round(dt / off.conditions.dt))
    else:
        assert dt <= 0.1001e-3


def test_a_rounded_refractory_period_is_whole_again_in_fine_steps():
    coarse = replace(AS_TRAINED, dt=5e-3)
    assert coarse.simulated_neuron.t_ref == 0
    assert replace(coarse, neuron=LIF(t_ref=3e-3)).simulated_neuron.t_ref == 5e-3
    fine = SWITCH["time step"](coarse, every_layer()).conditions
    assert fine.simulated_neuron == LIF(t_ref=2e-3)


def test_all_off_is_what_the_network_was_trained_as_in_double_precision():
    off = switch_all_off(EVERY_FAULT, every_layer())
    assert off.neuron == LIF()
    assert (off.dt, off.duration, off.warm_up, off.precision) == (pytest.approx(1e-4), 0.3, 0.27, "float64")
    assert (off.first_step, off.n_steps) == (2700, 5700)


def test_a_trained_network_with_the_rates_of_the_neurons():
    """With gamma = 0 for soft rates; a rectifier stays one where the rate is linear in the current."""
    rates = replace(AS_TRAINED, rates_in_ann=True)
    soft, hard, rectified = (digits(a) for a in (LIFRate(gamma=0.5), LIFRate(gamma=0.0), ReLU()))
    assert np.array_equal(ann_classes(soft, rates), ann_classes(hard, AS_TRAINED))
    assert not np.array_equal(ann_classes(soft, rates), ann_classes(soft, AS_TRAINED))
    straight = replace(rates, neuron=IF(t_ref=0.0), warm_up=1.0, normalisation="channel-wise")
    assert np.array_equal(ann_classes(rectified, straight), ann_classes(rectified, AS_TRAINED))
    bent = replace(straight, neuron=LIF())  # fires at up to a third more than the line that it was mapped to
    differ = [np.mean(ann_classes(rectified, c) != rectified.answers) for c in (bent, rates)]
    assert differ[0] > 2 * differ[1] > 0


def digits(activation, n=300):
    """Real digits, and the weights of the shipped network between other activations."""
    graph, shown = read_model("mnist-small"), load_dataset("mnist", "validation").take(n)
    layers = [activation if isinstance(layer, LIFRate) else layer for layer in graph.layers]
    x = shown.intensities()
    return Case(graph.with_layers(layers), x, shown.labels, x if isinstance(activation, ReLU) else None)


@pytest.mark.parametrize("activation", [None, ReLU()], ids=["lif", "relu"])
def test_expected_rates_are_those_that_the_activations_stand_for(activation):
    some = case(activation)
    expected = expected_rates(some, AS_TRAINED)
    assert list(expected) == ["conv1", "conv2", "dense1", "output"]
    behind = some.graph.activations(some.images)[2].reshape(len(some.images), -1)
    if activation is None:
        assert np.allclose(expected["conv1"], behind / 10e-3, rtol=1e-4, atol=1e-4)
    else:
        channels = (np.split(x, 4, axis=1) for x in (expected["conv1"], behind))
        for rate, activity in zip(*channels, strict=True):
            assert np.allclose(rate * activity.max(), activity * rate.max(), rtol=1e-4, atol=1e-4)
            assert 150 < rate.max() < 300  # the 99.9th percentile of other images stands for 200 Hz


def test_the_interval_of_a_mean_score_covers_the_truth_in_19_of_20_experiments():
    """Also of sums of differences, such as an interaction."""
    rng, covered = stream(5, "trials"), 0
    for _ in range(2000):
        scores = rng.choice([-2, -1, 0, 1, 3], size=300, p=[0.02, 0.03, 0.85, 0.07, 0.03])
        interval = score_mean(scores)
        covered += interval.low <= 0.09 <= interval.high
    assert 0.93 < covered / 2000 < 0.97


def test_a_decision_that_is_kept_and_was_damaged_is_simulated_again(tmp_path, monkeypatch):
    simulated = []
    monkeypatch.setenv("BIOSCNN_CACHE", str(tmp_path))
    monkeypatch.setattr(outcomes, "_simulation", lambda *_: outcomes._Simulation(None, None, "key"))
    monkeypatch.setattr(outcomes, "_simulate", lambda *_: simulated.append(1) or [np.array([3, 1, 4])])

    def classes():
        wanted = {"as run": SimpleNamespace(first_step=0)}
        case = SimpleNamespace(labels=np.zeros(3, int))
        return outcomes.spiking_classes(case, wanted, "spike-count", None, None)["as run"].tolist()

    assert classes() == classes() == [3, 1, 4] and len(simulated) == 1
    (file,) = (tmp_path / "ledger").iterdir()
    file.write_bytes(file.read_bytes()[:40])
    assert classes() == [3, 1, 4] and len(simulated) == 2
