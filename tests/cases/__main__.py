"""``python -m tests.cases``: what users expect of the inputs that failed once, and what becomes of them."""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from pathlib import Path

import pandas as pd

from bioscnn.claims import made_now, write_table
from tests.cases.outcomes import CASES, OWN, cases, expected, outcome

CODE = ("bioscnn.studies.run", "bioscnn.studies.compare", "bioscnn.report", "bioscnn.ann")
"""Modules whose code, with all that it imports, decides what becomes of a case."""


def main() -> int:
    """Print a line for each case; 1 if one became something else than expected."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", type=Path, help="CSV file")
    asked = parser.parse_args()
    rows, unlike = [], 0
    for case in cases():
        with tempfile.TemporaryDirectory() as folder:
            got = outcome(case, Path(folder))
            what, words = expected(case)
            ran = bool(list(Path(folder).rglob("CODE_RAN")))
        unnamed = [word for word in words if word not in got.said]
        unlike += got.what != what or bool(unnamed) or ran
        named = ", ".join(word for word in words if word not in unnamed)
        rows.append({"case": str(case.relative_to(CASES)), "expected": what, "got": got.what, "named": named,
                     "not named": ", ".join(unnamed), "code ran": ran})  # fmt: skip
        print("; ".join(map(str, rows[-1].values())), flush=True)
    if asked.table:
        command = shlex.join(("python", "-m", "tests.cases", *sys.argv[1:]))
        command = command if CASES == OWN else f"BIOSCNN_CASES=FOLDER {command}"
        content = pd.DataFrame(rows).to_csv(index=False).encode()
        write_table(asked.table, content, made_now(command, "nothing", *CODE))
    print(f"{len(rows)} cases, {unlike} not as expected")
    return int(unlike > 0)


if __name__ == "__main__":
    raise SystemExit(main())
