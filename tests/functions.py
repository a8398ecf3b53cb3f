"""Functions whose answer is known, as measures that sweeps take in place of a network.

Worker processes load this module: it imports little.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np

from bioscnn.errors import UserError
from bioscnn.experiments.unit import Measure


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
