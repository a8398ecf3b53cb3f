"""A Slurm of one node on this machine, for tests: its daemons run in a folder of their own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from bioscnn.processes import guarded_process

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel")
MEMORY_MB = 4000
"""Memory of the node, as Slurm is told."""

CONFIGURATION = """
ClusterName=bioscnn
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ReturnToService=2
InactiveLimit=0
KillWait=2
SchedulerParameters=sched_interval=1,bf_interval=1
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} State=UNKNOWN
PartitionName=short Nodes={host} Default=YES MaxTime=01:00:00 State=UP
"""


def why_not() -> str:
    """Why there is no Slurm on this machine; empty if there is."""
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    missing = [program for program in PROGRAMS if shutil.which(program, path=path) is None]
    if missing:
        return f"not installed: {' '.join(missing)} (apt-get install slurmctld slurmd slurm-client munge)"
    return "" if os.geteuid() == 0 else "slurmd has to be started by root"


requires_slurm = pytest.mark.skipif(bool(why_not()), reason=why_not())
"""Mark of a test that submits jobs to a real Slurm."""


@contextmanager
def running_slurm(folder: Path) -> Iterator[dict[str, str]]:
    """Start the daemons, and yield the environment in which jobs are submitted to them."""
    for name in ("state", "spool"):
        (folder / name).mkdir()
    (folder / "munge.key").write_bytes(os.urandom(128))
    (folder / "munge.key").chmod(0o600)
    file, host = folder / "slurm.conf", socket.gethostname().partition(".")[0]
    file.write_text(
        CONFIGURATION.format(
            folder=folder, host=host, ports=_free_ports(2), cpus=os.cpu_count(), memory=MEMORY_MB
        )
    )
    environment = {**os.environ, "SLURM_CONF": str(file), "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
    names = {"socket": "socket", "key-file": "key", "pid-file": "pid", "seed-file": "seed", "log-file": "log"}
    own_files = [f"--{option}={folder}/munge.{name}" for option, name in names.items()]
    munge = ["munged", "--foreground", "--force", *own_files]
    quiet = {"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with ExitStack() as stack:
        for command in (munge, ["slurmctld", "-D"], ["slurmd", "-D"]):
            process = stack.enter_context(guarded_process(command, **quiet))
            stack.callback(os.killpg, process.pid, signal.SIGKILL)
        until = time.monotonic() + 60
        while (state := _state(environment)) != "idle":
            if time.monotonic() > until:
                logs = "\n".join(path.read_text()[-1500:] for path in folder.glob("*.log"))
                raise RuntimeError(f"Slurm does not start: {state}\n{logs}")
            time.sleep(0.1)
        try:
            yield environment
        finally:
            subprocess.run(["scancel", "--user=root"], env=environment, check=True)
            wait_for_queue(environment, 0)


def jobs_in_queue(environment: dict[str, str]) -> list[str]:
    """Return number and state of all jobs that wait or run."""
    command = ["squeue", "--noheader", "--format=%i %T"]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    ).stdout.splitlines()


def wait_for_queue(environment: dict[str, str], n: int, seconds: float = 20) -> float:
    """Wait until so many jobs wait or run, and return for how long that took, s."""
    begun = time.monotonic()
    while len(jobs := jobs_in_queue(environment)) != n:
        assert time.monotonic() - begun < seconds, jobs
        time.sleep(0.1)
    return time.monotonic() - begun


def _state(environment: dict[str, str]) -> str:
    asked = subprocess.run(
        ["sinfo", "--noheader", "--format=%T"], env=environment, capture_output=True, text=True
    )
    return asked.stdout.strip() or asked.stderr.strip()


def _free_ports(n: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(n)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
