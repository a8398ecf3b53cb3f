"""Executors of this machine: the process itself, and a pool of others."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from multiprocessing import get_context, resource_tracker
from typing import Any

from bioscnn.forks import is_alone, unwarned
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
    resource_tracker.ensure_running()  # which lets interrupts through again, once it has started
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
        self._pool: Any = None

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Compute in a process that is free. The death of one takes along all units that are at work."""
        from joblib.externals.loky import ProcessPoolExecutor

        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self.n,
                context=get_context("fork") if is_alone() else None,
                initializer=end_with,
                initargs=(os.getpid(),),
            )
        with _uninterrupted(), unwarned():
            future: Future[Any] = self._pool.submit(function, *arguments)
        return future

    def renew(self) -> None:
        """Let the next unit start new processes."""
        self.close(kill=True)

    def close(self, *, kill: bool) -> None:
        """End the processes: at once, or when they have done what was submitted."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, kill_workers=kill)
            self._pool = None
