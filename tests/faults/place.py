"""A folder in which commands are disturbed: what they made, what they left."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tests.processes import ROOT, marked

LEFT_AFTER = 5.0
"""No process may be left so many seconds after its parent is gone."""

LONGEST = 3600.0
"""No command here takes so many seconds."""

NOT_RESULTS = {
    "began", "command", "commit", "computed", "dirty", "environment", "known_since", "machine", "ratio",
    "report_seconds", "seconds", "seconds_per_epoch", "started", "time", "time_high", "time_low",
    "unit_commits", "unit_seconds", "units_per_second", "versions",
}  # fmt: skip
"""Keys, columns and arrays that say when, how long, where and by which version."""

MEASURED_TIME = re.compile(r"[\d.]+ times as long")
"""What sentences say of it."""


class Place:
    """A folder with results, temporary files and a cache of its own, and commands that run in it.

    Parameters
    ----------
    folder : Path
        Made anew.
    programs : Path, optional
        Cache folder from which compiled programs are taken over, so that nothing is compiled.
    """

    def __init__(self, folder: Path, programs: Path | None = None) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        self.folder, self.work = folder, folder / "work"
        self.temporary, self.cache = folder / "tmp", folder / "cache"
        for inside in (self.work, self.temporary):
            inside.mkdir(parents=True)
        if programs is None:
            self.cache.mkdir()
        else:
            shutil.copytree(programs, self.cache)
        self.mark = f"{folder.name}-{os.getpid()}-{time.monotonic_ns()}"

    def start(
        self,
        words: Sequence[str],
        before: Sequence[str] = (),
        where: Path | None = None,
        python: str = sys.executable,
        **variables: str,
    ) -> subprocess.Popen[str]:
        """Start a command as the leader of a foreground group; something else may start it."""
        environment = {
            **os.environ, "PYTHONPATH": str(ROOT), "FAULTS_MARK": self.mark, "TMPDIR": str(self.temporary),
            "BIOSCNN_CACHE": str(self.cache), "OMP_NUM_THREADS": "1",
        }  # fmt: skip
        return subprocess.Popen(
            [*before, python, *words], cwd=where or self.work, env=environment | variables, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, start_new_session=True,
            restore_signals=True,
        )  # fmt: skip

    def run(self, words: Sequence[str], before: Sequence[str] = (), **options: str) -> tuple[int, str]:
        """Run a command to its end; return its code and what it said on standard error."""
        process = self.start(words, before, None, **options)
        _, said = process.communicate(timeout=LONGEST)
        return process.returncode, said

    def processes(self) -> list[int]:
        """Return the processes that descend from commands of this place."""
        return marked(self.mark)

    def processes_left(self) -> int:
        """Return how many processes live `LEFT_AFTER` seconds from now, and end them."""
        until = time.monotonic() + LEFT_AFTER
        while (left := self.processes()) and time.monotonic() < until:
            time.sleep(0.05)
        for number in left:
            os.kill(number, signal.SIGKILL)
        return len(left)

    def results(self) -> dict[str, str]:
        """Return what every file says, by its path: hashes without times."""
        found = {}
        for folder in (self.work, self.cache / "mnist", self.cache / "nmnist"):
            for path in sorted(folder.rglob("*")):
                name = str(path.relative_to(self.folder))
                if path.is_symlink():
                    found[name] = f"-> {path.readlink()}"
                elif path.is_file():
                    found[name] = _digest(path, self.folder)
        return found

    def files(self) -> set[str]:
        """Return the paths of all files and empty folders, those of the cache and temporary ones too."""
        return {
            str(path.relative_to(self.folder))
            for path in self.folder.rglob("*")
            if not path.is_dir() or path.is_symlink() or not any(path.iterdir())
        }


def _digest(path: Path, folder: Path) -> str:
    """Return a hash of what a file says, without times, and without where the folder of the place is."""
    if path.name == ".lock":  # says who held it last
        return "a lock"
    if path.suffix == ".h5":
        return _hash(_of_hdf5(path))
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            return _hash(_without_times({k: v.tobytes() for k, v in arrays.items() if k != "_made_by"}))
    if path.suffix == ".json":
        return _hash(_without_times(json.loads(path.read_text().replace(str(folder), "."))))
    if path.suffix == ".csv":
        rows = csv.DictReader(io.StringIO(path.read_text()))
        return _hash([_without_times(row) for row in rows])
    if path.suffix == ".html":  # shows times, in figures too
        return "a page" if "</html>" in path.read_text()[-100:] else "half a page"
    if path.name == "config.toml":
        return _hash([line for line in path.read_text().splitlines() if not line.startswith("jobs = ")])
    return _hash(path.read_bytes())


def _of_hdf5(path: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}

    def visit(name: str, node: Any) -> None:
        if isinstance(node, h5py.Dataset):
            found[name] = np.asarray(node[()]).tobytes()

    with h5py.File(path) as file:
        file.visititems(visit)
    return found


def _without_times(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {key: _without_times(value) for key, value in content.items() if key not in NOT_RESULTS}
    if isinstance(content, list):
        return [_without_times(value) for value in content]
    return MEASURED_TIME.sub("so many times as long", content) if isinstance(content, str) else content


def _hash(content: Any) -> str:
    return hashlib.sha256(content if isinstance(content, bytes) else repr(content).encode()).hexdigest()[:16]


def bytes_in(folder: Path) -> int:
    """Return how many bytes the files of a folder hold."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def is_one_clear_line(said: str) -> bool:
    """Whether the last word is one line of ours, with no traceback before it."""
    lines = said.strip().splitlines()
    return bool(lines) and bool(re.match(r"bioscnn: interrupted", lines[-1])) and "Traceback" not in said
