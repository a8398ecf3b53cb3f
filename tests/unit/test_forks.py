"""Work that copies of a process share: each job is done once, whatever becomes of a copy."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bioscnn.forks import shared_out

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is copied")

SHARES = """
import os, time
from bioscnn.forks import shared_out
def work(job):
    print(os.getpid(), flush=True)
    time.sleep(60)
shared_out(work, [0, 1], 2)
"""


def test_the_results_have_the_order_of_the_jobs_and_come_from_several_processes():
    def work(job: int) -> list[int]:
        time.sleep(0.02)
        return [job**2, os.getpid()]

    results = shared_out(work, range(20), 3)
    assert [square for square, _ in results] == [job**2 for job in range(20)]
    assert len({process for _, process in results}) == 3


def test_a_job_on_which_a_copy_dies_is_done_again():
    here = os.getpid()

    def work(job: int) -> int:
        time.sleep(0.02)
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return job

    assert shared_out(work, range(5), 3) == list(range(5))


def test_an_error_is_raised_where_the_work_was_asked_for():
    def work(job: int) -> int:
        return 1 // (job - 3)

    with pytest.raises(ZeroDivisionError):
        shared_out(work, range(6), 2)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_no_copy_outlives_the_process(how: signal.Signals):
    with subprocess.Popen(
        [sys.executable, "-c", SHARES], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        copies = [int(process.stdout.readline()) for _ in range(2)]
        process.send_signal(how)  # to the process alone
        process.wait()
    deadline = time.monotonic() + 10
    while any(map(_runs, copies)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _runs(process: int) -> bool:
    try:
        with Path(f"/proc/{process}/stat").open() as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_large_results_take_no_longer_than_small_ones():
    begun = time.perf_counter()
    assert len(shared_out(lambda job: "x" * 2**20, range(30), 3)) == 30
    assert time.perf_counter() - begun < 10
