"""Disturb commands, type them again, and compare: ``python -m tests.faults [--tries 20] [--only run,sweep]``.

Rows are written to the table as they come; rows that it has are not measured again.
"""

from __future__ import annotations

import argparse
import csv
import random
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import chain
from pathlib import Path

from pandas import DataFrame

from bioscnn.claims import made_now, write_table
from tests.faults import clusters, earlier, machine
from tests.faults.commands import COMMANDS
from tests.faults.fetch import mirror
from tests.faults.strikes import Bench, Row, strike

CODE = ("bioscnn.cli", "bioscnn.datasets.archives")
"""Whose code decides what becomes of a disturbed command."""

COUNTS = ("tried", "survived", "lost", "processes left", "files left", "unclear")
STRIKES = {"kill -9": signal.SIGKILL, "Ctrl-C": signal.SIGINT}


def rows(
    bench: Bench, names: list[str], faults: list[str], tries: int, seed: int, known: set[tuple[str, str]]
) -> Iterator[Row]:
    """Yield what becomes of each command under each fault that is not known."""
    for name in names:
        for fault in faults:
            if (fault, name) not in known:
                yield strike(bench, name, STRIKES[fault], tries, _chance(seed, name, fault))


def machine_rows(bench: Bench, tries: int, seed: int, known: set[tuple[str, str]]) -> Iterator[Row]:
    """Yield what becomes of a run and a sweep under faults of the machine that are not known."""
    if ("no compiler", "run") not in known:
        yield from machine.compilers(bench)
    if ("Dask worker dies", "sweep") not in known:
        yield from clusters.deaths(bench, "sweep", min(tries, 3), _chance(seed, "sweep", "dask"))
    for name in ("run", "sweep"):
        if ("2 at once", name) not in known:
            yield machine.at_once(bench, name, 2)
        if ("5 at once", name) not in known:
            yield machine.at_once(bench, name, 5)
        if ("damaged cache", name) not in known:
            yield machine.damaged_cache(bench, name, tries, _chance(seed, name, "damage"))
        if ("disk full", name) not in known:
            yield machine.disk_full(bench, name, tries, _chance(seed, name, "full"))
        if ("read-only", name) not in known:
            yield machine.read_only(bench, name)
        if ("clock set back", name) not in known:
            yield machine.clock_back(bench, name)
        if ("older results", name) not in known:
            yield earlier.results(bench, name)


def _chance(*seed: object) -> random.Random:
    return random.Random(" ".join(map(str, seed)))


def main() -> None:
    """Measure what is not in the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default=",".join([*COMMANDS, "machine"]))
    parser.add_argument("--strikes", default=",".join(STRIKES), help="how commands are struck")
    parser.add_argument("--table", type=Path, default=Path("docs/tables/faults.csv"))
    given = parser.parse_args()
    # Started in the background, a process ignores interrupts, and so would all that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    table = list(csv.DictReader(given.table.open())) if given.table.exists() else []
    wanted, faults = given.only.split(","), given.strikes.split(",")
    names = [name for name in COMMANDS if name in wanted]
    units = dict.fromkeys(COUNTS, "1")
    made = made_now("make faults", "moments and places of the faults", *CODE, beside=given.table)
    record = replace(made, units=units)
    known = {(row["fault"], row["command"]) for row in table}
    with mirror() as variables, tempfile.TemporaryDirectory(prefix="faults-") as folder:
        bench = Bench(Path(folder), variables)
        both = (
            rows(bench, names, faults, given.tries, given.seed, known),
            machine_rows(bench, given.tries, given.seed, known) if "machine" in wanted else (),
        )
        for row in chain(*both):
            table.append(
                {key.replace("_", " "): value for key, value in asdict(row).items() if key != "notes"}
            )
            print(table[-1], flush=True)
            write_table(given.table, DataFrame(table).to_csv(index=False).encode(), record)


if __name__ == "__main__":
    main()
