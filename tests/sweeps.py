"""Sweeps, small ones of a network or of functions whose answer is known; the engine is the real one."""

from __future__ import annotations

import os
from pathlib import Path

from bioscnn.experiments.executors import Where
from bioscnn.experiments.run import run_experiment
from bioscnn.experiments.sweep import Measured, SweepExperiment, read_sweep
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
    """A sweep of one of the functions of `tests.functions`; `computed` says which points were computed."""
    options["log"] = str(place / "log")
    measured = Measured(f"tests.functions:{measure}", ("answer", "spikes"), options)
    return SweepExperiment(read_sweep(write_sweep(place, design)), measured)


def computed(place: Path) -> list[int]:
    """Numbers of the points that were begun, in their order."""
    log = place / "log"
    return [int(line) for line in log.read_text().split()] if log.exists() else []
