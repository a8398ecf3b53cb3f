"""Two runs of the same trials: what differs is found where it is, and only there."""

import json
import shutil

import h5py
import numpy as np
import pytest

from bioscnn.errors import UserError
from bioscnn.printing.devices import print_comparison
from bioscnn.readout import decisions
from bioscnn.seeds import stream
from bioscnn.simulation import PopulationRecording, Recording
from bioscnn.simulation.reference import simulate_reference
from bioscnn.spikes import SpikeTrains
from bioscnn.statistics import corrected, difference, mean_difference
from bioscnn.studies.compare import compare_runs
from bioscnn.studies.comparison import Comparison, RunComparison, sentence, verdict
from bioscnn.studies.divergence import Divergence, differing_spikes, first_of_each_trial, rounding_tolerance
from bioscnn.studies.paired import PairedDifference, TrialResults
from bioscnn.studies.run_folder import RunFolder
from tests.networks import currents
from tests.runs import (
    N_STEPS,
    N_TRIALS,
    NETWORK,
    V_TH,
    change_json,
    move_spike,
    only_of,
    recorded,
    set_potential,
    write_run,
)


@pytest.fixture(scope="module")
def recording():
    return recorded()


@pytest.fixture(scope="module")
def original(recording, tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("runs") / "original", recording)


@pytest.fixture
def copy(original, tmp_path):
    return shutil.copytree(original, tmp_path / "copy")


def spikes_of(a, b):
    """Two runs that should have the same spikes, spike by spike."""
    return compare_runs(a, b).spikes


def random_spikes(rng, n_trials=4, size=5, n_steps=6):
    trial, step, neuron = np.nonzero(rng.random((n_trials, n_steps, size)) < 0.2)
    return SpikeTrains.from_events(
        trial, step, neuron, n_trials=n_trials, size=size, n_steps=n_steps, dt=1e-3
    )


def triples(spikes):
    return set(zip(spikes.trial().tolist(), spikes.step.tolist(), spikes.neuron.tolist(), strict=True))


def test_spikes_of_one_run_alone_are_those_that_sets_of_triples_tell_apart():
    rng = stream(1, "two recordings")
    for _ in range(20):
        one, other = random_spikes(rng), random_spikes(rng)
        a, b = triples(one), triples(other)
        expected = sorted([(*spike, 0) for spike in a - b] + [(*spike, 1) for spike in b - a])
        assert [tuple(row) for row in differing_spikes(one, other).tolist()] == expected
        assert len(differing_spikes(one, one)) == 0


def test_the_first_difference_of_a_trial_is_the_earliest_then_nearest_to_the_input_then_lowest():
    near = np.array([[0, 5, 1, 0], [2, 7, 4, 0], [2, 7, 3, 1]])
    far = np.array([[0, 4, 9, 1], [1, 0, 2, 0], [2, 7, 0, 1]])
    first = first_of_each_trial([near, far])
    assert first.tolist() == [[0, 4, 1, 9, 1], [1, 0, 1, 2, 0], [2, 7, 0, 3, 1]]


def test_equal_runs_are_identical(original, copy):
    comparison = spikes_of(original, copy)
    assert comparison.identical and comparison.in_full
    assert not comparison.divergences and comparison.readout_apart == 0
    assert all(p.spikes[0] == p.spikes[1] > 0 for p in comparison.populations)
    assert verdict(comparison) == "The runs are identical, spike for spike."


@pytest.mark.parametrize(("name", "trial"), [("conv1", 0), ("conv2", 5), ("output", 3)])
@pytest.mark.parametrize("block", [1, 4, 100])
def test_one_moved_spike_is_found_with_its_trial_population_neuron_and_step(
    original, copy, recording, monkeypatch, name, trial, block
):
    monkeypatch.setattr("bioscnn.studies.compare.BLOCK", block)
    neuron, step = move_spike(copy, name, trial)
    comparison = spikes_of(original, copy)
    (found,) = comparison.divergences
    assert (found.trial, found.population, found.neuron, found.step) == (trial, name, neuron, step)
    assert found.fired_in == 0
    assert spikes_of(copy, original).divergences[0].fired_in == 1
    traces = recording[name].potentials[trial, :, neuron]
    assert found.potentials == (traces[step], traces[step])
    assert found.before[0] == found.before[1] == (traces[step - 1] if step else 0)
    assert comparison.trials.tolist() == [trial] and not len(comparison.class_changed)
    for p in comparison.populations:
        assert p.only_in_one == ((1, 1) if p.name == name else (0, 0))
        assert p.trials == (p.name == name) and p.neurons == 0
        assert p.share_in_one == ((2 / (p.spikes[0] + 1)) if p.name == name else 0)


def test_spikes_that_one_run_has_alone_are_counted_for_each_run(original, recording, tmp_path):
    spikes = recording["conv1"].spikes
    where = spikes.trial()[2:], spikes.step[2:], spikes.neuron[2:]
    size = {"n_trials": spikes.n_trials, "size": spikes.size, "n_steps": spikes.n_steps, "dt": spikes.dt}
    fewer = PopulationRecording.from_spikes(
        SpikeTrains.from_events(*where, **size), True, recording["conv1"].potentials
    )
    changed = Recording(recording.populations | {"conv1": fewer}, recording.n_steps, recording.dt)
    lesser = write_run(tmp_path / "lesser", changed)
    for first, second, alone in ((original, lesser, (2, 0)), (lesser, original, (0, 2))):
        told = {p.name: p.only_in_one for p in spikes_of(first, second).populations}
        assert told.pop("conv1") == alone and set(told.values()) == {(0, 0)}


def test_the_tolerance_of_rounding_grows_with_the_steps_and_the_largest_potential_so_far():
    traces = np.array([[0, 0, 0, 2, 9], [0, 0, 0, 1, 9]], np.float32)
    single, double = np.finfo(np.float32).eps, np.finfo(np.float64).eps
    told = rounding_tolerance(traces, 3, 1.0, ["float64", "float32"])
    assert told == pytest.approx(2 * (4 * single + single))
    assert rounding_tolerance(traces, 2, 1.0, ["float64"]) == pytest.approx(3 * double + single)


def test_the_earliest_of_several_differences_of_a_trial_comes_first(original, copy):
    moved = {name: move_spike(copy, name, 2) for name in ("conv1", "conv2", "dense1")}
    earliest = min(step for _, step in moved.values())
    (found,) = spikes_of(original, copy).divergences
    assert found.step == earliest
    assert (found.neuron, found.step) == moved[found.population]
    assert found.population == next(name for name, (_, step) in moved.items() if step == earliest)


@pytest.mark.parametrize("block", [4, 100])
def test_trials_that_change_their_class_are_counted(original, copy, recording, monkeypatch, block):
    monkeypatch.setattr("bioscnn.studies.compare.BLOCK", block)
    classes = decisions(recording, "peak-potential")[:, -1]
    for trial in (1, 4):
        set_potential(copy, "readout", (trial, 9, (classes[trial] + 1) % 5), 1.0)
        set_potential(copy, "readout", (trial, 8, classes[trial]), 0.9)
    set_potential(copy, "readout", (2, 9, classes[2]), 1.0)
    comparison = spikes_of(original, copy)
    assert comparison.class_changed.tolist() == [1, 4]
    assert not len(comparison.trials) and not comparison.identical
    assert comparison.readout_apart > 0.5
    assert "classes differ" in verdict(comparison)


def parted(original, copy, missed_by, precision="float32"):
    """Let a neuron miss its threshold in the second run alone."""
    neuron, step = move_spike(copy, "conv2", 3)
    config = copy / "config.toml"
    config.write_text(config.read_text().replace('"float32"', f'"{precision}"'))
    set_potential(copy, "conv2", (3, step, neuron), V_TH - missed_by)
    return spikes_of(original, copy)


def test_a_threshold_that_was_missed_by_rounding_is_explained_by_it(original, copy):
    comparison = parted(original, copy, 5e-9, "float64")
    assert comparison.precisions == ("float32", "float64")
    assert comparison.causes == {"rounding": 1, "not rounding": 0, "not told": 0}
    assert comparison.divergences[0].missed_by == pytest.approx(5e-9, abs=2e-9)
    assert verdict(comparison).startswith("Single precision explains it: in all 1 trials")


def test_a_threshold_that_was_missed_by_more_is_not(original, copy):
    comparison = parted(original, copy, 50e-6)
    assert comparison.causes == {"rounding": 0, "not rounding": 1, "not told": 0}
    assert "Rounding does not explain it" in verdict(comparison) and "trial 3" in verdict(comparison)


def test_potentials_that_were_apart_before_are_not_explained_by_rounding(original, copy):
    neuron, step = move_spike(copy, "conv2", 3)
    set_potential(copy, "conv2", (3, step, neuron), V_TH)
    assert spikes_of(original, copy).divergences[0].by_rounding
    set_potential(copy, "conv2", (3, step - 1, neuron), -1e-3)
    assert spikes_of(original, copy).divergences[0].by_rounding is False


def test_double_precision_leaves_less_to_rounding(original, copy, recording, tmp_path):
    precise = write_run(tmp_path / "precise", recording, simulation={"precision": "float64"})
    comparison = parted(original, copy, 5e-9)
    assert comparison.divergences[0].by_rounding
    shutil.copyfile(copy / "run.h5", precise / "run.h5")
    numpy = write_run(tmp_path / "numpy", recording, simulation={"device": "numpy"})
    comparison = spikes_of(numpy, precise)
    assert comparison.precisions == ("float64", "float64")
    assert comparison.divergences[0].by_rounding is False


def test_populations_that_were_not_recorded_are_compared_by_their_counts(original, recording, tmp_path):
    bare = write_run(tmp_path / "bare", only_of(recording, "output", "readout"))
    comparison = spikes_of(original, bare)
    assert comparison.identical and not comparison.in_full
    assert [p.name for p in comparison.populations if p.in_full] == ["output"]
    assert verdict(comparison) == "The runs are identical, spike for spike, as far as spikes were recorded."
    with h5py.File(bare / "run.h5", "r+") as file:
        counts = file["populations/conv1"]
        counts["counts_by_trial"][2] += 1
        counts["counts_by_neuron"][7] += 1
    comparison = spikes_of(original, bare)
    assert comparison.trials.tolist() == [2] and not comparison.divergences
    assert comparison.populations[0].neurons == 1 and comparison.populations[0].only_in_one is None
    assert "cannot be told" in verdict(comparison) and "readout.record=all" in verdict(comparison)


def test_a_difference_that_unrecorded_spikes_may_have_caused_is_not_judged(recording, tmp_path):
    few = only_of(recording, "output", "readout")
    one, other = (write_run(tmp_path / name, few) for name in "ab")
    move_spike(other, "output", 0)
    comparison = spikes_of(one, other)
    assert comparison.divergences[0].by_rounding is False
    assert comparison.causes == {"rounding": 0, "not rounding": 0, "not told": 1}


def test_device_precision_connectivity_jobs_and_what_was_recorded_may_differ(original, recording, tmp_path):
    keys = {"device": "numpy", "precision": "float64", "connectivity": "explicit", "jobs": 1}
    other = write_run(tmp_path / "b", recording, simulation=keys, readout={"record": "all"})
    assert spikes_of(original, other).identical


OTHER = {"neuron": {"t_ref": "3 ms"}, "simulation": {"seed": 2, "duration": "30 ms"}}


def test_runs_of_other_networks_are_compared_by_their_trials_and_named_by_the_keys_that_differ(
    original, recording, tmp_path
):
    other = write_run(tmp_path / "b", recording, **OTHER)
    compared = compare_runs(original, other)
    assert compared.spikes is None and compared.as_expected
    assert compared.keys == {"neuron.t_ref": ("2 ms", "3 ms"), "simulation.seed": (1, 2)}
    assert all(d.first == d.second and d.difference.value == 0 for d in compared.differences)
    assert not any(d.difference.significant for d in compared.differences)


def test_the_paired_differences_are_those_of_the_statistic_over_the_trials_of_the_two_runs(
    recording, tmp_path
):
    """Of the second run, two trials are wrong and decide at the end, and one has two spikes more."""
    original = write_run(tmp_path / "a", recording)
    other = write_run(tmp_path / "b", recording, neuron={"t_ref": "3 ms"})
    classes = decisions(recording, "peak-potential")[:, -1]
    for folder in (original, other):
        with h5py.File(folder / "run.h5", "r+") as file:
            file["trials/label"][:] = classes
    for trial in (1, 4):
        set_potential(other, "readout", (trial, N_STEPS - 1, (classes[trial] + 1) % 5), 1.0)
    with h5py.File(other / "run.h5", "r+") as file:
        file["populations/conv1/counts_by_trial"][0] += 2
    one, two = (RunFolder.read(folder) for folder in (original, other))
    with one.stored, two.stored:
        a, b = TrialResults.of(one), TrialResults.of(two)
    expected = corrected({
        "accuracy": difference(b.correct, a.correct),
        "latency_ms": mean_difference(b.latency_ms, a.latency_ms),
        "spikes_per_trial": mean_difference(b.spikes, a.spikes),
    })  # fmt: skip
    found = {d.quantity: d.difference for d in compare_runs(original, other).differences}
    assert found == expected
    assert found["accuracy"].value == pytest.approx(-2 / N_TRIALS)
    assert found["spikes_per_trial"].value == pytest.approx(2 / N_TRIALS)
    assert np.flatnonzero(b.latency_ms != a.latency_ms).tolist() == [1, 4] and b.latency_ms[1] == N_STEPS


def test_spikes_that_come_in_are_told_where_they_differ(original, copy):
    assert not any("come in" in sentence for sentence in compare_runs(original, copy).sentences)
    change_json(copy / "summary.json", input_spikes_per_trial=5272.0)
    compared = compare_runs(original, copy)
    told = "Spikes that come in are not counted: 0 per trial in the first run, 5,272 in the second."
    assert told in compared.sentences
    assert compared.as_dict()["input_spikes_per_trial"] == [None, 5272.0]


def test_an_interval_without_ends_is_written_as_none():
    [paired] = (
        PairedDifference("spikes_per_trial", 3.0, 5.0, estimate)
        for estimate in corrected(
            {"spikes_per_trial": mean_difference(np.array([5]), np.array([3]))}
        ).values()
    )
    written = json.loads(json.dumps(paired.as_dict(), allow_nan=False))
    assert written["difference"] == 2 and written["trials"] == 1
    assert written["low"] is written["high"] is written["low_holm"] is written["high_holm"] is None


def test_a_run_without_a_decision_has_no_latency_to_compare(original, recording, tmp_path, capsys):
    silent = write_run(tmp_path / "b", recording, neuron={"t_ref": "3 ms"})
    set_potential(silent, "readout", slice(None), 0.0)
    compared = compare_runs(original, silent)
    accuracy, latency, _ = compared.differences
    assert latency.first > 0 and latency.second is latency.difference is None
    assert accuracy.difference.p_holm is not None
    assert compared.sentences[1] == "No trial of the second run comes to a decision: there is no latency."
    assert "NaN" not in json.dumps(compared.as_dict())
    print_comparison(compared)
    printed = capsys.readouterr().out
    assert compared.sentences[1] in printed and "nan" not in printed


def test_a_difference_has_the_opposite_sign_the_other_way_round(original, recording, tmp_path):
    other = write_run(tmp_path / "b", recording, neuron={"t_ref": "3 ms"})
    with h5py.File(other / "run.h5", "r+") as file:
        file["populations/conv1/counts_by_trial"][:] += 5 + np.arange(N_TRIALS) % 2
    forth, back = (compare_runs(*pair).differences[2] for pair in ((original, other), (other, original)))
    assert forth.difference.value == -back.difference.value == 5.5
    assert forth.difference.significant and back.difference.significant
    assert "fires more: by 5.5" in sentence(forth) and "fires less: by 5.5" in sentence(back)


@pytest.mark.parametrize(
    "keys",
    [
        {"simulation": {"duration": "31 ms"}},
        {"simulation": {"dt": "0.5 ms"}},
        {"readout": {"rule": "spike-count"}},
    ],
)
def test_only_runs_of_the_same_network_input_and_clock_are_compared_spike_by_spike(
    original, recording, tmp_path, keys
):
    if "simulation" in keys:
        steps = {"duration": (31, 1e-3), "dt": (60, 5e-4)}[next(iter(keys["simulation"]))]
        recording = simulate_reference(NETWORK, currents(N_TRIALS, *steps))
    compared = compare_runs(original, write_run(tmp_path / "b", recording, **keys))
    assert compared.spikes is None and len(compared.keys) == 1


def test_runs_on_other_data_are_refused(original, copy):
    change_json(copy / "summary.json", data_sha256="0" * 64)
    with pytest.raises(UserError, match="not of the same trials") as caught:
        compare_runs(original, copy)
    assert caught.value.key == "data SHA-256"


def test_other_weights_are_a_key_that_differs(original, copy):
    change_json(copy / "summary.json", weights_sha256="0" * 64)
    compared = compare_runs(original, copy)
    assert list(compared.keys) == ["weights SHA-256"] and compared.spikes is None


def test_runs_of_other_numbers_of_trials_are_refused(original, tmp_path):
    with pytest.raises(UserError) as caught:
        compare_runs(original, write_run(tmp_path / "b", recorded(N_TRIALS + 1)))
    assert caught.value.key == "dataset.trials"


def truncate(folder):
    content = (folder / "run.h5").read_bytes()
    (folder / "run.h5").write_bytes(content[: len(content) // 2])


def lose_spikes(folder):
    with h5py.File(folder / "run.h5", "r+") as file:
        del file["populations/conv2/spikes/step"]


def disorder(folder):
    with h5py.File(folder / "run.h5", "r+") as file:
        file["populations/conv2/spikes/step"][:] = file["populations/conv2/spikes/step"][:][::-1]


def lose_trials(folder):
    change_json(folder / "summary.json", n_trials=N_TRIALS - 1)


def remove(folder):
    (folder / "run.h5").unlink()


@pytest.mark.parametrize("damage", [truncate, lose_spikes, disorder, lose_trials, remove])
def test_a_damaged_run_is_refused_by_its_file(original, copy, damage):
    damage(copy)
    for pair in ((original, copy), (copy, original)):
        with pytest.raises(UserError) as caught:
            compare_runs(*pair)
        assert caught.value.file == copy / "run.h5"
        assert "run the study again" in caught.value.fix


@pytest.mark.parametrize("kept", [0, 0.5])
def test_what_is_left_of_a_study_is_not_read_as_all_of_it(original, copy, kept):
    text = (copy / "config.toml").read_text()
    tables = text.split("\n[")
    (copy / "config.toml").write_text("\n[".join(tables[: int(kept * len(tables))]))
    with pytest.raises(UserError, match="incomplete") as caught:
        compare_runs(original, copy)
    assert caught.value.file == copy / "config.toml" and "run the study again" in caught.value.fix


RECORDED = {"potentials": (0.021, 0.019), "before": (0.018, 0.018)}


@pytest.mark.parametrize(
    ("known", "judged", "said"),
    [
        ({}, None, 0),
        (RECORDED, None, 2),
        (RECORDED | {"threshold": 0.02}, None, 3),
        (RECORDED | {"threshold": 0.02, "tolerance": 1e-9}, False, 3),
    ],
)  # fmt: skip
def test_what_was_not_recorded_decides_nothing_and_is_not_printed(known, judged, said, capsys):
    divergence = Divergence(1, 5, "conv1", 7, 0, **known)
    assert divergence.by_rounding is judged
    settings = {"folder": "a", "device": "numpy", "connectivity": "explicit", "precision": "float64"}
    settings |= {"brian2": "2.9.0", "commit": "c"}
    trials = np.array([1])
    spikes = Comparison((settings, settings), 3, (), trials, trials, 0.0, (divergence,))
    print_comparison(RunComparison((settings, settings), 3, {}, (), spikes))
    lines = (
        capsys.readouterr().out.split("first difference: trial 1, conv1, neuron 7, step 5")[1].splitlines()
    )
    assert len([line for line in lines if " mV" in line]) == said


def test_neurons_with_thresholds_of_their_own_share_none(original, copy):
    assert RunFolder.read(original).threshold("output") == pytest.approx(V_TH)
    assert RunFolder.read(original).threshold("nowhere") is None
    populations = json.loads((copy / "provenance.json").read_text())["populations"]
    changed = [population | {"V_th of the cells": "20 mV on average"} for population in populations]
    change_json(copy / "provenance.json", populations=changed)
    assert RunFolder.read(copy).threshold("output") is None


def test_what_a_run_of_others_says_controls_no_terminal(original, copy, capsys):
    hostile = "\x1b]0;mine\x07\x1b[31m\x9b\u202e"
    change_json(copy / "provenance.json", versions={"brian2": hostile}, commit=hostile)
    print_comparison(compare_runs(original, copy))
    said = capsys.readouterr().out
    assert "\\x1b[31m" in said and all(c.isprintable() or c == "\n" for c in said)
