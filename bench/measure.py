"""Contestants in processes of their own: the best batch of each, then rounds in which each has its turn."""

from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench.environments import ROOT, AbsentError, interpreter, worker_environment
from bench.roster import Entry

Say = Callable[[str], None]


@dataclass(frozen=True)
class Effort:
    """How long to measure.

    Parameters
    ----------
    rounds : int
        Rounds in which every entry is measured once.
    seconds : float
        About how long one measurement takes.
    accuracy_images : int
        Images that the accuracy is measured on.
    tried : int
        At least so many are classified to compare batches and variants.
    batches : int or None
        The one size of batch that is tried; None for all.
    threads : int
        Threads of a contestant.
    """

    rounds: int = 5
    seconds: float = 3.0
    accuracy_images: int = 10_000
    tried: int = 128
    batches: int | None = None
    threads: int = 2


@dataclass
class Measured:
    """What is known of an entry.

    Parameters
    ----------
    entry : Entry
        Who.
    variant, batch, images : str, int, int
        How it is measured, and on how many images.
    classes : list of int
        Class of each of the first images.
    layer_spikes : list of float
        Of each layer before the last one, per image.
    seconds : list of float
        One measurement a round.
    peak_mb, program_peak_mb : float
        Memory of all its processes; of its largest compiled program, 0 without one.
    """

    entry: Entry
    variant: str = ""
    batch: int = 1
    images: int = 0
    classes: list[int] = field(default_factory=list)
    layer_spikes: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    peak_mb: float = math.nan
    process_peak_mb: float = math.nan
    program_peak_mb: float = math.nan

    @property
    def rates(self) -> list[float]:
        """Images a second, round by round."""
        return [self.images / seconds for seconds in self.seconds]


class Worker:
    """The process of an entry; see `bench.worker`.

    Raises
    ------
    AbsentError
        If it cannot be started, or answers with an error.
    """

    def __init__(self, entry: Entry, problems: Path, logs: Path, threads: int) -> None:
        python = interpreter(entry.environment)
        logs.mkdir(parents=True, exist_ok=True)
        self._log = (logs / f"{entry.key}.txt").open("a")
        self._process = subprocess.Popen(
            [python, "-m", "bench.worker", entry.module, problems / entry.problem],
            cwd=ROOT, env=worker_environment(threads), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
        )  # fmt: skip
        try:
            self._reply()
        except AbsentError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def ask(self, what: str, images: int, batch: int, variant: str) -> dict[str, Any]:
        """Return the answer to a request."""
        assert self._process.stdin is not None
        request = {"do": what, "images": images, "batch": batch, "variant": variant}
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise AbsentError("its process has ended") from None
        return self._reply()

    def _reply(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        answer = json.loads(line) if line else {"error": f"its process has ended, see {self._log.name}"}
        if "error" in answer:
            raise AbsentError(answer["error"])
        return answer

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._log.close()


def fastest(
    rate: Callable[[int, str], float], batches: tuple[int, ...], variants: tuple[str, ...]
) -> tuple[int, str, float]:
    """Return batch, variant and images a second of the fastest way to compute.

    All batches are tried with the first variant, until two in a row are slower than the best; the other
    variants begin at its best batch, and go on in both directions as long as that helps.

    Parameters
    ----------
    rate : callable
        Measures the images a second of a batch and a variant.
    """
    first, *others = variants
    best, best_at = 0.0, 0
    for at, batch in enumerate(batches):
        if (now := rate(batch, first)) > best:
            best, best_at = now, at
        elif at >= best_at + 2:
            break
    best_way = best, batches[best_at], first
    for variant in others:
        tried = {best_at: rate(batches[best_at], variant)}
        for direction in (-1, 1):
            at = best_at
            while 0 <= at + direction < len(batches):
                tried[at + direction] = rate(batches[at + direction], variant)
                if tried[at + direction] <= tried[at]:
                    break
                at += direction
        at = max(tried, key=lambda at: tried[at])
        best_way = max(best_way, (tried[at], batches[at], variant))
    return best_way[1], best_way[2], best_way[0]


def choose(entry: Entry, worker: Worker, effort: Effort, say: Say) -> Measured:
    """Find out how an entry is fastest, what it answers and how much it fires."""

    def rate(batch: int, variant: str) -> float:
        images = entry.images or max(effort.tried, batch)
        worker.ask("classify", images, batch, variant)
        seconds = min(worker.ask("classify", images, batch, variant)["seconds"] for _ in range(2))
        if len(entry.variants) * len(entry.batches) > 1:
            say(f"    {variant or 'plain'}, batch {batch}: {images / seconds:,.0f} images/s")
        return images / seconds

    batches = entry.batches
    if effort.batches is not None and len(batches) > 1:
        batches = (min(effort.batches, max(batches)),)
    batch, variant, rate_found = fastest(rate, batches, entry.variants)
    images = entry.images or 0
    for _ in range(0 if images else 3):
        # Starting a program takes as long for few images as for many, so the rate grows with their number.
        images = max(1, round(rate_found * effort.seconds / batch)) * batch
        rate_found = images / worker.ask("classify", images, batch, variant)["seconds"]
    n_images = entry.images or effort.accuracy_images
    classes = worker.ask("classes", n_images, batch, variant)["classes"]
    counted = min(n_images, 500)
    spikes = worker.ask("spikes", counted, batch, variant)["spikes"]
    return Measured(entry, variant, batch, images, classes, spikes)


def measure(
    entries: list[Entry], problems: Path, logs: Path, effort: Effort, say: Say
) -> tuple[list[Measured], dict[Entry, str]]:
    """Measure entries against each other.

    Parameters
    ----------
    entries : list of Entry
        In the order of a round.
    problems : Path
        Holds a folder a problem.
    logs : Path
        Where one file per contestant takes what it prints.
    effort : Effort
        How long.
    say : callable
        Told what happens.

    Returns
    -------
    (list of Measured, dict of str)
        Those that finished; why the others are absent.
    """
    absent: dict[Entry, str] = {}
    chosen: list[Measured] = []
    for number, entry in enumerate(entries, 1):
        say(f"  {entry.key} ({number} of {len(entries)}): how it is fastest ...")
        try:
            with Worker(entry, problems, logs, effort.threads) as worker:
                chosen.append(choose(entry, worker, effort, say))
        except AbsentError as error:
            absent[entry] = str(error)
            say(f"    absent: {error}")

    # Fresh processes, so that their memory is that of the way that was chosen.
    workers = {}
    try:
        for measured in list(chosen):
            try:
                workers[measured.entry] = Worker(measured.entry, problems, logs, effort.threads)
                warm = workers[measured.entry].ask(
                    "classify", measured.images, measured.batch, measured.variant
                )["seconds"]
                say(f"  {measured.entry.key}: ready; {measured.images:,} images take about {warm:.1f} s")
            except AbsentError as error:
                absent[measured.entry] = str(error)
                chosen.remove(measured)
                say(f"  {measured.entry.key}: absent: {error}")
        for number in range(1, effort.rounds + 1):
            for measured in chosen:
                answer = workers[measured.entry].ask(
                    "classify", measured.images, measured.batch, measured.variant
                )
                measured.seconds.append(answer["seconds"])
            left = sum(measured.seconds[-1] for measured in chosen) * (effort.rounds - number)
            say(f"  round {number} of {effort.rounds}; about {left:.0f} s left for these networks")
        for measured in chosen:
            answer = workers[measured.entry].ask("memory", measured.images, measured.batch, measured.variant)
            measured.process_peak_mb, measured.program_peak_mb = answer["process_mb"], answer["program_mb"]
            measured.peak_mb = answer["process_mb"] + answer["programs_mb"]
    finally:
        for worker in workers.values():
            worker.close()
    return chosen, absent
