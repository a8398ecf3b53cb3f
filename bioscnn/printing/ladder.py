"""What the command line prints of a ladder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.padding import Padding

from bioscnn.terminal import OUT, print_simulated, print_table

if TYPE_CHECKING:
    from bioscnn.studies.ladder import Ladder


def print_ladder(done: Ladder) -> None:
    """Print the rungs with their numbers, the answer, and where tables and report are."""
    s = done.summary
    OUT.print(f"\n[bold]{s['title']}[/bold]  {s['source']}, {s['n']:,} trials, {s['network']}\n")
    if s["simulated"]:
        print_simulated(s["dataset"].removesuffix("-simulated"))
    print_table(
        ("rung", "accuracy", "latency", "spikes", "SynOps", "time"),
        [
            (
                row["rung"],
                f"{100 * row['accuracy']:.2f} % "
                f"[{100 * row['accuracy_low']:.2f}, {100 * row['accuracy_high']:.2f}]",
                f"{row['latency_ms']:g} ms",
                f"{row['spikes']:,.0f}",
                f"{row['synops']:,.0f}",
                f"{row['time']:.2f}",
            )
            for row in done.rows
        ],
    )
    OUT.print()
    for sentence in s["verdict"]:
        OUT.print(Padding(escape(sentence), (0, 2, 1, 2)), soft_wrap=False)
    OUT.print(f"  {len(done.comparisons)} tests, corrected by Holm's method. Tables: {done.folder}")
    OUT.print(f"  report  {done.folder / 'report.html'}")
