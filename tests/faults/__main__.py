"""Disturb commands, type them again, and compare: ``python -m tests.faults [--tries 20] [--only run,sweep]``.

Rows are written to the table as they come; rows that it has are not measured again.
"""

from __future__ import annotations

import argparse
import csv
import random
import signal
import tempfile
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path

from pandas import DataFrame

from bioscnn.claims import made_now, write_table
from bioscnn.studies.provenance import code_version
from tests.faults import clusters, disks, earlier, machine
from tests.faults.commands import COMMANDS
from tests.faults.fetch import mirror
from tests.faults.strikes import Bench, Row, strike

CODE = ("bioscnn.cli", "bioscnn.datasets.archives")
"""Whose code decides what becomes of a disturbed command."""

COUNTS = ("tried", "survived", "lost", "processes left", "files left", "unclear")
STRIKES = {"kill -9": signal.SIGKILL, "Ctrl-C": signal.SIGINT}
AT_ONCE = {"2 at once": 2, "5 at once": 5}
DASK = ("Dask worker dies", "Dask scheduler dies")
ENGINES = ("run", "sweep")
"""Of all others one or the other is a part."""

WRITERS = (
    "run", "train", "sweep", "noise", "time-step", "fetch", "fetch archive", "report", "export", "explain",
    "compare", "merge",
)  # fmt: skip
"""What writes, each in its own way, and `compare`, which does not."""

FAULTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(STRIKES, tuple(COMMANDS)),
    **dict.fromkeys((*AT_ONCE, "damaged cache", "clock set back", "older results"), ENGINES),
    **dict.fromkeys(("disk full", "read-only"), WRITERS),
    **dict.fromkeys(machine.COMPILERS, ("run",)),
    **dict.fromkeys(DASK, ("sweep",)),
}
"""Faults, and the commands that are tried under each."""


def measure(bench: Bench, fault: str, name: str, tries: int, chance: random.Random) -> Row:
    """Return what becomes of a command under a fault."""
    if fault in STRIKES:
        return strike(bench, name, STRIKES[fault], tries, chance)
    if fault in AT_ONCE:
        return machine.at_once(bench, name, AT_ONCE[fault])
    if fault in machine.COMPILERS:
        return machine.compiler(bench, name, fault)
    if fault in DASK:
        return clusters.deaths(bench, name, fault, min(tries, 3), chance)
    if fault == "damaged cache":
        return machine.damaged_cache(bench, name, tries, chance)
    if fault == "disk full":
        return disks.disk_full(bench, name, tries, chance)
    if fault == "read-only":
        return disks.read_only(bench, name)
    return machine.clock_back(bench, name) if fault == "clock set back" else earlier.results(bench, name)


def _chance(*seed: object) -> random.Random:
    return random.Random(" ".join(map(str, seed)))


def main() -> None:
    """Measure what is not in the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default=",".join(COMMANDS), help="commands")
    parser.add_argument("--faults", default=",".join(FAULTS))
    parser.add_argument("--table", type=Path, default=Path("docs/tables/faults.csv"))
    given = parser.parse_args()
    # Started in the background, a process ignores interrupts, and so would all that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    table = list(csv.DictReader(given.table.open())) if given.table.exists() else []
    faults, commands = list(FAULTS), list(COMMANDS)
    wanted = product(given.only.split(","), given.faults.split(","))
    units = dict.fromkeys(COUNTS, "1")
    made = made_now("make faults", "moments and places of the faults", *CODE, beside=given.table)
    record = replace(made, units=units)
    known = {(row["fault"], row["command"]) for row in table}
    with mirror() as variables, tempfile.TemporaryDirectory(prefix="faults-") as folder:
        bench = Bench(Path(folder), variables)
        for name, fault in wanted:
            if (fault, name) in known or name not in FAULTS[fault]:
                continue
            row = measure(bench, fault, name, given.tries, _chance(given.seed, name, fault))
            counts = {key.replace("_", " "): value for key, value in asdict(row).items() if key != "notes"}
            # With a word before it: some commits, such as 094e660, could be read as numbers.
            table.append(counts | {"measured": f"at {(code_version()['commit'] or 'no commit')[:8]}"})
            print(table[-1], flush=True)
            table.sort(key=lambda row: (faults.index(row["fault"]), commands.index(row["command"])))
            write_table(given.table, DataFrame(table).to_csv(index=False).encode(), record)


if __name__ == "__main__":
    main()
