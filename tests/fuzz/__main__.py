"""``python -m tests.fuzz --inputs 100000``: readers, and a table of what became of their inputs."""

from __future__ import annotations

import argparse
import faulthandler
import shlex
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd

from tests.fuzz import mutate
from tests.fuzz.bounded import fuzz, input_of, load, unlike
from tests.fuzz.guided import guided
from tests.fuzz.readers import READERS

CODE = ("bioscnn.studies.run", "bioscnn.datasets.own", "bioscnn.nir", "bioscnn.claims")
"""Modules whose code, with all that it imports, decides what becomes of an input."""


def main() -> int:
    """Print a line for each reader and each fault; 1 if there is one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("readers", nargs="*", default=list(READERS))
    parser.add_argument("--inputs", type=int, default=100_000, help="of each reader")
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1e9, help="at most, for each reader")
    parser.add_argument(
        "--repeated",
        type=float,
        default=mutate.REPEATED,
        help="how often some words are repeated without end",
    )
    parser.add_argument("--table", type=Path, help="CSV file; rows of other readers stay")
    parser.add_argument("--keep", type=Path, help="folder for inputs that failed")
    parser.add_argument(
        "--guided", action="store_true", help="change what reached new code further, by Atheris"
    )
    asked = parser.parse_args()
    faulthandler.enable()
    mutate.REPEATED = asked.repeated
    if not asked.guided:
        load()
    rows = []
    for name in asked.readers:
        reader = READERS[name]
        if asked.guided:
            seeds: list[bytes] = []
            tally = guided(reader, asked.inputs, asked.seed, asked.keep or Path("results") / "fuzz")
        else:
            seeds = reader.valid()
            numbers = range(asked.first, asked.first + max(len(seeds), asked.inputs))
            tally = fuzz(reader, seeds, numbers, asked.seed, asked.seconds)
        print(f"{name}: {tally.inputs:,} inputs, {tally.read:,} read, {tally.refused:,} refused, "
              f"{tally.seconds:.0f} s, {len(tally.failures)} failures", flush=True)  # fmt: skip
        for failure in unlike(tally.failures):
            print(f"  {failure.number}: {failure.what}: {failure.where}", flush=True)
            if asked.keep and failure.number >= 0 and not asked.guided:
                asked.keep.mkdir(parents=True, exist_ok=True)
                path = asked.keep / f"{name}-{failure.number}-{Path(reader.file).name}"
                path.write_bytes(input_of(reader, seeds, asked.seed, failure.number))
        rows.append({
            "reader": name, "inputs": tally.inputs, "read": tally.read, "refused": tally.refused,
            "failures": len(tally.failures), "processor time (s)": round(tally.seconds, 1),
            "seed": asked.seed,
        })  # fmt: skip
        if asked.table:
            write(asked.table, rows[-1])
    return int(any(row["failures"] for row in rows))


def write(table: Path, row: dict[str, object]) -> None:
    """Write the row of a reader into a table, with what made it; rows of other readers stay."""
    from bioscnn.claims import made_now, write_table

    record = made_now(f"python -m tests.fuzz {shlex.join(sys.argv[1:])}", "inputs", *CODE, beside=table)
    rows = pd.read_csv(table).to_dict("records") if table.exists() else []
    rows = [one for one in rows if one["reader"] != row["reader"]] + [row]
    rows.sort(key=lambda one: list(READERS).index(one["reader"]))
    units = dict.fromkeys(("inputs", "read", "refused", "failures", "seed"), "1")
    content = pd.DataFrame(rows).to_csv(index=False).encode()
    write_table(table, content, replace(record, units=units))


if __name__ == "__main__":
    raise SystemExit(main())
