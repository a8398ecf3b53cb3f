"""Connection to a Dask cluster: its scheduler answers, its first worker comes, its workers fit."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import bioscnn
from bioscnn.errors import UserError
from bioscnn.experiments.batch import Jobs
from bioscnn.experiments.dask_workers import SCHEDULER_SECONDS, WATCH_SECONDS, WORKER_SECONDS, DaskWorkers
from bioscnn.experiments.where import Where
from bioscnn.extras import how_to_install

SILENT_SECONDS = 5
"""Time after which it is told what is waited for."""


@contextmanager
def connect(where: Where, jobs: Jobs | None, stage: Callable[[str], None]) -> Iterator[DaskWorkers]:
    """Connect to a scheduler, and wait for its first worker.

    Raises
    ------
    UserError
        If the scheduler does not answer or ends, no worker comes, or a worker does not fit.
    """
    client = _client(where.dask if jobs is None else jobs.cluster, where)
    workers = None
    try:
        try:
            _wait_for_workers(client, where, jobs, stage)
            _check_workers(client)
        except OSError as error:
            raise UserError(
                "the Dask scheduler is gone",
                value=f"{type(error).__name__}: {error}",
                fix="see why it ended, start it again, and type the same",
            ) from None
        workers = DaskWorkers(client, jobs, where.patience)
        yield workers
    finally:
        if workers is not None:
            workers.close()
        client.close()


def _client(address: Any, where: Where) -> Any:
    from distributed import Client

    try:
        return Client(address, timeout=SCHEDULER_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise UserError(
            f"no Dask scheduler answers within {SCHEDULER_SECONDS} s: {type(error).__name__}",
            key="--dask",
            value=where.dask or where.batch,
            expected="the address that `dask scheduler` prints, such as tcp://10.0.0.1:8786",
            fix="start one with `dask scheduler`, or leave out --dask to compute on this machine",
        ) from None


def _wait_for_workers(client: Any, where: Where, jobs: Jobs | None, stage: Callable[[str], None]) -> None:
    """Wait until there is a worker, and say what for."""
    begun, last_text = time.monotonic(), ""
    while not client.nthreads():
        waited, states = time.monotonic() - begun, None if jobs is None else jobs.states()
        if jobs is not None and states == [] and not client.nthreads():
            raise UserError(
                f"the jobs of {jobs.system.name} ended before a worker came",
                key=f"--{where.batch}",
                value=" ".join(jobs.numbers),
                fix="see what they wrote, such as slurm-NUMBER.out in this folder; does the table [cluster] "
                "load what bioscnn needs, and can a node reach this machine?",
            )
        if waited > (WORKER_SECONDS if jobs is None else where.patience):
            raise UserError(
                f"no worker after {waited:.0f} s",
                key=f"--{where.batch or 'dask'}",
                value=where.dask or "; ".join(sorted(set(states or []))) or None,
                fix="start some with `dask worker ADDRESS --nthreads 1`" if jobs is None
                else "ask for less in the table [cluster], or for fewer jobs, or at another time",
            )  # fmt: skip
        if waited > SILENT_SECONDS:
            waits = "a Dask worker" if jobs is None else f"{len(jobs.numbers)} jobs of {jobs.system.name}"
            text = f"waiting for {waits}" + "".join(f", {state}" for state in sorted(set(states or [])))
            if text != last_text:
                stage(last_text := text)
        time.sleep(WATCH_SECONDS)


def _check_workers(client: Any) -> None:
    several = {address: threads for address, threads in client.nthreads().items() if threads > 1}
    if several:
        raise UserError(
            "a Dask worker has several threads, and Brian2 works in one",
            value=several,
            fix="start a worker per core: dask worker ADDRESS --nworkers 8 --nthreads 1; in [cluster], as "
            "many processes as cores",
        )
    try:
        versions: Mapping[str, str] = client.run(version_here)
        client.register_plugin(_brian2_in_main_thread())
    except OSError:  # a connection is closed
        raise
    except Exception as error:
        raise UserError(
            f"a Dask worker cannot use bioscnn: {type(error).__name__}: {error}",
            fix=f"in the environment of the workers, {how_to_install('distributed')}",
        ) from None
    others = {address: version for address, version in versions.items() if version != bioscnn.__version__}
    if others:
        raise UserError(
            "a Dask worker has another bioscnn", value=others, expected=f"bioscnn {bioscnn.__version__}"
        )


def version_here() -> str:
    """Return the version of bioscnn of the process that calls this."""
    return bioscnn.__version__


def _brian2_in_main_thread() -> Any:
    """Return what imports Brian2 where every worker starts: in the thread of its units it cannot be."""
    from distributed import WorkerPlugin

    class ImportsBrian2(WorkerPlugin):  # type: ignore[misc]
        name = "bioscnn"

        def setup(self, worker: Any) -> None:
            import brian2  # noqa: F401

    return ImportsBrian2()


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what Dask logs from the terminal: what matters of it is raised."""
    names = ("distributed", "distributed.client", "tornado.application", "asyncio")
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def require_dask() -> None:
    """Refuse where Dask is not installed.

    Raises
    ------
    UserError
        With the command that installs it.
    """
    if None in (find_spec("distributed"), find_spec("dask_jobqueue")):
        raise UserError(
            "a cluster needs dask",
            key="--dask",
            fix=f"{how_to_install('distributed')}; or leave it out to compute on this machine",
        )
