"""Disturb commands, start them again, and compare: ``python -m tests.faults [--tries 20] [--only run,sweep]``."""

from __future__ import annotations

import argparse
import signal
import tempfile
from pathlib import Path

from tests.faults.commands import COMMANDS
from tests.faults.fetch import mirror
from tests.faults.strikes import Bench, struck


def main() -> None:
    """Run all, print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default=",".join(COMMANDS))
    given = parser.parse_args()
    # Started in the background, a process ignores interrupts, and so would all that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with mirror() as variables, tempfile.TemporaryDirectory(prefix="faults-") as folder:
        struck(given.only.split(","), given.tries, given.seed)(Bench(Path(folder), variables))


if __name__ == "__main__":
    main()
