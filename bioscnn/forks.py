"""Copies of this process: they share its jobs, or load what a work needs while it goes on."""

from __future__ import annotations

import ctypes
import faulthandler
import json
import os
import resource
import select
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

Job = TypeVar("Job")

NUMBER_BYTES = 4
LONGEST_WAIT = 60
"""Seconds that a copy may take for its last job, before this process does that itself."""

_END_OF_A_THREAD = 0.2
"""Seconds in which a thread that was joined is gone from the operating system's list."""
_SIGNAL_AT_END_OF_PARENT = 1  # PR_SET_PDEATHSIG of Linux
_LONGEST_PATH = 1 << 16
_LONGEST_WORK = 600
_DONE, _BEGUN = b"done", b"\n"


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
        might wait for ever for a lock that another thread held: see `can_be_copied`.
    """
    with ExitStack() as stack:
        numbers, copies = stack.enter_context(_queue(len(jobs))), []
        with ready_to_copy() as possible, suppress(OSError):
            n = min(processes or _cores(), len(jobs)) if possible else 1
            for _ in range(n - 1):
                copies.append(stack.enter_context(_sharing(work, jobs, numbers)))
        done = {number: work(jobs[number]) for number in _taken(numbers)}
        for descriptor in copies:
            with suppress(TimeoutError):
                done |= dict(_parsed(_received(descriptor, LONGEST_WAIT)) or ())
    return [done[number] if number in done else work(job) for number, job in enumerate(jobs)]


@contextmanager
def loaded_copy(
    load: Callable[[], None], work: Callable[[Path], Any]
) -> Iterator[Callable[[Path], None] | None]:
    """Copy this process; while it goes on, the copy loads what some work needs, and then waits for it.

    What the copy could not do is done here, so that its error is raised here. The copy ends with the block,
    or with this process, however that ends.

    Parameters
    ----------
    load : callable
        What the copy does first.
    work : callable
        What is to be done with a path.

    Yields
    ------
    callable or None
        To be called once, with the path: has the work done, and returns when it is. None where this process
        cannot be copied, or has but one core.
    """
    with ExitStack() as stack:
        ours, its = map(stack.enter_context, socket.socketpair())
        copy = stack.enter_context(ExitStack())

        def wait_and_work() -> None:
            ours.close()
            load()
            if path := its.recv(_LONGEST_PATH):
                work(Path(os.fsdecode(path)))
                its.send(_DONE)

        copied = False
        with ready_to_copy() as possible, suppress(OSError):
            if possible and _cores() > 1:
                copy.enter_context(_copy(wait_and_work))
                copied = True
        its.close()

        def ask(path: Path) -> None:
            with suppress(OSError):
                ours.settimeout(_LONGEST_WORK)
                ours.send(os.fsencode(path))
                if ours.recv(len(_DONE)) == _DONE:
                    return
            copy.close()
            work(path)

        yield ask if copied else None


def attempted(work: Callable[[], Any], seconds: int, wait: float) -> Any:
    """Return the list that `work` returns, as JSON can say it; it is done by a copy that it may crash.

    Parameters
    ----------
    work : callable
        Raises nothing; it may run for ever, or fill the memory.
    seconds : int
        Processor time that it has, with 1 GB more than this process has.
    wait : float
        Seconds of the clock that it has.

    Returns
    -------
    list or None
        None if the copy died.

    Raises
    ------
    TimeoutError
        If it waited for something, or this process cannot be copied: see `can_be_copied`.
    """
    read_end, write_end = os.pipe()

    def bounded() -> None:
        faulthandler.disable()
        room = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + 2**30
        bounds = {resource.RLIMIT_CPU: seconds, resource.RLIMIT_CORE: 0, resource.RLIMIT_AS: room}
        for kind, most in bounds.items():
            allowed = resource.getrlimit(kind)[1]
            bound = most if allowed == resource.RLIM_INFINITY else min(most, allowed)
            resource.setrlimit(kind, (bound, bound))
        os.write(write_end, _BEGUN)
        _write(work(), write_end)

    with ExitStack() as stack:
        stack.callback(os.close, read_end)
        try:
            with ready_to_copy() as possible:
                if not possible:
                    raise TimeoutError
                stack.enter_context(_copy(bounded))
        except OSError:
            raise TimeoutError from None
        finally:
            os.close(write_end)
        text = _received(read_end, wait)
    if not text:  # it died before it began
        raise TimeoutError
    return _parsed(text)


_pauses: list[Callable[[], AbstractContextManager[None]]] = []
os.register_at_fork(after_in_child=_pauses.clear)  # a copy has no such thread


@contextmanager
def pausing(pause: Callable[[], AbstractContextManager[None]]) -> Iterator[None]:
    """Within the block, let `pause` stop a thread of this process for the moment in which it is copied."""
    _pauses.append(pause)
    try:
        yield
    finally:
        _pauses.remove(pause)


@contextmanager
def ready_to_copy() -> Iterator[bool]:
    """Stop the threads that can be stopped, and yield whether this process can be copied in the block."""
    with ExitStack() as stack:
        for pause in _pauses:
            stack.enter_context(pause())
        stack.enter_context(warnings.catch_warnings())
        # Python 3.12 warns of the threads of OpenBLAS, too.
        warnings.simplefilter("ignore", DeprecationWarning)
        yield can_be_copied()


def can_be_copied() -> bool:
    """Return whether this process can be copied: on Linux, while no other thread of it may hold a lock.

    The threads of OpenBLAS do not count: it ends them before a fork, and starts them when it needs them.
    """
    if sys.platform != "linux" or threading.active_count() > 1:
        return False
    if (others := _other_threads()) == 0:
        return True
    from threadpoolctl import threadpool_info

    pools = threadpool_info()
    blas = all(pool["internal_api"] == "openblas" for pool in pools)
    allowed = sum(pool["num_threads"] - 1 for pool in pools) if blas else 0
    deadline = time.monotonic() + _END_OF_A_THREAD
    while others > allowed and time.monotonic() < deadline:
        time.sleep(0.001)
        others = _other_threads()
    return others <= allowed


def _other_threads() -> int:
    return sum(1 for _ in Path("/proc/self/task").iterdir()) - 1


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
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process = os.fork()
    except OSError:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        raise
    if process == 0:
        try:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            ctypes.CDLL(None).prctl(_SIGNAL_AT_END_OF_PARENT, signal.SIGKILL)
            if os.getppid() == parent:
                work()
        finally:
            os._exit(0)
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        yield
    finally:
        with suppress(ProcessLookupError, ChildProcessError):  # somebody else waited for it
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)


def _work(work: Callable[[Job], Any], jobs: Sequence[Job], numbers: int, write_end: int) -> None:
    done = {}
    for number in _taken(numbers):
        with suppress(Exception):
            done[number] = work(jobs[number])
    _write(list(done.items()), write_end)


def _write(result: Any, write_end: int) -> None:
    with open(write_end, "w", encoding="utf-8") as pipe:
        json.dump(result, pipe)


def _received(descriptor: int, wait: float) -> bytes:
    """Return what a copy has written until it ended.

    Raises
    ------
    TimeoutError
        If nothing comes for longer than anything takes.
    """
    text, written = bytearray(), select.poll()
    written.register(descriptor, select.POLLIN)
    while written.poll(1e3 * wait):
        piece = os.read(descriptor, 1 << 20)
        if not piece:
            return bytes(text)
        text += piece
    raise TimeoutError


def _parsed(text: bytes) -> Any:
    """Return the list that a copy has written; None if it died while it wrote."""
    with suppress(ValueError):
        return json.loads(text)
    return None
