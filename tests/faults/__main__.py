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
from dataclasses import asdict
from pathlib import Path

from tests.faults.commands import COMMANDS
from tests.faults.fetch import mirror
from tests.faults.strikes import Bench, Row, strike

STRIKES = {"kill -9": signal.SIGKILL, "Ctrl-C": signal.SIGINT}


def rows(bench: Bench, names: list[str], tries: int, seed: int, known: set[tuple[str, str]]) -> Iterator[Row]:
    """Yield what becomes of each command under each fault that is not known."""
    for name in names:
        for fault, kind in STRIKES.items():
            if (fault, name) not in known:
                yield strike(bench, name, kind, tries, random.Random(f"{seed} {name} {fault}"))


def main() -> None:
    """Measure what is not in the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default=",".join(COMMANDS))
    parser.add_argument("--table", type=Path, default=Path("docs/tables/faults.csv"))
    given = parser.parse_args()
    # Started in the background, a process ignores interrupts, and so would all that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    table = list(csv.DictReader(given.table.open())) if given.table.exists() else []
    known = {(row["fault"], row["command"]) for row in table}
    with mirror() as variables, tempfile.TemporaryDirectory(prefix="faults-") as folder:
        bench = Bench(Path(folder), variables)
        for row in rows(bench, given.only.split(","), given.tries, given.seed, known):
            table.append({key: value for key, value in asdict(row).items() if key != "notes"})
            print(table[-1], flush=True)
            with given.table.open("w", newline="") as file:
                writer = csv.DictWriter(file, table[0])
                writer.writeheader()
                writer.writerows(table)


if __name__ == "__main__":
    main()
