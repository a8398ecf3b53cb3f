"""Where units are computed: in this process, other processes, on a Dask cluster or by a batch system."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from bioscnn.errors import UserError
from bioscnn.processes import end_with

PATIENCE = 3600.0
"""Time for which jobs may wait in the queue of a batch system, s, if nothing else is said."""


class LostExecutorError(UserError):
    """All that computes is gone, such as the scheduler of a Dask cluster."""


def is_death(error: BaseException) -> bool:
    """Whether an exception of a unit says that the process that computed it has died."""
    return isinstance(error, BrokenExecutor)


def is_loss(error: BaseException) -> bool:
    """Whether an exception of a unit says that nothing is left to compute with."""
    return isinstance(error, LostExecutorError)


class Executor(Protocol):
    """What computes units."""

    @property
    def n(self) -> int:
        """Number of units that it computes at the same time, at least 1; of a cluster, it changes."""

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Compute ``function(*arguments)``.

        Returns
        -------
        concurrent.futures.Future
            Holds the result, or what the function raised. If `is_death` of its exception, a process died: of
            this unit, or of another that it took along. Call `renew` when no unit is left at work, and try
            each again.

        Raises
        ------
        BrokenExecutor
            If a process has died and `renew` was not called.
        LostExecutorError
            If nothing is left to compute with. Futures hold it too; nothing waits for ever.
        """

    def renew(self) -> None:
        """Replace processes that died."""


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


class LocalProcesses:
    """Processes of this machine, which keep what they have loaded and end with this one, however it ends.

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
            self._pool = ProcessPoolExecutor(self.n, initializer=end_with, initargs=(os.getpid(),))
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


@dataclass(frozen=True)
class Where:
    """Where units are computed.

    Parameters
    ----------
    jobs : int
        Processes of this machine (1: this one), or jobs of a batch system.
    dask : str or None
        Address of a Dask scheduler, such as ``"tcp://10.0.0.1:8786"``.
    batch : str or None
        ``"slurm"`` or ``"pbs"``.
    cluster : dict
        What the batch system is told of a job: keyword arguments of dask-jobqueue's cluster.
    patience : float
        Time for which jobs may wait in the queue while none runs, s.
    """

    jobs: int = 1
    dask: str | None = None
    batch: str | None = None
    cluster: Mapping[str, Any] = field(default_factory=dict)
    patience: float = PATIENCE


def where_to_compute(
    *,
    jobs: int | None = None,
    dask: str | None = None,
    slurm: int | None = None,
    pbs: int | None = None,
    cluster: Mapping[str, Any] | None = None,
    usual_jobs: int = 1,
    patience: float = PATIENCE,
) -> Where:
    """Return where units are computed, as it is asked for on the command line.

    Parameters
    ----------
    jobs, slurm, pbs : int, optional
        Processes of this machine, jobs of Slurm, jobs of PBS.
    dask : str, optional
        Address of a scheduler.
    cluster, patience
        As for `Where`.
    usual_jobs : int
        Processes of this machine if nothing is asked for.

    Raises
    ------
    UserError
        If two places are asked for.
    """
    options = {"--jobs": jobs, "--dask": dask, "--slurm": slurm, "--pbs": pbs}
    given = [option for option, value in options.items() if value is not None]
    if len(given) > 1:
        raise UserError(
            "the work is done in one place", value=" ".join(given),
            fix="give one of them; a cluster has as many processes as it has workers",
        )  # fmt: skip
    batch = "slurm" if slurm is not None else "pbs" if pbs is not None else None
    return Where(slurm or pbs or jobs or usual_jobs, dask, batch, dict(cluster or {}), patience)


def _ignore(_: str) -> None:
    """Do nothing."""


@contextmanager
def executor_at(where: Where, stage: Callable[[str], None] = _ignore) -> Iterator[Executor]:
    """Find or start what computes, and leave or end it in the end.

    Nothing that was started outlives this process, however it ends.

    Parameters
    ----------
    where : Where
        Where to compute.
    stage : callable
        Told what is waited for, such as jobs in a queue.

    Raises
    ------
    UserError
        If Dask is not installed, the scheduler does not answer, it has no worker or a worker that does not
        fit, the batch system is not here or refuses a job, or no job begins in time.
    """
    if where.dask is None and where.batch is None:
        if where.jobs == 1:
            yield InProcess()
            return
        processes = LocalProcesses(where.jobs)
        try:
            yield processes
        except BaseException:
            processes.close(kill=True)
            raise
        processes.close(kill=False)
        return
    from bioscnn.experiments.batch import batch_jobs
    from bioscnn.experiments.dask_cluster import connect, quiet, require_dask

    require_dask()
    with ExitStack() as stack:
        stack.enter_context(quiet())
        jobs = stack.enter_context(batch_jobs(where)) if where.batch else None
        yield stack.enter_context(connect(where, jobs, stage))
