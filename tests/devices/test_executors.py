"""Executors: the same units anywhere, dead workers replaced, lost clusters told, nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import dask
import pytest
from distributed import LocalCluster

from bioscnn.errors import UserError
from bioscnn.experiments import dask_cluster, dask_workers
from bioscnn.experiments.batch import make_cluster
from bioscnn.experiments.executors import (
    InProcess,
    LostExecutorError,
    Where,
    executor_at,
    is_death,
    is_loss,
    where_to_compute,
)
from tests.processes import ROOT, descendants, gone_soon, killed_at_end, lines_soon, python
from tests.units import die, die_once, no_space, refuse, square, wait_for

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
LOCAL = Where(jobs=2)


def start_dask(folder: Path, kind: str, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "dask", kind, "--no-dashboard", *words],
        cwd=folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, Callable[..., subprocess.Popen[bytes]]]]:
    """A Dask scheduler: its address, and what starts a worker."""
    started: list[subprocess.Popen[bytes]] = []

    def start(threads: int = 1) -> subprocess.Popen[bytes]:
        started.append(start_dask(folder, "worker", address, "--nthreads", str(threads), "--no-nanny"))
        return started[-1]

    with LocalCluster(n_workers=0, dashboard_address=":0") as scheduler:
        address = scheduler.scheduler_address
        try:
            yield address, start
        finally:
            for worker in started:
                worker.kill()
                worker.wait()


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory):
    """Address of a Dask scheduler with two workers."""
    with cluster(tmp_path_factory.mktemp("dask")) as (address, start):
        start()
        start()
        yield address


@pytest.fixture(params=["in process", "processes", "dask"])
def where(request):
    if request.param == "dask":
        return Where(dask=request.getfixturevalue("two_workers"))
    return Where(jobs=1) if request.param == "in process" else LOCAL


def test_units_come_to_the_same_and_raise_the_same_wherever_they_are_computed(where):
    with executor_at(where) as executor:
        futures = [executor.submit(square, x) for x in range(20)]
        results = [future.result(60) for future in futures]
        refused, full = executor.submit(refuse, 7), executor.submit(no_space, 7)
        with pytest.raises(UserError, match="too many trials") as error:
            refused.result(60)
        assert (error.value.key, error.value.value) == ("dataset.trials", 7)
        # A disk that is full for a unit is no cluster that is lost.
        assert isinstance(full.exception(60), OSError) and not is_loss(full.exception())
        assert not is_death(full.exception()) and executor.n in (1, 2)
    assert [result for result, _ in results] == [x * x for x in range(20)]
    assert (os.getpid() in {process for _, process in results}) == (where == Where())


def test_a_unit_in_this_process_can_be_interrupted():
    # Another test may have imported what sets a handler of its own.
    earlier = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            InProcess().submit(signal.raise_signal, signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, earlier)


def test_local_processes_are_renewed_when_one_died_and_end_with_the_block(tmp_path):
    with executor_at(LOCAL) as executor:
        first = executor.submit(square, 1).result(60)[1]
        dead = executor.submit(die_once, tmp_path / "mark").exception(60)
        assert is_death(dead) and not is_loss(dead)
        with pytest.raises(BrokenExecutor):
            executor.submit(square, 1)
        executor.renew()
        second = executor.submit(die_once, tmp_path / "mark").result(60)
    assert first != second and gone_soon([str(first), str(second)])


def test_local_processes_end_at_once_with_a_block_that_an_error_leaves(tmp_path):
    with pytest.raises(UserError), executor_at(LOCAL) as executor:
        executor.submit(wait_for, tmp_path / "never")
        pids = lines_soon(tmp_path / "waiting", 1)
        raise UserError("enough")
    assert gone_soon(pids)


def test_a_dask_cluster_survives_its_workers_until_none_is_left(tmp_path, monkeypatch):
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        cluster(tmp_path) as (address, start),
    ):
        workers = [start() for _ in range(3)]
        with executor_at(Where(dask=address)) as executor:
            # Computed again, by another.
            survivor = executor.submit(die_once, tmp_path / "mark").result(60)
            assert survivor in {worker.pid for worker in workers}
            # Given up when a second worker has died of it.
            dead = executor.submit(die, 1).exception(60)
            assert is_death(dead) and not is_loss(dead)
            # For a while the cluster may be without workers.
            unit = executor.submit(square, 3)
            last = start()
            assert unit.result(60) == (9, last.pid)
            # But not for ever.
            monkeypatch.setattr(dask_workers, "WORKER_SECONDS", 1)
            unit = executor.submit(wait_for, tmp_path / "never")
            lines_soon(tmp_path / "waiting", 1)
            last.kill()
            error = unit.exception(30)
            assert is_loss(error) and "no worker" in str(error)


def test_a_dask_cluster_that_loses_its_scheduler_is_lost_at_once(tmp_path):
    file = tmp_path / "scheduler.json"
    scheduler = start_dask(tmp_path, "scheduler", "--scheduler-file", str(file), "--port", "0")
    worker = start_dask(tmp_path, "worker", "--scheduler-file", str(file), "--nthreads", "1", "--no-nanny")
    lines_soon(file, 1)
    address = json.loads(file.read_text())["address"]
    try:
        with pytest.raises(LostExecutorError) as lost, executor_at(Where(dask=address)) as executor:
            units = [executor.submit(wait_for, tmp_path / "never") for _ in range(3)]
            lines_soon(tmp_path / "waiting", 1)
            begun = time.monotonic()
            scheduler.kill()
            errors = [unit.exception(30) for unit in units]
            assert all(map(is_loss, errors)) and not any(map(is_death, errors))
            with pytest.raises(LostExecutorError):
                executor.submit(square, 1)
            raise errors[0]
        assert time.monotonic() - begun < 15
        assert "scheduler is gone" in str(lost.value) and address in str(lost.value)
    finally:
        for process in (worker, scheduler):
            process.kill()
            process.wait()


def test_a_cluster_without_workers_is_waited_for_with_a_word_and_then_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(dask_cluster, "WORKER_SECONDS", 1)
    monkeypatch.setattr(dask_cluster, "SILENT_SECONDS", 0.1)
    stages: list[str] = []
    with (
        cluster(tmp_path) as (address, _),
        pytest.raises(UserError, match="no worker after") as error,
        executor_at(Where(dask=address), stages.append),
    ):
        pass
    assert stages == ["waiting for a Dask worker"] and "dask worker" in str(error.value)


def test_a_worker_with_several_threads_is_refused(tmp_path):
    with cluster(tmp_path) as (address, start):
        start(threads=2)
        with pytest.raises(UserError, match="several threads"), executor_at(Where(dask=address)):
            pass


def test_a_worker_that_joins_late_and_does_not_fit_computes_nothing(tmp_path):
    with cluster(tmp_path) as (address, start):
        first = start()
        with executor_at(Where(dask=address)) as executor:
            executor.submit(square, 1).result(60)
            start(threads=2)
            first.kill()
            error = executor.submit(square, 1).exception(60)
    assert is_loss(error) and "2 threads" in str(error) and "one thread" in error.expected


def test_ctrl_c_is_still_an_interrupt_when_a_batch_system_was_asked_for(tmp_path):
    before = signal.getsignal(signal.SIGINT)
    make_cluster(Where(batch="slurm", cluster={"cores": 1, "memory": "1 GB"}), tmp_path).close()
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("ends_at", ["nthreads", "run"])
def test_a_scheduler_that_ends_while_it_is_connected_is_not_taken_for_a_worker_that_does_not_fit(
    monkeypatch, ends_at
):
    def ended(*_):
        raise OSError("stream is closed")

    answers = {"nthreads": lambda: {"tcp://10.0.0.2:1": 1}, "run": lambda _: {}, "close": lambda: None}
    monkeypatch.setattr(dask_cluster, "_client", lambda *_: SimpleNamespace(**answers | {ends_at: ended}))
    with (
        pytest.raises(UserError, match="the Dask scheduler is gone"),
        dask_cluster.connect(Where(dask="tcp://10.0.0.1:8786"), None, print),
    ):
        raise AssertionError


def test_an_address_at_which_no_scheduler_is_or_can_be_is_told(monkeypatch):
    monkeypatch.setattr(dask_cluster, "SCHEDULER_SECONDS", 1)
    for address, problem in (("tcp://127.0.0.1:9", "no Dask scheduler answers"), ("here", "not the address")):
        with pytest.raises(UserError, match=problem) as error, executor_at(Where(dask=address)):
            pass
        assert "dask scheduler" in str(error.value)


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({}, Where(1)),
        ({"usual_jobs": 3}, Where(3)),
        ({"jobs": 4, "usual_jobs": 3}, Where(4)),
        ({"dask": "tcp://a:1"}, Where(dask="tcp://a:1")),
        ({"slurm": 5, "cluster": {"cores": 1}}, Where(5, batch="slurm", cluster={"cores": 1})),
        ({"pbs": 2, "patience": 60.0}, Where(2, batch="pbs", patience=60.0)),
    ],
)
def test_the_place_is_that_which_is_asked_for(options, where):
    assert where_to_compute(**options) == where


@pytest.mark.parametrize("options", [{"jobs": 2, "slurm": 2}, {"dask": "tcp://a:1", "pbs": 1}])
def test_two_places_are_refused(options):
    with pytest.raises(UserError, match="only one of"):
        where_to_compute(**options)


COMPUTES = """
import sys; from pathlib import Path
from bioscnn.experiments.executors import Where, executor_at
from bioscnn.processes import run_guarded
with executor_at(Where(jobs=2)) as executor:
    commands = [["sh", "-c", "echo $$ >> pids; sleep 100"]] * 2
    [future.result() for future in [executor.submit(run_guarded, command) for command in commands]]
"""


def test_a_killed_parent_leaves_neither_processes_nor_their_programs(tmp_path):
    with killed_at_end(python(COMPUTES, cwd=tmp_path)) as parent:
        programs = lines_soon(tmp_path / "pids", 2)
        family = descendants(parent.pid)
    assert set(programs) <= set(family) and gone_soon(family)


PBS = {
    "qsub": 'job=$(mktemp -p .); cat "$1" > $job; setsid bash $job >output 2>&1 & '
    "echo $! >> submitted; echo $!.head",
    "qselect": "for job in $(cat submitted); do kill -0 $job 2>/dev/null && echo $job.head; done; true",
    "qdel": 'for job in "$@"; do kill -s KILL -- -$job; done',
}
"""Stand-ins for the commands of PBS, which has no package here: a job is a session of processes."""

SUBMITS = """
from pathlib import Path
from types import SimpleNamespace
from bioscnn.experiments.executors import Where, executor_at
from tests.units import square, wait_for
with executor_at(Where(2, batch="pbs", cluster={"cores": 1, "memory": "1 GB"})) as executor:
    assert [executor.submit(square, x).result()[0] for x in range(3)] == [0, 1, 4]
    executor.submit(wait_for, Path.cwd() / "mark").result()
"""


@pytest.mark.parametrize("killed", [False, True])
def test_jobs_of_pbs_compute_and_end_with_the_process_that_submitted_them(tmp_path, monkeypatch, killed):
    for name, command in PBS.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{command}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with killed_at_end(python(SUBMITS, cwd=tmp_path)) as parent:
        workers = lines_soon(tmp_path / "waiting", 1)
        jobs = lines_soon(tmp_path / "submitted", 2)
        if not killed:
            (tmp_path / "mark").touch()
            assert parent.wait(60) == 0
    assert gone_soon([*jobs, *workers])
