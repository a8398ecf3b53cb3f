"""Who computes: processes of this machine, a Dask cluster, or jobs of a batch system."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import BrokenExecutor, Executor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from threading import Thread
from typing import Any, Protocol

import bioscnn
from bioscnn.batch_jobs import cluster_options
from bioscnn.errors import UserError
from bioscnn.studies.sweep.file import Sweep

ORPHAN_SECONDS = 1
"""So soon a process ends whose parent was killed."""

SCHEDULER_SECONDS = 10
WORKER_SECONDS = 600
"""Time that a scheduler may take to answer, and a cluster to start the first worker."""

BATCH_SYSTEMS = {
    "slurm": ("SLURMCluster", "sbatch", "Slurm"),
    "pbs": ("PBSCluster", "qsub", "PBS"),
}
"""Class of dask-jobqueue, command that submits, and name."""


class Workers(Protocol):
    """What computes chunks of points."""

    @property
    def n(self) -> int:
        """Chunks at a time."""

    @property
    def machines(self) -> tuple[Mapping[str, Any], ...]:
        """For each machine, what `submit` needs to be told to compute there."""

    def executor(self, *, renewed: bool = False) -> Executor:
        """Return what takes work; a fresh one if a process of it has died."""


class LocalProcesses:
    """Processes of this machine."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.machines: tuple[Mapping[str, Any], ...] = ({},)
        self._executor: Any = None

    def executor(self, *, renewed: bool = False) -> Executor:
        """Return a pool of processes; they keep what they have loaded."""
        from joblib.externals.loky import ProcessPoolExecutor

        if renewed:
            self.close(kill=True)
        if self._executor is None:
            self._executor = ProcessPoolExecutor(self.n, initializer=_end_with, initargs=(os.getpid(),))
        pool: Executor = self._executor
        return pool

    def close(self, *, kill: bool) -> None:
        """End the processes, those that are at work too if they are to be killed."""
        if self._executor is not None:
            self._executor.shutdown(wait=True, kill_workers=kill)
            self._executor = None


def _end_with(parent: int) -> None:
    """Let this process end soon after its parent, however that ends."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(ORPHAN_SECONDS)
        os._exit(1)

    Thread(target=watch, daemon=True).start()


class DaskWorkers:
    """Workers of a Dask cluster; the cluster itself starts a chunk again whose worker died."""

    def __init__(self, client: Any) -> None:
        self._client = client

    @property
    def n(self) -> int:
        """Workers that are there now."""
        return max(1, len(self._client.nthreads()))

    @property
    def machines(self) -> tuple[Mapping[str, Any], ...]:
        """One worker on each host."""
        hosts = {address.rpartition(":")[0]: address for address in sorted(self._client.nthreads())}
        return tuple({"workers": [address]} for address in hosts.values())

    def executor(self, *, renewed: bool = False) -> Executor:
        """Return the cluster, which renews itself."""
        taken: Executor = self._client.get_executor(pure=False)
        return taken


@dataclass(frozen=True)
class Where:
    """Where a sweep is computed.

    Parameters
    ----------
    jobs : int
        Processes of this machine, or jobs of a batch system.
    dask : str or None
        Address of a Dask scheduler, such as ``"tcp://10.0.0.1:8786"``.
    batch : str or None
        A key of `BATCH_SYSTEMS`.
    cluster : dict
        What the batch system is told of a job: keyword arguments of dask-jobqueue's cluster.
    """

    jobs: int = 1
    dask: str | None = None
    batch: str | None = None
    cluster: Mapping[str, Any] | None = None


def where_to_compute(
    sweep: Sweep, *, jobs: int | None, dask: str | None, slurm: int | None, pbs: int | None
) -> Where:
    """Return where a sweep is computed, as it is asked for on the command line.

    Raises
    ------
    UserError
        If two places are asked for.
    """
    asked = {"--dask": dask, "--slurm": slurm, "--pbs": pbs}
    given = [option for option, value in asked.items() if value is not None]
    if len(given) > 1:
        raise UserError("a sweep is computed in one place", value=" ".join(given), fix="give one of them")
    if jobs is not None and given:
        raise UserError(
            "processes of this machine, and a cluster",
            value=f"--jobs {given[0]}",
            fix="give one of them: a cluster has as many workers as it has",
        )
    batch = "slurm" if slurm is not None else "pbs" if pbs is not None else None
    n = slurm or pbs or jobs or sweep.study.config.simulation.jobs
    return Where(n, dask, batch, sweep.cluster)


@contextmanager
def workers_at(where: Where) -> Iterator[Workers]:
    """Find or start the workers of a sweep, and leave or end them in the end.

    Raises
    ------
    UserError
        If the scheduler does not answer, the batch system is not here, no worker comes, or a worker has
        another bioscnn.
    """
    if where.dask is None and where.batch is None:
        local = LocalProcesses(where.jobs)
        try:
            yield local
        except BaseException:
            local.close(kill=True)
            raise
        local.close(kill=False)
        return
    _require_dask()
    with batch_cluster(where) if where.batch else nullcontext(where.dask) as address:
        client = _client(address, where)
        try:
            _check_workers(client, where)
            yield DaskWorkers(client)
        finally:
            client.close()


@contextmanager
def batch_cluster(where: Where) -> Iterator[Any]:
    """Submit the jobs of a cluster to a batch system, and cancel them in the end.

    Raises
    ------
    UserError
        If the batch system is not here, or the table ``[cluster]`` is wrong.
    """
    assert where.batch is not None
    _, command, system = BATCH_SYSTEMS[where.batch]
    if shutil.which(command) is None:
        raise UserError(
            f"no {system} here: its command is not on the PATH",
            key=f"--{where.batch}",
            value=command,
            fix="type this on a machine that submits jobs, or give --dask the address of a scheduler",
        )
    cluster = make_cluster(where)
    try:
        cluster.scale(jobs=where.jobs)
        yield cluster
    finally:
        cluster.close()


def make_cluster(where: Where) -> Any:
    """Return the cluster of a batch system before any job is submitted; ``job_script()`` is its script.

    Raises
    ------
    UserError
        If dask-jobqueue does not know a key of the table ``[cluster]``, or misses one.
    """
    _require_dask()
    import dask_jobqueue

    assert where.batch is not None
    name, _, system = BATCH_SYSTEMS[where.batch]
    # Dask's own page at any free port: two sweeps from one machine must not want the same.
    options = {"scheduler_options": {"dashboard_address": ":0"}} | cluster_options(where.cluster or {})
    try:
        return getattr(dask_jobqueue, name)(**options)
    except (TypeError, ValueError) as error:
        raise UserError(
            f"dask-jobqueue cannot make jobs for {system} of the table [cluster]: {error}",
            key="cluster",
            value=dict(where.cluster or {}),
            expected=f"keyword arguments of dask_jobqueue.{name}, cores and memory among them",
            fix='write for example: cores = 1, memory = "2 GB", walltime = "01:00:00"',
        ) from None


def _client(address: Any, where: Where) -> Any:
    from distributed import Client

    if isinstance(address, str) and not re.fullmatch(r"(\w+://)?[^\s/:]+:\d+", address):
        raise UserError(
            "not the address of a Dask scheduler",
            key="--dask",
            value=address,
            expected="what `dask scheduler` prints, such as tcp://10.0.0.1:8786",
        )
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


def _check_workers(client: Any, where: Where) -> None:
    patience = WORKER_SECONDS if where.batch else SCHEDULER_SECONDS
    try:
        client.wait_for_workers(1, timeout=patience)
    except TimeoutError:
        raise UserError(
            f"the Dask scheduler has no worker after {patience} s",
            key="--dask" if where.dask else f"--{where.batch}",
            value=where.dask or where.batch,
            fix="start some with `dask worker ADDRESS`, or see why the jobs wait",
        ) from None
    several = {address: threads for address, threads in client.nthreads().items() if threads > 1}
    if several:
        raise UserError(
            "a Dask worker has several threads, and Brian2 works in one",
            value=several,
            fix="start a worker a core: dask worker ADDRESS --nworkers 8 --nthreads 1; in [cluster], as "
            "many processes as cores",
        )
    try:
        versions: Mapping[str, str] = client.run(version_here)
        client.register_plugin(_brian2_in_main_thread())
    except Exception as error:
        raise UserError(
            f"a Dask worker cannot use bioscnn: {type(error).__name__}: {error}",
            fix="start the workers in an environment that has bioscnn[distributed]",
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
    """Return what imports Brian2 where every worker starts: in the thread of its points it cannot be."""
    from distributed import WorkerPlugin

    class ImportsBrian2(WorkerPlugin):  # type: ignore[misc]
        name = "bioscnn"

        def setup(self, worker: Any) -> None:
            import brian2  # noqa: F401

    return ImportsBrian2()


def _require_dask() -> None:
    try:
        import dask_jobqueue
        import distributed  # noqa: F401
    except ImportError:
        raise UserError(
            "a cluster needs dask",
            key="--dask",
            fix="pip install 'bioscnn[distributed]', or leave it out to compute on this machine",
        ) from None
    assert dask_jobqueue


def is_death(error: BaseException) -> bool:
    """Whether an exception says that the process that computed has died."""
    return isinstance(error, BrokenExecutor) or type(error).__name__ in (
        "KilledWorker",
        "ShutdownExecutorError",
    )


def is_loss(error: BaseException) -> bool:
    """Whether an exception says that the whole cluster is gone."""
    return isinstance(error, OSError) or "Cancelled" in type(error).__name__
