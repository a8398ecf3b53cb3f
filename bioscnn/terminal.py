"""What the command line shows: progress while it works, tables and summaries when it is done."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from math import ceil
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console, ConsoleOptions, RenderableType
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.segment import Segment
from rich.text import Text

from bioscnn.errors import printable
from bioscnn.forks import pausing

if TYPE_CHECKING:
    from bioscnn.reproduce import Step
    from bioscnn.reproduce.records import Record
    from bioscnn.training.measure import EpochRecord


class _Console(Console):
    """A console that a text cannot control: names and notes of others are printed, too."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else printable(text), style, control)


OUT = _Console(highlight=False, soft_wrap=True)
ERR = _Console(stderr=True, highlight=False)

LINE_SECONDS = 60
"""Time between two lines about trials in a log, which has no bar."""

EPOCH_LINES = 20
"""Lines about epochs, at most about so many, however many epochs there are."""

_STAGES = {
    "loading": "loading data and network",
    "filming": "recording images with a simulated event camera (once)",
    "compiling": "compiling the network once",
    "simulating": "simulating",
    "recording examples": "recording examples in full",
    "comparing layers": "comparing rates with activations, layer by layer",
    "reporting": "writing the report",
}


def _named(stage: str) -> str:
    """Return what a stage is called, behind a comma what is said of it besides."""
    name, comma, more = stage.partition(",")
    return f"{_STAGES[name]}{comma}{more}" if name in _STAGES else stage


class _Bar:
    """A progress bar on standard error that is gone when the work is done."""

    def __init__(
        self, total: float | None, done: ProgressColumn | None = None, left: ProgressColumn | None = None
    ) -> None:
        columns = (
            TextColumn("{task.description}"), BarColumn(), done or MofNCompleteColumn(), TimeElapsedColumn(),
            TextColumn("left"), left or TimeRemainingColumn(),
        )  # fmt: skip
        self._progress, self._pausing = Progress(*columns, console=ERR, transient=True), ExitStack()
        self._task = self._progress.add_task("", total=total)
        self._drawing: set[threading.Thread] = set()

    def __enter__(self) -> Self:
        if ERR.is_terminal:
            self._start()
            self._pausing.enter_context(pausing(self._paused))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pausing.close()
        self._stop()

    @contextmanager
    def _paused(self) -> Iterator[None]:
        """Take the bar away, and with it the thread that draws it."""
        self._stop()
        try:
            yield
        finally:
            self._start()

    def _stop(self) -> None:
        self._progress.stop()
        for thread in self._drawing:  # rich does not wait for it
            thread.join(1)

    def _start(self) -> None:
        before = set(threading.enumerate())
        self._progress.start()
        self._drawing = set(threading.enumerate()) - before

    def _say(self, what: str) -> None:
        """Name the stage; where no bar can be drawn, print a line."""
        self._progress.update(self._task, description=what)
        if not ERR.is_terminal:
            ERR.print(f"{what} ...")


class LiveProgress(_Bar):
    """Progress of a run, counted in trials; where no bar can be drawn, a line every minute."""

    def __init__(self, total: float | None) -> None:
        super().__init__(total)
        self._began = self._printed = perf_counter()

    def stage(self, what: str) -> None:
        """Name the stage; trials are counted from the moment that the first one starts."""
        self._say(_named(what))
        if what.startswith(("simulating", "filming")):
            self._progress.reset(self._task)
            self._began = self._printed = perf_counter()

    def trial(self) -> None:
        """Count one more trial."""
        self._progress.advance(self._task)
        if not ERR.is_terminal and (now := perf_counter()) > self._printed + LINE_SECONDS:
            self._printed, task = now, self._progress.tasks[0]
            of, left = "", ""
            if task.total is not None:
                minutes = (now - self._began) * (task.total / max(1, task.completed) - 1) / 60
                of, left = f" of {task.total:,.0f}", f", about {minutes:.0f} min left"
            ERR.print(f"{task.completed:,.0f}{of} trials{left}")


class DownloadProgress(_Bar):
    """Progress of a download, in bytes."""

    def __init__(self) -> None:
        super().__init__(None, DownloadColumn())

    def __call__(self, have: int, total: int) -> None:
        """Say how many bytes are here, of how many; 0 if the server does not say."""
        self._progress.update(self._task, description="downloading", completed=have, total=total or None)


class WorkProgress(_Bar):
    """Progress of many simulations, in shares of their work, which is known before; a line for each.

    The time left is told once the first one has ended: from all that was done since the beginning, as
    processes bring several results at a time, and compile programs before.
    """

    def __init__(self) -> None:
        super().__init__(None, TaskProgressColumn(), _Left(self._seconds_left))
        self._a_trial = self._done = self._todo = 0.0
        self._trials, self._one_ended = 0, False
        self._began = self._last = perf_counter()
        self._what, self._printed_share = "", -1

    def plan(self, work: float) -> None:
        """Take in how much work there is, from now on."""
        self._todo, self._done, self._one_ended, self._began = work, 0.0, False, perf_counter()
        self._progress.reset(self._task, total=work)

    def skip(self, work: float) -> None:
        """Leave out work that was done earlier."""
        self._todo -= work
        self._progress.update(self._task, total=self._todo)

    def task(self, what: str, trials: int, work: float) -> None:
        """Name the next simulation; where no bar can be drawn, say how far the whole is."""
        self._trials, self._a_trial, left = trials, work / trials, ""
        if (seconds := self._seconds_left()) is not None:
            left = f", about {seconds / 60:.0f} min left" if seconds > 90 else f", about {seconds:.0f} s left"
        self._what = what
        share = int(100 * self._done / self._todo) if self._todo else 100
        if not ERR.is_terminal and share != self._printed_share:
            self._printed_share = share
            ERR.print(f"{share:3d} %{left}: {what}", soft_wrap=True)

    def stage(self, what: str) -> None:
        """Say what takes longer than simulating, and what is no stage of every simulation."""
        if what.startswith("compiling") or what not in _STAGES:
            self._say(_named(what))
        else:
            self._progress.update(self._task, description=self._what)

    def trial(self) -> None:
        """Count one more trial."""
        self._done, self._trials, self._last = self._done + self._a_trial, self._trials - 1, perf_counter()
        self._one_ended = self._one_ended or self._trials <= 0
        self._progress.advance(self._task, self._a_trial)

    def _seconds_left(self) -> float | None:
        """Return how long the rest takes, None before a simulation has ended."""
        if not self._one_ended or not self._done:
            return None
        rest = (self._last - self._began) / self._done * (self._todo - self._done)
        return max(rest - (perf_counter() - self._last), 0.0)


class _Left(ProgressColumn):
    """The time that is left, as its bar knows it."""

    def __init__(self, seconds_left: Callable[[], float | None]) -> None:
        super().__init__()
        self._seconds_left = seconds_left

    def render(self, task: Task) -> Text:
        """Return it as hours, minutes and seconds."""
        seconds = self._seconds_left()
        text = "-:--:--" if seconds is None else str(timedelta(seconds=round(seconds)))
        return Text(text, style="progress.remaining")


class TrainingProgress(_Bar):
    """Progress of a training, counted in batches; a line for an epoch, of many epochs for some."""

    def __init__(self, name: str) -> None:
        super().__init__(None)
        self._name, self._n_printed, self._said_how_long = name, 0, False
        self._began: tuple[float, int, int] | None = None  # when; batches and epochs that were done

    def __call__(self, done: int, total: int, records: list[EpochRecord]) -> None:
        """Take in how many batches are done and what the finished epochs came to."""
        self._progress.update(self._task, completed=done, total=total, description=self._name)
        if self._began is None:
            self._began = perf_counter(), done, len(records)
            if done:
                epoch = len(records) + 1
                ERR.print(f"goes on in epoch {epoch}, from the checkpoint of a training that was stopped")
        if len(records) > self._began[2] and not self._said_how_long:
            self._say_how_long(done, total)
        if records and not self._n_printed:
            spiking = "" if records[0].spiking_accuracy is None else "   spiking network   spikes per trial"
            ERR.print(
                "accuracy on validation data, which choose the epoch and train nothing:", soft_wrap=True
            )
            ERR.print(f"[bold]epoch     loss   trained network{spiking}[/bold]")
        epochs = round(total * len(records) / done) if done else 0
        for record in records[self._n_printed :]:
            if record.epoch % ceil(epochs / EPOCH_LINES or 1) and record.epoch not in (1, epochs):
                continue
            line = f"{record.epoch:5d}   {record.loss:6.4f}   {100 * record.validation_accuracy:13.2f} %"
            if record.spiking_accuracy is not None:
                line += f"   {100 * record.spiking_accuracy:13.2f} %   {record.spikes_per_image:16,.0f}"
            ERR.print(line)
        self._n_printed = len(records)

    def _say_how_long(self, done: int, total: int) -> None:
        """Say how long the rest will take, and how to shorten it, if it is more than two minutes."""
        assert self._began is not None
        began, before, _ = self._began
        minutes = (perf_counter() - began) / (done - before) * (total - done) / 60
        if minutes > 2:
            ERR.print(f"about {minutes:.0f} min left; --epochs says how many passes are made")
        self._said_how_long = True


class StepProgress(_Bar):
    """Progress of `bioscnn study`: a line for each step and its outcome, and what the step says."""

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
