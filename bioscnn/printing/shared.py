"""What several printed results have in common: tables, shares, sentences."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence

from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from bioscnn.terminal import OUT


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under a header."""
    table = Table(*header, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*map(escape, row))
    OUT.print(table)


def with_interval(triple: Sequence[float], n: int | None = None) -> str:
    """Return a share and the ends of its interval in percent."""
    value, low, high = (100 * part for part in triple)
    return f"{value:.2f} % [{low:.2f}, {high:.2f}]" + (f", n = {n:,}" if n else "")


def print_simulated(name: str) -> None:
    """Say plainly that recordings are simulated, and how to get the real ones."""
    OUT.print(
        "  [bold yellow]Simulated recordings: a model of an event camera made them from images.[/bold yellow]"
    )
    OUT.print(f"  For real ones: {own_name()} data fetch {name}, or put them into the data folder.\n")


def own_name() -> str:
    """Return what the user has to type to call this program again."""
    return "bioscnn" if shutil.which("bioscnn") else os.path.relpath(sys.argv[0])


def print_sentences(sentences: Sequence[str]) -> None:
    """Print the sentences of a verdict, each a paragraph."""
    for sentence in sentences:
        OUT.print(Padding(escape(sentence), (0, 2, 1, 2)), soft_wrap=False)
