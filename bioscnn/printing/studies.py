"""What the command line prints of studies that answer a question, and of the study of them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from bioscnn.printing.shared import print_sentences, print_simulated, print_table, with_interval
from bioscnn.terminal import OUT

if TYPE_CHECKING:
    from bioscnn.studies.everything import Everything
    from bioscnn.studies.ladder import Ladder
    from bioscnn.studies.sweep import SweepPlan, SweepRun


def print_ladder(done: Ladder) -> None:
    """Print the rungs with their numbers, the answer, and where tables and report are."""
    s = done.summary
    OUT.print(f"\n[bold]{s['title']}[/bold]  {s['source']}, {s['n']:,} trials, {s['network']}\n")
    if s["simulated"]:
        print_simulated(s["dataset"].removesuffix("-simulated"))
    print_table(
        ("rung", "accuracy", "latency", "spikes", "time"),
        [
            (
                row["rung"],
                with_interval([row["accuracy"], row["accuracy_low"], row["accuracy_high"]]),
                f"{row['latency_ms']:g} ms",
                f"{row['spikes']:,.0f}",
                f"{row['time']:.2f}",
            )
            for row in done.rows
        ],
    )
    OUT.print()
    print_sentences(s["verdict"])
    OUT.print(f"  {len(done.comparisons)} tests, corrected by Holm's method. Tables: {done.folder}")
    OUT.print(f"  report  {done.folder / 'report.html'}")


def print_sweep(done: SweepRun) -> None:
    """Print what a sweep came to, and where its tables are."""
    s = done.summary
    speed = s["points_per_second"]
    each = f"{s['n_points']:,} points of {s['trials']:,} trials, {s['programs']} programs"
    rate = f", {speed:.3g} points a second" if speed else ""
    OUT.print(f"\n[bold]{s['sweep']}[/bold]  {s['dataset']}: {s['source']}, {each}{rate}\n")
    if s["simulated"]:
        print_simulated(s["dataset"].removesuffix("-simulated"))
    print_sentences(s["verdict"])
    OUT.print(f"  report  {done.folder / 'report.html'}")


def print_sweep_plan(plan: SweepPlan) -> None:
    """Print what a sweep will need."""
    print_table(("parameter", "range"), plan.parameters)
    alone = f", and at most {plan.n_alone} of one parameter alone" if plan.n_alone else ""
    compiling = f", and {plan.build_seconds:.0f} s to compile" if plan.to_compile else ""
    OUT.print(
        f"\n{plan.n_points:,} points of {plan.trials:,} trials{alone}\n"
        f"programs  {plan.programs}, of which {plan.to_compile} are not compiled yet\n"
        f"time      about {plan.seconds:,.0f} s with {plan.jobs} processes{compiling}"
    )


def print_everything(done: Everything) -> None:
    """Print which steps are done, what is missing and how to get it, and where the page is."""
    from bioscnn.studies.everything import NEEDS

    ran = len(done.steps) - len(done.skipped) - len(done.missing)
    OUT.print(f"\n{ran} steps done, {len(done.skipped)} done before, {len(done.missing)} missing")
    if done.skipped:
        OUT.print(f"  [dim]done before: {', '.join(done.skipped)}; --again NAME runs one again[/dim]")
    for step in done.missing:
        OUT.print(f"\n[bold red]{step.name}[/bold red]  {escape(step.answers)}")
        error = done.records[step.name].error
        for line in error.splitlines():
            OUT.print(f"  {line}", markup=False)
        for need in () if "fix:" in error else step.needs:
            OUT.print(f"  it needs {need}: {NEEDS[need]}", markup=False)
    if done.missing:
        OUT.print("\nType the same again: what failed is tried again, what is done is not.")
    OUT.print(f"\n  page    {done.page}")
