"""What the command line prints of a new study, of a planned sweep, and of `bioscnn study`."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from rich.markup import escape

from bioscnn.printing.shared import own_name, print_next, print_table, print_wrapped
from bioscnn.terminal import OUT

if TYPE_CHECKING:
    from bioscnn.experiments.sweep import SweepPlan
    from bioscnn.reproduce import Reproduction
    from bioscnn.studies.new import NewStudy


def print_new_study(new: NewStudy) -> None:
    """Print what was found in the data, where the study is, and what to type next."""
    for sentence in new.sentences:
        print_wrapped(f"  {sentence}", 4, markup=False)
    OUT.print(f"\n{escape(str(new.file))}")
    file = shlex.quote(str(new.file))
    own = f"makes {new.network}; one of yours may take its place: docs/your-network.md"
    train = [] if new.network is None else [(f"{own_name()} train {file}", own)]
    print_next([*train, (f"{own_name()} run {file}", "")])
    if new.network is not None and new.code == "rate" and not new.recorded:
        words = shlex.join(["new", f"{new.file.stem}-times", "--data", str(new.data), "--code", "time"])
        print_next([(f"{own_name()} {words}", "")], "Or one spike per neuron, in a study of its own:")


def print_sweep_plan(plan: SweepPlan) -> None:
    """Print what a sweep will need."""
    print_table(("parameter", "range"), plan.parameters)
    alone = f", and at most {plan.n_alone} of one parameter alone" if plan.n_alone else ""
    compiling = f", and {plan.build_seconds:.0f} s to compile" if plan.to_compile else ""
    print_wrapped(
        f"\n{plan.n_points:,} points of {plan.trials:,} trials{alone}\n"
        f"programs  {plan.programs}, of which {plan.to_compile} are not compiled yet\n"
        f"time      about {plan.seconds:,.0f} s with {plan.jobs} processes{compiling}",
        10,
    )


def print_reproduction(done: Reproduction) -> None:
    """Print which steps are done, what is missing and how to get it, and where the page is."""
    from bioscnn.reproduce import NEEDS

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
