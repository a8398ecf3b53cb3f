"""What a process starts ends with it, however it ends."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import pytest

from bioscnn import locks
from bioscnn.errors import UserError
from bioscnn.experiments.bench import Bench
from bioscnn.experiments.local_executors import LocalProcesses
from bioscnn.experiments.lock import locked
from bioscnn.forks import can_be_copied
from bioscnn.processes import guarded_process, run_guarded
from bioscnn.simulation.simulate import Silent
from tests.processes import alive, descendants, gone_soon, lines_soon, processes, python

FAMILY = 'echo $$ >> pids; sh -c "echo \\$\\$ >> pids; sleep 100" & sleep 100'
"""A shell program that writes down its process id and that of its child."""


def test_the_helpers_of_these_tests_see_what_lives_and_what_is_dead():
    process = subprocess.Popen(["sleep", "60"])
    assert alive(str(process.pid)) and str(process.pid) in descendants(os.getpid())
    process.kill()
    assert gone_soon([str(process.pid)], 60)  # a zombie
    process.wait()
    assert not alive(str(process.pid))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_program_and_its_children_end_with_a_parent_that_is_killed(tmp_path, number):
    code = f"from bioscnn.processes import run_guarded; run_guarded(['sh', '-c', {FAMILY!r}])"
    parent = python(code, cwd=tmp_path)
    family = lines_soon(tmp_path / "pids", 2)
    assert all(map(alive, family))
    parent.send_signal(number)
    parent.wait()
    assert gone_soon(family)


def test_a_program_and_its_children_end_with_a_block_that_an_exception_leaves(tmp_path):
    with pytest.raises(RuntimeError), guarded_process(["sh", "-c", FAMILY], cwd=tmp_path):
        family = lines_soon(tmp_path / "pids", 2)
        raise RuntimeError
    assert gone_soon(family, 1)


BESIDE = "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start(); "
"""A process with a second thread is not copied: its workers start anew."""


@pytest.mark.parametrize("first", ["", BESIDE], ids=["copies", "new processes"])
def test_worker_processes_end_with_their_parent_and_take_their_programs_along(tmp_path, first):
    parent = python(
        f"{first}from bioscnn.processes import run_guarded\n"
        "from bioscnn.experiments.local_executors import LocalProcesses\n"
        "pool = LocalProcesses(2)\n"
        f"commands = [['sh', '-c', 'echo $PPID >> pids; ' + {FAMILY!r}]] * 2\n"
        "[done.result() for done in [pool.submit(run_guarded, command) for command in commands]]",
        cwd=tmp_path,
    )
    pids = lines_soon(tmp_path / "pids", 6)
    known = processes()
    workers = [known[pid][0] for pid in pids if known[pid][0] in known]
    parent.kill()
    parent.wait()
    assert workers and gone_soon([*pids, *workers])


LOADED: list[int] = []


def last_loaded() -> int:
    return LOADED[-1]


def test_workers_of_a_process_with_one_thread_begin_with_what_it_has_loaded():
    LOADED.append(os.getpid())
    pool = LocalProcesses(1)
    try:
        copied = can_be_copied()
        given = [pool.submit(last_loaded), pool.submit(os.getpid)]
        if copied:
            assert given[0].result() == os.getpid() != given[1].result()
        else:
            assert isinstance(given[0].exception(), IndexError)
    finally:
        pool.close(kill=True)
        LOADED.clear()


def test_a_worker_tells_its_own_terminal_nothing():
    told: list[str] = []

    class Teller(Silent):
        def stage(self, name: str) -> None:
            told.append(name)
            os.write(1, name.encode())

    bench = Bench(None, progress=Teller())
    bench.progress.stage("here")
    process = os.fork()
    if process == 0:
        bench.progress.stage("there")
        os._exit(len(told))
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 1
    assert told == ["here"]


def test_a_lock_ends_with_its_process_though_copies_of_it_live_on(tmp_path):
    code = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from bioscnn.experiments.lock import locked\n"
        "with locked(Path('.')):\n"
        "    if os.fork() == 0: open('ready', 'w').write(f'{os.getpid()}\\n')\n"
        "    time.sleep(60)"
    )
    parent = python(code, cwd=tmp_path)
    lines_soon(tmp_path / "ready", 1)
    with pytest.raises(UserError, match="another process"), locked(tmp_path):
        pass
    (copy,) = descendants(parent.pid)
    parent.kill()
    parent.wait()
    assert alive(copy)
    with locked(tmp_path):
        os.kill(int(copy), signal.SIGKILL)


def test_output_and_return_code_are_those_of_the_program():
    ended = run_guarded(["sh", "-c", "cat; echo out; echo problem >&2; exit 3"])
    assert (ended.stdout, ended.stderr, ended.returncode) == ("out\n", "problem\n", 3)
    killed = run_guarded(["sh", "-c", "kill -KILL $$"])
    assert killed.returncode == 128 + signal.SIGKILL
    absent = run_guarded(["/nowhere/compiler", "a.cpp"])
    assert absent.returncode == 127 and "/nowhere/compiler" in absent.stderr


def test_words_with_spaces_and_quotes_reach_the_program():
    words = ["a b", "$HOME", "'", '"', "*", ""]
    ended = run_guarded([sys.executable, "-c", "import sys; print(sys.argv[1:])", *words])
    assert ended.stdout.strip() == str(words)


def test_an_interrupt_of_the_group_is_for_the_program_to_handle():
    command = ["sh", "-c", "trap 'echo tidied; exit 7' INT; echo ready; while :; do sleep 0.1; done"]
    with guarded_process(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        os.killpg(process.pid, signal.SIGINT)
        assert process.stdout.read() == "tidied\n"
    assert process.returncode == 7


def test_programs_run_from_several_threads_leave_no_guard_and_no_open_file():
    def open_and_begun():
        return len([*Path("/dev/fd").iterdir()]), descendants(os.getpid())

    before = open_and_begun()
    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(run_guarded, [["true"]] * 40))
    assert [process.returncode for process in ended] == [0] * 40
    assert open_and_begun() == before


LAST_WILL = (
    "from bioscnn.processes import LastWill\n"
    "will = LastWill(['sh', '-c', 'echo \"$@\" > called', 'sh', 'cancel'])\n"
)


def test_a_last_will_is_done_once_with_all_its_words_after_a_death(tmp_path):
    code = LAST_WILL + "will.add('12'); will.add('15'); print('told', file=open('told', 'w'))\ninput()"
    parent = python(code, cwd=tmp_path, stdin=subprocess.PIPE)
    lines_soon(tmp_path / "told", 1)
    assert not (tmp_path / "called").exists()
    parent.kill()
    parent.communicate()
    assert lines_soon(tmp_path / "called", 1) == ["cancel", "12", "15"]


@pytest.mark.parametrize("ending", ["will.add('12'); will.revoke()", "pass"])
def test_a_last_will_that_is_revoked_or_empty_does_nothing(tmp_path, ending):
    assert python(LAST_WILL + ending, cwd=tmp_path).wait() == 0
    time.sleep(0.3)
    assert not (tmp_path / "called").exists()


def test_a_killed_process_that_has_imported_brian2_leaves_no_log_of_it(tmp_path):
    code = "import bioscnn, brian2, sys, time; open(sys.argv[1], 'w').write('there\\n'); time.sleep(60)"
    (tmp_path / "tmp").mkdir()
    process = python(code, tmp_path / "imported", env={"TMPDIR": str(tmp_path / "tmp")})
    lines_soon(tmp_path / "imported", 1)
    process.kill()
    process.wait()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_an_interrupt_does_not_reach_the_workers_that_its_process_ends():
    pool = LocalProcesses(1)
    try:
        blocked = pool.submit(signal.pthread_sigmask, signal.SIG_BLOCK, []).result()
    finally:
        pool.close(kill=True)
    assert signal.SIGINT in blocked
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EIO])
def test_where_the_file_system_knows_no_locks_nobody_is_excluded(tmp_path, monkeypatch, number):
    def fails(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", fails)
    for lock in (lambda: locked(tmp_path), lambda: locks.locked(tmp_path / "lock")):
        entered = []
        with nullcontext() if number == errno.ENOLCK else pytest.raises(OSError), lock():
            entered.append(True)
        assert bool(entered) == (number == errno.ENOLCK)
