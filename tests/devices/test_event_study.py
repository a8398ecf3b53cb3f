"""A study of recordings from end to end: events in, a folder and a report out, the same on every device."""

import json
from pathlib import Path

import numpy as np
import pytest

from bioscnn.ann import ReLU, write_onnx
from bioscnn.datasets import load_recordings, write_events
from bioscnn.errors import UserError
from bioscnn.report.folder import read_run
from bioscnn.simulation.reference import simulate_reference
from bioscnn.simulation.simulate import Silent
from bioscnn.studies import read_study
from bioscnn.studies.prepare import prepare
from bioscnn.studies.run import run_study
from tests.networks import every_layer, of_events

STUDY = Path(__file__).parents[2] / "sims" / "nmnist.toml"
TRIALS = 6


@pytest.fixture(autouse=True)
def no_data_folder(monkeypatch, undrawn):
    monkeypatch.delenv("BIOSCNN_DATA", raising=False)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with networks of random weights."""
    folder = tmp_path_factory.mktemp("recordings")
    write_onnx(of_events(), folder / "lif.onnx")
    write_onnx(of_events(ReLU()), folder / "relu.onnx")
    write_onnx(every_layer(), folder / "other.onnx")
    return folder


@pytest.fixture
def written(place):
    """A data folder into which simulated recordings were written, as if a real camera had made them."""
    folder = place / "data"
    simulated = load_recordings("nmnist", source="simulated", trials=TRIALS)
    for stream, label, number in zip(simulated, simulated.labels, simulated.index, strict=True):
        path = folder / "N-MNIST" / "Train" / str(label) / f"{number + 1:05d}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_events(path, stream)
    return folder


def study(place, *changes, model="lif.onnx"):
    given = [f"network.model={place / model}", f"dataset.trials={TRIALS}", "simulation.precision=float64"]
    return read_study(STUDY, [*given, *changes])


def run(place, results, *changes, data=None, **options):
    asked = study(place, 'readout.record="all"', *changes, **options)
    return run_study(asked, data=data, out=None, results=results, progress=Silent())


@pytest.mark.slow
def test_devices_and_the_oracle_agree_on_every_spike_and_class(place, tmp_path):
    folders = {
        device: run(place, tmp_path / device, f"simulation.device={device}").folder
        for device in ("numpy", "cpp_standalone")
    }
    runs = {device: read_run(folder) for device, folder in folders.items()}
    prepared = prepare(study(place), None)
    oracle = simulate_reference(prepared.network, prepared.stimulus)
    names = runs["numpy"].firing
    assert all(oracle[name].counts_by_neuron.sum() > 20 * TRIALS for name in names)
    for found in runs.values():
        for name in names:
            assert found.data.recording[name].spikes == oracle[name].spikes, name
            assert found.data.examples[name].spikes == oracle[name].spikes.take(found.data.example_trial)
        assert found.data.example_input == prepared.stimulus.take(found.data.example_trial)
        assert np.array_equal(found.data.ann_class, prepared.ann_class)
    ours, theirs = (found.summary for found in runs.values())
    for key in ("accuracy", "ann_accuracy", "spikes_per_trial", "synops_per_trial", "data_sha256"):
        assert ours[key] == theirs[key]


@pytest.mark.slow
def test_real_and_simulated_recordings_never_share_a_folder_and_every_file_names_the_simulated_ones(
    place, written, tmp_path
):
    real = run(place, tmp_path, data=written)
    simulated = run(place, tmp_path, "dataset.recordings=simulated", data=written)
    assert real.folder.parent == tmp_path / "nmnist"
    assert simulated.folder.parent == tmp_path / "nmnist-simulated"
    assert (tmp_path / "nmnist-simulated" / "latest").resolve() == simulated.folder.resolve()
    # The same events, so the same spikes; only who recorded them differs.
    same = ("data_sha256", "spikes_per_trial", "input_spikes_per_trial", "events_per_trial", "accuracy")
    assert [real.summary[key] for key in same] == [simulated.summary[key] for key in same]
    for found, name in ((real, "nmnist"), (simulated, "nmnist-simulated")):
        assert found.summary["dataset"] == name
        assert found.summary["simulated"] is (name == "nmnist-simulated")
        provenance = json.loads((found.folder / "provenance.json").read_text())
        assert provenance["data"]["dataset"] == name
        page = (found.folder / "report.html").read_text()
        assert f"<title>{name}: " in page
        captions = page.count("Recordings: simulated.")
        assert captions == (page.count("<figcaption>") if found is simulated else 0)
        assert ("no real camera has seen them" in page) is (found is simulated)


def test_potentials_of_inner_populations_are_kept_only_where_they_are_asked_for(place, tmp_path):
    asked = study(place, "simulation.device=numpy", "dataset.trials=2", "simulation.duration=50 ms")
    found = read_run(
        run_study(asked, data=None, out=tmp_path / "r", results=tmp_path, progress=Silent()).folder
    )
    assert found.data.examples["conv1"].spikes is not None
    kept = {name for name, p in found.data.examples.populations.items() if p.potentials is not None}
    assert kept == {"output", "readout"}


def test_a_relu_network_is_normalised_on_frames_of_the_same_camera(place, written):
    for recordings in ("real", "simulated"):
        asked = study(place, f"dataset.recordings={recordings}", "dataset.trials=2", model="relu.onnx")
        if recordings == "real":
            # Six real recordings are fewer than normalise it, and simulated ones must not help out.
            with pytest.raises(UserError, match="recordings"):
                prepare(asked, written)
            continue
        calibration = prepare(asked, written).calibration
        assert calibration.examples.simulated and len(calibration.examples) == 100
        assert calibration.intensities().shape == (100 * calibration.frames, 2, 34, 34)


@pytest.mark.parametrize(
    ("changes", "model", "words"),
    [
        ([], "other.onnx", ["does not fit", "(2, 34, 34)", "(2, 9, 8)"]),
        (["encoding.bin_size=3"], "lif.onnx", ["encoding.bin_size", "divisor of 34"]),
        (["encoding.bin_size=2"], "lif.onnx", ["does not fit", "(2, 17, 17)"]),
        (["dataset.recordings=real"], "lif.onnx", ["dataset.recordings", "bioscnn data fetch nmnist"]),
        (["dataset.trials=6000"], "lif.onnx", ["trials", "6000", "5000"]),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_simulated(place, changes, model, words):
    with pytest.raises(UserError) as raised:
        prepare(study(place, *changes, model=model), None)
    for word in words:
        assert word in str(raised.value)
