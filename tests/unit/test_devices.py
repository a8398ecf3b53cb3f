"""One study on several devices: which ones, and what the table says of them."""

import csv
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from bioscnn.ann import Conv2d, Dense, Flatten, LayerGraph, LIFRate, write_onnx
from bioscnn.cli import app as cli
from bioscnn.seeds import stream
from bioscnn.studies import devices, read_study
from bioscnn.studies.devices import (
    COMPUTED,
    GENN,
    GENN_SINGLE,
    LISTED,
    NUMPY,
    SINGLE,
    Devices,
    Variant,
    run_devices,
    variants,
)
from tests.runs import move_spike

STUDY = Path(__file__).parents[2] / "sims" / "mnist.toml"
AGAIN = Variant("numpy", "auto")


class Heard:
    """A watcher that remembers what it was told."""

    def __init__(self):
        self.work, self.tasks, self.trials = 0.0, [], 0

    def plan(self, work):
        self.work = work

    def task(self, what, trials, work):
        self.tasks.append((what, trials, work))

    def skip(self, work): ...

    def stage(self, what): ...

    def trial(self):
        self.trials += 1


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Four digits and a small network whose neurons fire."""
    rng = stream(1, "small network")
    layers = (
        Conv2d(rng.normal(0.05, 0.1, (3, 1, 5, 5)).astype("f4"), np.ones(3, "f4"), stride=(4, 4)),
        LIFRate(tau_m=20e-3, t_ref=2e-3, amplitude=10e-3),
        Flatten(),
        Dense(rng.normal(0, 0.3, (10, 108)).astype("f4"), np.ones(10, "f4")),
    )
    file = tmp_path_factory.mktemp("network") / "small.onnx"
    write_onnx(LayerGraph("small", (1, 28, 28), layers), file)
    return read_study(STUDY, [f"network.model={file}", "dataset.trials=4"])


@pytest.fixture
def two(monkeypatch):
    """Two ways that need no compiler, without the figures of their reports."""
    monkeypatch.setattr("bioscnn.studies.run.write_report", lambda folder: None)
    monkeypatch.setattr(devices, "variants", lambda: {NUMPY: NUMPY, AGAIN: NUMPY})


def test_every_device_is_compared_with_numpy_and_single_with_double_precision(monkeypatch):
    monkeypatch.setattr(devices, "find_genn", lambda: None)
    assert variants() == {NUMPY: NUMPY, LISTED: NUMPY, COMPUTED: NUMPY, SINGLE: COMPUTED}
    assert {v.precision for v in variants()} - {SINGLE.precision} == {"float64"}


def test_genn_is_among_them_where_it_can_run(monkeypatch, tmp_path):
    monkeypatch.setattr(devices, "find_genn", lambda: tmp_path)
    assert (variants()[GENN], variants()[GENN_SINGLE]) == (NUMPY, SINGLE)


@pytest.mark.parametrize("gpu", [True, False])
def test_genn_runs_on_a_cpu_where_there_is_no_gpu(monkeypatch, study, gpu):
    monkeypatch.setattr(devices, "find_gpu", lambda: gpu)
    assert GENN.of(study).config.simulation.use_gpu == gpu


def test_a_variant_changes_what_simulates_and_nothing_else(study):
    changed = SINGLE.of(study).config.model_dump()
    asked = study.config.model_dump()
    assert changed.pop("simulation") == asked.pop("simulation") | {
        "device": "cpp_standalone", "connectivity": "auto", "precision": "float32", "jobs": 1,
    }  # fmt: skip
    assert changed.pop("readout") == asked.pop("readout") | {"record": "all"}
    assert changed == asked


def test_equal_devices_leave_a_table_their_runs_and_where_they_come_from(study, two, tmp_path):
    heard = Heard()
    done = run_devices(study, data=None, results=tmp_path, progress=heard)
    assert done.identical
    assert done.folder == tmp_path / "devices" / "mnist"
    rows = list(csv.DictReader((done.folder / "devices.csv").read_text().splitlines()))
    assert [row["compared_with"] for row in rows] == ["", "numpy-explicit-float64"]
    assert all(row["identical"] == "True" and int(row["spikes"]) > 100 for row in rows)
    assert float(rows[0]["time_ratio"]) == 1
    assert {"data_sha256", "weights_sha256", "versions", "commit", "source"} <= set(done.summary)
    assert sum(work for *_, work in heard.tasks) == pytest.approx(heard.work)
    assert heard.trials == 8 and heard.tasks[0][0].startswith("numpy")
    assert (done.folder / "runs" / str(AGAIN) / "run.h5").is_file()


def test_a_device_that_moves_a_spike_is_told_from_the_others(study, two, tmp_path, monkeypatch):
    run_study = devices.run_study

    def run_and_move(changed, *, out, **options):
        finished = run_study(changed, out=out, **options)
        if out.name == str(AGAIN):
            move_spike(out, "conv1", 2)
        return finished

    monkeypatch.setattr(devices, "run_study", run_and_move)
    done = run_devices(study, data=None, results=tmp_path, progress=Heard())
    assert not done.identical
    row = done.summary["rows"][1]
    assert (row["identical"], row["trials_that_differ"], row["spikes_in_one"]) == (False, 1, 2)
    assert done.summary["comparisons"][str(AGAIN)]["first_divergence"]["trial"] == 2


@pytest.mark.parametrize(("precision", "code"), [("float64", 1), ("float32", 0)])
def test_the_command_ends_with_code_1_if_double_precision_gave_other_spikes(monkeypatch, precision, code):
    row = {"device": "cpp_standalone", "connectivity": "explicit", "precision": precision, "spikes": 9,
           "identical": False, "trials_that_differ": 1, "class_changed": 0, "time_ratio": None,
           "verdict": "one trial differs"}  # fmt: skip
    summary = {"dataset": "nmnist-simulated", "source": "made up", "n_trials": 3, "simulated": True}
    done = Devices(Path("results"), summary | {"rows": [row]})
    monkeypatch.setattr("bioscnn.studies.devices.run_devices", lambda *_, **__: done)
    told = CliRunner().invoke(cli, ["devices", str(STUDY)])
    assert told.exit_code == code
    assert "one trial differs" in told.stdout and "data fetch nmnist`" in told.stdout
