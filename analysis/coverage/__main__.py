"""Measure coverage: `python -m analysis.coverage` fills docs/statistics.md, and the tables in docs/tables.

It takes about five minutes on one core.
"""

from __future__ import annotations

import sys

from analysis.coverage.measure import main
from bioscnn.errors import UserError

if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(str(error))
