"""Where units are computed: in this process, other processes, on a Dask cluster or by a batch system."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from bioscnn.experiments.batch import batch_jobs, require_batch_system
from bioscnn.experiments.dask_cluster import connect, quiet, require_dask
from bioscnn.experiments.executor import Executor, LostExecutorError, is_death, is_loss
from bioscnn.experiments.local_executors import InProcess, LocalProcesses
from bioscnn.experiments.where import Where, where_to_compute

__all__ = [
    "Executor",
    "InProcess",
    "LocalProcesses",
    "LostExecutorError",
    "Where",
    "executor_at",
    "is_death",
    "is_loss",
    "require_means",
    "where_to_compute",
]


def _ignore(_: str) -> None:
    """Do nothing."""


def require_means(where: Where) -> None:
    """Refuse, before anything is planned or written, what this machine has no means to reach.

    Raises
    ------
    UserError
        If Dask is not installed, or the batch system is not here.
    """
    if where.dask is not None or where.batch is not None:
        require_dask()
    if where.batch is not None:
        require_batch_system(where.batch)


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
        If the scheduler does not answer, it has no worker or a worker that does not fit, the batch system
        refuses a job, or no job begins in time.
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
    with ExitStack() as stack:
        stack.enter_context(quiet())
        jobs = stack.enter_context(batch_jobs(where)) if where.batch else None
        yield stack.enter_context(connect(where, jobs, stage))
