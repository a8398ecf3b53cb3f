"""`bioscnn new` writes what was found in the data; shipped studies go by name; misfits are told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bioscnn import brian_preferences
from bioscnn.ann import ReLU
from bioscnn.datasets import load_dataset
from bioscnn.errors import UserError
from bioscnn.simulation.simulate import Silent
from bioscnn.studies import read_study
from bioscnn.studies.new import new_study
from bioscnn.studies.prepare import prepare
from bioscnn.studies.recipe import recipe_of
from bioscnn.studies.settling import read_settled_study
from bioscnn.studies.shipped import find_study, shipped_studies
from tests.own_data import network, photographs, recordings

ROOT = Path(__file__).parents[2]
CLASSES = ('<b> "a"\\', "b # c", "ü]")


def arrays(folder):
    np.savez(folder / "data.npz", x=np.random.default_rng(1).random((60, 9, 12)), y=np.arange(60) % 3)
    return folder / "data.npz"


@pytest.mark.parametrize(
    ("kind", "make", "shape", "trials"),
    [
        ("folder", lambda folder: photographs(folder / "data", CLASSES), (3, 20, 30), 6),
        ("npz", arrays, (1, 9, 12), 9),
        ("events", lambda folder: recordings(folder / "data", CLASSES[:2]), (2, 9, 12), 2),
    ],
)
def test_a_new_study_runs_as_it_is_once_there_is_a_network(tmp_path, monkeypatch, kind, make, shape, trials):
    monkeypatch.chdir(tmp_path)
    path = make(tmp_path).relative_to(tmp_path)
    new = new_study("mine", f"{kind}:{path}")
    study = read_study(new.file)
    assert (study.config.dataset.trials, study.config.dataset.split) == (trials, "validation")
    text = new.file.read_text(encoding="utf-8")
    assert str(shape) in text and (kind == "npz" or all(name in text for name in CLASSES[:2]))
    with pytest.raises(UserError) as raised:
        prepare(study, None)
    assert new.network in str(raised.value)
    network(Path(new.network), shape, 2 if kind == "events" else 3)
    prepared = prepare(study, None)
    assert len(prepared.examples) == trials and prepared.input.shape == shape
    if kind != "npz":
        assert (prepared.ann_class == prepared.examples.labels).all()


def test_a_new_study_of_the_time_code_is_converted_as_it_is_and_trains_rectifiers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    photographs(tmp_path / "data", CLASSES)
    new = new_study("mine", "folder:data", code="time")
    network(Path("mine.onnx"), (3, 20, 30), 3)
    study, chosen = read_settled_study(new.file, [], None, Silent())
    config, prepared = study.config, prepare(study, None)
    assert (config.network.code, config.encoding.kind) == ("time", "spike-time")
    assert prepared.scales is not None and prepared.stimulus.n_steps == 19 and chosen is None
    assert isinstance(recipe_of(study).neuron, ReLU)
    tuning = recipe_of(study, "times").settings(18)
    assert (tuning.epochs, tuning.batch_size, tuning.percentile) == (40, 32, 99.9)


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (None, "time", "keeps its code"),
        ("nmnist", "time", "keeps its code"),
        ("events:data", "time", "no time code"),
        ("npz:data.npz", "times", "unknown code"),
    ],
)
def test_a_code_that_the_data_cannot_have_is_refused(tmp_path, data, code, words):
    recordings(tmp_path / "data", CLASSES[:2])
    arrays(tmp_path)
    with pytest.raises(UserError, match=words) as raised:
        new_study("mine", data, tmp_path, code)
    assert (raised.value.key, raised.value.value) == ("code", code)
    assert not (tmp_path / "mine.toml").exists()


def test_photographs_of_many_sizes_get_one_and_large_ones_a_small_one(tmp_path):
    from PIL import Image

    photographs(tmp_path / "data", ("a", "b"))
    Image.new("L", (900, 600)).save(tmp_path / "data" / "a" / "large.png")
    new = new_study("mine", "folder:data", tmp_path)
    assert read_study(new.file).config.dataset.size == (20, 30)
    assert "20 x 30 to 600 x 900" in new.sentences[0]


@pytest.mark.parametrize("data", ["folder:pictures", "events:records", "npz:data.npz", "idx:digits"])
def test_a_path_without_its_kind_is_refused_with_the_kind_that_seems_to_lie_there(
    tmp_path, monkeypatch, data
):
    monkeypatch.chdir(tmp_path)
    photographs(tmp_path / "pictures" / "train", CLASSES[:2])
    recordings(tmp_path / "records", CLASSES[:2])
    arrays(tmp_path)
    (tmp_path / "digits").mkdir()
    (tmp_path / "digits" / "train-images-idx3-ubyte.gz").touch()
    path = data.partition(":")[2]
    with pytest.raises(UserError, match="without a kind") as raised:
        new_study("mine", path)
    assert (raised.value.key, raised.value.value, raised.value.fix) == ("data", path, f"--data {data}")
    with pytest.raises(UserError, match="unknown data set") as raised:
        load_dataset(path)
    assert raised.value.fix == f"write {data}"
    with pytest.raises(UserError, match="unknown data set"):
        load_dataset("~a_user_that_is_none")
    assert not (tmp_path / "mine.toml").exists()


def test_a_study_of_ones_own_may_be_copied_and_no_other_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.toml").write_text("[dataset]\ntrials = 7\n")
    (tmp_path / "notes.txt").write_text("a note")
    assert new_study("copy", "own.toml").file.read_text() == "[dataset]\ntrials = 7\n"
    with pytest.raises(UserError):
        new_study("note", "notes.txt")
    assert not (tmp_path / "note.toml").exists()


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("there", "npz:data.npz", "the file exists"),
        ("there.toml", None, "the file exists"),
        ("../out", None, "no name for a study"),
        (".hidden", None, "no name for a study"),
        ("a\nb", None, "no name for a study"),
        ("fresh", "npz:nowhere.npz", "no such file"),
        ("fresh", "folder:", "no path of own data"),
        ("long" * 60, None, "too long"),
        ("fresh", "folder:a\x1bb", "cannot be written"),
        ("fresh", "photographs", "no such study file"),
    ],
)
def test_nothing_is_written_over_and_nothing_wrong_is_written(tmp_path, name, data, problem):
    (tmp_path / "there.toml").write_text("mine")
    with pytest.raises(UserError, match=problem):
        new_study(name, data, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["there.toml"]
    assert (tmp_path / "there.toml").read_text() == "mine"


def test_without_own_data_it_is_a_copy_of_a_shipped_study(tmp_path):
    new = new_study("mine", "nmnist", tmp_path)
    assert read_study(new.file).config == read_study("nmnist").config
    assert new.file.read_bytes() == (ROOT / "sims" / "nmnist.toml").read_bytes()


def test_a_study_of_that_name_in_the_folder_is_not_said_to_be_the_shipped_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert new_study("one", "mnist").sentences == ("a copy of the shipped study mnist",)
    (tmp_path / "mnist.toml").write_text("[dataset]\n")
    assert new_study("other", "mnist").sentences == ("a copy of mnist.toml",)


def test_a_shipped_study_is_found_from_anywhere_unless_a_file_has_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("mnist", "mnist.toml", "sims/mnist.toml"):
        assert find_study(Path(name)) == shipped_studies() / "mnist.toml"
    assert (
        find_study(Path("sweeps/mnist-morris"), "sweep") == shipped_studies() / "sweeps" / "mnist-morris.toml"
    )
    (tmp_path / "mnist.toml").write_text("[dataset]\ntrials = 7\n")
    assert read_study("mnist").config.dataset.trials == 7
    with pytest.raises(UserError, match="no such study file") as raised:
        find_study(Path("mnits"))
    with pytest.raises(UserError, match="no such study file"):
        find_study(Path("a" * 5000, "mnist.toml"))
    assert raised.value.fix == 'did you mean "mnist"?'


def test_every_file_of_sims_is_in_a_package_of_the_wheel():
    setup = (ROOT / "setup.py").read_text(encoding="utf-8")
    for path in (ROOT / "sims").rglob("*.toml"):
        package = ".".join(["bioscnn", *path.parent.relative_to(ROOT).parts])
        assert f'"{package}"' in setup


@pytest.mark.parametrize(
    ("versions", "fits"),
    [
        ({"brian2": "2.9.0", "numpy": "2.4.6"}, False),
        ({"brian2": "2.9.0", "numpy": "2.3.5"}, True),
        ({"brian2": "2.5.4", "numpy": "2.0.0"}, False),
        ({"brian2": "2.10.1", "numpy": "2.5.5"}, True),
        ({"brian2": "2.11.0rc1", "numpy": "2.5.0.dev1"}, True),
    ],
)
def test_versions_that_break_the_import_of_brian2_are_told_before_it(monkeypatch, versions, fits):
    monkeypatch.setattr("importlib.metadata.version", versions.__getitem__)
    guard = brian_preferences._Guard()
    if fits:
        assert guard.find_spec("brian2", None).name == "brian2"
        return
    with pytest.raises(UserError, match="cannot be imported with this NumPy") as raised:
        guard.find_spec("brian2", None)
    assert raised.value.fix.startswith('pip install "numpy<')


def test_a_package_that_is_not_there_ends_in_one_message(tmp_path):
    # No pandas: a file of that name stands for a broken one.
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "pydantic.py").write_text("raise ImportError('no core', name='pydantic')")
    words = [sys.executable, "-c", "from bioscnn.cli import main; main()", "plan", "mnist"]
    done = subprocess.run(
        words, capture_output=True, text=True, cwd=tmp_path, check=False,
        env={"PYTHONPATH": f"{tmp_path / 'broken'}:{ROOT}", "PATH": ""},
    )  # fmt: skip
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "missing or broken" in done.stderr and "pydantic" in done.stderr


def test_a_link_that_leads_nowhere_is_not_replaced(tmp_path):
    (tmp_path / "mine.toml").symlink_to(tmp_path / "absent")
    with pytest.raises(UserError, match="the file exists"):
        new_study("mine", None, tmp_path)
    assert (tmp_path / "mine.toml").is_symlink()


def test_of_many_classes_the_first_are_listed(tmp_path, monkeypatch):
    monkeypatch.setattr("bioscnn.studies.new.MOST_CLASSES", 2)
    photographs(tmp_path / "data", ("a", "b", "c"))
    text = new_study("mine", "folder:data", tmp_path).file.read_text()
    listed = [line.split()[1] for line in text.splitlines() if line.startswith("#   ")]
    assert listed == ["class", "a", "b", "..."] and "and 1 more" in text


def test_data_of_one_part_alone_are_described_without_the_others(tmp_path):
    x, y = np.zeros((20, 4, 4), np.uint8), np.arange(20) % 2
    np.savez(tmp_path / "data.npz", x_test=x, y_test=y)
    new = new_study("mine", "npz:data.npz", tmp_path)
    assert "test: 20" in "\n".join(new.sentences) and "train" not in "\n".join(new.sentences)
    assert read_study(new.file).config.dataset.split == "test"
