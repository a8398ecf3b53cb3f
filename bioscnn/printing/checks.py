"""What the command line prints of the doctor's findings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.markup import escape

from bioscnn.printing.shared import print_wrapped

if TYPE_CHECKING:
    from bioscnn.doctor import Check


def print_checks(checks: Sequence[Check]) -> None:
    """Print what works and how to mend the rest."""
    colours = {"ok": "green", "optional": "dim", "missing": "red", "broken": "red"}
    for check in checks:
        colour = colours[check.status]
        print_wrapped(f"[{colour}]{check.status:<9}[/] {check.name:<16} {escape(check.found)}", 27)
        if check.fix:
            print_wrapped(f"{'':<26} fix: {check.fix}", 32, markup=False)
