"""Memory and disk of one run with very many trials, while it runs; and of a sweep with very many points.

    python -m bench.load [--trials 10000,100000,1000000] [--points 1000]

The trials are the 5,000 embedded digits over and over, each time with other noise of the pixels (uniform, up
to 32 of 255), as the part ``test`` of an npz file of the user's own. Memory is what is a process's own
(RssAnon of Linux): what it has mapped from files, the system takes back when it needs room.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from bioscnn.claims import made_now, write_table
from bioscnn.datasets import load_dataset

ROOT = Path(__file__).parents[1]
NOISE = 32
AT_ONCE = 5000
TABLE = ROOT / "docs" / "tables" / "load.csv"
EVERY = 0.5
"""Seconds between two looks at a process."""

SWEEP = """
study = "{study}"
[set]
"dataset.trials" = 5
[design]
kind = "random"
points = {points}
weights = "fixed"
[parameters]
"network.weight_scale" = {{ low = 0.5, high = 2, scale = "log" }}
"encoding.gain" = {{ low = 0.5, high = 2, scale = "log" }}
"""


@dataclass
class Load:
    """What a command took.

    Parameters
    ----------
    what : str
        ``"run"`` or ``"sweep"``.
    trials, points : int
        How many.
    processor_s : float
        Of the command and all that it started.
    memory_mb, later_memory_mb : float
        Most memory of its own of the command in the first and the second half of its time, 10^6 bytes.
    programs_mb, planned_program_mb : float
        Most memory of its own of one simulating program; what `bioscnn plan` says.
    results_mb, temporary_mb, cache_mb : float
        Most bytes on disk: of results, temporary files, and the cache folder.
    """

    what: str
    trials: int
    points: int
    processor_s: float = 0.0
    memory_mb: float = 0.0
    later_memory_mb: float = 0.0
    programs_mb: float = 0.0
    planned_program_mb: float = 0.0
    results_mb: float = 0.0
    temporary_mb: float = 0.0
    cache_mb: float = 0.0
    seen: list[float] = field(default_factory=list)


def digits_again_and_again(path: Path, trials: int) -> None:
    """Write the npz file, piece by piece."""
    digits, chance = load_dataset("mnist"), np.random.default_rng(1)
    with zipfile.ZipFile(path, "w") as archive:
        for name, n in (("train", 10), ("test", trials)):
            with archive.open(f"x_{name}.npy", "w", force_zip64=True) as file:
                _header(file, np.uint8, (n, 28, 28))
                for first in range(0, n, AT_ONCE):
                    part = digits.images[: min(AT_ONCE, n - first), 0].astype(np.int16)
                    part += chance.integers(0, NOISE + 1, part.shape, np.int16)
                    file.write(np.minimum(part, 255).astype(np.uint8).tobytes())
            with archive.open(f"y_{name}.npy", "w") as file:
                _header(file, np.int64, (n,))
                file.write(np.resize(digits.labels, n).astype(np.int64).tobytes())


def _header(file: object, dtype: type, shape: tuple[int, ...]) -> None:
    described = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, described)  # type: ignore[arg-type]


def watched(load: Load, words: Sequence[str], folder: Path) -> Load:
    """Run a command in a folder, and look at its memory and its files until it ends."""
    places = {"results": folder / "results", "temporary": folder / "tmp", "cache": folder / "cache"}
    places["temporary"].mkdir(exist_ok=True)
    own = {"TMPDIR": str(places["temporary"]), "BIOSCNN_CACHE": str(places["cache"])}
    variables = {**os.environ, **own, "PYTHONPATH": str(ROOT)}
    before = _children_seconds()
    command = [sys.executable, "-m", "bioscnn", *words]
    with subprocess.Popen(command, cwd=folder, env=variables) as process:
        while process.poll() is None:
            load.seen.append(_own_mb(process.pid))
            load.programs_mb = max([load.programs_mb, *map(_own_mb, _programs(process.pid))])
            found = {name: _on_disk(place) for name, place in places.items()}
            found["cache"] += _unnamed_mb(process.pid)
            for name, size in found.items():
                setattr(load, f"{name}_mb", max(getattr(load, f"{name}_mb"), size))
            time.sleep(EVERY)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with code {process.returncode}")
    load.processor_s = _children_seconds() - before
    half = len(load.seen) // 2
    load.memory_mb, load.later_memory_mb = max(load.seen[: half + 1]), max(load.seen[half:])
    return load


def _own_mb(process: int | str) -> float:
    """Return the memory of a process that is its own, 10^6 bytes; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("RssAnon")), 0.0)


def _programs(process: int | str) -> Iterator[str]:
    """Yield all processes below one that are no Python."""
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from _programs(child)
            if "python" not in os.path.realpath(f"/proc/{child}/exe"):
                yield child


def _on_disk(folder: Path) -> float:
    """Return the bytes of a folder on the disk, without holes, 10^6."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += 512 * path.lstat().st_blocks
        except OSError:
            continue
    return total / 1e6


def _unnamed_mb(process: int) -> float:
    """Return what a process keeps in files that have no name, 10^6 bytes."""
    total = 0
    for descriptor in Path(f"/proc/{process}/fd").glob("*"):
        try:
            if str(descriptor.readlink()).endswith("(deleted)"):
                total += 512 * descriptor.stat().st_blocks
        except OSError:
            continue
    return total / 1e6


def _children_seconds() -> float:
    times = os.times()
    return times.children_user + times.children_system


def run_of(trials: int, folder: Path) -> Load:
    """Run the study of digits with so many trials."""
    digits_again_and_again(folder / "digits.npz", trials)
    study = str(ROOT / "sims" / "mnist.toml")
    changes = ("--set", "dataset.name=npz:digits.npz", "--set", "dataset.split=test", "--trials", str(trials))
    command = [sys.executable, "-m", "bioscnn", "plan", study, *changes, "--json"]
    planned = subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True, stdout=subprocess.PIPE
    )
    load = Load("run", trials, 1, planned_program_mb=json.loads(planned.stdout)["memory_mb"])
    return watched(load, ("run", study, *changes), folder)


def sweep_of(points: int, folder: Path) -> Load:
    """Run a sweep of so many points."""
    (folder / "sweep.toml").write_text(SWEEP.format(study=ROOT / "sims" / "mnist.toml", points=points))
    return watched(Load("sweep", 5, points), ("sweep", "sweep.toml", "--jobs", "1"), folder)


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", default="10000,100000,1000000")
    parser.add_argument("--points", type=int, default=1000)
    given = parser.parse_args()
    rows = []
    for measure, numbers in ((run_of, given.trials.split(",")), (sweep_of, [given.points])):
        for number in filter(None, map(int, numbers)):
            with TemporaryDirectory(prefix="load-") as folder:
                rows.append(asdict(measure(number, Path(folder))))
            del rows[-1]["seen"]
            print(rows[-1], flush=True)
    record = made_now("python -m bench.load", "nothing", "bioscnn.studies.run", "bioscnn.experiments.run")
    write_table(TABLE, pd.DataFrame(rows).to_csv(index=False, float_format="%.4g").encode(), record)


if __name__ == "__main__":
    main()
