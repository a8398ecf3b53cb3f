"""What the command line shows: progress while it works, tables and summaries when it is done."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

if TYPE_CHECKING:
    from bioscnn.doctor import Check
    from bioscnn.ledger import Ledger
    from bioscnn.metrics import Difference
    from bioscnn.studies.benchmark import Finished
    from bioscnn.studies.comparison import Comparison
    from bioscnn.studies.cross_validation import CrossValidation
    from bioscnn.studies.devices import Devices
    from bioscnn.studies.divergence import Divergence
    from bioscnn.studies.everything import Everything, Step
    from bioscnn.studies.everything.records import Record
    from bioscnn.studies.filters import Filters
    from bioscnn.studies.noise import NoiseStudy
    from bioscnn.studies.plan import Plan
    from bioscnn.studies.run import Run
    from bioscnn.studies.sweep import SweepPlan, SweepRun
    from bioscnn.studies.timing import Timing
    from bioscnn.training.measure import EpochRecord

OUT = Console(highlight=False, soft_wrap=True)
ERR = Console(stderr=True, highlight=False)

_STAGES = {
    "loading": "loading data and network",
    "filming": "recording images with a simulated event camera (once)",
    "compiling": "compiling the network (once for each shape of network)",
    "simulating": "simulating",
    "recording examples": "recording examples in full",
    "comparing layers": "comparing rates with activations, layer by layer",
    "reporting": "writing the report",
}


class _Bar:
    """A progress bar on standard error that is gone when the work is done."""

    def __init__(self, total: float | None, done: ProgressColumn | None = None) -> None:
        columns = (
            TextColumn("{task.description}"), BarColumn(), done or MofNCompleteColumn(), TimeElapsedColumn(),
            TextColumn("left"), TimeRemainingColumn(),
        )  # fmt: skip
        self._progress = Progress(*columns, console=ERR, transient=True)
        self._task = self._progress.add_task("", total=total)

    def __enter__(self) -> Self:
        if ERR.is_terminal:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def _say(self, what: str) -> None:
        """Name the stage; where no bar can be drawn, print a line."""
        self._progress.update(self._task, description=what)
        if not ERR.is_terminal:
            ERR.print(f"{what} ...")


class LiveProgress(_Bar):
    """Progress of a run, counted in trials."""

    def stage(self, what: str) -> None:
        """Name the stage; trials are counted from the moment that the first one starts."""
        self._say(_STAGES.get(what, what))
        if what.startswith(("simulating", "filming")):
            self._progress.reset(self._task)

    def trial(self) -> None:
        """Count one more trial."""
        self._progress.advance(self._task)


class DownloadProgress(_Bar):
    """Progress of a download, in bytes."""

    def __init__(self) -> None:
        super().__init__(None, DownloadColumn())

    def __call__(self, have: int, total: int) -> None:
        """Say how many bytes are here, of how many; 0 if the server does not say."""
        self._progress.update(self._task, description="downloading", completed=have, total=total or None)


class WorkProgress(_Bar):
    """Progress of many simulations, in shares of their work, which is known before; a line for each."""

    def __init__(self) -> None:
        super().__init__(None, TaskProgressColumn())
        self._a_trial = self._done = self._todo = 0.0
        self._began: float | None = None
        self._what = ""

    def plan(self, work: float) -> None:
        """Take in how much work there is, from now on."""
        self._todo, self._done, self._began = work, 0.0, None
        self._progress.reset(self._task, total=work)

    def skip(self, work: float) -> None:
        """Leave out work that was done earlier."""
        self._todo -= work
        self._progress.update(self._task, total=self._todo)

    def task(self, what: str, trials: int, work: float) -> None:
        """Name the next simulation; where no bar can be drawn, say how far the whole is."""
        self._a_trial, self._began = work / trials, self._began or perf_counter()
        elapsed, left = perf_counter() - self._began, ""
        if self._done:
            seconds = elapsed / self._done * (self._todo - self._done)
            left = f", about {seconds / 60:.0f} min left" if seconds > 90 else f", about {seconds:.0f} s left"
        self._what = what
        if not ERR.is_terminal:
            ERR.print(f"{100 * self._done / self._todo:3.0f} %{left}: {what}", soft_wrap=True)

    def stage(self, what: str) -> None:
        """Say what takes longer than simulating, and what is no stage of every simulation."""
        if what == "compiling" or what not in _STAGES:
            self._say(_STAGES.get(what, what))
        else:
            self._progress.update(self._task, description=self._what)

    def trial(self) -> None:
        """Count one more trial."""
        self._done += self._a_trial
        self._progress.advance(self._task, self._a_trial)


class TrainingProgress(_Bar):
    """Progress of a training, counted in batches; a line for each epoch."""

    def __init__(self, name: str) -> None:
        super().__init__(None)
        self._name, self._shown = name, 0

    def __call__(self, done: int, total: int, records: list[EpochRecord]) -> None:
        """Take in how many batches are done and what the finished epochs came to."""
        self._progress.update(self._task, completed=done, total=total, description=self._name)
        for record in records[self._shown :]:
            share = f"{100 * record.validation_accuracy:.2f} %"
            line = (
                f"{self._name} epoch {record.epoch:3d}   loss {record.loss:.4f}   validation: rates {share}"
            )
            if record.spiking_accuracy is not None:
                line += f", spikes {100 * record.spiking_accuracy:.2f} %"
                line += f" ({record.spikes_per_image:,.0f} an image)"
            ERR.print(line)
        self._shown = len(records)


class CrossValidationProgress(LiveProgress):
    """Progress of a cross-validation: batches of the training of a fold, then its trials."""

    def stage(self, what: str) -> None:
        """Name the stage; how many batches or trials it has is not known yet."""
        self._progress.update(self._task, total=None)
        super().stage(what)

    def training(self, what: str) -> Callable[[int, int, list[EpochRecord]], None]:
        """Show a training, and return what takes in its batches."""
        self.stage(what)

        def batch(done: int, total: int, records: list[EpochRecord]) -> None:
            self._progress.update(self._task, completed=done, total=total)

        return batch


class StepProgress(_Bar):
    """Progress of the whole study: a line for each step and what became of it, and what the step says."""

    def __init__(self) -> None:
        super().__init__(None)
        self._what = ""

    def step(self, step: Step, number: int, of: int, minutes_left: float) -> None:
        """Name the step that begins, and say how long all that is left will take."""
        left = f"{minutes_left / 60:.1f} h" if minutes_left > 90 else f"{max(1, round(minutes_left))} min"
        self._what = step.name
        self._progress.update(self._task, completed=number - 1, total=of, description=step.name)
        ERR.print(
            f"[bold]{number} of {of}  {step.name}[/bold]  {escape(step.answers)}  "
            f"[dim]about {left} left[/dim]",
            soft_wrap=True,
        )

    def line(self, text: str) -> None:
        """Show what the step says on the bar; where there is none, it is in the step's log alone."""
        if text.strip():
            self._progress.update(self._task, description=escape(f"{self._what}: {text.strip()[:70]}"))

    def finished(self, record: Record) -> None:
        """Say what has become of the step."""
        self._progress.advance(self._task)
        took = f"{record.seconds / 60:.1f} min" if record.seconds > 90 else f"{record.seconds:.0f} s"
        colour = "green" if record.outcome == "done" else "red"
        ERR.print(f"  [{colour}]{record.outcome}[/{colour}] in {took}")


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under a header."""
    table = Table(*header, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*row)
    OUT.print(table)


def _share(triple: Sequence[float], n: int | None = None) -> str:
    value, low, high = (100 * part for part in triple)
    return f"{value:.2f} % [{low:.2f}, {high:.2f}]" + (f", n = {n:,}" if n else "")


def print_run(run: Run, study: Path, elapsed: float) -> None:
    """Print what a run found in how many seconds, where its report is, and what to type next."""
    s = run.summary
    spiking, trained = s["accuracy"][s["readout"]], s["ann_accuracy"]
    points = 100 * (spiking[0] - trained[0])
    seconds, recorded, spikes_in = s["seconds"], "simulated" in s, "input_spikes_per_trial" in s
    OUT.print(f"\n[bold]{s['dataset']}[/bold]  {s['source']}\n")
    if s.get("simulated"):
        print_simulated(s["dataset"].removesuffix("-simulated"))
    for name, text in (
        ("spiking network", f"[bold]{_share(spiking, s['n_trials'])}[/bold] by {s['readout']}"),
        ("trained network", f"{_share(trained)}; the spiking one is {points:+.2f} points from it"),
        (
            "spikes",
            f"{s['spikes_per_trial']:,.0f} {'a recording' if recorded else 'an image'}, "
            + (f"{s['input_spikes_per_trial']:,.0f} come in, " if spikes_in else "")
            + f"{s['synops_per_trial']:,.0f} synaptic operations",
        ),
        (
            "latency",
            f"{s['latency_ms']:.0f} ms of {s['duration_ms']:.0f} ms (median; decision informed and final)",
        ),
        (
            "time",
            f"{elapsed:.1f} s: build {seconds['build']:.1f}, simulation {seconds['simulate']:.1f}, "
            f"report {run.report_seconds:.1f}",
        ),
        ("report", str(run.folder / "report.html")),
    ):
        OUT.print(f"  {name:<16} {text}")
    OUT.print("\nNext:")
    bioscnn = _own_name()
    third = (f"{bioscnn} explain {run.folder}", "where the accuracy goes, cause by cause")
    if recorded:
        third = (f'{bioscnn} run {study} --set simulation.duration="100 ms"', "the first saccade alone")
    elif spikes_in:
        third = (
            f"{bioscnn} run {study} --set simulation.device=numpy --trials 20",
            "no compiler, slow and clear",
        )
    for command, purpose in (
        (
            f'{bioscnn} run {study} --set neuron.t_ref="5 ms"',
            "a longer refractory period, without recompiling",
        ),
        (f"{bioscnn} run {study} --set readout.rule=first-spike", "another readout"),
        third,
        (f"{bioscnn} plan {study}", "neurons, synapses, memory"),
    ):
        OUT.print(f"  {command:<68} [dim]# {purpose}[/dim]")


def print_simulated(name: str) -> None:
    """Say plainly that recordings are simulated, and how to get the real ones."""
    OUT.print(
        "  [bold yellow]Simulated recordings: a model of an event camera made them from images.[/bold yellow]"
    )
    OUT.print(f"  For real ones: {_own_name()} data fetch {name}, or put them into the data folder.\n")


def print_ledger(ledger: Ledger, report: Path) -> None:
    """Print where the accuracy goes: a line for each cause, then what adds up to the gap."""
    from bioscnn.report.words import first_cause

    OUT.print(
        f"\ntrained network {100 * ledger.ann:.2f} %, spiking network {100 * ledger.as_run:.2f} % "
        f"by {ledger.rule}, n = {ledger.n_trials:,}\n"
    )
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("cause", no_wrap=True)
    table.add_column("switched off")
    for name in ("accuracy", "= ANN", "part of the gap"):
        table.add_column(name, justify="right", no_wrap=True)
    for e in ledger.entries:
        table.add_row(e.cause, e.change, *_shares(e.accuracy, 1 - e.agreement), _points(e.accuracy_part))
    table.add_row("interaction", "", "", "", _points(ledger.interaction))
    left = _shares(ledger.all_off, ledger.disagreement_unexplained.value)
    table.add_row("unexplained", "all", *left, _points(ledger.unexplained))
    table.add_row("gap", "none", *_shares(ledger.as_run, ledger.disagreement.value), _points(ledger.gap))
    OUT.print(table)
    OUT.print("\nPoints of accuracy with 95 % interval; grey: not told from zero. Not applicable:")
    for name, reason in ledger.not_applicable.items():
        OUT.print(f"  {name:<18} {reason}")
    OUT.print(f"\n[bold]{first_cause(ledger)}[/bold]\nreport  {report}")


def _shares(accuracy: float, disagreement: float) -> tuple[str, str]:
    return f"{100 * accuracy:.2f} %", f"{100 - 100 * disagreement:.2f} %"


def _points(part: Difference) -> str:
    text = f"{100 * part.value:+.2f} [{100 * part.low:+.2f}, {100 * part.high:+.2f}]"
    return text if part.told_from_zero else f"[dim]{text}[/dim]"


def _own_name() -> str:
    """Return what the user has to type to call this program again."""
    return "bioscnn" if shutil.which("bioscnn") else os.path.relpath(sys.argv[0])


def print_plan(plan: Plan) -> None:
    """Print what a study will need."""
    print_table(
        ("projection", "connectivity", "synapses", "simulated"),
        [
            (f"{p.pre} -> {p.post}", p.connectivity, f"{p.n_synapses:,}", p.simulated)
            for p in plan.projections
        ],
    )
    OUT.print(f"\ndata      {plan.dataset}: {plan.source}")
    if plan.simulated:
        print_simulated(plan.dataset.removesuffix("-simulated"))
    OUT.print(
        f"{plan.neurons:,} neurons, {plan.synapses:,} synapses; "
        f"{plan.trials:,} trials of {plan.n_steps} steps\n"
        f"memory    about {plan.memory_mb:,.0f} MB for each of {plan.jobs} processes\n"
        f"time      about {plan.seconds:,.0f} s on {plan.device}"
        + (f", and {plan.build_seconds:.0f} s to compile" if plan.build_seconds else "")
        + (f"\nrounded   {plan.rounded}" if plan.rounded else "")
    )


def print_conversion(description: dict[str, Any]) -> None:
    """Print the equations, parameters and weights of a converted network."""
    for population in description["populations"]:
        size, shape = population["size"], tuple(population["shape"])
        OUT.print(f"[bold]{population['name']}[/bold]  {size:,} neurons, shape {shape}")
    models: dict[str, list[dict[str, Any]]] = {}
    for population in description["populations"]:
        models.setdefault(population["equations"], []).append(population)
    for equations, alike in models.items():
        OUT.print(f"\n[bold]{', '.join(population['name'] for population in alike)}[/bold]")
        OUT.print(equations, markup=False)
        for name in ("threshold", "reset", "refractory"):
            if alike[0][name] is not None:
                OUT.print(f"{name:<12} {alike[0][name]}", markup=False)
        OUT.print(", ".join(f"{name} = {value}" for name, value in alike[0]["parameters"].items()))
    OUT.print()
    rows = [
        (f"{p['pre']} -> {p['post']}", p["connectivity"], f"{p['n_synapses']:,}", p["synapse"], p["weights"])
        for p in description["projections"]
    ]
    print_table(("projection", "connectivity", "synapses", "through", "weights"), rows)


def print_training(card: dict[str, Any], out: Path) -> None:
    """Print how good a trained network is and where it lies."""
    validation = card["validation"]
    share = _share([validation["accuracy"], *validation["wilson_95"]], validation["n"])
    example = "recording" if "recordings" in card else "image"
    OUT.print(f"{card['name']}: {share} on validation {example}s, in {card['seconds']:.0f} s")
    if card["spiking"]:
        spiking = card["spiking"]
        share = _share([spiking["accuracy"], *spiking["wilson_95"]], spiking["n"])
        OUT.print(
            f"in spikes: {share} by {card['settings']['readout']} after {spiking['duration_ms']:g} ms, "
            f"{spiking['spikes_per_image']:,.0f} spikes a trial"
        )
    OUT.print(f"{out / card['name']}.onnx, and its card {card['name']}.json")


def print_benchmark(finished: Finished) -> None:
    """Print how the networks compare, and where the tables and figures are."""
    networks = finished.summary["networks"]
    rows = [
        (
            row["network"],
            f"{100 * row['ann_accuracy']:.2f} %",
            _share([row["snn_accuracy"], row["snn_accuracy_low"], row["snn_accuracy_high"]]),
            "never" if row["time_to_98_ms"] is None else f"{row['time_to_98_ms']:g} ms",
            f"{row['spikes']:,.0f}",
            f"{row['ann_to_spiking']:.1f}",
        )
        for row in networks
    ]
    print_table(("network", "trained", "spiking", "98 %", "spikes", "energy"), rows)
    first = networks[0]
    OUT.print(
        f"\n{first['n']:,} {first['split']} images of {first['duration_ms']:g} ms. 98 %: the time at which "
        "so many are right. Energy: that of the trained\nnetwork over that of the spiking one, an estimate. "
        f"Tables and figures: {finished.folder}"
    )


def print_cross_validation(done: CrossValidation) -> None:
    """Print what the folds came to, and where the decisions are."""
    s = done.summary
    shown = {"cross-validated": s["accuracy"]}
    if "before" in s:
        shown[f"{s['began_with']}, as shipped"] = s["before"]
    rows = [(name, *(_share(accuracies[name]) for accuracies in shown.values())) for name in s["accuracy"]]
    print_table(("readout", *shown), rows)
    folds = ", ".join(f"{100 * value:.2f}" for value in s["accuracy_by_fold"])
    OUT.print(
        f"\n{s['n']:,} recordings of {s['dataset']} ({s['source']}), {s['folds']} folds: {folds} % by "
        f"{s['readout']}.\nEvery recording was classified by a network that was not trained on it.\n"
        f"Decisions and networks: {done.folder}"
    )


def print_comparison(comparison: Comparison) -> None:
    """Print how two runs differ: what made them, each population, the first difference, and the verdict."""
    from bioscnn.studies.comparison import verdict

    for which, run in zip(("first", "second"), comparison.settings, strict=True):
        made = f"{run['device']}, {run['connectivity']}, {run['precision']}, Brian2 {run['brian2']}"
        OUT.print(f"{which:<8} {run['folder']}\n{'':<8} {made}, commit {str(run['commit'])[:8]}")
    OUT.print()
    rows = []
    for p in comparison.populations:
        alone = "not recorded" if p.share_in_one is None else f"{100 * p.share_in_one:.4g} %"
        rows.append((p.name, *(f"{n:,}" for n in p.spikes), alone, f"{p.trials:,}"))
    print_table(("population", "spikes, first", "second", "in only one", "trials that differ"), rows)
    n = comparison.n_trials
    OUT.print()
    for what, trials in (("spikes", comparison.trials), ("class", comparison.class_changed)):
        OUT.print(f"trials whose {what} differ{'s' * (what == 'class')}: {_count(len(trials), n)}")
    OUT.print(f"potentials of the readout: at most {1e9 * comparison.readout_apart:.3g} nV apart")
    if comparison.divergences:
        _print_divergence(comparison.divergences[0])
    OUT.print(f"\n[bold]{verdict(comparison)}[/bold]")


def _count(part: int, n: int) -> str:
    return f"{part:,} of {n:,} ({100 * part / n:.3g} %)"


def _print_divergence(first: Divergence) -> None:
    """Print the first spike that only one of two runs has, and the potentials there."""
    OUT.print(
        f"first difference: trial {first.trial}, {first.population}, neuron {first.neuron}, "
        f"step {first.step}: a spike in the {('first', 'second')[first.fired_in]} run alone"
    )
    for when, potentials in (("one step before", first.before), ("at the end of the step", first.potentials)):
        if potentials is not None:
            one, other = (f"{1e3 * potential:.7f} mV" for potential in potentials)
            OUT.print(f"  {when:<24} {one} in the first, {other} in the second")
    if first.threshold is not None:
        OUT.print(f"  {'threshold':<24} {1e3 * first.threshold:g} mV")


def print_devices(done: Devices) -> None:
    """Print how the devices compare: a line for each, and what single precision changes."""
    s = done.summary
    OUT.print(f"\n[bold]{s['dataset']}[/bold]  {s['source']}, n = {s['n_trials']:,}\n")
    if s["simulated"]:
        print_simulated(s["dataset"].removesuffix("-simulated"))
    rows = [
        (
            f"{row['device']} {row['connectivity']} {row['precision']}",
            f"{row['spikes']:,}",
            "yes" if row["identical"] else "no",
            f"{row['trials_that_differ']:,}",
            f"{row['class_changed']:,}",
            f"{row['time_ratio']:.3g}",
        )
        for row in s["rows"]
    ]
    print_table(("device", "spikes", "identical", "trials", "classes", "time"), rows)
    OUT.print()
    for row in s["rows"]:
        if not row["identical"]:
            OUT.print(f"{row['device']}, {row['connectivity']}, {row['precision']}: {row['verdict']}")
    OUT.print(
        "All spikes of all populations are compared with numpy's; single precision with double, or on GeNN\n"
        "with that of C++.\n"
        "Trials, classes: how many differ. Time: over numpy's, of one process that records nothing.\n"
        f"Table and runs: {done.folder}"
    )


def print_timing(done: Timing) -> None:
    """Print the verdict of a timing study, and where its tables and its report are."""
    s = done.summary
    OUT.print(f"\n[bold]{s['dataset']}[/bold]  {s['source']}, n = {s['n']:,}\n")
    if s["simulated"]:
        print_simulated(s["dataset"].removesuffix("-simulated"))
    answer, rest = done.verdict.answer, done.verdict.text.removeprefix(done.verdict.answer)
    OUT.print(Padding(f"[bold]{answer}[/bold]{escape(rest)}", (0, 2)), soft_wrap=False)
    OUT.print(f"\n  {sum(s['tests']):,} tests, corrected by Holm's method. Tables: {done.folder}")
    OUT.print(f"  report  {done.folder / 'report.html'}")


def print_filters(done: Filters) -> None:
    """Print the answer of a filter study, and where its tables and its report are."""
    s = done.summary
    each = f"{s['n_test']:,} test images, {s['n_seeds']} seeds"
    OUT.print(f"\n[bold]{s['title']}[/bold]  {s['source']}, {each}\n")
    for sentence in s["verdict"]:
        OUT.print(Padding(escape(sentence), (0, 2, 1, 2)), soft_wrap=False)
    OUT.print(f"  {len(done.verdict.comparisons)} tests, corrected by Holm's method. Tables: {done.folder}")
    OUT.print(f"  report  {done.folder / 'report.html'}")


def print_noise(done: NoiseStudy) -> None:
    """Print the answer of a noise study, and where its tables and its report are."""
    s = done.summary
    each = f"{s['n']:,} trials, {s['seeds']} seeds, {len(s['noises'])} kinds of noise"
    OUT.print(f"\n[bold]{s['title']}[/bold]  {s['source']}, {each}\n")
    if s["simulated"]:
        print_simulated(s["dataset"].removesuffix("-simulated"))
    for sentence in done.verdict:
        OUT.print(Padding(escape(sentence), (0, 2, 1, 2)), soft_wrap=False)
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
    for sentence in s["verdict"]:
        OUT.print(Padding(escape(sentence), (0, 2, 1, 2)), soft_wrap=False)
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


def print_checks(checks: Sequence[Check]) -> None:
    """Print what works and how to mend the rest."""
    colours = {"ok": "green", "optional": "dim", "missing": "red", "broken": "red"}
    for check in checks:
        OUT.print(f"[{colours[check.status]}]{check.status:<9}[/] {check.name:<16} {check.found}")
        if check.fix:
            OUT.print(f"{'':<26} fix: {check.fix}", markup=False)
