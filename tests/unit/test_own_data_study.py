"""A study of a user's own data: its keys, its paths, and what it comes to, with the names of classes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import bioscnn
from bioscnn.errors import UserError
from bioscnn.report.figures import input_spikes
from bioscnn.report.folder import read_run
from bioscnn.report.results import results_of
from bioscnn.script import write_script
from bioscnn.simulation.simulate import Silent
from bioscnn.studies import read_study
from bioscnn.studies.prepare import load, prepare
from bioscnn.studies.run import run_study
from tests.own_data import network, photographs, recordings
from tests.plain_brian2 import run_script

CLASSES = ("<script>touch()<", "Äpfel & $x$", "a b")


@pytest.fixture
def write(tmp_path):
    def write(dataset, more="", name="study.toml"):
        path = tmp_path / name
        path.write_text(f"[dataset]\n{dataset}\n{more}")
        return path

    return write


@pytest.fixture
def colour(tmp_path, write):
    """A study of colour photographs and its network, which tells them apart; interpreted, not compiled."""
    photographs(tmp_path / "photos [red]", CLASSES)
    network(tmp_path / "net.onnx", (3, 10, 15), 3)
    more = f"""
        [network]
        model = "{tmp_path}/net.onnx"
        [simulation]
        device = "numpy"
        duration = "20 ms"
    """
    return write(
        'name = "folder:photos [red]"\nsplit = "test"\ntrials = 6\nsize = [10, 15]\ncolour = "rgb"', more
    )


def test_the_path_is_relative_to_the_study_and_written_absolute(tmp_path, write, monkeypatch):
    photographs(tmp_path / "photos", CLASSES)
    study = read_study(write('name = "folder:photos"'))
    assert study.config.dataset.name == f"folder:{tmp_path / 'photos'}"
    (tmp_path / "elsewhere").mkdir()
    again = tmp_path / "elsewhere" / "config.toml"
    again.write_text(study.toml())
    assert read_study(again).config == study.config
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert read_study(again, ["dataset.name=folder:../photos"]).config == study.config


def test_where_the_data_lie_decides_no_result_and_their_content_does(tmp_path, colour):
    before = load(read_study(colour), None)
    (tmp_path / "moved").mkdir()
    for path in ("photos [red]", "study.toml"):
        (tmp_path / path).rename(tmp_path / "moved" / path)
    moved = load(read_study(tmp_path / "moved" / "study.toml"), None)
    assert moved.key == before.key
    assert (
        load(read_study(tmp_path / "moved" / "study.toml", ["dataset.split_seed=2"]), None).key != before.key
    )


def test_results_name_the_classes_that_the_data_have_now(tmp_path, colour):
    before = bioscnn.run(colour, results=tmp_path / "results")
    last = max((tmp_path / "photos [red]").iterdir())
    last.rename(last.with_name("zz"))
    again = bioscnn.run(colour, results=tmp_path / "results")
    assert set(again.decisions["true_name"]) - set(before.decisions["true_name"]) == {"zz"}
    assert again.folder != before.folder


def test_a_run_names_classes_and_splits_and_no_name_becomes_markup(tmp_path, colour, capsys):
    from bioscnn.printing.runs import print_run
    from bioscnn.printing.shared import Again

    results = tmp_path / "results"
    run = run_study(read_study(colour), data=None, out=None, results=results, progress=Silent())
    provenance = json.loads((run.folder / "provenance.json").read_text())
    report = (run.folder / "report.html").read_text()
    index = (results / "index.html").read_text()
    assert run.summary["accuracy"]["mean-potential"][0] == 1.0
    assert provenance["data"]["classes"] == sorted(CLASSES)
    assert "15 % of all" in provenance["data"]["source"] and "seed 1" in provenance["data"]["source"]
    assert provenance["network"]["calibration"]["n"] == 18
    assert provenance["network"]["calibration"]["split"] == "train"
    assert "<script" not in report + index and "photos [red]" in report + index
    assert "&lt;script&gt;touch()&lt;" in report
    print_run(run, read_study(colour).config, Again(colour), 1.0)
    assert "photos [red]" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["poisson", "latency"])
def test_the_report_of_colours_that_come_in_as_spikes_shows_them_by_channel(tmp_path, colour, kind):
    study = read_study(colour, [f"encoding.kind={kind}"])
    run = run_study(study, data=None, out=tmp_path / "out", results=tmp_path / "results", progress=Silent())
    shown = read_run(run.folder)
    assert shown.data.input_shape == (3, 10, 15)
    assert "by channel (red, green, blue)" in input_spikes(shown, results_of(shown)).alt


def test_a_script_names_no_folder_of_the_machine_and_runs_on_another(tmp_path, colour, monkeypatch):
    (tmp_path / "net.onnx").rename(tmp_path / "other.onnx")
    changes = [f"network.model={tmp_path}/other.onnx"]
    monkeypatch.chdir(tmp_path)
    written = write_script(read_study(colour, changes), tmp_path / "script", trials=2)
    assert str(tmp_path) not in written.text
    assert "# Study study: folder:photos [red] (test: 6 images, 15 % of all" in written.text
    assert "# Changed: network.model = other.onnx\n" in written.text
    prepared = prepare(read_study(colour, changes), None)
    (tmp_path / "elsewhere").mkdir()
    for name in ("model.py", "model.npz"):
        (tmp_path / "script" / name).rename(tmp_path / "elsewhere" / name)
    (tmp_path / "photos [red]").rename(tmp_path / "gone")
    found, chosen = run_script(tmp_path / "elsewhere" / "model.py", prepared.network, 1e-3, 20, 2)
    assert found and (chosen == prepared.examples.labels[:2]).all()


def test_recordings_of_ones_own_have_no_saccades(tmp_path, write):
    recordings(tmp_path / "events", ("left", "right"))
    network(tmp_path / "net.onnx", (2, 9, 12), 2)
    study = write(
        'name = "events:events"\ntrials = 2\nsplit = "test"\nsize = [9, 12]',
        f'[encoding]\nkind = "events"\nframe = "20 ms"\n[network]\nmodel = "{tmp_path}/net.onnx"\n'
        '[simulation]\nduration = "40 ms"',
    )
    prepared = prepare(read_study(study), None)
    assert (prepared.ann_class == prepared.examples.labels).all()
    facts = prepared.input.facts()
    assert facts["saccade_ends_ms"] == [] and facts["events_per_trial"] == 150 and not facts["simulated"]
    shown = prepared.input.pictures(np.arange(2))
    assert shown.shape == (2, 1, 9, 12)


@pytest.mark.parametrize(
    ("dataset", "words"),
    [
        ('name = "folder:"', ["dataset.name", "folder:PATH"]),
        ('name = "folders:x"', ["unknown data set", "folder:PATH"]),
        ('name = "npz:x"\nsize = [3, 4]', ["dataset.size", '"folder:PATH" or "events:PATH"']),
        ('name = "idx:x"\ncolour = "rgb"', ["dataset.colour", "folder:PATH"]),
        ('name = "mnist"\nsplit_seed = 2', ["dataset.split_seed", "npz:PATH"]),
        ('name = "folder:x"\ntest_share = 0.5\nvalidation_share = 0.5', ["nothing is left for training"]),
        ('name = "folder:x"\ntest_share = 1.5', ["dataset.test_share"]),
        ('name = "folder:x"\nsize = [0, 4]', ["dataset.size"]),
        ('name = "folder:x"\nsize = [40000, 4]', ["dataset.size"]),
        ('name = "folder:x"\nrecordings = "real"', ["dataset.recordings"]),
        ('name = "events:x"', ["recordings of an event camera", "encoding.kind"]),
        ('name = "folder:x"\n[encoding]\nkind = "events"', ["folder:x consists of images"]),
        ('name = "events:x"\nmean = 0.1\n[encoding]\nkind = "events"', ["no intensities"]),
        (
            'name = "events:x"\n[encoding]\nkind = "events"\nframe = "30 ms"\n[noise.contrast]\nseverity = 1',
            ["noise of images", "events:x"],
        ),
    ],
)
def test_a_key_that_does_not_fit_is_refused_with_what_would(write, dataset, words):
    with pytest.raises(UserError) as raised:
        load(read_study(write(dataset)), None)
    for word in words:
        assert word in str(raised.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("dataset.colour=grey", ["does not fit the data", "(1, 10, 15)"]),
        ("dataset.size=[10, 16]", ["does not fit the data", "(3, 10, 16)"]),
        ("dataset.trials=7", ["dataset.trials", "at most 6"]),
        ('encoding.retina=["on-midget"]', ["ganglion cells see grey images", "dataset.colour"]),
    ],
)
def test_what_does_not_fit_the_network_is_refused(colour, change, words):
    more = ["encoding.kind=lif-layer"] if "retina" in change else []
    with pytest.raises(UserError) as raised:
        prepare(read_study(colour, [*more, change]), None).stimulus  # noqa: B018
    for word in words:
        assert word in str(raised.value)


@pytest.mark.parametrize("kind", ["poisson", "latency", "lif-layer", "rank-order"])
def test_colours_come_in_by_every_code(colour, kind):
    prepared = prepare(read_study(colour, [f"encoding.kind={kind}"]), None)
    assert prepared.input.shape == (3, 10, 15) and prepared.stimulus.size == 450
    counts = prepared.stimulus.counts().reshape(-1, 3, 150).sum(axis=2)
    assert counts.argmax(axis=1).tolist() == prepared.examples.labels.tolist()


def test_a_training_photograph_that_is_damaged_is_not_passed_over(tmp_path, colour):
    data = read_study(colour).config.dataset.own
    Path(data.contents.paths[data.splits["train"].rows[0]]).write_bytes(b"no photograph")
    with pytest.raises(UserError, match="not an intact image"):
        prepare(read_study(colour), None)
