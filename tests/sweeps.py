"""Sweeps of functions whose answer is known, in place of a network; the engine is the real one."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np

from bioscnn.errors import UserError
from bioscnn.experiments.executors import Where
from bioscnn.experiments.run import run_experiment
from bioscnn.experiments.sweep import Measured, SweepExperiment, read_sweep
from bioscnn.experiments.unit import Measure
from bioscnn.studies.watcher import Unwatched

ROOT = Path(__file__).parents[1]
STUDY = ROOT / "sims" / "mnist.toml"

PARAMETERS = """
"network.weight_scale" = { low = 1, high = 2 }
"encoding.gain" = { low = 1, high = 2 }
"noise.weight-noise.cv" = { low = 1, high = 2 }
"""

NOMINAL = '"noise.weight-noise.cv" = 1'


class Watcher(Unwatched):
    """May interrupt the work after some units."""

    def __init__(self, most: int | None = None) -> None:
        self.most, self.done = most, 0

    def task(self, what: str, trials: int, work: float) -> None:
        self.done += 1
        if self.done == self.most:
            raise KeyboardInterrupt


def write_sweep(
    folder: Path, design: str, parameters: str = PARAMETERS, *, top: str = "", changes: str = NOMINAL
) -> Path:
    """Write a sweep file of the study of digits, few of them."""
    file = folder / "sweep.toml"
    file.write_text(
        f'study = "{os.path.relpath(STUDY, folder)}"\n{top}\n[set]\n"dataset.trials" = 5\n{changes}\n'
        f"[design]\n{design}\n[parameters]\n{parameters}\n"
    )
    return file


def conduct(place: Path, experiment: SweepExperiment, *, jobs: int = 1, most: int | None = None, **options):
    """Run a sweep into a folder."""
    return run_experiment(
        experiment, where=Where(jobs), data=None, results=place, progress=Watcher(most), **options
    )


def of_function(place: Path, design: str, measure: str, **options) -> SweepExperiment:
    """A sweep of one of the functions below; `computed` says which points were computed."""
    options["log"] = str(place / "log")
    measured = Measured(f"tests.sweeps:{measure}", ("answer", "spikes"), options)
    return SweepExperiment(read_sweep(write_sweep(place, design)), measured)


def computed(place: Path) -> list[int]:
    """Numbers of the points that were begun, in their order."""
    log = place / "log"
    return [int(line) for line in log.read_text().split()] if log.exists() else []


def _number(unit) -> int:
    """The number of a point of the design, -1 of those of one parameter alone."""
    what, _, number = unit.condition.partition(" ")
    return int(number) if what == "point" else -1


def _values(unit) -> np.ndarray:
    """The three parameters, from the study that would be simulated."""
    with Path(unit.options["log"]).open("a") as file:
        file.write(f"{_number(unit)}\n")
    config = unit.study.config
    return np.array([config.network.weight_scale, config.encoding.gain, config.noise["weight-noise"].amount])


def ishigami(unit, bench):
    """The function of Ishigami and Homma (1990), and something that is the same everywhere."""
    x1, x2, x3 = np.pi * (2 * _values(unit) - 3)
    value = np.sin(x1) + 7 * np.sin(x2) ** 2 + 0.1 * x3**4 * np.sin(x1)
    return {"answer": np.array(value), "spikes": np.array(3.0)}


def linear(unit, bench):
    """A sum of the positions in the ranges, with the weights 5, -3 and 0."""
    x = _values(unit) - 1
    return {"answer": np.array(x @ [5.0, -3.0, 0.0]), "spikes": np.array(x.sum())}


def deadly(unit, bench):
    """The same, but for points that end the process that computes them."""
    time.sleep(unit.options.get("seconds", 0))
    if _number(unit) in unit.options["deadly"]:
        os.kill(os.getpid(), signal.SIGKILL)
    return linear(unit, bench)


def failing(unit, bench):
    """The same, but for points that cannot be computed as long as a file is there."""
    outcome = linear(unit, bench)
    if _number(unit) in unit.options["failing"] and Path(unit.options["log"]).with_name("broken").exists():
        raise UserError("no such luck", key="luck", fix="try again")
    return outcome


ISHIGAMI, LINEAR, DEADLY, FAILING = map(Measure, (ishigami, linear, deadly, failing))
