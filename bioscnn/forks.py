"""Work that this process shares with copies of itself, each of which takes the next job that nobody has."""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

Job = TypeVar("Job")

NUMBER_BYTES = 4
LONGEST_WAIT = 60
"""Seconds that a copy may take for its last job, before this process does that itself."""

_SIGNAL_AT_END_OF_PARENT = 1  # PR_SET_PDEATHSIG of Linux
_LONGEST_PATH = 1 << 16
_DONE = b"done"


def shared_out(work: Callable[[Job], Any], jobs: Sequence[Job], processes: int | None = None) -> list[Any]:
    """Return the result of `work` for each job, computed by this process and copies of it at a time.

    A copy has all that this process has loaded, and ends with it, however that ends. A job that a copy could
    not do is done here, so that its error is raised here.

    Parameters
    ----------
    work : callable
        From a job to a result that JSON can say.
    jobs : sequence
        What is to be done.
    processes : int, optional
        How many, with this one; as many as there are cores for it if not given. There is one where a copy
        might wait for ever for a lock that another thread held: see `is_alone`.
    """
    processes = processes or _cores() if is_alone() else 1
    with ExitStack() as stack:
        numbers = stack.enter_context(_queue(len(jobs)))
        copies = [
            stack.enter_context(_sharing(work, jobs, numbers)) for _ in range(min(processes, len(jobs)) - 1)
        ]
        done = {number: work(jobs[number]) for number in _taken(numbers)}
        for descriptor in copies:
            done |= _received(descriptor)
    return [done[number] if number in done else work(job) for number, job in enumerate(jobs)]


@contextmanager
def at_hand(load: Callable[[], None], work: Callable[[Path], Any]) -> Iterator[Callable[[Path], None]]:
    """Copy this process; while it goes on, the copy loads what some work needs, and then waits for it.

    Where this process cannot be copied or has but one core, or the copy fails, the work is done here, so that
    its error is raised here. The copy ends with the block, or with this process, however that ends.

    Parameters
    ----------
    load : callable
        What the copy does first.
    work : callable
        What is to be done with a path.

    Yields
    ------
    callable
        To be called once, with the path: has the work done, and returns when it is.
    """
    with ExitStack() as stack:
        here, there = map(stack.enter_context, socket.socketpair())

        def wait_and_work() -> None:
            here.close()
            load()
            work(Path(os.fsdecode(there.recv(_LONGEST_PATH))))
            there.send(_DONE)

        if _cores() > 1 and is_alone():
            stack.enter_context(_copy(wait_and_work))
        there.close()

        def ask(path: Path) -> None:
            with suppress(OSError):
                here.send(os.fsencode(path))
                if here.recv(len(_DONE)) == _DONE:
                    return
            work(path)

        yield ask


@contextmanager
def unwarned() -> Iterator[None]:
    """Let Python 3.12 not warn of the threads of OpenBLAS where a process `is_alone`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def is_alone() -> bool:
    """Return whether this process can be copied: on Linux, while no thread but this one may hold a lock.

    The threads of OpenBLAS do not count: it ends them before a fork, and starts them when it needs them.
    """
    if sys.platform != "linux" or threading.active_count() > 1:
        return False
    others = len(list(Path("/proc/self/task").iterdir())) - 1
    if others == 0:
        return True
    from threadpoolctl import threadpool_info

    pools = threadpool_info()
    blas = all(pool["internal_api"] == "openblas" for pool in pools)
    return blas and others <= sum(pool["num_threads"] - 1 for pool in pools)


def _cores() -> int:
    """Return on how many cores this process may run."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


@contextmanager
def _queue(n: int) -> Iterator[int]:
    """Yield the end of a pipe from which every process that knows it takes the numbers 0, 1, ... n - 1."""
    read_end, write_end = os.pipe()
    try:
        os.write(write_end, b"".join(number.to_bytes(NUMBER_BYTES, "big") for number in range(n)))
        os.close(write_end)
        yield read_end
    finally:
        os.close(read_end)


def _taken(numbers: int) -> Iterator[int]:
    while taken := os.read(numbers, NUMBER_BYTES):
        yield int.from_bytes(taken, "big")


@contextmanager
def _sharing(work: Callable[[Job], Any], jobs: Sequence[Job], numbers: int) -> Iterator[int]:
    """Let a copy of this process take jobs; yield the descriptor from which to read what it has done."""
    read_end, write_end = os.pipe()
    with _copy(lambda: _work(work, jobs, numbers, write_end)):
        os.close(write_end)
        try:
            yield read_end
        finally:
            os.close(read_end)


@contextmanager
def _copy(work: Callable[[], None]) -> Iterator[None]:
    """Copy this process for some work, in silence; kill the copy in the end."""
    parent = os.getpid()
    with unwarned():
        process = os.fork()
    if process == 0:
        try:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            ctypes.CDLL(None).prctl(_SIGNAL_AT_END_OF_PARENT, signal.SIGKILL)
            if os.getppid() == parent:
                work()
        finally:
            os._exit(0)
    try:
        yield
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


def _work(work: Callable[[Job], Any], jobs: Sequence[Job], numbers: int, write_end: int) -> None:
    done = {}
    for number in _taken(numbers):
        with suppress(Exception):
            done[number] = work(jobs[number])
    with open(write_end, "w", encoding="utf-8") as pipe:
        json.dump(list(done.items()), pipe)


def _received(descriptor: int) -> dict[int, Any]:
    """Return the results of a copy; nothing if it died, or takes longer than anything takes."""
    text = bytearray()
    while select.select([descriptor], [], [], LONGEST_WAIT)[0]:
        piece = os.read(descriptor, 1 << 20)
        if not piece:
            return dict(json.loads(text)) if text.endswith(b"]") else {}
        text += piece
    return {}
