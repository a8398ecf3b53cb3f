"""What the command line prints of the doctor's findings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bioscnn.terminal import OUT

if TYPE_CHECKING:
    from bioscnn.doctor import Check


def print_checks(checks: Sequence[Check]) -> None:
    """Print what works and how to mend the rest."""
    colours = {"ok": "green", "optional": "dim", "missing": "red", "broken": "red"}
    for check in checks:
        OUT.print(f"[{colours[check.status]}]{check.status:<9}[/] {check.name:<16} {check.found}")
        if check.fix:
            OUT.print(f"{'':<26} fix: {check.fix}", markup=False)
