"""docs/own-data.md: its Python, studies and commands run on a reduced set; its questions are quotes."""

from __future__ import annotations

import re
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import bioscnn
from bioscnn.cli import app
from bioscnn.datasets import fashion_mnist
from bioscnn.datasets.catalogue import check
from bioscnn.datasets.own.idx_pairs import NAMES
from bioscnn.errors import UserError
from bioscnn.studies import read_study
from bioscnn.studies.prepare import input_kind
from tests.own_data import photographs, recordings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "own-data.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """What the page takes for granted: small data, and networks that tell their classes apart."""
    photographs(tmp_path / "photographs", ("cat", "dog", "horse"))
    recordings(tmp_path / "gestures", ("left", "right"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_block_of_python_runs_and_every_study_loads(folder, capsys):
    names: dict[str, object] = {}
    for block in blocks("python"):
        exec(compile(block, "own-data.md", "exec"), names)
    assert "('rest', 'left', 'right') (45, 1, 16, 24)" in capsys.readouterr().out
    studies = [block for block in blocks("toml") if "[dataset]" in block]
    assert len(studies) == 3
    shapes = []
    for text in studies:
        (folder / "study.toml").write_text(text)
        config = read_study(folder / "study.toml").config
        shown = input_kind(config).load(config, "validation", config.dataset.trials, None, None)
        shapes.append(shown.shape)
    assert shapes == [(3, 32, 48), (2, 34, 34), (1, 16, 24)]


def type_in(line, *more):
    words = line.split("#")[0].split()
    assert words.pop(0) == "bioscnn"
    done = CliRunner().invoke(app, [*words, *more], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.slow
def test_the_commands_lead_from_a_folder_to_a_report(folder):
    """On NumPy, which compiles nothing, and for a few milliseconds."""
    first = blocks("bash")[0].splitlines()
    assert "6 images" in type_in(first[0])
    pytest.importorskip("torch")
    type_in(first[1])
    type_in(first[2], "--epochs", "2")
    changed = ("--set", "simulation.device=numpy", "--set", "simulation.duration=10 ms")
    type_in(first[3], *changed)
    report = next((folder / "results" / "pets").glob("*/report.html")).read_text(encoding="utf-8")
    assert "cat" in report and "drawn class by class with seed 1" in report
    assert "cause" in type_in(first[4], "--trials", "3")


def test_fashion_mnist_is_fetched_and_becomes_a_study(folder, monkeypatch):
    """Ten pictures a class in the place of the 70,000; nothing is downloaded."""

    def retrieve(urls, md5, target, **more):
        assert all(url.endswith(target.name) for url in urls) and fashion_mnist.MD5[target.name] == md5
        n = 100 if "train" in target.name else 50
        labels = np.arange(n, dtype="u1") % 10
        images = np.repeat(20 * labels, 784).reshape(n, 28, 28)
        target.parent.mkdir(parents=True, exist_ok=True)
        content = labels if "labels" in target.name else images
        target.write_bytes(
            struct.pack(f">HBB{content.ndim}I", 0, 8, content.ndim, *content.shape) + content.tobytes()
        )
        return target

    monkeypatch.setattr(fashion_mnist, "retrieve", retrieve)
    monkeypatch.setenv("BIOSCNN_CACHE", str(folder / "cache"))
    monkeypatch.setenv("HOME", str(folder))
    commands = blocks("bash")[1].splitlines()
    with pytest.raises(UserError) as refused:
        bioscnn.load_dataset("fashion-mnist")
    assert refused.value.fix == "bioscnn data fetch fashion-mnist"
    assert NAMES in type_in(commands[0])
    assert len(bioscnn.load_dataset("fashion-mnist", "test")) == 50
    (folder / "short.toml").write_text('[dataset]\nname = "fashion-mnist"\ntrials = 20\n')
    assert bioscnn.prepare("short.toml").examples.classes == fashion_mnist.CLASSES
    assert all(row.status == "ok" for row in check("fashion-mnist"))
    # The file names of what is served end in .gz, whatever is in them here.
    (folder / ".cache").mkdir()
    shutil.move(folder / "cache", folder / ".cache" / "bioscnn")
    type_in(commands[1])
    config = read_study("fashion.toml").config
    shown = input_kind(config).load(config, "validation", 10, None, None)
    assert shown.shape == (1, 28, 28) and shown.examples.classes == fashion_mnist.CLASSES
    assert config.dataset.trials == 20


@pytest.mark.parametrize("quoted", re.findall(r'^### "(.*)"$', PAGE, flags=re.MULTILINE))
def test_what_a_question_quotes_is_what_the_code_says(quoted):
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "bioscnn").rglob("*.py"))
    assert f'"{quoted}"' in source
