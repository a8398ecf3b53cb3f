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
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from bench.environments import ROOT
from bench.neurons import columns, programs_time, write_rows

STUDY, SWEEPS = "sims/mnist.toml", "sims/sweeps"


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


def cases(trials: int | None) -> list[Case]:
    """Return the cases that are measured; studies with so many trials under each condition, or their own."""
    few = ("--trials", str(trials)) if trials else ()
    return [
        Case("help", ("--help",)),
        Case("run, 5,000 digits", ("run", STUDY)),
        Case("the same run again", ("run", STUDY), ()),
        Case("a new shape: build", ("run", STUDY, "--trials", "1"), ("results", "cache/programs"), "build"),
        Case("noise, quick", ("noise", STUDY, "--quick", *few)),
        Case("noise, quick, again", ("noise", STUDY, "--quick", *few), ()),
        Case("ladder", ("ladder", STUDY, *few)),
        Case("sweep", ("sweep", f"{SWEEPS}/mnist-surface.toml", *few)),
        Case("sensitivity", ("sweep", f"{SWEEPS}/mnist-morris.toml", *few)),
        Case("timing", ("timing", "sims/nmnist.toml", *few)),
        Case("retina, quick", ("retina", "sims/caltech.toml", "--quick", *few)),
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
        before, begun = programs_time(), time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "bioscnn", *words],
            cwd=self.folder, env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        wall, used = time.perf_counter() - begun, programs_time() - before
        if case.part:
            match = re.search(rf"{case.part} ([\d.]+)", done.stdout)
            assert match is not None, done.stdout
            wall = float(match[1])
        return wall, used


def measure_start(
    against: Path | None, rounds: int = 5, trials: int | None = None, only: Sequence[str] = ()
) -> Iterator[dict[str, str]]:
    """Yield a row for each command, measured in this checkout, beside another one if there is one."""
    chosen = [case for case in cases(trials) if not only or any(word in case.name for word in only)]
    with tempfile.TemporaryDirectory() as scratch:
        places = [ROOT] if against is None else [ROOT, against.absolute()]
        checkouts = [Checkout(code, Path(scratch) / str(k)) for k, code in enumerate(places)]
        for checkout in checkouts:
            checkout.folder.mkdir()
        for case in chosen:
            for checkout in checkouts:
                checkout.run(case)
            measured = np.array([[checkout.run(case) for checkout in checkouts] for _ in range(rounds)])
            here = measured[:, 0]
            row = {"command": case.name} | {
                name: f"{median(here[:, kind]):.2f}"
                for kind, name in enumerate(("wall (s)", "processors (s)"))
            }
            if against is not None:
                for kind, name in enumerate(
                    ("times the wall time there", "times the processors' time there")
                ):
                    row |= columns(name, here[:, kind] / measured[:, 1, kind])
            print(row, file=sys.stderr, flush=True)
            yield row


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path, help="another checkout, such as one of before a change")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--trials", type=int, help="under each condition of a study, where not its own")
    parser.add_argument("--only", nargs="*", default=(), help="words in the names of commands")
    parser.add_argument("--table", type=Path, help="CSV file to write")
    options = parser.parse_args()
    names = [case.name for case in cases(None)]
    if options.only and not any(word in name for word in options.only for name in names):
        parser.error(f"--only: no command has such a word: {', '.join(names)}")
    rows = list(measure_start(options.against, options.rounds, options.trials, options.only))
    command = f"python -m bench.start --rounds {options.rounds}"
    command += f" --trials {options.trials}" if options.trials else ""
    command += f" --only {' '.join(options.only)}" if options.only else ""
    command += " --against CHECKOUT" if options.against else ""
    write_rows(rows, options.table, command, options.rounds)


if __name__ == "__main__":
    main()
