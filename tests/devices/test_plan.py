"""What `bioscnn plan` promises, against what a simulation takes."""

import subprocess
import sys
from pathlib import Path
from threading import Event

import numpy as np
import pandas as pd
import pytest

from bench.run_time import simulated_seconds
from bioscnn.ann import write_onnx
from bioscnn.datasets import ImageSet
from bioscnn.errors import UserError
from bioscnn.network import OUTPUT, READOUT
from bioscnn.simulation import Device, simulate, simulate_batches
from bioscnn.simulation.cpp_device import constant_files, run_batch
from bioscnn.simulation.program import Program, build, obtain
from bioscnn.simulation.storage import RunFile
from bioscnn.studies import read_study
from bioscnn.studies.config import StudyConfig
from bioscnn.studies.plan import plan_study, scratch_bytes, simulating_memory
from bioscnn.studies.prepare import prepare
from tests.genn import requires_genn
from tests.networks import of_events

SIMS = Path(__file__).parents[2] / "sims"
STUDY = SIMS / "mnist.toml"

# What the kernel reports when a process has ended also counts what its parent held when it started it.
MEASURE = """#!{python}
import re, subprocess, sys
from pathlib import Path
process, peak = subprocess.Popen(["./main", *sys.argv[1:]]), 0
while process.poll() is None:
    now = re.search("VmHWM:[^0-9]*([0-9]+)", Path(f"/proc/{{process.pid}}/status").read_text())
    peak = 1024 * int(now[1]) if now else peak
Path({result!r}).write_text(str(peak))
"""


class Measured(Program):
    """A program that is run by a script which measures its memory."""

    script: Path

    @property
    def executable(self):
        return self.script


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("name", "network", "kind"),
    [
        ("mnist", "mnist-small", "auto"),
        ("mnist", "mnist-small", "explicit"),
        ("mnist", "mnist-large", "auto"),
        ("nmnist", "of-events.onnx", "auto"),
        pytest.param("mnist", "mnist-small", "genn", marks=requires_genn),
    ],
)
def test_synapses_and_memory_are_within_a_fifth_of_the_truth(name, network, kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_onnx(of_events(), tmp_path / "of-events.onnx")
    trials = 1000 if name == "mnist" else 100
    genn = ["simulation.device=genn", "simulation.use_gpu=false"]
    changes = genn if kind == "genn" else [f"simulation.connectivity={kind}"]
    study = read_study(
        SIMS / f"{name}.toml", [*changes, f"network.model={network}", f"dataset.trials={trials}"]
    )
    planned = plan_study(study, None)
    prepared = prepare(study, None)

    true_synapses = sum(
        len(p.connectivity.synapses()[0]) for p in prepared.network.projections if p.synapse is not None
    )
    assert planned.synapses == true_synapses
    assert planned.neurons == sum(p.size for p in prepared.network.neurons)

    shape = prepared.program
    program = obtain(shape) or build(shape)
    script, result = tmp_path / "measure", tmp_path / "peak"
    script.write_text(MEASURE.format(python=sys.executable, result=str(result)))
    script.chmod(0o755)
    measured = Measured(program.folder)
    object.__setattr__(measured, "script", script)
    shown = prepared.stimulus
    numbers = np.arange(shown.n_trials)
    run_batch(measured, shape, constant_files(shape), shown, numbers, (), (), lambda: None, Event())
    peak = int(result.read_text()) / 1e6
    assert planned.memory_mb == pytest.approx(peak, rel=0.2)
    if kind == "auto":
        assert peak < 40


@pytest.mark.parametrize(("record", "trials"), [('["output"]', 400), ("all", 10)])
def test_recordings_take_about_what_was_planned(record, trials, tmp_path):
    study = read_study(STUDY, [f"dataset.trials={trials}", f"readout.record={record}"])
    prepared = prepare(study, None)
    shapes = {population.name: population.shape for population in prepared.network.neurons}
    recorded = list(shapes) if record == "all" else [OUTPUT, READOUT]
    with RunFile(tmp_path / "run.h5", shapes) as file:
        for batch in simulate_batches(prepared.network, prepared.stimulus, prepared.device, record=recorded):
            file.append(batch)
        file.describe_trials(label=prepared.examples.labels, index=prepared.examples.index)
        chosen = np.arange(10)
        examples = simulate(
            prepared.network,
            prepared.stimulus.take(chosen),
            prepared.device,
            record=shapes,
            potentials=recorded,
        )
        file.add_examples(examples, chosen, prepared.input.pictures(chosen))
    planned, size = plan_study(study, None).results_mb, (tmp_path / "run.h5").stat().st_size / 1e6
    assert 0.4 * planned < size < 1.1 * planned


MEASURED_LOAD = pd.read_csv(Path(__file__).parents[2] / "docs/tables/load.csv").query("what == 'run'")


@pytest.mark.parametrize(("trials", "measured"), MEASURED_LOAD[["trials", "cache (MB)"]].to_numpy())
def test_examples_take_of_the_cache_folder_what_is_planned(trials, measured):
    """As `bench.load` has measured it, with digits of an npz file."""
    images = np.broadcast_to(np.uint8(0), (int(trials), 1, 28, 28))
    examples = ImageSet(images, np.zeros(int(trials), np.int64), ("0",), "load", "test", "npz:load.npz")
    config = StudyConfig.model_validate({"dataset": {"name": "npz:load.npz"}})
    assert scratch_bytes(config, examples) / 1e6 == pytest.approx(measured, rel=0.02)


def test_a_plan_of_few_examples_speaks_of_no_files_in_the_cache_folder():
    assert plan_study(read_study(STUDY, ["dataset.trials=100"]), None).scratch_mb == 0


@pytest.mark.slow
@pytest.mark.parametrize(("network", "trials"), [("mnist-small", 2000), ("mnist-large", 1000)])
def test_the_planned_time_is_about_that_of_the_simulation(network, trials):
    """A factor of two by `bench/run_time.py`; more here, since tests share the machine with each other."""
    study = read_study(STUDY, [f"network.model={network}", f"dataset.trials={trials}"])
    case = prepare(study, None)
    simulated_seconds(case)  # compiles it
    ratios = [plan_study(study, None).seconds / simulated_seconds(case) for _ in range(3)]
    assert 0.25 < np.median(ratios) < 4


def test_planning_looks_at_no_image_of_training(monkeypatch):
    """What is counted depends on no weight: planning a large network takes seconds."""
    monkeypatch.setattr("bioscnn.conversion.normalisation.stage_outputs", None)
    changes = ["network.model=mnist-small-relu", "dataset.trials=10"]
    planned = plan_study(read_study(STUDY, changes), None)
    monkeypatch.undo()
    network = prepare(read_study(STUDY, changes), None).network
    assert planned.synapses == sum(p.connectivity.n_synapses for p in network.pathways)
    assert planned.memory_mb * 1e6 == simulating_memory(network, Device(jobs=2))
    with pytest.raises(UserError, match=r"network\.max_rate"):
        plan_study(read_study(STUDY, [*changes, "network.max_rate=500 Hz"]), None)


def test_planning_compiles_and_runs_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("BIOSCNN_CACHE", str(tmp_path))
    monkeypatch.setattr(subprocess, "Popen", None)
    planned = plan_study(read_study(STUDY, ["simulation.device=numpy"]), None)
    assert planned.trials == 5000 and planned.build_seconds == 0
    assert planned.example_seconds == pytest.approx(planned.seconds * 10 / 5000)
    assert not list(tmp_path.iterdir())
