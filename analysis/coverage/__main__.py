"""Measure coverage: `python -m analysis.coverage` fills docs/statistics.md, and the tables in docs/tables.

It takes about five minutes on one idle core.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd

from analysis.coverage.false_claims import family_rows, size_rows
from analysis.coverage.measure import coverage_table
from analysis.coverage.tables import COMMAND, markdown
from bioscnn.claims import made_now, publish, write_table
from bioscnn.errors import UserError
from bioscnn.report.document import Document

DOCS = Path("docs")
UNITS = {
    "coverage": dict.fromkeys(("coverage", "normal coverage", "bootstrap coverage"), "%"),
    "false-positives": {"false_positive": "%"},
    "families": {"false_claim": "%"},
}
"""Units of the columns that docs/statistics.md shows, by table."""


def main() -> None:
    """Measure, write the tables, and fill the document."""
    document = Document(DOCS / "statistics.md", "coverage")
    tables = {
        "coverage": pd.DataFrame(coverage_table()),
        "false-positives": pd.DataFrame(size_rows()),
        "families": pd.DataFrame([row for seeds in (1, 2, 5) for row in family_rows(seeds)]),
    }
    record = made_now(COMMAND, "experiments", "bioscnn.statistics")
    for name, table in tables.items():
        content = table.round(3).to_csv(index=False, lineterminator="\n").encode()
        write_table(DOCS / "tables" / f"{name}.csv", content, replace(record, units=UNITS[name]))
    publish(document, markdown(*tables.values()), record)


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(str(error))
