"""Sweeps of a spiking network: what a point is, and that killed processes change no table."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bioscnn.errors import UserError
from bioscnn.network import OUTPUT, READOUT
from bioscnn.readout import decisions
from bioscnn.simulation import simulate
from bioscnn.studies import read_study
from bioscnn.studies.prepare import prepare, with_fixed_weights
from bioscnn.studies.sweep import Where, read_sweep, run_sweep
from bioscnn.studies.sweep.network_model import signature_of
from bioscnn.studies.sweep.workers import make_cluster, workers_at
from tests.sweeps import ROOT, STUDY, Watcher, write_sweep

LATIN = 'kind = "latin-hypercube"\npoints = 24'
RANGES = (
    '"neuron.tau_m" = { low = "10 ms", high = "30 ms" }\n"synapse.tau_s" = { low = "2 ms", high = "8 ms" }'
)
BIOSCNN = [sys.executable, "-m", "bioscnn"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module", autouse=True)
def embedded_digits():
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("BIOSCNN_DATA", raising=False)
        ENVIRONMENT.pop("BIOSCNN_DATA", None)
        yield


def go(place, design=LATIN, parameters=RANGES, **rest):
    file = write_sweep(place, design, parameters, **{"changes": "", **rest})
    options = {"data": None, "results": place / "results", "progress": Watcher()}
    return run_sweep(read_sweep(file), where=Where(jobs=2), **options)


def table_bytes(place: Path) -> bytes:
    (table,) = (place / "results").rglob("points.csv")
    return table.read_bytes()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    place = tmp_path_factory.mktemp("undisturbed")
    return place, go(place)


def run_of(*changes):
    """Accuracy and spikes of a run of the study with these changes."""
    prepared = prepare(read_study(STUDY, ["dataset.trials=5", *changes]), None)
    recording = simulate(
        prepared.network, prepared.stimulus, prepared.device, record={OUTPUT, READOUT}, potentials={READOUT}
    )
    chosen = decisions(recording, prepared.study.config.readout.rule)[:, -1]
    spikes = sum(int(part.counts_by_trial.sum()) for part in recording.populations.values())
    return np.mean(chosen == prepared.examples.labels), spikes / 5


@pytest.mark.slow
def test_a_point_of_converted_weights_is_the_run_of_its_study(tmp_path):
    parameters = (
        '"neuron.V_th" = { values = ["20 mV", "24 mV"] }\n"synapse.delay" = { values = ["0 ms", "1 ms"] }'
    )
    run = go(tmp_path, 'kind = "grid"\nweights = "converted"', parameters)
    table = pd.read_csv(run.folder / "points.csv")
    for row in table.itertuples(index=False):
        expected = run_of(f"neuron.V_th={row[2]} mV", f"synapse.delay={row[3]} ms")
        assert (row.accuracy, row.spikes) == pytest.approx(expected, abs=1e-12)
    assert run.summary["programs"] == 2, "delay is another program, the threshold is none"


def test_where_weights_are_fixed_only_the_study_itself_is_its_run(tmp_path):
    run = go(tmp_path, 'kind = "grid"', '"neuron.V_th" = { values = ["20 mV", "24 mV"] }')
    own, other = pd.read_csv(run.folder / "points.csv")[["accuracy", "spikes"]].to_numpy()
    assert tuple(own) == pytest.approx(run_of(), abs=1e-12)
    assert other[1] < own[1] and other[1] != run_of("neuron.V_th=24 mV")[1]


def test_fixed_weights_and_biases_stay_under_another_neuron_and_synapse():
    prepared = prepare(read_study(STUDY, ["dataset.trials=5"]), None)
    changes = ["neuron.tau_m=30 ms", "neuron.t_ref=3 ms", "synapse.tau_s=3 ms", "network.weight_scale=2"]
    network = with_fixed_weights(prepared.network, read_study(STUDY, changes).config)
    for before, after in zip(prepared.network.neurons, network.neurons, strict=True):
        assert np.array_equal(before.bias, after.bias) and after.neuron.parameters["tau_m"] == 30e-3
        assert network.synapse_onto(after.name).tau_s == 3e-3
    assert network[OUTPUT].neuron.parameters["t_ref"] == 3e-3
    for before, after in zip(prepared.network.projections, network.projections, strict=True):
        scale = 1 if before.synapse is None else 2
        weights = [p.connectivity.matrix().data for p in (before, after)]
        assert np.allclose(scale * weights[0], weights[1], rtol=1e-12)


def test_a_gain_scales_the_currents_of_the_stimulus_and_not_what_the_trained_network_sees():
    one, two = (prepare(read_study(STUDY, ["dataset.trials=5", f"encoding.gain={g}"]), None) for g in (1, 2))
    assert np.array_equal(2 * one.stimulus.values, two.stimulus.values)
    assert np.array_equal(one.input.intensities(), two.input.intensities())


def test_points_of_one_signature_share_a_program():
    changes = ["neuron.tau_m=11 ms", "noise.threshold-mismatch.cv=0.1"], ["noise.threshold-mismatch.cv=0.3"]
    configs = [read_study(STUDY, [*more, "dataset.trials=2"]) for more in (*changes, [])]
    signatures = [signature_of(study.config) for study in configs]
    keys = [prepare(study, None).program.key() for study in configs]
    assert signatures[0] == signatures[1] != signatures[2] and keys[0] == keys[1] != keys[2]


def start(place: Path, *words: str, design: str = LATIN) -> subprocess.Popen[str]:
    write_sweep(place, design, RANGES, changes="")
    command = [*BIOSCNN, "sweep", "sweep.toml", *(words or ("--jobs", "2"))]
    return subprocess.Popen(
        command, cwd=place, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def rows_soon(place: Path, n: int, process: subprocess.Popen[str]) -> int:
    """Wait until the table has some rows."""
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        found = [path.read_text().count("\n") - 1 for path in (place / "results").rglob("points.csv")]
        if found and found[0] >= n:
            return found[0]
        time.sleep(0.02)
    raise AssertionError(process.communicate()[0])


def computing_processes(parent: int) -> list[int]:
    """Processes of the pool of a sweep."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(c) for c in children if "popen_loky" in Path(f"/proc/{c}/cmdline").read_text()]


@pytest.mark.slow
def test_a_sweep_that_is_killed_goes_on_and_comes_to_the_table_of_one_that_is_not(undisturbed, tmp_path):
    process = start(tmp_path)
    rows_soon(tmp_path, 3, process)
    process.kill()
    process.communicate()
    assert table_bytes(tmp_path).count(b"\n") < 25
    again = start(tmp_path)
    output = again.communicate(timeout=120)[0]
    assert again.returncode == 0, output
    assert table_bytes(tmp_path) == table_bytes(undisturbed[0])


@pytest.mark.slow
def test_a_killed_worker_is_replaced_and_its_points_are_computed_again(undisturbed, tmp_path):
    process = start(tmp_path)
    rows_soon(tmp_path, 3, process)
    os.kill(computing_processes(process.pid)[0], signal.SIGKILL)
    output = process.communicate(timeout=120)[0]
    assert process.returncode == 0, output
    assert table_bytes(tmp_path) == table_bytes(undisturbed[0])


@pytest.fixture
def dask_cluster(tmp_path):
    """A scheduler and two workers, as they are started by hand."""
    dask, file = [sys.executable, "-m", "dask"], tmp_path / "scheduler.json"
    options = {"env": ENVIRONMENT, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    common = ["--scheduler-file", str(file), "--no-dashboard"]
    processes = [
        subprocess.Popen([*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", *common], **options)
    ]
    for k in range(2):
        place = ["--local-directory", str(tmp_path / str(k)), "--nthreads", "1", "--no-nanny"]
        processes.append(subprocess.Popen([*dask, "worker", *common, *place], **options))
    until = time.monotonic() + 60
    while not (file.exists() and file.stat().st_size) and time.monotonic() < until:
        time.sleep(0.05)
    yield json.loads(file.read_text())["address"], processes
    for process in reversed(processes):
        process.kill()
        process.wait()


@pytest.mark.slow
def test_a_dask_cluster_comes_to_the_same_table_though_a_worker_is_killed(
    undisturbed, tmp_path, dask_cluster
):
    address, (_, worker, _) = dask_cluster
    (place := tmp_path / "sweep").mkdir()
    process = start(place, "--dask", address)
    rows_soon(place, 2, process)
    worker.kill()
    output = process.communicate(timeout=200)[0]
    assert process.returncode == 0, output
    assert table_bytes(place) == table_bytes(undisturbed[0])
    # The worker that is left has to import Brian2 for this device, as for compiling.
    (interpreted := tmp_path / "numpy").mkdir()
    words = ("--dask", address, "--set", "simulation.device=numpy", "--trials", "1")
    process = start(interpreted, *words, design='kind = "random"\npoints = 2')
    output = process.communicate(timeout=200)[0]
    assert process.returncode == 0, output


@pytest.mark.parametrize(
    ("batch", "lines"),
    [("slurm", ("#SBATCH -p short", "#SBATCH --cpus-per-task=1", "#SBATCH -t 01:00:00")),
     ("pbs", ("#PBS -q short", "#PBS -l walltime=01:00:00"))],
)  # fmt: skip
def test_the_job_that_a_batch_system_gets_starts_a_worker_with_what_the_table_says(batch, lines):
    table = {"cores": 1, "memory": "2 GB", "walltime": "01:00:00", "queue": "short"}
    cluster = make_cluster(Where(2, None, batch, table))
    try:
        script = cluster.job_script()
    finally:
        cluster.close()
    assert all(line in script for line in lines), script
    assert "distributed.cli.dask_worker tcp://" in script and "--nthreads 1" in script


def test_a_batch_system_or_scheduler_that_is_not_there_is_told_before_any_work(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    for batch, command in (("slurm", "sbatch"), ("pbs", "qsub")):
        with (
            pytest.raises(UserError, match="not on the PATH") as error,
            workers_at(Where(1, None, batch, {})),
        ):
            pass
        assert error.value.value == command
    monkeypatch.setattr("bioscnn.studies.sweep.workers.SCHEDULER_SECONDS", 1)
    with (
        pytest.raises(UserError, match="no Dask scheduler answers") as error,
        workers_at(Where(1, "tcp://127.0.0.1:9")),
    ):
        pass
    assert "dask scheduler" in str(error.value)


def test_a_wrong_key_of_the_table_of_a_cluster_is_told():
    with warnings.catch_warnings():
        # What dask-jobqueue has half made is unclosed when it is collected.
        warnings.simplefilter("ignore", ResourceWarning)
        with pytest.raises(UserError, match="table \\[cluster\\]"):
            make_cluster(Where(1, None, "slurm", {"coers": 1}))
        gc.collect()
