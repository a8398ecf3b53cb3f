"""What the command line prints of a finished experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from bioscnn.printing.shared import print_sentences, print_simulated, print_warnings, print_wrapped
from bioscnn.terminal import OUT

if TYPE_CHECKING:
    from bioscnn.experiments.run import Finished, ShardDone


def print_experiment(done: Finished) -> None:
    """Print the verdict of an experiment, what was measured for it, and where tables and report are."""
    summary, entry = done.summary, done.summary["entry"]
    print_wrapped(f"\n[bold]{escape(summary['title'])}[/bold]  {escape(entry['source'])}, {entry['n']}\n")
    if summary["simulated"]:
        print_simulated(summary["dataset"].removesuffix("-simulated"))
    print_sentences(summary["verdict"])
    print_warnings(summary["warnings"], width=7)
    for name, reason in list(done.analysis.failed.items())[:5]:
        print_wrapped(f"  [red]failed[/red]  {escape(name)}: {escape(reason)}", 10)
    n_kept = summary["units"] - done.computed
    OUT.print(f"  units   {done.computed:,} measured now, {n_kept:,} kept")
    OUT.print(f"  tables  {escape(str(done.folder))}")
    OUT.print(f"  report  {escape(str(done.folder / 'report.html'))}")


def print_shard(done: ShardDone) -> None:
    """Print what a shard has measured, and how the experiment is finished."""
    OUT.print(f"\n  units   {done.units:,} of this shard, {done.computed:,} measured now")
    OUT.print(f"  folder  {escape(str(done.folder))}")
    OUT.print("  next    the other shards; then the same command without --shard, which analyses")
