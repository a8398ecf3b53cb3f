"""Measures that need no simulation, for tests of the engine; each call leaves a line in a file."""

import errno
import os
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

from bioscnn.errors import UserError
from bioscnn.experiments.unit import Measure, hash_of

HERE = "tests.experiments.measures"
"""Prefix of the names under which units find the measures below."""


def _called(unit):
    """Write down that a unit was measured; in whatever process it is."""
    with Path(unit.options["calls"]).open("a", encoding="utf-8") as file:
        file.write(f"{unit.condition} {os.getpid()}\n")


def double(unit, bench):
    _called(unit)
    time.sleep(unit.options.get("seconds", 0))
    return {"value": np.array([2.0 * unit.options["value"]])}


def dies(unit, bench):
    if unit.options["value"] == unit.options.get("deadly"):
        os._exit(9)
    return double(unit, bench)


def dies_once(unit, bench):
    mark = Path(unit.options["mark"])
    if unit.options["value"] == unit.options.get("deadly") and not mark.exists():
        mark.touch()
        os._exit(9)
    return double(unit, bench)


def fails(unit, bench):
    if unit.options["value"] == unit.options.get("wrong"):
        raise UserError("this value is wrong", key="value", value=unit.options["value"])
    return double(unit, bench)


def full(unit, bench):
    """Tells of a full disk while a file is there."""
    if Path(unit.options["full"]).exists() and unit.options["value"] == 3:
        error = OSError(errno.ENOSPC, "No space left on device")
        raise error if unit.options["how"] == "bare" else UserError("cannot write") from error
    return double(unit, bench)


def threads(unit, bench):
    """The number of threads that linear algebra takes."""
    pools = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    return {"value": np.array([max(pools)])}


def found(unit, bench):
    """1 if the data folder is the same in whatever folder it is asked for."""
    return {"value": np.array([float(bench.data.is_absolute() and bench.data.is_dir())])}


def total(unit, bench):
    _called(unit)
    return {"value": np.array([sum(float(bench.given[need]["value"][0]) for need in unit.needs)])}


DOUBLE = Measure(double, lambda unit, bench: hash_of(unit.options["value"]))
DIES = Measure(dies)
DIES_ONCE = Measure(dies_once)
FAILS = Measure(fails)
FULL = Measure(full)
FOUND = Measure(found)
THREADS = Measure(threads)
TOTAL = Measure(total)
FORMED = Measure(double, form=lambda unit: {"value": "float 1"})
