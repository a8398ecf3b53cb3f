"""Measure the time code: `python -m analysis.time_code` writes the tables of docs/time-code.md.

    python -m analysis.time_code steps potentials blank     # all three; some minutes on one idle core

Validation digits alone; nothing is chosen by them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from analysis.time_code.measure import blank_rows, potential_rows, step_rows
from analysis.time_code.tables import markdown
from bioscnn.claims import made_now, publish
from bioscnn.errors import UserError
from bioscnn.report.document import Document

TABLES = {"steps": step_rows, "potentials": potential_rows, "blank": blank_rows}
FOLDER = Path("docs/tables")
COMMAND = "python -m analysis.time_code"


def main(names: list[str]) -> None:
    """Measure the tables that are asked for, all if none is; write them, and the document from all."""
    document = Document(Path("docs/time-code.md"), "measured")
    for name in names or TABLES:
        if name not in TABLES:
            raise UserError("no such table", value=name, expected=" | ".join(TABLES))
        table = pd.DataFrame(TABLES[name]())
        table.to_csv(FOLDER / f"time-code-{name}.csv", index=False, float_format="%.6g")
        print(table.to_string())
    tables = (pd.read_csv(FOLDER / f"time-code-{name}.csv") for name in TABLES)
    publish(document, markdown(*tables), made_now(COMMAND, "digits", "bioscnn.studies.prepare"))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as error:
        sys.exit(str(error))
