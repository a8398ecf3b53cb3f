"""Workers of a Dask cluster as an executor: no unit is lost in silence, nothing waits for ever."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Future
from threading import Event, Lock, Thread
from typing import Any

import bioscnn
from bioscnn.experiments.batch import Jobs
from bioscnn.experiments.executor import LostExecutorError

SCHEDULER_SECONDS = 10
"""Time in which a scheduler has to answer."""

WORKER_SECONDS = 30
"""Time for which a cluster may be without any worker, if no job waits in a queue."""

WATCH_SECONDS = 0.5
"""Workers are counted so often."""


class DaskWorkers:
    """Workers of a Dask cluster.

    The cluster itself tries a unit again whose worker died, and gives it up after the fourth worker.

    Parameters
    ----------
    client : distributed.Client
        Connection to the scheduler.
    jobs : Jobs or None
        Of a batch system, in which the workers are.
    patience : float
        Time for which the jobs may wait in the queue while no worker is left, s.
    """

    def __init__(self, client: Any, jobs: Jobs | None, patience: float) -> None:
        self._client, self._jobs, self._patience = client, jobs, patience
        self._units: dict[Future[Any], Any] = {}
        self._lock, self._closed = Lock(), Event()
        self._lost: LostExecutorError | None = None
        self._n, self._address = len(client.nthreads()), client.scheduler.address
        Thread(target=self._watch, daemon=True).start()

    @property
    def n(self) -> int:
        """Number of workers that are there now, at least 1."""
        return max(1, self._n)

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Compute on a worker that is free."""
        if self._lost is not None:
            raise self._lost
        unit: Future[Any] = Future()
        unit.set_running_or_notify_cancel()
        try:
            task = self._client.submit(_compute, bioscnn.__version__, function, arguments, pure=False)
        except Exception as error:
            if self._client.status == "running":
                raise
            raise self._lose("the Dask scheduler is gone") from error
        with self._lock:
            self._units[unit] = task
        task.add_done_callback(lambda task: self._settle(unit, task))
        if self._lost is not None:
            self._lose(self._lost.problem)
        return unit

    def renew(self) -> None:
        """Do nothing: a cluster renews itself."""

    def close(self) -> None:
        """Watch no more; units that are not done are cancelled."""
        self._closed.set()
        with self._lock:
            units, self._units = self._units, {}
        for unit in units:
            unit.set_exception(CancelledError())

    def _settle(self, unit: Future[Any], task: Any) -> None:
        """Hand over what a task of Dask has come to."""
        from distributed.scheduler import KilledWorker

        result: Any = None
        problem: BaseException | None = None
        try:
            result = task.result()
        except KilledWorker as error:
            problem = BrokenExecutor(f"the worker died: {error}")
        except BaseException as error:
            # What the unit raised, or the loss of its task.
            problem = error
            if task.status in ("cancelled", "lost"):
                problem = self._lose("the Dask scheduler is gone")
        with self._lock:
            if self._units.pop(unit, None) is None:
                return
        if problem is None:
            unit.set_result(result)
        else:
            unit.set_exception(problem)

    def _watch(self) -> None:
        """Count the workers, and give up when there are none for too long, or no scheduler."""
        last = time.monotonic()
        while not self._closed.wait(WATCH_SECONDS):
            try:
                ncores = self._client.scheduler.ncores
                self._n = len(self._client.sync(ncores, callback_timeout=SCHEDULER_SECONDS))
            except Exception:
                if not self._closed.is_set():
                    self._lose("the Dask scheduler is gone")
                return
            if self._n:
                last = time.monotonic()
            elif time.monotonic() - last > WORKER_SECONDS:
                waits = self._jobs is not None and self._jobs.states() != []
                if not waits or time.monotonic() - last > self._patience:
                    self._lose(f"the Dask cluster has had no worker for {time.monotonic() - last:.0f} s")
                    return

    def _lose(self, problem: str) -> LostExecutorError:
        self._lost = LostExecutorError(
            problem,
            value=self._address,
            fix="see why it ended (a job's time limit, memory), start it again, and type the same: what is "
            "computed is kept",
        )
        with self._lock:
            units, self._units = self._units, {}
        for unit in units:
            unit.set_exception(self._lost)
        return self._lost


def _compute(version: str, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """Compute a unit on a worker, unless that has joined late and does not fit."""
    from distributed import get_worker

    worker = get_worker()
    if bioscnn.__version__ != version or worker.state.nthreads > 1:
        raise LostExecutorError(
            "a Dask worker has joined that does not fit",
            value=f"{worker.address}: bioscnn {bioscnn.__version__}, {worker.state.nthreads} threads",
            expected=f"bioscnn {version}, one thread",
            fix="end that worker, and type the same: what is computed is kept",
        )
    return function(*arguments)
