"""Sweeps of functions whose answer is known, in place of a network; the engine is the real one."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bioscnn.errors import UserError
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
    """Remembers what it was told, and may stop the work after some chunks."""

    def __init__(self, most: int | None = None) -> None:
        self.tasks: list[str] = []
        self.stages: list[str] = []
        self.most = most

    def stage(self, what: str) -> None:
        self.stages.append(what)

    def task(self, what: str, trials: int, work: float) -> None:
        self.tasks.append(what)
        if len(self.tasks) == self.most:
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


@dataclass(frozen=True)
class Stub:
    """What all functions have in common: no program, and a log of the points that were begun."""

    log: Path
    """A file in which each computed point is a line."""

    columns = ("answer", "spikes")

    def shape(self, point):
        return None

    def is_built(self, point):
        return True

    def build(self, point):
        """Nothing is compiled."""

    def values(self, point):
        """Return the three parameters, from the study that is simulated."""
        config = point.study.config
        return np.array(
            [config.network.weight_scale, config.encoding.gain, config.noise["weight-noise"].amount]
        )

    def begin(self, point):
        """Note that a point is computed."""
        with self.log.open("a") as file:
            file.write(f"{point.number}\n")

    def computed(self):
        """Return the points that were computed, in their order."""
        return [int(line) for line in self.log.read_text().split()] if self.log.exists() else []


@dataclass(frozen=True)
class Ishigami(Stub):
    """The function of Ishigami and Homma (1990) as the accuracy; its sum of sines beside it."""

    def run(self, point):
        self.begin(point)
        x1, x2, x3 = np.pi * (2 * self.values(point) - 3)
        value = np.sin(x1) + 7 * np.sin(x2) ** 2 + 0.1 * x3**4 * np.sin(x1)
        return {"answer": value, "spikes": 3.0}


@dataclass(frozen=True)
class Linear(Stub):
    """A sum of the positions in the ranges, with the weights 5, -3 and 0."""

    def run(self, point):
        self.begin(point)
        x = self.values(point) - 1
        return {"answer": x @ [5.0, -3.0, 0.0], "spikes": x.sum()}


@dataclass(frozen=True)
class Deadly(Linear):
    """Some points end the process that computes them; all take their time."""

    deadly: tuple[int, ...] = ()
    seconds: float = 0.0

    def run(self, point):
        if point.number in self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(self.seconds)
        return super().run(point)


@dataclass(frozen=True)
class Failing(Linear):
    """Some points cannot be computed, as long as a file is there."""

    failing: tuple[int, ...] = ()

    def run(self, point):
        if point.number in self.failing and self.log.with_name("broken").exists():
            raise UserError("no such luck", key="luck", fix="try again")
        return super().run(point)
