"""Jobs of a batch system, each of which runs Dask workers."""

from __future__ import annotations

import getpass
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bioscnn.batch_jobs import cluster_options
from bioscnn.errors import UserError
from bioscnn.experiments.where import Where
from bioscnn.extras import require
from bioscnn.files import scratch_folder, unwritable_is_told
from bioscnn.processes import LastWill

COMMAND_SECONDS = 60
"""Time for which a command of a batch system may take."""

ORPHAN_SECONDS = 60
"""Time after which a worker ends that finds no scheduler, such as in a job that begins too late."""

_KEYS = ".keys-of-jobs-"
"""What the name of the folder begins with by which workers and scheduler know each other."""

USUAL_JOB = {"cores": 1, "memory": "2 GB", "walltime": "08:00:00"}
"""A job of an experiment that has no table ``[cluster]``, where dask's own configuration says nothing."""


@dataclass(frozen=True)
class BatchSystem:
    """A batch system.

    Parameters
    ----------
    name : str
        What it is called.
    cluster : str
        Its class in dask-jobqueue.
    submit, cancel : str
        Its commands.
    queue : str
        What prints one line per job of a user that waits or runs: its number, and what it waits for.
    """

    name: str
    cluster: str
    submit: str
    cancel: str
    queue: str


BATCH_SYSTEMS = {
    "slurm": BatchSystem(
        "Slurm", "SLURMCluster", "sbatch", "scancel", "squeue --noheader --format='%i %T %r' --user={user}"
    ),
    "pbs": BatchSystem("PBS", "PBSCluster", "qsub", "qdel", "qselect -u {user}"),
}


class Jobs:
    """Jobs that were submitted.

    Parameters
    ----------
    system : BatchSystem
        Whose jobs they are.
    cluster : dask_jobqueue.JobQueueCluster
        Has the scheduler, in this process.
    """

    def __init__(self, system: BatchSystem, cluster: Any) -> None:
        self.system, self.cluster = system, cluster
        self.numbers: list[str] = []
        self._will = LastWill([system.cancel])

    def submit(self, n: int) -> None:
        """Submit jobs, each of which starts workers.

        Raises
        ------
        UserError
            If the batch system refuses one.
        """
        spec = self.cluster.new_spec
        for k in range(len(self.numbers), len(self.numbers) + n):
            job = spec["cls"](self.cluster.scheduler_address, name=f"bioscnn-{k}", **spec["options"])
            self._submit(job)

    def _submit(self, job: Any) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".sh") as script:
            script.write(job.job_script())
            script.flush()
            ended = _call([*shlex.split(job.submit_command), script.name])
        number = re.search(job.job_id_regexp, ended.stdout)
        if ended.returncode != 0 or number is None:
            directives = [line for line in job.job_script().splitlines() if re.match(r"#[A-Z]+ ", line)]
            raise UserError(
                f"{self.system.name} refuses the job: {(ended.stderr or ended.stdout).strip()}",
                key="cluster",
                value="; ".join(directives),
                fix="change the table [cluster] so that the job fits what the batch system has",
            )
        self.numbers.append(number["job_id"])
        self._will.add(number["job_id"])

    def states(self) -> list[str] | None:
        """Return the state of each job that waits or runs; None if the batch system does not answer."""
        try:
            ended = _call(shlex.split(self.system.queue.format(user=getpass.getuser())))
        except UserError:
            return None
        lines = [re.match(r"(\d+)\S*\s*(.*)", line.strip()) for line in ended.stdout.splitlines()]
        return None if ended.returncode else [line[2] for line in lines if line and line[1] in self.numbers]

    def cancel(self) -> None:
        """Cancel all jobs; if the batch system does not answer, once more when this process ends."""
        with suppress(UserError):
            if self.numbers:
                _call([self.system.cancel, *self.numbers])
            self._will.revoke()


def _call(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise UserError(
            f"the batch system does not answer within {COMMAND_SECONDS} s", value=shlex.join(command)
        ) from None


def require_batch_system(name: str) -> None:
    """Refuse where the commands of a batch system, ``"slurm"`` or ``"pbs"``, are not at hand.

    Raises
    ------
    UserError
        With the command that is missing.
    """
    system = BATCH_SYSTEMS[name]
    if shutil.which(system.submit) is None:
        raise UserError(
            f"no {system.name} here: its command is not on the PATH",
            key=f"--{name}",
            value=system.submit,
            fix="type this on a machine that submits jobs, or give --dask the address of a scheduler",
        )


@contextmanager
def batch_jobs(where: Where) -> Iterator[Jobs]:
    """Submit jobs to a batch system, and cancel them in the end.

    They are cancelled too if this process is killed. A job that begins nevertheless ends by itself.

    Raises
    ------
    UserError
        If the batch system refuses a job, or the table ``[cluster]`` is wrong.
    """
    assert where.batch is not None
    with _folder_of_keys() as keys, make_cluster(where, keys) as cluster:
        jobs = Jobs(BATCH_SYSTEMS[where.batch], cluster)
        try:
            jobs.submit(where.jobs)
            yield jobs
        finally:
            jobs.cancel()


@contextmanager
def _folder_of_keys() -> Iterator[Path]:
    """Give a folder that only this user can read, in the current one, in which jobs begin."""
    folder = Path.cwd()
    with ExitStack() as stack:
        with unwritable_is_told(folder):
            keys = stack.enter_context(scratch_folder(folder, _KEYS))
        yield keys


def make_cluster(where: Where, keys: Path) -> Any:
    """Return the scheduler of jobs, before any is submitted; its ``job_script()`` is what they run.

    Others can neither read nor join what it says to its workers: both know a key that is made for it (TLS).

    Parameters
    ----------
    where : Where
        Which batch system, and what it is told of a job.
    keys : Path
        Folder for the key, which the nodes of the jobs can read, and other users cannot.

    Raises
    ------
    UserError
        If the table ``[cluster]`` has a key that is none of a job's size and place, or misses one; if a shell
        would not take the path of the folder as it is.
    """
    if shlex.quote(str(keys)) != str(keys):  # dask-jobqueue writes it into the script of a job as it is
        raise UserError(
            "the shell of a job cannot read the path of the current folder",
            value=str(keys.parent),
            expected="letters, digits and @%+=:,./-_ alone",
            fix="start from a folder with such a path",
        )
    # On import it lets Ctrl-C end the process at once; here that is to remain an exception.
    on_interrupt = signal.getsignal(signal.SIGINT)
    import dask_jobqueue

    signal.signal(signal.SIGINT, on_interrupt)
    assert where.batch is not None
    system, options = BATCH_SYSTEMS[where.batch], cluster_options(where.cluster)
    options = options or _usual_job(where.batch)
    # Dask's own page at any free port: two studies from one machine must not want the same.
    usual = {"scheduler_options": {"dashboard_address": "127.0.0.1:0"}, "death_timeout": ORPHAN_SECONDS}
    closed = {"security": _security(keys)}
    try:
        return getattr(dask_jobqueue, system.cluster)(**usual | options | closed)
    except (TypeError, ValueError) as error:
        raise UserError(
            f"dask-jobqueue cannot make jobs for {system.name} of the table [cluster]: {error}",
            key="cluster",
            value=dict(where.cluster),
            expected=f"keyword arguments of dask_jobqueue.{system.cluster}, cores and memory among them",
            fix='write for example: cores = 1, memory = "2 GB", walltime = "01:00:00"',
        ) from None


def _security(keys: Path) -> Any:
    """Make a key and its certificate, and write them where the nodes read them."""
    require("encrypted connections to jobs need cryptography", "distributed", "cryptography")
    from distributed import Security

    made, files = Security.temporary().get_tls_config_for_role("worker"), {}
    for name in ("ca_file", "cert", "key"):
        files[name] = keys / name
        files[name].touch(mode=0o600)
        files[name].write_text(made[name])
    roles = {
        f"tls_{role}_{name}": str(files[name])
        for role in ("client", "scheduler", "worker")
        for name in ("cert", "key")
    }
    return Security(require_encryption=True, tls_ca_file=str(files["ca_file"]), **roles)


def _usual_job(batch: str) -> dict[str, Any]:
    """Return `USUAL_JOB` without what the user's own configuration of dask-jobqueue says."""
    import dask

    return {
        key: value
        for key, value in USUAL_JOB.items()
        if dask.config.get(f"jobqueue.{batch}.{key}", None) is None
    }
