"""Work that copies of a process share: each job is done once, whatever becomes of a copy."""

import os
import pty
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from bioscnn import forks
from bioscnn.forks import loaded_copy, shared_out
from tests.processes import alive, gone_soon

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is copied")


@pytest.fixture
def alone(monkeypatch, copied):
    """Copies, whatever threads and cores run the tests."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1})


SHARES = r"""
import os, time
from bioscnn.forks import shared_out
def work(job):
    os.write(1, f"{os.getpid()}\n".encode())  # whole lines, whoever else writes
    time.sleep(60)
shared_out(work, [0, 1], 2)
"""
WAITS = r"""
import os, time
from bioscnn.forks import loaded_copy
def say():
    os.write(1, f"{os.getpid()}\n".encode())
with loaded_copy(say, print):
    say()
    time.sleep(60)
"""
ALONE = """
import ctypes, os, threading, time
import numpy, scipy.linalg, h5py, matplotlib.figure
from bioscnn.forks import can_be_copied, shared_out
{thread}
processes = {{process for process, _ in shared_out(lambda job: [os.getpid(), time.sleep(0.05)], range(8), 2)}}
print(can_be_copied(), len(processes))
"""
THREADS = {
    "": "True 2",  # those of OpenBLAS alone
    "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()": "False 1",
    # One that Python does not know, of the C library.
    "ctypes.CDLL(None).pthread_create(ctypes.byref(ctypes.c_ulong()), None, "
    "ctypes.cast(ctypes.CDLL(None).sleep, ctypes.c_void_p), ctypes.c_void_p(60))": "False 1",
}


@pytest.mark.parametrize("thread", THREADS)
def test_nothing_is_copied_while_another_thread_may_hold_a_lock(thread):
    code = f"{ALONE.format(thread=thread)}import sys; sys.stdout.flush(); os._exit(0)"
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == THREADS[thread], done.stderr


def test_a_thread_that_has_just_ended_is_no_thread():
    code = (
        "import os, threading\n"
        "from bioscnn.forks import can_be_copied\n"
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"  # where the system is late to forget it
        "for _ in range(100):\n"
        "    (thread := threading.Thread(target=int)).start(), thread.join()\n"
        "    assert can_be_copied()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.usefixtures("alone")
def test_the_results_have_the_order_of_the_jobs_and_come_from_several_processes(tmp_path):
    def work(job: int) -> list[int]:
        (tmp_path / str(os.getpid())).touch()
        deadline = time.monotonic() + 60
        while len(list(tmp_path.iterdir())) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)  # the first jobs end when all three have begun, however slow the machine is
        return [job**2, os.getpid()]

    results = shared_out(work, range(20), 3)
    assert [square for square, _ in results] == [job**2 for job in range(20)]
    assert len({process for _, process in results}) == 3


@pytest.mark.usefixtures("alone")
def test_a_job_on_which_a_copy_dies_is_done_again():
    here = os.getpid()

    def work(job: int) -> int:
        time.sleep(0.02)
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return job

    assert shared_out(work, range(5), 3) == list(range(5))


@pytest.mark.usefixtures("alone")
def test_an_error_is_raised_where_the_work_was_asked_for():
    def work(job: int) -> int:
        return 1 // (job - 3)

    with pytest.raises(ZeroDivisionError):
        shared_out(work, range(6), 2)


@pytest.mark.usefixtures("alone")
def test_a_copy_at_hand_does_the_work_with_what_it_has_loaded_meanwhile(tmp_path):
    loaded: list[int] = []

    def work(path: Path) -> None:
        path.write_text(f"{os.getpid()} {loaded}")

    with loaded_copy(lambda: loaded.append(os.getpid()), work) as ask:
        ask(tmp_path / "täglich \n")
    process, by = (tmp_path / "täglich \n").read_text().split()
    assert by == f"[{process}]" != f"[{os.getpid()}]"
    assert loaded == []


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("breaks", ["load", "work"])
def test_work_that_a_copy_fails_to_do_is_done_here(tmp_path, breaks):
    here = os.getpid()

    def load() -> None:
        if breaks == "load":
            os.kill(os.getpid(), signal.SIGKILL)

    def work(path: Path) -> None:
        if breaks == "work" and os.getpid() != here:
            raise ValueError
        path.write_text(str(os.getpid()))

    with loaded_copy(load, work) as ask:
        ask(tmp_path / "done")
    assert (tmp_path / "done").read_text() == str(here)


@pytest.mark.parametrize(("possible", "cores"), [(False, {0, 1}), (True, {0})])
def test_there_is_no_loaded_copy_beside_other_threads_or_on_one_core(monkeypatch, possible, cores):
    monkeypatch.setattr(forks, "can_be_copied", lambda: possible)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: cores)
    with loaded_copy(lambda: None, print) as ask:
        assert ask is None


@pytest.mark.usefixtures("alone")
def test_a_process_that_cannot_be_copied_any_more_does_all_itself(monkeypatch, tmp_path):
    def full() -> int:
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", full)
    assert shared_out(lambda job: job**2, range(4), 3) == [0, 1, 4, 9]
    with loaded_copy(lambda: None, print) as ask:
        assert ask is None


IN_TERMINAL = """
import os, sys, tempfile, time
import bioscnn.terminal as terminal
from bioscnn.forks import can_be_copied, ready_to_copy, shared_out
folder, deadline = tempfile.mkdtemp(), time.monotonic() + 60
def work(job):
    open(f"{folder}/{os.getpid()}", "w").close()
    while len(os.listdir(folder)) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    return os.getpid()
with terminal.WorkProgress() as bar:
    bar.stage("comparing")
    time.sleep(0.3)
    before = can_be_copied()
    with ready_to_copy() as possible:
        pass
    processes = set(shared_out(work, range(8), 2))
    bar.stage("drawing")
    time.sleep(0.3)
    after = can_be_copied()
os.write(1, f"{terminal.ERR.is_terminal} {before} {possible} {len(processes)} {after}".encode())
"""


def test_the_bar_of_a_terminal_is_taken_away_while_a_process_is_copied_and_comes_back():
    ours, its = pty.openpty()
    shown = bytearray()
    with subprocess.Popen(
        [sys.executable, "-c", IN_TERMINAL], stdout=subprocess.PIPE, stderr=its,
        env=os.environ | {"TERM": "xterm", "OMP_NUM_THREADS": "1"},
    ) as process:  # fmt: skip
        os.close(its)
        with suppress(OSError):  # the terminal is gone with the process
            while piece := os.read(ours, 1 << 16):
                shown += piece
        assert process.stdout is not None
        said = process.stdout.read().decode()
    os.close(ours)
    assert said == "True False True 2 False"
    assert b"comparing" in shown and shown.rindex(b"drawing") > shown.rindex(b"comparing")


@pytest.mark.usefixtures("alone")
def test_an_error_of_a_copy_at_hand_is_raised_here():
    def work(path: Path) -> None:
        raise FileNotFoundError(path)

    with pytest.raises(FileNotFoundError, match="nowhere"), loaded_copy(lambda: None, work) as ask:
        ask(Path("nowhere"))


@pytest.mark.usefixtures("alone")
def test_a_copy_that_is_not_needed_ends_with_the_block(tmp_path):
    with loaded_copy(lambda: (tmp_path / "copy").write_text(str(os.getpid())), print):
        deadline = time.monotonic() + 10
        while not (tmp_path / "copy").exists() or not (tmp_path / "copy").read_text():
            assert time.monotonic() < deadline
    assert not alive((tmp_path / "copy").read_text().strip())


@pytest.mark.parametrize("code", [SHARES, WAITS], ids=["shared", "at hand"])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_no_copy_outlives_the_process(how: signal.Signals, code: str):
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        copies = [process.stdout.readline().strip() for _ in range(2)]
        process.send_signal(how)  # to the process alone
        process.wait()
    assert gone_soon(copies, 10)


@pytest.mark.usefixtures("alone")
def test_large_results_take_no_longer_than_small_ones():
    begun = time.perf_counter()
    assert len(shared_out(lambda job: "x" * 2**20, range(30), 3)) == 30
    assert time.perf_counter() - begun < 10
