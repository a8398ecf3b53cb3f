"""Executors of this machine: the process itself, and a pool of others."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import active_children, get_context, resource_tracker
from typing import Any

from bioscnn.forks import ready_to_copy
from bioscnn.processes import end_with


class InProcess:
    """The process itself, which computes a unit when it is submitted."""

    n = 1

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Compute, and return what is done; an interrupt is not caught."""
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future

    def renew(self) -> None:
        """Do nothing."""


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait, and not reach processes that are started meanwhile: this one hears it, and ends them.

    One that is interrupted before it has loaded anything would say so with a traceback.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class LocalProcesses:
    """Processes of this machine, which keep what they have loaded and end with this one, however it ends.

    Where this process can be copied, they begin with all that it has loaded.

    Parameters
    ----------
    n : int
        How many.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self._pool: Executor | None = None

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Compute in a process that is free. The death of one takes along all units that are at work."""
        if self._pool is not None:
            return self._submit(function, *arguments)
        with ready_to_copy() as possible:
            self._others = set(active_children())
            self._pool = self._copies() if possible else self._new_processes()
            return self._submit(function, *arguments)

    def _submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        with _uninterrupted():
            assert self._pool is not None
            future: Future[Any] = self._pool.submit(function, *arguments)
        return future

    def _copies(self) -> Executor:
        """Return a pool of copies of this process, which begin with the first task, before it has threads."""
        return ProcessPoolExecutor(self.n, get_context("fork"), end_with, (os.getpid(),))

    def _new_processes(self) -> Executor:
        from joblib.externals.loky import ProcessPoolExecutor as NewProcesses

        resource_tracker.ensure_running()  # which lets interrupts through again, once it has started
        pool: Executor = NewProcesses(self.n, initializer=end_with, initargs=(os.getpid(),))
        return pool

    def renew(self) -> None:
        """Let the next unit start new processes."""
        self.close(kill=True)

    def close(self, *, kill: bool) -> None:
        """End the processes: at once, or when they have done what was submitted."""
        if self._pool is not None:
            for process in set(active_children()) - self._others if kill else ():
                if process.pid is not None:
                    with suppress(ProcessLookupError):
                        os.kill(process.pid, signal.SIGKILL)
            self._pool.shutdown(wait=True)
            self._pool = None
