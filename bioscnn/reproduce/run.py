"""Run the steps that are not done yet, each in a process of its own."""

from __future__ import annotations

import difflib
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Protocol

from bioscnn.datasets.folders import VARIABLE, data_folder
from bioscnn.errors import UserError
from bioscnn.files import write_atomically
from bioscnn.processes import guarded_process
from bioscnn.report import write_index
from bioscnn.reproduce.records import Record, read_records, write_records
from bioscnn.reproduce.steps import QUICK, STEPS, Step
from bioscnn.studies.provenance import code_version

_LINES_OF_ERROR = 8


class Watcher(Protocol):
    """Told what is being reproduced."""

    def step(self, step: Step, number: int, of: int, minutes_left: float) -> None:
        """A step begins; it and those after it will take about so long."""

    def line(self, text: str) -> None:
        """The step says something."""

    def finished(self, record: Record) -> None:
        """The step has ended."""


@dataclass(frozen=True)
class Reproduction:
    """The steps that were asked for, as far as they are done.

    Parameters
    ----------
    page : Path
        ``index.html``, which links all results.
    steps : tuple of Step
        What was asked for.
    records : dict of Record
        Outcome of each, by name.
    skipped : tuple of str
        Steps that were done before.
    """

    page: Path
    steps: tuple[Step, ...]
    records: dict[str, Record]
    skipped: tuple[str, ...]

    @property
    def missing(self) -> list[Step]:
        """Steps that failed."""
        return [step for step in self.steps if self.records[step.name].outcome != "done"]


def reproduce(
    *,
    quick: bool = False,
    only: Sequence[str] = (),
    again: Sequence[str] = (),
    data: Path | None,
    place: Path,
    progress: Watcher,
    steps: Sequence[Step] | None = None,
) -> Reproduction:
    """Run all steps that are not done yet, each in a process of its own, and write the index page.

    What a step says is in ``results/study/<name>.log``, its outcome in ``results/study/steps.json``. A
    step that fails does not stop the others, and is tried again next time; one that was interrupted goes on
    where it was, as its command does.

    Parameters
    ----------
    quick : bool
        Whether to run `QUICK` instead of `STEPS`.
    only, again : sequence of str
        Steps to run and no others, all if there are none; steps to run though they are done.
    data : Path or None
        Data folder; None for ``BIOSCNN_DATA``.
    place : Path
        Folder in which the commands run; results go to ``results/`` in it.
    progress : Watcher
        Told what happens.
    steps : sequence of Step, optional
        What to run instead of either list.

    Raises
    ------
    UserError
        If a step is unknown, there is no such data folder, or the list of finished steps is damaged.
    """
    steps = (QUICK if quick else STEPS) if steps is None else tuple(steps)
    chosen, repeated = _find(steps, only, "--only"), _find(steps, again, "--again")
    requested = tuple(step for step in steps if not only or step in chosen)
    data, results = data_folder(data), place / "results"
    file = results / "study" / "steps.json"
    records = read_records(file)
    todo = [step for step in requested if step in repeated or not _done(step, records, results)]
    file.parent.mkdir(parents=True, exist_ok=True)
    for number, step in enumerate(todo, 1):
        progress.step(step, number, len(todo), minutes_left(todo[number - 1 :], steps, records))
        now = datetime.now(UTC).isoformat(timespec="seconds")
        begun = Record(step.answers, step.command, now, 0.0, "unfinished", "", **code_version())
        write_records(file, records := {**records, step.name: begun})
        ended = _run(step, begun, data, place, file.with_name(f"{step.name}.log"), progress)
        write_records(file, records := {**records, step.name: ended})
        progress.finished(ended)
    skipped = tuple(step.name for step in requested if step not in todo)
    return Reproduction(write_index(results), requested, records, skipped)


def _find(steps: Iterable[Step], names: Sequence[str], key: str) -> list[Step]:
    by_name = {step.name: step for step in steps}
    for name in names:
        if name not in by_name:
            near = difflib.get_close_matches(name, by_name, n=3, cutoff=0.4)
            raise UserError(
                "no such step", key=key, value=name, expected=" | ".join(by_name),
                fix=f"did you mean {' or '.join(near)}?" if near else None,
            )  # fmt: skip
    return [by_name[name] for name in names]


def _done(step: Step, records: dict[str, Record], results: Path) -> bool:
    """Return whether the same command has ended well, and its results are still there."""
    record = records.get(step.name)
    return (
        record is not None
        and record.outcome == "done"
        and record.command == step.command
        and step.left(results)
    )


def minutes_left(todo: Sequence[Step], steps: Sequence[Step], records: dict[str, Record]) -> float:
    """Return about how many minutes the steps will take, by how long those that are done took here."""
    durations = [(records[step.name].seconds / 60, step.minutes) for step in steps
             if step.name in records and records[step.name].outcome == "done"]  # fmt: skip
    took, expected = (sum(column) for column in zip(*durations, strict=True)) if durations else (1.0, 1.0)
    # A step that found its results kept took no time, and says nothing of the others.
    slower = min(max(took / expected, 0.3), 10)
    return sum(step.minutes for step in todo) * slower


def _run(step: Step, begun: Record, data: Path | None, place: Path, log: Path, progress: Watcher) -> Record:
    """Run a step in a process of its own, and return its outcome."""
    variables = os.environ | {"PYTHONUNBUFFERED": "1"}
    if data is not None:
        variables[VARIABLE] = str(data.resolve())
    since, output = perf_counter(), list[str]()
    command = [sys.executable, "-m", "bioscnn", *step.command]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    try:
        with guarded_process(command, cwd=place, env=variables, errors="replace", **pipes) as process:
            assert process.stdout is not None
            try:
                for line in process.stdout:
                    output.append(line)
                    progress.line(line.rstrip())
                status = process.wait()
            except BaseException:
                # Ctrl-C does not reach the step, which ends as its own interruption lets it.
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGINT)
                output.append(process.communicate()[0])
                raise
    finally:
        write_atomically(log, "".join(output).encode())
    return replace(
        begun,
        seconds=perf_counter() - since,
        outcome="failed" if status else "done",
        error=_error(output) if status else "",
    )


def _error(output: Sequence[str]) -> str:
    """Return the message with which a step ended, or else its last lines."""
    lines = [line.rstrip() for line in output if line.strip()][-_LINES_OF_ERROR:]
    begins = [k for k, line in enumerate(lines) if line.startswith("bioscnn: ")]
    return "\n".join(lines[begins[-1] if begins else 0 :])
