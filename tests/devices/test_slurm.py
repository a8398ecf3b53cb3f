"""Units on a real Slurm: computed, refused, waiting, and gone with a process that is killed."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator

import dask
import pytest

from bioscnn.errors import UserError
from bioscnn.experiments import dask_cluster
from bioscnn.experiments.executors import Where, executor_at, is_loss
from tests.processes import ROOT, gone_soon, lines_soon, python
from tests.slurm import jobs_in_queue, requires_slurm, running_slurm, wait_for_queue
from tests.units import refuse, square, wait_for

pytestmark = requires_slurm

JOB = {"cores": 1, "memory": "1 GB", "walltime": "00:10:00"}


@pytest.fixture(scope="module")
def daemons(tmp_path_factory) -> Iterator[dict[str, str]]:
    with running_slurm(tmp_path_factory.mktemp("slurm")) as environment:
        yield {**environment, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def slurm(daemons, tmp_path, monkeypatch) -> dict[str, str]:
    """The environment of this process and of jobs; Slurm writes their output into the folder."""
    for name, value in daemons.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    assert not jobs_in_queue(daemons)
    return daemons


def test_units_are_computed_by_jobs_which_are_cancelled_in_the_end(slurm):
    with executor_at(Where(2, batch="slurm", cluster=JOB)) as executor:
        results = [executor.submit(square, x).result(60)[0] for x in range(5)]
        with pytest.raises(UserError, match="too many trials"):
            executor.submit(refuse, 7).result(60)
        assert 1 <= len(jobs_in_queue(slurm)) <= 2
    assert results == [0, 1, 4, 9, 16]
    wait_for_queue(slurm, 0)


@pytest.mark.parametrize(
    ("table", "reason"),
    [({"memory": "400 GB"}, "Memory specification can not be satisfied"), ({"queue": "night"}, "partition")],
)
def test_a_job_that_slurm_refuses_is_one_error_at_once(slurm, capfd, table, reason):
    begun = time.monotonic()
    with (
        pytest.raises(UserError, match="Slurm refuses the job") as error,
        executor_at(Where(2, batch="slurm", cluster={**JOB, **table})),
    ):
        pass
    assert time.monotonic() - begun < 10
    assert reason in str(error.value) and "#SBATCH" in error.value.value
    assert capfd.readouterr() == ("", "") and not jobs_in_queue(slurm)


def test_jobs_that_wait_are_told_and_given_up_after_a_while(slurm, monkeypatch):
    monkeypatch.setattr(dask_cluster, "SILENT_SECONDS", 0.5)
    all_cores = ["sbatch", f"--cpus-per-task={os.cpu_count()}", "--mem=100M", "--wrap=sleep 100"]
    subprocess.run(all_cores, env=slurm, check=True, capture_output=True)
    stages: list[str] = []
    where = Where(2, batch="slurm", cluster=JOB, patience=4)
    with pytest.raises(UserError, match="no worker after 4 s") as error, executor_at(where, stages.append):
        pass
    assert stages[-1].startswith("waiting for 2 jobs of Slurm, PENDING") and "PENDING" in error.value.value
    assert [line.split()[1] for line in jobs_in_queue(slurm)] == ["RUNNING"]
    subprocess.run(["scancel", "--user=root"], env=slurm, check=True)
    wait_for_queue(slurm, 0)


def test_jobs_that_end_without_a_worker_are_told(slurm):
    with (
        dask.config.set({"jobqueue.slurm.job-script-prologue": ["exit 3"]}),
        pytest.raises(UserError, match="ended before a worker came") as error,
        executor_at(Where(1, batch="slurm", cluster=JOB)),
    ):
        pass
    assert error.value.key == "--slurm" and "slurm-NUMBER.out" in error.value.fix


def test_a_job_that_is_cancelled_by_others_is_a_loss(slurm, monkeypatch, tmp_path):
    monkeypatch.setattr("bioscnn.experiments.dask_workers.WORKER_SECONDS", 1)
    with executor_at(Where(1, batch="slurm", cluster=JOB)) as executor:
        unit = executor.submit(wait_for, tmp_path / "never")
        lines_soon(tmp_path / "waiting", 1)
        subprocess.run(["scancel", "--user=root"], env=slurm, check=True)
        assert is_loss(unit.exception(60))


COMPUTES = f"""
from pathlib import Path
from bioscnn.experiments.executors import Where, executor_at
from tests.units import wait_for
with executor_at(Where({os.cpu_count()} + 1, batch="slurm", cluster={JOB})) as executor:
    executor.submit(wait_for, Path.cwd() / "never").result()
"""


def test_a_killed_parent_leaves_no_job_in_the_queue(slurm, tmp_path):
    parent = python(COMPUTES, cwd=tmp_path)
    workers = lines_soon(tmp_path / "waiting", 1)
    assert len(jobs_in_queue(slurm)) == os.cpu_count() + 1
    parent.kill()
    parent.wait()
    wait_for_queue(slurm, 0, seconds=10)
    assert gone_soon(workers)
