"""Dask workers and schedulers that die while they compute an experiment."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.commands import COMMANDS
from tests.faults.machine import told
from tests.faults.place import LONGEST, Place
from tests.faults.strikes import Bench, Row
from tests.processes import lines_soon


@contextmanager
def dask(place: Place, n: int) -> Iterator[tuple[str, subprocess.Popen[str], list[subprocess.Popen[str]]]]:
    """Start a scheduler and workers; yield its address, itself and them."""
    file = place.folder / "scheduler.json"
    file.unlink(missing_ok=True)
    kind = ("-m", "dask")
    quiet = ("--no-dashboard", "--scheduler-file", str(file))
    scheduler = place.start((*kind, "scheduler", *quiet, "--port", "0"), where=place.folder)
    started = [scheduler]
    try:
        lines_soon(file, 1)
        started += [
            place.start((*kind, "worker", *quiet, "--nthreads", "1", "--no-nanny"), where=place.folder)
            for _ in range(n)
        ]
        yield json.loads(file.read_text())["address"], scheduler, started[1:]
    finally:
        for process in started:
            process.kill()
            process.communicate()
        file.unlink(missing_ok=True)
        # Dask's own, which it removes when it starts again.
        shutil.rmtree(place.temporary / "dask-scratch-space", ignore_errors=True)


def deaths(bench: Bench, name: str, fault: str, tries: int, chance: random.Random) -> Row:
    """Kill a worker, or the scheduler, at a random moment; then compute on this machine, and compare."""
    seconds = bench.undisturbed(name).seconds
    words = COMMANDS[name].anywhere
    row = Row(fault, name)
    while row.tried < tries:
        place = bench.fresh(name, "dask")
        with dask(place, 2) as (address, scheduler, workers):
            process = place.start((*words, "--dask", address))
            time.sleep(chance.random() * seconds)
            victim = scheduler if "scheduler" in fault else chance.choice(workers)
            victim.kill()
            _, said = process.communicate(timeout=LONGEST)
            row.tried += 1
            if process.returncode:
                told(row, process.returncode, said)
        row.processes_left += place.processes_left()
        bench.start_again(place, name, row)
    return row
