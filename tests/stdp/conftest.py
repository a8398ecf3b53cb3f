"""A small competitive network that tells zeros from ones, and the study that trains and runs it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bioscnn.datasets.mnist import load_embedded
from bioscnn.simulation import Progress
from bioscnn.simulation.simulate import Silent
from bioscnn.stdp.competitive.config import circuit_of
from bioscnn.stdp.competitive.model import read_model
from bioscnn.stdp.run import train_learned
from bioscnn.stdp.study import LearnedStudy, read_learned_study

NEURONS = 12


@pytest.fixture(scope="session")
def silent() -> Progress:
    return Silent()


@pytest.fixture(scope="session")
def model():
    return read_model()


@pytest.fixture(scope="session")
def digits():
    """60 zeros and ones in turn, as intensities, and their labels."""
    shown = load_embedded()
    shown = shown.take(np.flatnonzero(shown.labels < 2)[:60])
    return shown.intensities().reshape(60, -1), shown.labels


@pytest.fixture(scope="session")
def study(tmp_path_factory) -> LearnedStudy:
    """Zeros and ones as data of one's own, each image shown for 50 ms at a high rate."""
    folder = tmp_path_factory.mktemp("stdp")
    shown = load_embedded()
    rows = np.flatnonzero(shown.labels < 2)
    train, test = rows[:60], rows[60:90]
    pixels = shown.images[:, 0]
    np.savez(folder / "digits.npz", x_train=pixels[train], y_train=shown.labels[train],
             x_test=pixels[test], y_test=shown.labels[test])  # fmt: skip
    (folder / "ones.toml").write_text(f"""
[dataset]
name = "npz:digits.npz"
split = "test"
trials = 30
[learning]
rule = "competitive"
network = "ones.npz"
neurons = {NEURONS}
rate = "400 Hz"
shown = "50 ms"
[simulation]
precision = "float64"
""")
    return read_learned_study(folder / "ones.toml")


@pytest.fixture(scope="session")
def circuit(study):
    return circuit_of(study.config.learning, 784)


@pytest.fixture(scope="session")
def trained(study, silent) -> Path:
    """The network of the study."""
    return train_learned(study, None, None, silent)[0]
