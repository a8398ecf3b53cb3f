"""Temporary: replaced by the exec branch."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import BrokenExecutor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol


class Executor(Protocol):
    @property
    def n(self) -> int: ...
    def submit(self, function: Any, *args: Any) -> Future[Any]: ...
    def renew(self) -> None: ...


class InProcess:
    n = 1

    def submit(self, function, *args):
        future = Future()
        try:
            future.set_result(function(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def renew(self):
        pass


class LocalProcesses:
    def __init__(self, n):
        from joblib.externals.loky import ProcessPoolExecutor

        self.n = n
        self.pool = ProcessPoolExecutor(n)

    def submit(self, function, *args):
        return self.pool.submit(function, *args)

    def renew(self):
        pass


@dataclass(frozen=True)
class Where:
    jobs: int = 1
    dask: str | None = None
    batch: str | None = None
    cluster: Mapping[str, Any] | None = None


def where_to_compute(*, jobs=None, dask=None, slurm=None, pbs=None, cluster=None, default=1):
    return Where(jobs or default)


@contextmanager
def executor_at(where):
    ex = InProcess() if where.jobs == 1 else LocalProcesses(where.jobs)
    yield ex
    if where.jobs > 1:
        ex.pool.shutdown()


def is_death(error):
    return isinstance(error, BrokenExecutor)


def is_loss(error):
    return isinstance(error, OSError)
