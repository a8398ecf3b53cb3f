"""What people wait for besides the simulation: ``python -m bench.start [--against CHECKOUT]``.

Commands are run as they are typed. Each checkout has a cache folder of its own, filled by a run that does
not count. With another checkout, such as one of before a change, both take turns in each round, and ratios
are taken within a round. Wall-clock time needs cores that nobody else uses; processor time is that of the
command and all its children.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.environments import ROOT
from bench.summary import ratios

STUDY, SWEEP = "sims/mnist.toml", "sims/sweeps/mnist-surface.toml"


@dataclass(frozen=True)
class Case:
    """A command, and what is removed before it is run.

    Parameters
    ----------
    name : str
        In the table.
    words : tuple of str
        What is typed after ``bioscnn``; ``sims/`` is that of the checkout.
    fresh : tuple of str
        Folders that are removed first: ``results``, ``cache/programs``.
    part : str
        What the command says of its time, such as ``"build"``; all of it if empty.
    """

    name: str
    words: tuple[str, ...]
    fresh: tuple[str, ...] = ("results",)
    part: str = ""


def cases(trials: int) -> list[Case]:
    """Return the cases that are measured; studies with so many trials under each condition."""
    few = ("--trials", str(trials))
    return [
        Case("help", ("--help",)),
        Case("run, 5,000 digits", ("run", STUDY)),
        Case("the same run again", ("run", STUDY), ()),
        Case("a new shape: build", ("run", STUDY, "--trials", "1"), ("results", "cache/programs"), "build"),
        Case("noise, quick", ("noise", STUDY, "--quick", *few)),
        Case("ladder", ("ladder", STUDY, *few)),
        Case("sweep", ("sweep", SWEEP, *few)),
        Case("timing", ("timing", STUDY, *few)),
    ]


@dataclass(frozen=True)
class Checkout:
    """A copy of the code, with a folder in which its commands are run."""

    code: Path
    folder: Path

    def run(self, case: Case) -> tuple[float, float]:
        """Run a command; return seconds on the clock, or those that it says of a part, and of processors."""
        for place in case.fresh:
            shutil.rmtree(self.folder / place, ignore_errors=True)
        words = [str(self.code / word) if word.startswith("sims/") else word for word in case.words]
        environment = {
            **os.environ, "PYTHONPATH": str(self.code), "BIOSCNN_CACHE": str(self.folder / "cache"),
            "PYTHONPYCACHEPREFIX": str(self.folder / "bytecode"),
        }  # fmt: skip
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "bioscnn", *words],
            cwd=self.folder, env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
        if case.part:
            match = re.search(rf"{case.part} ([\d.]+)", done.stdout)
            assert match is not None, done.stdout
            wall = float(match[1])
        return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure_start(against: Path | None, rounds: int = 5, trials: int = 200, only: Sequence[str] = ()) -> None:
    """Measure this checkout, beside another one if there is one, and print a table."""
    chosen = [case for case in cases(trials) if not only or any(word in case.name for word in only)]
    with tempfile.TemporaryDirectory() as scratch:
        places = [ROOT] if against is None else [ROOT, against.absolute()]
        checkouts = [Checkout(code, Path(scratch) / str(k)) for k, code in enumerate(places)]
        for checkout in checkouts:
            checkout.folder.mkdir()
        print(f"{rounds} rounds, {os.cpu_count()} cores, {trials} trials under each condition of a study\n")
        columns = ["command", "wall (s)", "processors (s)"]
        if against is not None:
            columns += ["times the wall time there", "times the processors' there"]
        print(f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
        for case in chosen:
            for checkout in checkouts:
                checkout.run(case)
            measured = [[checkout.run(case) for checkout in checkouts] for _ in range(rounds)]
            cells = [f"{median(turn[0][kind] for turn in measured):.2f}" for kind in (0, 1)]
            for kind in (0, 1) if against is not None else ():
                here, there = ([turn[k][kind] for turn in measured] for k in (0, 1))
                cells.append("{median:.2f} [{low:.2f}, {high:.2f}]".format(**ratios(here, there)))
            print(f"| {' | '.join([case.name, *cells])} |", flush=True)


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path, help="another checkout, such as one of before a change")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=200, help="under each condition of a study")
    parser.add_argument("--only", nargs="*", default=(), help="words in the names of commands")
    options = parser.parse_args()
    measure_start(options.against, options.rounds, options.trials, options.only)


if __name__ == "__main__":
    main()
