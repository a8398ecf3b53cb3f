"""Spikes, potentials and decisions of a run come back from every format as they were."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from bioscnn.cli import app
from bioscnn.errors import UserError
from bioscnn.exports import FORMATS, counted_alone, export
from bioscnn.exports.activity import Activity
from bioscnn.exports.neo import block_of
from bioscnn.exports.nwb import file_of
from bioscnn.readout import decisions
from bioscnn.spikes import SpikeTrains
from bioscnn.studies.config import StudyConfig
from tests.runs import N_STEPS, N_TRIALS, NETWORK, only_of, recorded, write_run

SIZES = {population.name: population.size for population in NETWORK.neurons}
FIRING = [population.name for population in NETWORK.neurons if population.spikes]
DT = 1e-3
RULE = StudyConfig().readout.rule

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")


@pytest.fixture(scope="module")
def recording():
    return recorded()


@pytest.fixture(scope="module")
def run(recording, tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("runs") / "original", recording)


def trains(name, trial, step, neuron):
    return SpikeTrains.from_events(
        trial, step, neuron, n_trials=N_TRIALS, size=SIZES[name], n_steps=N_STEPS, dt=DT
    )


def of_one_timeline(name, times, neuron):
    """Spikes of all trials, one after the other, s."""
    step = np.rint(np.concatenate(times) / DT).astype(int)
    return trains(name, step // N_STEPS, step % N_STEPS, np.repeat(neuron, [len(train) for train in times]))


def test_npz(run, recording, tmp_path):
    path = export(run, "npz", tmp_path / "run.npz")
    with np.load(path, allow_pickle=False) as data:
        for name in FIRING:
            parts = (data[f"{name}_{part}"] for part in ("trial", "step", "neuron"))
            assert trains(name, *parts) == recording[name].spikes
            assert np.array_equal(data[f"{name}_potential_V"], recording[name].potentials)
        assert (data["dt_s"], data["n_steps"], data["n_trials"]) == (DT, N_STEPS, N_TRIALS)
        assert np.array_equal(data["decision"], decisions(recording, RULE))
        assert data["conv1_shape"].tolist() == list(NETWORK["conv1"].shape)


def test_a_run_of_a_nir_graph_has_no_trained_network(recording, tmp_path):
    """Its exports leave out the class that one would have chosen."""
    folder = write_run(tmp_path / "run", recording, network={"model": "mine.nir"})
    with h5py.File(folder / "run.h5", "r+") as file:
        del file["trials/ann_class"]
    with np.load(export(folder, "npz", tmp_path / "run.npz")) as data:
        assert "ann_class" not in data and "chosen_class" in data
    trials = pd.read_csv(export(folder, "csv", tmp_path / "tables") / "trials.csv")
    assert "ann_class" not in trials and len(trials) == N_TRIALS
    activity = Activity.read(folder)
    assert activity.ann_class is None
    if find_spec("neo"):
        epoch = block_of(activity).segments[0].epochs[0]
        assert "ann_class" not in epoch.array_annotations and "index" in epoch.array_annotations
    if find_spec("pynwb"):
        nwb = file_of(activity)
        assert "ann_class" not in nwb.trials.colnames and "NIR graph" in nwb.experiment_description


def test_csv(run, recording, tmp_path):
    folder = export(run, "csv", tmp_path / "tables")
    spikes, potentials, chosen, each = (
        pd.read_csv(folder / f"{name}.csv") for name in ("spikes", "potentials", "decisions", "trials")
    )
    for name in FIRING:
        own = spikes[spikes.population == name]
        assert trains(name, own.trial, own.step, own.neuron) == recording[name].spikes
        assert np.allclose(own.time_ms, own.step)
        volts = potentials[potentials.population == name].pivot_table(
            "potential_mV", ["trial", "step"], "neuron"
        )
        stored = recording[name].potentials.reshape(-1, SIZES[name])
        assert np.allclose(volts, 1e3 * stored, rtol=1e-6, atol=1e-9)
    table = chosen.pivot_table("chosen_class", "trial", "step")
    assert np.array_equal(table, decisions(recording, RULE))
    assert each.chosen_class.tolist() == table.iloc[:, -1].tolist()


def test_neo_for_elephant(recording, tmp_path):
    pytest.importorskip("nixio")
    from elephant.statistics import mean_firing_rate
    from neo.io import NixIO
    from neo.utils import cut_segment_by_epoch
    from quantities import Hz

    run = write_run(tmp_path / "run", only_of(recording, "output", "readout"))
    path = export(run, "neo")
    file = NixIO(str(path), "ro")
    (segment,) = file.read_block().segments
    file.close()
    own = [train for train in segment.spiketrains if train.annotations["population"] == "output"]
    neuron = [train.annotations["neuron"] for train in own]
    assert neuron == list(range(SIZES["output"]))
    times = [train.rescale("s").magnitude for train in own]
    assert of_one_timeline("output", times, neuron) == recording["output"].spikes
    rates = [float(mean_firing_rate(train).rescale(Hz)) for train in own]
    assert np.allclose(rates, recording["output"].counts_by_neuron / (N_TRIALS * N_STEPS * DT))
    third = cut_segment_by_epoch(segment, segment.epochs[0], reset_time=True)[2]
    assert sum(map(len, third.spiketrains)) == recording["output"].counts_by_trial[2]
    volts = next(signal for signal in segment.analogsignals if signal.name == "readout potential")
    stored = recording["readout"].potentials.reshape(-1, SIZES["readout"])
    assert np.allclose(volts.rescale("V").magnitude, stored, rtol=1e-6)
    assert len(third.analogsignals[0]) == N_STEPS


def test_nwb(run, recording, tmp_path):
    pynwb = pytest.importorskip("pynwb")
    from neo.io import NWBIO

    path = export(run, "nwb", tmp_path / "run.nwb")
    with pynwb.NWBHDF5IO(str(path), "r") as file:
        nwb = file.read()
        units, intervals = nwb.units.to_dataframe(), nwb.trials.to_dataframe()
        for name in FIRING:
            own = units[units.population == name]
            assert of_one_timeline(name, list(own.spike_times), own.neuron) == recording[name].spikes
        series = nwb.processing["misc"]["readout_potential"]
        stored = recording["readout"].potentials.reshape(-1, SIZES["readout"])
        assert (series.unit, series.rate, series.starting_time) == ("volts", 1 / DT, 0)
        assert np.array_equal(series.data[:], stored)
    file = NWBIO(str(path), "r")
    (segment,) = file.read_all_blocks()[0].segments
    assert sum(map(len, segment.spiketrains)) == sum(recording[name].spikes.n_spikes for name in FIRING)
    assert np.allclose(intervals.stop_time - intervals.start_time, N_STEPS * DT)
    assert intervals.chosen_class.tolist() == decisions(recording, RULE)[:, -1].tolist()


def test_the_inspector_of_nwb_files_misses_nothing_but_what_a_simulation_has_not(run, tmp_path):
    inspector = pytest.importorskip("nwbinspector", reason="pip install 'bioscnn[interop]'")
    found = inspector.inspect_nwbfile(nwbfile_path=str(export(run, "nwb", tmp_path / "run.nwb")))
    assert {(message.importance.name, message.check_function_name) for message in found} == {
        ("BEST_PRACTICE_VIOLATION", "check_subject_species_exists"),
        ("BEST_PRACTICE_SUGGESTION", "check_experimenter_exists"),
        ("BEST_PRACTICE_SUGGESTION", "check_institution"),
        ("BEST_PRACTICE_SUGGESTION", "check_keywords"),
    }


def test_names_of_classes_are_no_formulas_of_a_spreadsheet(recording, tmp_path, monkeypatch):
    names = ["=1+1", "@a", "-b", " +c", *"efghij"]
    monkeypatch.setattr(Activity, "classes", names)
    folder = write_run(tmp_path / "run", only_of(recording, "output", "readout"))
    trials = pd.read_csv(export(folder, "csv") / "trials.csv")
    shown = ["'=1+1", "'@a", "'-b", "' +c", *"efghij"]
    assert trials.true_name.tolist() == [shown[label] for label in trials.true_class]
    assert trials.chosen_name.tolist() == [shown[label] for label in trials.chosen_class]
    assert np.load(export(folder, "npz"))["classes"].tolist() == names


@pytest.mark.parametrize("to", FORMATS)
def test_a_run_without_spikes_is_told_which_key_keeps_them(to, recording, tmp_path, monkeypatch):
    monkeypatch.setattr("bioscnn.studies.run_folder.RunFolder.readout", lambda *_: None)
    folder = write_run(tmp_path / "counts", only_of(recording, "readout"))
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(UserError) as refused:
        export(folder, to)
    assert refused.value.key == "readout.record"
    assert sorted(path.name for path in folder.iterdir()) == before


def test_populations_whose_spikes_were_only_counted_are_named(recording, tmp_path):
    folder = write_run(tmp_path / "few", only_of(recording, "output", "readout"))
    assert set(counted_alone(folder)) == set(FIRING) - {"output"}
    assert list(Activity.read(folder).spikes) == ["output"]
    assert counted_alone(folder / "config.toml") == ()


@pytest.mark.parametrize(
    ("to", "limit", "key"),
    [("csv", "activity.MOST_BYTES", "readout.record"), ("neo", "neo.MOST_TRAINS", None)],
)
def test_what_is_too_much_for_a_format_is_refused_with_another_way(
    run, tmp_path, monkeypatch, to, limit, key
):
    if to == "neo":
        pytest.importorskip("nixio")
    monkeypatch.setattr(f"bioscnn.exports.{limit}", 10)
    with pytest.raises(UserError) as refused:
        export(run, to, tmp_path / "out")
    assert (refused.value.file, refused.value.key) == (run, key) and "readout.record" in refused.value.fix
    assert not list(tmp_path.iterdir())


def test_what_does_not_fit_together_is_refused(run, tmp_path):
    for what, to, out in (
        (run, "matlab", None),
        (run / "config.toml", "npz", None),
        (tmp_path, "npz", None),
        (run, "npz", tmp_path / "absent" / "run.npz"),
        (run, "npz", tmp_path),
        (run, "csv", run),
        (run, "npz", Path("/proc/x.npz")),
        (run, "csv", Path("/proc/x")),
        (run, "csv", Path("/proc/x/y")),
        (run, "npz", tmp_path / ("long" * 70)),
        (run, "csv", tmp_path / ("long" * 70)),
    ):
        with pytest.raises(UserError):
            export(what, to, out)


def test_the_name_of_a_folder_of_others_controls_no_terminal(run, tmp_path):
    hostile = shutil.copytree(run, tmp_path / "a\x1b]0;mine\x07")
    said = CliRunner().invoke(app, ["export", str(hostile), "--to", "npz"], catch_exceptions=False).stdout
    assert "a\\x1b]0;mine" in said and said.strip().isprintable()
    assert (hostile / "run.npz").is_file()


@pytest.mark.parametrize("to", ["npz", "csv", "neo", "nwb"])
def test_what_is_there_is_never_written_over(to, recording, tmp_path):
    if to in ("neo", "nwb"):
        pytest.importorskip({"neo": "nixio", "nwb": "pynwb"}[to])
    folder = write_run(tmp_path / "run", only_of(recording, "output", "readout"))
    before = (folder / "run.h5").read_bytes()
    (tmp_path / "link").symlink_to(tmp_path / "absent")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "trials.csv").write_text("mine")
    for out in (folder / "run.h5", tmp_path / "link", tmp_path / "own", Path("/dev/null")):
        with pytest.raises(UserError, match="not written over"):
            export(folder, to, out)
    assert (folder / "run.h5").read_bytes() == before and (tmp_path / "link").is_symlink()
    assert (tmp_path / "own" / "trials.csv").read_text() == "mine"
    first = export(folder, to)
    assert export(folder, to) == first  # an earlier export is replaced
    with pytest.raises(UserError, match="not written over"):
        export(folder, to, first)
    if to == "csv":
        (first / "notes.txt").write_text("mine")
    else:
        first.write_text("mine")
    with pytest.raises(UserError, match="not written over"):
        export(folder, to)
