"""Measure coverage: `python -m analysis.coverage` fills docs/statistics.md, and the tables in docs/tables.

It takes about five minutes on one idle core.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from analysis.coverage.false_claims import family_rows, size_rows
from analysis.coverage.measure import coverage_table
from analysis.coverage.tables import COMMAND, markdown
from bioscnn.claims import made_now, publish
from bioscnn.errors import UserError
from bioscnn.report.document import Document

DOCS = Path("docs")


def main() -> None:
    """Measure, write the tables, and fill the document."""
    document = Document(DOCS / "statistics.md", "coverage")
    tables = {
        "coverage": pd.DataFrame(coverage_table()),
        "false-positives": pd.DataFrame(size_rows()),
        "families": pd.DataFrame([row for seeds in (1, 2, 5) for row in family_rows(seeds)]),
    }
    (DOCS / "tables").mkdir(exist_ok=True)
    for name, table in tables.items():
        table.round(3).to_csv(DOCS / "tables" / f"{name}.csv", index=False)
    publish(document, markdown(*tables.values()), made_now(COMMAND, "experiments", "bioscnn.statistics"))


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(str(error))
