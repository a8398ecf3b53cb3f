"""Memory and disk of a run of very many trials, of a large network, and of a sweep of very many points.

    python -m bench.load [--trials 10000,100000,1000000] [--points 1000] [--large 20]

The trials are the 5,000 embedded digits over and over, each time with other noise of the pixels (uniform, up
to 32 of 255), as the part ``test`` of an npz file of the user's own. Memory of the command is its own and
that of its copies, shared pages once (Pss_Anon of Linux): what they have mapped from files, the system takes
back when it needs room. That of a simulating program is its peak (VmHWM), as `bioscnn plan` says it. The
large network is that of `bench.large`. Each command begins with compiled programs.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from subprocess import PIPE
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from bench.large import make_network
from bioscnn.claims import made_now, write_table
from bioscnn.datasets import load_dataset

ROOT = Path(__file__).parents[1]
NOISE = 32
AT_ONCE = 5000
TABLES = ROOT / "docs" / "tables"
EVERY = 0.5
"""Seconds between two looks at a process."""

SHARES = 20
"""In so many parts of the time of a command, its memory is told."""

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


@dataclass(frozen=True)
class Look:
    """What a command and its largest program hold at a moment, memory and files, 10^6 bytes."""

    command_mb: float
    program_mb: float
    results_mb: float
    temporary_mb: float
    cache_mb: float


@dataclass(frozen=True)
class Load:
    """What a command took.

    Parameters
    ----------
    what : str
        ``"run"``, ``"large network"`` or ``"sweep"``.
    trials, points : int
        How many.
    processor_time_s : float
        Of the command and all that it started.
    planned_program_mb, planned_results_mb : float
        What `bioscnn plan` says of the memory of a simulating process and of results; nan for a sweep.
    looks : list of Look
        One every `EVERY` seconds.
    """

    what: str
    trials: int
    points: int
    processor_time_s: float
    planned_program_mb: float
    planned_results_mb: float
    looks: list[Look]

    def row(self) -> dict[str, object]:
        """Return the most that was seen; of the command, in both halves of its time too."""
        half = len(self.looks) // 2
        later = max(look.command_mb for look in self.looks[half:])
        named = {name: value for name, value in vars(self).items() if name != "looks"}
        return named | _most(self.looks) | {"command_later_mb": later}

    def over_time(self) -> list[dict[str, object]]:
        """Return the most that was seen in each part of the time."""
        parts = [part.tolist() for part in np.array_split(np.array(self.looks, object), SHARES) if len(part)]
        named = {"what": self.what, "trials": self.trials, "points": self.points}
        return [named | {"part": n} | _most(part) for n, part in enumerate(parts, 1)]


def _most(looks: Sequence[Look]) -> dict[str, float]:
    return {field.name: max(getattr(look, field.name) for look in looks) for field in fields(Look)}


def digits_again_and_again(path: Path, trials: int) -> None:
    """Write the npz file, piece by piece."""
    digits, chance = load_dataset("mnist"), np.random.default_rng(1)
    with zipfile.ZipFile(path, "w") as archive:
        for name, n in (("train", 200), ("test", trials)):
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


def watched(words: Sequence[str], folder: Path) -> tuple[float, list[Look]]:
    """Run a command in a folder; return its processor time and what it held until it ended."""
    places = {"results": folder / "results", "temporary": folder / "tmp", "cache": folder / "cache"}
    before, looks = _children_seconds(), []
    with _started(words, folder) as process:
        while process.poll() is None:
            on_disk = {f"{name}_mb": _on_disk(place) for name, place in places.items()}
            on_disk["cache_mb"] += _unnamed_mb(process.pid)
            below = list(_below(process.pid))
            program = max(
                (_memory_mb(other, "status", "VmHWM") for other in below if not _is_python(other)),
                default=0.0,
            )
            command = sum(
                _memory_mb(other, "smaps_rollup", "Pss_Anon") for other in below if _is_python(other)
            )
            looks.append(Look(command, program, **on_disk))
            time.sleep(EVERY)
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with code {process.returncode}")
    return _children_seconds() - before, looks


def _started(words: Sequence[str], folder: Path, **options: Any) -> subprocess.Popen[bytes]:
    (folder / "tmp").mkdir(exist_ok=True)
    own = {"TMPDIR": str(folder / "tmp"), "BIOSCNN_CACHE": str(folder / "cache"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "bioscnn", *words]
    return subprocess.Popen(command, cwd=folder, env={**os.environ, **own}, **options)


def _memory_mb(process: str, file: str, kind: str) -> float:
    """Return a line of the memory of a process, 10^6 bytes; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{process}/{file}").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(kind)), 0.0)


def _below(process: int | str) -> Iterator[str]:
    """Yield a process and all below it."""
    yield str(process)
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            for child in task.read_text().split():
                yield from _below(child)


def _is_python(process: str) -> bool:
    try:
        return "python" in Path(f"/proc/{process}/exe").readlink().name
    except OSError:  # it has ended
        return False


def _on_disk(folder: Path) -> float:
    """Return the bytes of a folder on the disk, without holes, 10^6."""
    total = 0
    for place, _, names in os.walk(folder):  # which leaves out what vanishes meanwhile
        for name in names:
            with suppress(OSError):
                total += 512 * Path(place, name).lstat().st_blocks
    return total / 1e6


def _unnamed_mb(process: int) -> float:
    """Return the size of the files without a name that a process has open, 10^6 bytes."""
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
    data = ("--set", "dataset.name=npz:digits.npz", "--set", "dataset.split=test")
    return _run("run", trials, data, folder)


def large_of(trials: int, folder: Path) -> Load:
    """Run a network of 254 million synapses."""
    make_network(folder / "large.onnx")
    return _run("large network", trials, ("--set", "network.model=large.onnx"), folder)


def _run(what: str, trials: int, changes: Sequence[str], folder: Path) -> Load:
    study = str(ROOT / "sims" / "mnist.toml")
    watched(("run", study, *changes, "--trials", "10"), folder)
    with _started(("plan", study, *changes, "--trials", str(trials), "--json"), folder, stdout=PIPE) as plan:
        planned = json.loads(plan.communicate()[0])
    seconds, looks = watched(("run", study, *changes, "--trials", str(trials)), folder)
    return Load(what, trials, 1, seconds, planned["memory_mb"], planned["results_mb"], looks)


def sweep_of(points: int, folder: Path) -> Load:
    """Run a sweep of so many points."""
    for n in (2, points):
        (folder / "sweep.toml").write_text(SWEEP.format(study=ROOT / "sims" / "mnist.toml", points=n))
        seconds, looks = watched(("sweep", "sweep.toml", "--jobs", "1"), folder)
    return Load("sweep", 5, points, seconds, math.nan, math.nan, looks)


def _with_unit(name: str) -> str:
    """Return the header of a column, which says its unit."""
    for ending, unit in (("_mb", " (MB)"), ("_s", " (s)")):
        if name.endswith(ending):
            name = name.removesuffix(ending) + unit
    return name.replace("_", " ")


def _written(value: float) -> str:
    """Return three digits of a number, without an exponent."""
    return f"{float(f'{value:.3g}'):g}"


def main() -> None:
    """Measure, print and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", default="10000,100000,1000000")
    parser.add_argument("--points", default="1000")
    parser.add_argument("--large", default="20", help="trials of the large network")
    parser.add_argument("--tables", type=Path, default=TABLES)
    options = parser.parse_args()
    rows, over_time = [], []
    measures = ((run_of, options.trials), (large_of, options.large), (sweep_of, options.points))
    record = made_now("python -m bench.load", "nothing", "bioscnn.studies.run", "bioscnn.experiments.run")
    record = replace(record, units={"points": "1", "part": "1"})
    for measure, numbers in measures:
        for number in map(int, filter(None, numbers.split(","))):
            with TemporaryDirectory(prefix="load-") as folder:
                load = measure(number, Path(folder))
            rows.append(load.row())
            over_time += load.over_time()
            print(rows[-1], flush=True)
            for name, table in (("load", rows), ("load-over-time", over_time)):
                content = (
                    pd.DataFrame(table).rename(columns=_with_unit).to_csv(index=False, float_format="%.3g")
                )
                write_table(options.tables / f"{name}.csv", content.encode(), record)


if __name__ == "__main__":
    main()
