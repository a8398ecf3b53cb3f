"""Table of what tests reach of each package: ``python -m tests.reached [TABLE.csv]``, for ``make coverage``.

Reads ``build/coverage.json``, writes the table where it is told to, and prints it with the lines and branches
that nothing reaches.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd

from bioscnn.claims import made_now, write_table

ROOT = Path(__file__).parents[1]
CODE = ("bioscnn.cli",)
"""Module that imports all that is measured."""
MEASURED = ROOT / "build" / "coverage.json"
COUNTS = {
    "statements": "num_statements", "statements not reached": "missing_lines",
    "branches": "num_branches", "branches not reached": "missing_branches",
}  # fmt: skip


def table_of(measured: dict[str, dict[str, dict[str, int]]]) -> pd.DataFrame:
    """Return statements and branches by package, and what share is reached, all packages last."""
    rows = [
        {"package": package_of(file)} | {name: facts["summary"][key] for name, key in COUNTS.items()}
        for file, facts in measured["files"].items()
    ]
    table = pd.DataFrame(rows).groupby("package").sum()
    table.loc["all"] = table.sum()
    whole = table["statements"] + table["branches"]
    missed = table["statements not reached"] + table["branches not reached"]
    table["reached (%)"] = (100 * (1 - missed / whole)).round(1)
    of_branches = table["branches not reached"] / table["branches"].where(table["branches"] > 0)
    table["branches reached (%)"] = (100 * (1 - of_branches)).round(1)
    return table.reset_index()


def package_of(file: str) -> str:
    """Return the package of bioscnn that holds a file, ``bioscnn`` for the modules of none."""
    return file.split("/")[1] if file.count("/") > 1 else "bioscnn"


if __name__ == "__main__":
    measured = json.loads(MEASURED.read_text())
    table = table_of(measured)
    for file in sys.argv[1:]:
        record = replace(made_now("make coverage", "nothing", *CODE), units=dict.fromkeys(COUNTS, "1"))
        write_table(Path(file), table.to_csv(index=False).encode(), record)
    print(table.to_string(index=False))
    for file, facts in sorted(measured["files"].items()):
        lines, branches = facts["missing_lines"], facts["missing_branches"]
        if lines or branches:
            print(f"{file}: lines {lines}, branches {branches}")
