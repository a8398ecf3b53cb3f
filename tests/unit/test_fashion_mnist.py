"""docs/own-data.md on Fashion-MNIST: its commands, with a download that is none."""

from __future__ import annotations

import shutil
import struct

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
from tests.documents import blocks_of


def type_in(line, *more):
    words = line.split("#")[0].split()
    assert words.pop(0) == "bioscnn"
    done = CliRunner().invoke(app, [*words, *more], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.slow
def test_fashion_mnist_is_fetched_trained_and_run(tmp_path, monkeypatch):
    """Ten pictures a class in the place of the 70,000, and fewer layers and epochs; nothing is downloaded."""

    def retrieve(urls, md5, target, **more):
        assert all(url.endswith(target.name) for url in urls) and fashion_mnist.MD5[target.name] == md5
        n = 100 if "train" in target.name else 50
        labels = np.arange(n, dtype="u1") % 10
        images = np.zeros((n, 28, 28), "u1")
        for image, label in zip(images, labels, strict=True):
            image[2 * label : 2 * label + 8] = 200
        target.parent.mkdir(parents=True, exist_ok=True)
        content = labels if "labels" in target.name else images
        target.write_bytes(
            struct.pack(f">HBB{content.ndim}I", 0, 8, content.ndim, *content.shape) + content.tobytes()
        )
        return target

    monkeypatch.setattr(fashion_mnist, "retrieve", retrieve)
    monkeypatch.setenv("BIOSCNN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (block,) = (b for b in blocks_of("docs/own-data.md") if "data fetch" in b.text)
    commands = block.text.splitlines()
    with pytest.raises(UserError) as refused:
        bioscnn.load_dataset("fashion-mnist")
    assert "fetch" in refused.value.fix and "fashion-mnist" in refused.value.fix
    assert NAMES in type_in(commands[0])
    assert len(bioscnn.load_dataset("fashion-mnist", "test")) == 50
    (tmp_path / "short.toml").write_text('[dataset]\nname = "fashion-mnist"\ntrials = 20\n')
    assert bioscnn.prepare("short.toml").examples.classes == fashion_mnist.CLASSES
    assert all(row.status == "ok" for row in check("fashion-mnist"))
    # The file names of what is served end in .gz, whatever is in them here.
    (tmp_path / ".cache").mkdir()
    shutil.move(tmp_path / "cache", tmp_path / ".cache" / "bioscnn")
    type_in(commands[1])
    config = read_study("fashion.toml").config
    shown = input_kind(config).load(config, "validation", 10, None, None)
    assert shown.shape == (1, 28, 28) and shown.examples.classes == fashion_mnist.CLASSES
    assert config.dataset.trials == 20
    pytest.importorskip("torch")
    small = ("--set", "training.layers=8c3s4 d32", "--set", "training.batch_size=16", "--epochs", "40")
    type_in(commands[2], *small)
    assert bioscnn.read_network("fashion.onnx").n_classes == 10
    type_in(commands[3], "--set", "simulation.device=numpy", "--set", "simulation.duration=40 ms")
    result = bioscnn.read_run("results/fashion/latest")
    assert len(result.decisions) == 20 and set(result.decisions["true_name"]) <= set(fashion_mnist.CLASSES)
    assert result.report.is_file() and result.accuracy.value > 0.4, "four times what guessing comes to"
