"""Every experiment in one process, in two, killed and resumed, in shards, on Dask and on Slurm: equal tables.

``python -m tests.experiments.everywhere [NAME ...]`` prints one row per experiment. It needs ``sims/`` here,
and what the experiments need; Dask and Slurm are left out where they are not installed.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from tests.processes import marked
from tests.slurm import running_slurm, why_not

HERE = Path.cwd()
SIMULATED = ("--set", "dataset.recordings=simulated")
EXPERIMENTS = {
    "noise": ("noise", "sims/mnist.toml", "--quick", "--trials", "20", "--kinds", "blur,stuck-neurons"),
    "ladder": ("ladder", "sims/mnist.toml", "--trials", "40"),
    "sweep": ("sweep", "sims/sweeps/mnist-surface.toml", "--trials", "10"),
    "timing": ("timing", "sims/nmnist.toml", "--trials", "50", *SIMULATED, "--perturb", "jitter 5 ms",
               "--perturb", "collapse"),
    "benchmark": ("benchmark", "mnist", "--network", "mnist-small", "--trials", "40",
                  "--split", "validation"),
    "time-step": ("time-step", "sims/mnist.toml", "--trials", "40", "--steps", "2 ms,1 ms,0.5 ms,0.2 ms"),
    "cross-validation": ("cross-validate", "sims/nmnist.toml", "nmnist-small-real", "--folds", "2"),
    "retina": ("retina", "sims/mnist-foveal.toml", "--quick"),
}  # fmt: skip

MEASURED_TIME = {"time", "time_low", "time_high"}
"""Columns of tables that hold measured times, which differ from run to run."""

LEFT_AFTER = 5.0
"""No process may be left so many seconds after its parent was killed."""


class Place:
    """A folder of results, and commands that run in it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "sims").exists():
            (folder / "sims").symlink_to(HERE / "sims")
        self.folder, self.mark = folder, uuid.uuid4().hex

    def start(self, words: Sequence[str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "bioscnn", *words], cwd=self.folder, text=True,
            env={**os.environ, "BIOSCNN_TEST_MARK": self.mark, "PYTHONPATH": str(HERE)},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def run(self, words: Sequence[str]) -> None:
        process = self.start(words)
        said, _ = process.communicate()
        assert process.returncode == 0, f"{' '.join(words)}\n{said[-3000:]}"

    def processes(self) -> list[int]:
        """Return the processes that descend from commands of this place."""
        return marked(self.mark)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables of the newest result, without measured times."""
        latest = next(path for path in (self.folder / "results").rglob("latest"))
        found = {path.name: pd.read_csv(path) for path in latest.glob("*.csv") if path.name != "units.csv"}
        return {name: table.drop(columns=MEASURED_TIME & set(table)) for name, table in found.items()}

    def units(self) -> int:
        return sum(1 for _ in (self.folder / "results").rglob("units/*.npz"))


def equal(first: dict[str, pd.DataFrame], second: dict[str, pd.DataFrame]) -> str:
    if first.keys() != second.keys():
        return f"other tables: {sorted(first.keys() ^ second.keys())}"
    unequal = [name for name in first if not first[name].equals(second[name])]
    return f"differ: {', '.join(unequal)}" if unequal else "equal"


def killed(place: Place, words: Sequence[str], n_units: int) -> str:
    """Kill the parent with SIGKILL at a random moment; return what is measured, and what is left."""
    process = place.start([*words, "--jobs", "2"])
    some = random.randint(1, max(1, n_units // 2))
    while process.poll() is None and place.units() < some:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before, since = place.units(), time.monotonic()
    while place.processes() and time.monotonic() - since < LEFT_AFTER:
        time.sleep(0.1)
    left = len(place.processes())
    took = time.monotonic() - since
    for number in place.processes():
        os.kill(number, signal.SIGKILL)
    return f"{before} of {n_units} units, {left} processes left after {took:.1f} s"


@contextmanager
def dask() -> Iterator[str]:
    """Start a scheduler and two workers, and return the address."""
    file = Path(tempfile.mkdtemp()) / "scheduler.json"
    command = [sys.executable, "-m", "dask"]
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment}
    scheduler = subprocess.Popen(
        [*command, "scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file)], **quiet
    )
    worker = [*command, "worker", "--scheduler-file", str(file), "--nthreads", "1", "--no-nanny"]
    workers = [subprocess.Popen(worker, **quiet) for _ in range(2)]
    try:
        while not file.exists():
            time.sleep(0.1)
        time.sleep(3)
        yield json.loads(file.read_text())["address"]
    finally:
        for process in (*workers, scheduler):
            process.kill()


def everywhere(name: str, scratch: Path, say: Callable[[str], None]) -> dict[str, str]:
    """Return what each way of running an experiment came to."""
    words = EXPERIMENTS[name]

    def place(what: str) -> Place:
        return Place(scratch / name / what)

    alone = place("alone")
    alone.run([*words, "--jobs", "1"])
    expected, n_units = alone.tables(), alone.units()
    found = {"units": str(n_units)}
    two = place("two")
    two.run([*words, "--jobs", "2"])
    found["2 processes"] = equal(expected, two.tables())
    interrupted = place("killed")
    found["kill -9"] = killed(interrupted, words, n_units)
    interrupted.run([*words, "--jobs", "2"])
    found["resumed"] = equal(expected, interrupted.tables())
    say(f"{name}: {found}")
    if name in ("cross-validation", "retina"):
        return found
    parts = [place(f"shard {number}") for number in (1, 2, 3)]
    for number, part in enumerate(parts, 1):
        part.run([*words, "--jobs", "1", "--shard", f"{number}/3"])
    whole = place("merged")
    whole.run(["merge", *(str(part.folder / "results") for part in parts)])
    whole.run([*words, "--jobs", "1"])
    found["3 shards, merged"] = equal(expected, whole.tables())
    with dask() as address:
        cluster = place("dask")
        cluster.run([*words, "--dask", address])
        found["Dask"] = equal(expected, cluster.tables())
    if not why_not():
        with running_slurm(place("slurmd").folder) as variables:
            os.environ |= variables
            batch = place("slurm")
            batch.run([*words, "--slurm", "1"])
            found["Slurm"] = equal(expected, batch.tables())
    say(f"{name}: {found}")
    return found


def main() -> None:
    names = sys.argv[1:] or list(EXPERIMENTS)
    scratch = Path(tempfile.mkdtemp(prefix="everywhere-"))
    rows = {name: everywhere(name, scratch, print) for name in names}
    print(pd.DataFrame(rows).T.fillna("").to_string())
    shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
